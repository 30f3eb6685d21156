"""The intake: the state machine between new data, a schedule or an alarm and a run of the pipeline."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from config import RetrainingSettings, Settings
from stacks.components import permissions
from stacks.components.bucket_rules import ACCEPTED, INCOMING, QUARANTINE, TAKEN, reaches_buckets_from_outside
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.grants import Grant, allow
from stacks.components.place import Place
from stacks.components.state_machine import call, logged_machine, tell

# A file of the largest size is read once to know its content, and copied by S3.
TIMEOUT_S = 300
MEMORY_MB = 512
# Of the machine's own end beyond the function's: a wait between two questions, and the last answer.
GRACE_S = 3600
OUTSIDE_VPC = (
    "It asks SageMaker's API about runs and SNS to tell people: no door of the isolated network leads to either, and "
    "new ones for some calls a week would be open to every job."
)
OF_OWNERS = "Objects under these prefixes of this one bucket: whoever brings a file names it."


class Intake(Construct):
    """One function, and the machine that calls it step by step: files are waited for, taken, and settled."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        pipeline: sagemaker.CfnPipeline,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        notices = permissions.publish_notices(topic, key=place.keys.notices)
        function = PythonFunction(
            self,
            "Step",
            spec=FunctionSpec(
                bundle=bundle({".": ROOT / "lambda" / "retrain"}),
                handler="handler.handler",
                description="Intake of new data: takes files, starts runs, settles what becomes of them",
                timeout_s=TIMEOUT_S,
                memory_mb=MEMORY_MB,
                environment={
                    "DATA_BUCKET": place.data.bucket_name,
                    "PIPELINE": pipeline.ref,
                    "TOPIC": topic.topic_arn,
                    "ENVIRONMENT": settings.name,
                    "MAXIMUM_FILE_MB": str(settings.retraining.maximum_file_mb),
                    "TIME_LIMIT_S": str(settings.retraining.time_limit_s),
                },
            ),
            grants=[*_with_files(place), *_with_runs(Stack.of(self), pipeline), *notices],
            storage=settings.storage,
            key=place.keys.logs,
            outside_vpc_because=OUTSIDE_VPC,
        )
        reaches_buckets_from_outside(function.role)
        self.machine: stepfunctions.CfnStateMachine = logged_machine(
            self,
            "Machine",
            definition=_definition(settings.retraining, function.function, topic, environment=settings.name),
            grants=[allow("lambda:InvokeFunction", on=[function.function.function_arn]), *notices],
            description="Waits for new data and for the runs that they start",
            settings=settings,
            key=place.keys.logs,
            topic=topic,
        )


def _with_files(place: Place) -> list[Grant]:
    """Take what was dropped, keep it or set it aside."""
    data = place.data

    def under(*prefixes: str) -> list[str]:
        return [data.arn_for_objects(f"{prefix}*") for prefix in prefixes]

    return [
        allow(
            "s3:ListBucket", on=[data.bucket_arn], when={"StringLike": {"s3:prefix": [f"{INCOMING}*", f"{ACCEPTED}*"]}}
        ),
        allow("s3:GetObject", on=under(INCOMING, TAKEN), wildcard_because=OF_OWNERS),
        allow("s3:PutObject", on=under(TAKEN, QUARANTINE), wildcard_because=OF_OWNERS),
        allow("s3:DeleteObject", on=under(INCOMING, TAKEN), wildcard_because=OF_OWNERS),
        allow("s3:GetObject", "s3:PutObject", on=[data.arn_for_objects(ACCEPTED)]),
        permissions.write_with_key(place.keys.data),
    ]


def _with_runs(stack: Stack, pipeline: sagemaker.CfnPipeline) -> list[Grant]:
    """Start runs of this one pipeline, and see how they end."""

    def named(resource: str, name: str) -> list[str]:
        return [stack.format_arn(service="sagemaker", resource=resource, resource_name=name)]

    return [
        allow(
            "sagemaker:ListPipelineExecutions",
            "sagemaker:StartPipelineExecution",
            on=named("pipeline", pipeline.pipeline_name),
        ),
        allow(
            "sagemaker:DescribePipelineExecution",
            "sagemaker:ListPipelineExecutionSteps",
            on=named("pipeline", f"{pipeline.pipeline_name}/execution/*"),
            wildcard_because="The runs of this one pipeline: SageMaker makes their ids up.",
        ),
        allow(
            "sagemaker:DescribeProcessingJob",
            on=named("processing-job", "pipelines-*"),
            wildcard_because=permissions.OF_PIPELINES,
        ),
    ]


def _definition(
    settings: RetrainingSettings, function: lambda_.IFunction, topic: sns.ITopic, *, environment: str
) -> dict[str, Any]:
    """Wait for newer files, take one's turn, start a run, see it end. Whatever fails on the way is told to people."""
    failed = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}]

    def step(name: str, payload: dict[str, Any], then: str) -> dict[str, Any]:
        context = {"execution.$": "$$.Execution.Name", "started.$": "$$.Execution.StartTime"}
        about = {"step": name, **context, **payload}
        return call(function, about, Catch=failed, Next=then)

    def wait(seconds: int, then: str) -> dict[str, Any]:
        return {"Type": "Wait", "Seconds": seconds, "Next": then}

    def by_state(otherwise: str, **ways: str) -> dict[str, Any]:
        choices = [{"Variable": "$.state", "StringEquals": state, "Next": to} for state, to in ways.items()]
        return {"Type": "Choice", "Choices": choices, "Default": otherwise}

    return {
        "Comment": "From new data, a schedule, an alarm or a person to a run of the pipeline, and to its end",
        "StartAt": "Cause",
        # The function ends what takes too long, and says so; this is for what nobody thought of.
        "TimeoutSeconds": settings.time_limit_s + settings.debounce_s + GRACE_S,
        "States": {
            "Cause": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.source", "StringEquals": "aws.s3", "Next": "NewerFiles"}],
                "Default": "Choose",
            },
            "NewerFiles": wait(settings.debounce_s, "Choose"),
            "Choose": step("choose", {"event.$": "$$.Execution.Input"}, "Chosen"),
            "Chosen": by_state("Done", wait="Turn", go="Start"),
            "Turn": wait(settings.poll_s, "Choose"),
            "Start": step("start", {"chosen.$": "$"}, "Run"),
            "Run": wait(settings.poll_s, "Look"),
            "Look": step("look", {"chosen.$": "$"}, "Looked"),
            "Looked": by_state("Done", running="Run"),
            "Done": {"Type": "Succeed"},
            "Tell": tell(
                topic,
                subject=f"Churn {environment}: the intake of new data failed",
                text="The intake itself failed, and nothing more happens by itself. The model in production is not "
                "touched. What to do: read what the execution says, mend the cause, then start again: make retrain "
                f"ENV={environment}.",
                then="Failed",
            ),
            "Failed": {"Type": "Fail", "Error": "IntakeFailed", "Cause": "People were told; the log has the rest."},
        },
    }
