"""State machines with a role, a log and traces of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Aws, Fn, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from config import Settings
from stacks.components.alarms import MINUTE, told_alarm
from stacks.components.grants import Grant, allow, role_with
from stacks.components.permissions import service_principal
from stacks.components.storage import log_group

State = dict[str, Any]
# Each other log group of a state machine takes a place in the account's policy of CloudWatch Logs, which has 5,120
# characters (https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html). The stack's own id comes after it: a
# group that is kept stands in nobody's way.
VENDED = "/aws/vendedlogs/states"
# Ends of an execution that no state of it can tell of.
SILENT_ENDS = {"TimedOut": "took too long and was ended", "Aborted": "was stopped by somebody"}
# A function that is throttled or being replaced; and whatever else passes by itself.
RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 2}]


def logged_machine(
    scope: Construct,
    construct_id: str,
    *,
    definition: Mapping[str, Any],
    grants: Sequence[Grant],
    description: str,
    settings: Settings,
    key: kms.IKey,
    topic: sns.ITopic,
) -> stepfunctions.CfnStateMachine:
    """Make a state machine that may do what its grants say, and logs all it does.

    What fails, it tells people itself (`tell`); that it was ended from outside they hear by alarms, on the same topic.

    Not encrypted with a key of ours but with Step Functions': docs/decisions/keys.md says why.
    """
    group = log_group(
        scope,
        f"{construct_id}Log",
        settings=settings.storage,
        key=key,
        name=f"{VENDED}/{Aws.STACK_NAME}-{Fn.select(2, Fn.split('/', Aws.STACK_ID))}-{scope.node.id}{construct_id}",
    )
    role = role_with(
        scope,
        f"{construct_id}Role",
        description=description,
        trusts=service_principal("states.amazonaws.com"),
        grants=[*_deliver_log(), _trace(), *grants],
    )
    machine = stepfunctions.CfnStateMachine(
        scope,
        construct_id,
        role_arn=role.role_arn,
        definition_string=Stack.of(scope).to_json_string(definition),
        logging_configuration=stepfunctions.CfnStateMachine.LoggingConfigurationProperty(
            level="ALL",
            include_execution_data=True,
            destinations=[
                stepfunctions.CfnStateMachine.LogDestinationProperty(
                    cloud_watch_logs_log_group=stepfunctions.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                        log_group_arn=group.log_group_arn
                    )
                )
            ],
        ),
        tracing_configuration=stepfunctions.CfnStateMachine.TracingConfigurationProperty(enabled=True),
    )
    for end, says in SILENT_ENDS.items():
        told_alarm(
            scope,
            f"{construct_id}{end}",
            metric=cloudwatch.Metric(
                namespace="AWS/States",
                metric_name=f"Executions{end}",
                dimensions_map={"StateMachineArn": machine.ref},
                statistic="Sum",
                period=MINUTE,
            ),
            says=f"{settings.resource_name}: an execution {says} ({description}); docs/operations.md says what to do.",
            topic=topic,
        )
    return machine


def tell(topic: sns.ITopic, *, subject: str, text: str, then: str) -> State:
    """Tell people of an error, as `$.error` has it, without any function: those may be what is broken.

    Parameters
    ----------
    text : str
        What happened and what to do, without an apostrophe; the execution and what it says come after it.
    """
    return {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::sns:publish",
        "Parameters": {
            "TopicArn": topic.topic_arn,
            "Subject": subject,
            "Message.$": f"States.Format('{text} Execution: {{}}. What it says: {{}}', "
            "$$.Execution.Id, States.JsonToString($.error))",
        },
        "Next": then,
    }


def call(function: lambda_.IFunction, payload: Mapping[str, Any], **state: Any) -> State:
    """Call a function; its answer becomes the machine's state."""
    return {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::lambda:invoke",
        "Parameters": {"FunctionName": function.function_arn, "Payload": dict(payload)},
        "OutputPath": "$.Payload",
        "Retry": RETRY,
        **state,
    }


class Starts:
    """What starts a machine: rules, under a role that may do nothing else."""

    def __init__(self, scope: Construct, role_id: str, *, machine: stepfunctions.CfnStateMachine) -> None:
        self._scope, self._machine = scope, machine
        self._role = role_with(
            scope,
            role_id,
            description="Starts a state machine when something happens",
            trusts=service_principal("events.amazonaws.com"),
            grants=[allow("states:StartExecution", on=[machine.ref])],
        )

    def on(self, construct_id: str, description: str, *, taking: Mapping[str, str] | None = None, **when: Any) -> None:
        """Start it on an event or at a time.

        Parameters
        ----------
        taking : mapping
            The input by name: where in the event each lies. None for the whole event.
        when
            ``event_pattern`` or ``schedule_expression`` of the rule.
        """
        target = events.CfnRule.TargetProperty(
            id="Machine",
            arn=self._machine.ref,
            role_arn=self._role.role_arn,
            input_transformer=_taken(taking) if taking else None,
        )
        events.CfnRule(self._scope, construct_id, description=description, state="ENABLED", targets=[target], **when)


def _taken(taking: Mapping[str, str]) -> events.CfnRule.InputTransformerProperty:
    template = ", ".join(f'"{name}": <{name}>' for name in taking)
    return events.CfnRule.InputTransformerProperty(input_paths_map=dict(taking), input_template=f"{{{template}}}")


def _deliver_log() -> list[Grant]:
    """What Step Functions asks for to deliver a log (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html)."""
    return [
        allow(
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
            on=["*"],
            wildcard_because="CloudWatch Logs knows no resource for deliveries; nothing here reads or writes an event.",
        )
    ]


def _trace() -> Grant:
    """Send traces, and ask which executions to trace."""
    return allow(
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        on=["*"],
        wildcard_because="X-Ray knows no resource for what sends traces.",
    )
