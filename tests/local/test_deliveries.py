"""Rules, schedules, state machines, alarms and notices work together on the laptop, each with its own permissions."""

import datetime
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.settings import ACCOUNT, REGION
from tests.local.deployment import Deployment

# Another name each time: the emulator remembers when a schedule of a name was due.
STACK = f"deliveries-{uuid.uuid4().hex[:6]}"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ALARMS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"
SERVICES = [f"{name}.amazonaws.com" for name in ("events", "sagemaker", "scheduler", "states")]
OUTPUTS = ("Queue", "Machine", "Denied", "Keyless", "Bucket", "Alarm", "Word", "Pipeline")
MAY = ["cloudformation:DescribeStacks", "sns:Publish", "events:PutEvents", "kms:GenerateDataKey", "kms:Decrypt"]
_SDK = "arn:aws:states:::aws-sdk"


def _allow(actions: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": "*", **more}


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _role(*actions: str) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": SERVICES}}
    allowed = {"PolicyName": "may", "PolicyDocument": _policy(_allow(list(actions)))}
    properties = {"AssumeRolePolicyDocument": _policy(trust), "Policies": [allowed]}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _task(resource: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, **more}


def _machine(role: str, states: dict[str, Any]) -> dict[str, Any]:
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    properties = {
        "RoleArn": _arn(role),
        "DefinitionString": json.dumps(definition),
        "DefinitionSubstitutions": {"topic": {"Ref": "Topic"}},
    }
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def _rule(target: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::Events::Rule", "Properties": {"Targets": [{"Id": "target", **target}], **more}}


STATES = {
    "Look": _task(f"{_SDK}:cloudformation:describeStacks", {"StackName": STACK}, Assign={
        "status": "{% $states.result.Stacks[0].StackStatus %}"}, Next="Each"),
    "Each": {"Type": "Map", "Items": [1, 2], "Next": "Settled", "ItemProcessor": {
        "StartAt": "Double", "States": {"Double": {"Type": "Pass", "Output": "{% $states.input * 2 %}", "End": True}}}},
    "Settled": {"Type": "Choice", "Default": "Wrong", "Choices": [
        {"Condition": "{% $sum($states.input) = 6 and $contains($status, '_COMPLETE') %}", "Next": "Rest"}]},
    "Wrong": {"Type": "Fail", "Error": "Wrong"},
    "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Publish"},
    "Publish": _task("arn:aws:states:::sns:publish", {
        "TopicArn": "${topic}", "Message": "{% 'told by ' & $states.context.Execution.Input.by %}"}, Next="Tell"),
    "Tell": _task("arn:aws:states:::events:putEvents", {
        "Entries": [{"Source": "test", "DetailType": "Done", "Detail": {"status": "{% $status %}"}}]}, End=True),
}  # fmt: skip
# Fails by a lack of permission, by a service's refusal, and is caught both times.
REFUSED = {
    "Ask": _task(f"{_SDK}:sagemaker:describeEndpoint", {"EndpointName": "nowhere"}, End=True, Catch=[
        {"ErrorEquals": ["SageMaker.SageMakerException"], "Output": "{% $states.errorOutput %}", "Next": "End"}]),
    "End": {"Type": "Succeed"},
}  # fmt: skip
# May publish, and may not use the key of the topic.
UNHEARD = {"Publish": _task("arn:aws:states:::sns:publish", {"TopicArn": "${topic}", "Message": "lost"}, End=True)}
PIPELINE = {
    "Version": "2020-12-01",
    "Parameters": [{"Name": "Why", "Type": "String"}],
    "Steps": [{"Name": "End", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.Why"}}}],
}


def _template() -> dict[str, Any]:
    by_source = {"ArnLike": {"aws:SourceArn": ALARMS}}
    services = {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}
    senders = {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    root = _allow("kms:*", Principal={"AWS": ROOT})
    queue_policy = _policy(_allow("sqs:SendMessage", Principal=senders))
    key_policy = _policy(root, _allow(["kms:GenerateDataKey*", "kms:Decrypt"], Principal=services))
    alarms = {"Service": "cloudwatch.amazonaws.com"}
    topic_policy = _policy(_allow("sns:Publish", Principal=alarms, Condition=by_source))
    detail = {"object": {"key": [{"wildcard": "raw/*.csv"}]}}
    created = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}
    seen = {"source": ["aws.cloudwatch", "test"]}
    by_key = {"InputPathsMap": {"key": "$.detail.object.key"}, "InputTemplate": '{"by": <key>}'}
    machine, queue = {"Arn": {"Ref": "Machine"}}, {"Arn": _arn("Queue")}
    alarm = {
        "Namespace": "Test", "MetricName": "Errors", "Dimensions": [{"Name": "Of", "Value": "this"}],
        "Statistic": "Sum", "Period": 20, "EvaluationPeriods": 1, "Threshold": 3, "TreatMissingData": "notBreaching",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "AlarmActions": [{"Ref": "Topic"}, {"Ref": "Closed"}],
    }  # fmt: skip
    pipeline = {"Fn::Sub": "arn:aws:sagemaker:${AWS::Region}:${AWS::AccountId}:pipeline/${Pipeline}"}
    given = {"PipelineParameterList": [{"Name": "Why", "Value": "told by a rule"}]}
    starts = {"Arn": pipeline, "RoleArn": _arn("Role"), "SageMakerPipelineParameters": given}
    soon = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    schedule = {"ScheduleExpression": soon, "FlexibleTimeWindow": {"Mode": "OFF"}}
    return {
        "Parameters": {"Word": {"Type": "String", "Default": "first"}},
        "Outputs": {name: {"Value": {"Ref": name}} for name in OUTPUTS},
        "Resources": {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": key_policy}},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Door": {"Type": "AWS::SQS::QueuePolicy", "Properties": {
                "Queues": [{"Ref": "Queue"}], "PolicyDocument": queue_policy}},
            # Nobody let anything in here.
            "Shut": {"Type": "AWS::SQS::Queue"},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {
                "KmsMasterKeyId": _arn("Key"), "Subscription": [{"Protocol": "sqs", "Endpoint": _arn("Queue")}]}},
            "TopicDoor": {"Type": "AWS::SNS::TopicPolicy", "Properties": {
                "Topics": [{"Ref": "Topic"}, {"Ref": "Closed"}], "PolicyDocument": topic_policy}},
            # Its own policy knows the alarms; the key's does not know the topic's callers.
            "Closed": {"Type": "AWS::SNS::Topic", "Properties": {
                "KmsMasterKeyId": _arn("Private"), "Subscription": [{"Protocol": "sqs", "Endpoint": _arn("Queue")}]}},
            "Private": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": _policy(root)}},
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
                "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}}},
            "Role": _role(*MAY, "states:StartExecution", "sagemaker:StartPipelineExecution"),
            "Powerless": _role("logs:PutLogEvents"),
            "Machine": _machine("Role", STATES),
            "Denied": _machine("Powerless", REFUSED),
            "Publisher": _role("sns:Publish"),
            "Keyless": _machine("Publisher", UNHEARD),
            "Pipeline": {"Type": "AWS::SageMaker::Pipeline", "Properties": {
                "PipelineName": STACK, "RoleArn": _arn("Powerless"),
                "PipelineDefinition": {"PipelineDefinitionBody": json.dumps(PIPELINE)}}},
            "Begin": _rule(starts, EventPattern={"source": ["test"], "detail-type": ["Begin"]}),
            "Arrival": _rule({**machine, "RoleArn": _arn("Role"), "InputTransformer": by_key}, EventPattern=created),
            "ByNobody": _rule(
                {**machine, "RoleArn": _arn("Powerless"), "Input": '{"by": "nobody"}'}, EventPattern=created),
            "Seen": _rule(queue, EventPattern=seen),
            "Unseen": _rule({"Arn": _arn("Shut")}, EventPattern=seen),
            "Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": {
                **schedule, "Target": {**machine, "RoleArn": _arn("Role"), "Input": '{"by": "a schedule"}'}}},
            "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
        },
    }  # fmt: skip


class Stack:
    """The deployed template."""

    def __init__(self, deployment: Deployment) -> None:
        self.client: Callable[[str], Any] = deployment.client
        self.cloudformation = deployment.client("cloudformation")
        self.heard: list[dict[str, Any]] = []

    def settled(self) -> str:
        while True:
            (stack,) = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                self.out = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
                return str(stack["StackStatus"])
            time.sleep(0.1)

    def hears(self, wanted: Callable[[dict[str, Any]], bool], limit_s: float = 240) -> dict[str, Any]:
        """A message of the queue; others are kept for later questions."""
        sqs, deadline = self.client("sqs"), time.monotonic() + limit_s
        while True:
            for message in self.heard:
                if wanted(message):
                    return message
            assert time.monotonic() < deadline, self.heard
            for message in sqs.receive_message(QueueUrl=self.out["Queue"], WaitTimeSeconds=1).get("Messages", []):
                self.heard.append(json.loads(message["Body"]))

    def run(self, machine: str, given: dict[str, Any]) -> dict[str, Any]:
        states = self.client("stepfunctions")
        arn = states.start_execution(stateMachineArn=self.out[machine], input=json.dumps(given))["executionArn"]
        while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            time.sleep(0.1)
        return dict(found)


@pytest.fixture(scope="module")
def stack(deployment: Deployment) -> Iterator[Stack]:
    made = Stack(deployment)
    template = json.dumps(_template())
    made.cloudformation.create_stack(StackName=STACK, TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    try:
        assert made.settled() == "CREATE_COMPLETE"
        yield made
    finally:
        s3 = deployment.client("s3")
        for found in s3.list_objects_v2(Bucket=made.out["Bucket"]).get("Contents", []):
            s3.delete_object(Bucket=made.out["Bucket"], Key=found["Key"])
        made.cloudformation.delete_stack(StackName=STACK)


def _notice(text: str) -> Callable[[dict[str, Any]], bool]:
    return lambda message: message.get("Type") == "Notification" and text in message["Message"]


def test_a_state_machine_acts_with_its_role(stack: Stack) -> None:
    found = stack.run("Machine", {"by": "hand"})
    assert found["status"] == "SUCCEEDED", found
    stack.hears(_notice("told by hand"))
    assert stack.hears(lambda m: m.get("source") == "test")["detail"]["status"].endswith("_COMPLETE")


def test_a_role_that_may_not_is_refused_by_the_service_it_calls(stack: Stack) -> None:
    found = stack.run("Denied", {})
    assert found["status"] == "SUCCEEDED", found
    caught = json.loads(found["output"])
    assert "is not authorized to perform: sagemaker:DescribeEndpoint" in caught["Cause"]


def test_who_may_publish_and_may_not_use_the_topics_key_is_not_heard(stack: Stack) -> None:
    found = stack.run("Keyless", {})
    assert (found["status"], found["error"]) == ("FAILED", "Sns.KmsAccessDeniedException")
    assert "is not authorized to perform: kms:GenerateDataKey" in found["cause"]
    assert not [message for message in stack.heard if _notice("lost")(message)]


def test_a_rule_starts_a_pipeline(stack: Stack) -> None:
    entry = {"Source": "test", "DetailType": "Begin", "Detail": "{}"}
    stack.client("events").put_events(Entries=[entry])
    sagemaker, deadline = stack.client("sagemaker"), time.monotonic() + 240
    while not (runs := sagemaker.list_pipeline_executions(PipelineName=STACK)["PipelineExecutionSummaries"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    arn = runs[0]["PipelineExecutionArn"]
    while sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Executing":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert steps[0]["Metadata"]["Fail"]["ErrorMessage"] == "told by a rule"


def test_an_object_starts_a_state_machine_by_a_role_that_may(stack: Stack) -> None:
    key = f"raw/{uuid.uuid4().hex}.csv"
    for name in (key, "other/file.csv"):
        stack.client("s3").put_object(Bucket=stack.out["Bucket"], Key=name, Body=b"1")
    stack.hears(_notice(f"told by {key}"))
    assert not [message for message in stack.heard if _notice("told by other")(message)]
    # The second rule matched, too, and its role may not start anything.
    assert not [message for message in stack.heard if _notice("told by nobody")(message)]


def test_an_alarm_tells_whom_the_policies_of_topic_and_key_let_in(stack: Stack) -> None:
    cloudwatch = stack.client("cloudwatch")

    def put(value: float, of: str) -> None:
        datum = {"MetricName": "Errors", "Value": value, "Dimensions": [{"Name": "Of", "Value": of}]}
        cloudwatch.put_metric_data(Namespace="Test", MetricData=[datum])

    def state() -> str:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[stack.out["Alarm"]])["MetricAlarms"]
        return str(alarm["StateValue"])

    def told(state: str, of: str) -> Callable[[dict[str, Any]], bool]:
        """A change of this alarm: the rule hears of all that the account has, the probe's and the API's among them."""
        ours = f":alarm:{stack.out['Alarm']}"
        return lambda m: (
            m.get("source") == "aws.cloudwatch"
            and m["resources"][0].endswith(ours)
            and m["detail"][of]["value"] == state
        )

    put(5, "another")
    put(2, "this")
    assert state() == "OK"
    put(1, "this")
    assert state() == "ALARM"
    notice = stack.hears(_notice('"NewStateValue": "ALARM"'))
    assert "-Topic-" in notice["TopicArn"]
    event = stack.hears(told("ALARM", "state"))
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["detail"]["previousState"]["value"] == "OK"
    assert event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"] == {"Of": "this"}
    # Twenty seconds later nothing is left of it, without another metric being put.
    stack.hears(told("ALARM", "previousState"))
    assert not [m for m in stack.heard if _notice("ALARM")(m) and "-Closed-" in m["TopicArn"]]


def test_the_queue_that_lets_nobody_in_heard_nothing(stack: Stack, deployment: Deployment) -> None:
    url = next(u for u in deployment.client("sqs").list_queues()["QueueUrls"] if "-Shut-" in u)
    assert "Messages" not in deployment.client("sqs").receive_message(QueueUrl=url)


def test_a_stack_takes_a_parameter_with_its_template_of_before(stack: Stack) -> None:
    def update(parameter: dict[str, Any]) -> str:
        given = [{"ParameterKey": "Word", **parameter}]
        stack.cloudformation.update_stack(
            StackName=STACK, UsePreviousTemplate=True, Parameters=given, Capabilities=["CAPABILITY_IAM"]
        )
        return stack.settled()

    assert update({"ParameterValue": "second"}) == "UPDATE_COMPLETE"
    assert stack.out["Word"] == "second"
    with pytest.raises(stack.cloudformation.exceptions.ClientError, match=r"No updates are to be performed\."):
        update({"UsePreviousValue": True})


def test_a_schedule_keeps_time(stack: Stack) -> None:
    stack.hears(_notice("told by a schedule"))
