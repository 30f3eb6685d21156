"""The state machine that scores a file: check it, transform the good rows, merge the answers into the result."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from config import Settings
from stacks.components import permissions
from stacks.components.bucket_rules import RESULTS, SCORING, STATES, TAKEN_UPLOADS, UPLOADS
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.grants import Grant, allow
from stacks.components.place import Place
from stacks.components.roles import OF_BATCHES
from stacks.components.served import endpoint_arn
from stacks.components.state_machine import call, logged_machine, tell

# Lambda's longest; a million rows take a fraction (docs/decisions/batches.md has the measurement).
TIMEOUT_S = 900
# A whole processor; the rows themselves are never all in memory.
MEMORY_MB = 1769
# Beyond a batch's own limit, which its steps look at: a check, a merge, and the last answer.
GRACE_S = 3600
OUTSIDE_VPC = (
    "It asks SageMaker's API to start a job, which no door of the isolated network leads to, and a door for some calls "
    "a file would open that API to every job. The file came from outside the VPC, and its result goes there."
)
MADE_UP = "CloudFormation makes these names up; the answer tells what is served and nothing of customers."


def batch_machine(
    scope: Construct, *, settings: Settings, place: Place, topic: sns.ITopic
) -> stepfunctions.CfnStateMachine:
    """Make the machine and the one function that it calls; of what fails by our fault, people hear on the topic."""
    batches = settings.batches
    contract = {f"contract/{file}.py": ROOT / "contract" / f"{file}.py" for file in ("__init__", "rows", "rules")}
    function = PythonFunction(
        scope,
        "Step",
        spec=FunctionSpec(
            bundle=bundle({".": ROOT / "lambda" / "batch_steps", "schema": ROOT / "schema", **contract}),
            handler="handler.handler",
            description="Scores files: checks rows, starts transforms, merges their answers",
            timeout_s=TIMEOUT_S,
            memory_mb=MEMORY_MB,
            environment={
                "BATCHES_BUCKET": place.batches.bucket_name,
                "ENDPOINT_NAME": settings.resource_name,
                "KEY": place.keys.data.key_arn,
                "INSTANCE_TYPE": batches.instance_type,
                "INSTANCE_COUNT": str(batches.instance_count),
                "MAXIMUM_ROWS": str(batches.maximum_rows),
                "TIME_LIMIT_S": str(batches.time_limit_s),
            },
        ),
        grants=[*_with_files(place), *_with_jobs(Stack.of(scope), settings=settings, place=place)],
        storage=settings.storage,
        key=place.keys.logs,
        outside_vpc_because=OUTSIDE_VPC,
    )
    return logged_machine(
        scope,
        "Machine",
        definition=_definition(function.function, topic, settings=settings),
        grants=[
            allow("lambda:InvokeFunction", on=[function.function.function_arn]),
            *permissions.publish_notices(topic, key=place.keys.notices),
        ],
        description="Scores a file that has arrived",
        settings=settings,
        key=place.keys.logs,
        topic=topic,
    )


def _with_files(place: Place) -> list[Grant]:
    """Read what was sent, write what the model reads, read what it answers, write what callers fetch."""
    bucket = place.batches

    def under(*prefixes: str) -> list[str]:
        return [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]

    return [
        allow(
            "s3:ListBucket",
            on=[bucket.bucket_arn],
            when={"StringLike": {"s3:prefix": [f"{STATES}*", f"{SCORING}out/*"]}},
        ),
        # The one version that is there when the batch is taken: another may come under the name later.
        allow("s3:GetObject", "s3:GetObjectVersion", on=under(UPLOADS), wildcard_because=OF_BATCHES),
        allow(
            "s3:GetObject",
            on=[*under(STATES, TAKEN_UPLOADS, f"{SCORING}out/"), bucket.arn_for_objects(f"{RESULTS}*/refusals.csv")],
            wildcard_because=OF_BATCHES,
        ),
        allow(
            "s3:PutObject",
            on=under(STATES, TAKEN_UPLOADS, f"{SCORING}in/", RESULTS),
            wildcard_because=OF_BATCHES,
        ),
        permissions.write_with_key(place.keys.data),
    ]


def _with_jobs(stack: Stack, *, settings: Settings, place: Place) -> list[Grant]:
    """Start transforms as the settings have them, watch and stop them, and see which model is served."""

    def named(resource: str, name: str) -> list[str]:
        return [stack.format_arn(service="sagemaker", resource=resource, resource_name=name)]

    jobs, key = named("transform-job", f"{settings.resource_name}-*"), place.keys.data.key_arn
    of_batches = "The jobs of this environment's batches: their names end in the batch's id."
    return [
        allow(
            "sagemaker:CreateTransformJob",
            on=jobs,
            when={
                "ArnEquals": {"sagemaker:VolumeKmsKey": key, "sagemaker:OutputKmsKey": key},
                "ForAnyValue:StringEquals": {"sagemaker:InstanceTypes": [settings.batches.instance_type]},
            },
            wildcard_because=of_batches,
        ),
        allow("sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob", on=jobs, wildcard_because=of_batches),
        allow("sagemaker:DescribeEndpoint", on=[endpoint_arn(stack, settings.resource_name)]),
        allow("sagemaker:DescribeEndpointConfig", on=named("endpoint-config", "*"), wildcard_because=MADE_UP),
    ]


def _definition(function: lambda_.IFunction, topic: sns.ITopic, *, settings: Settings) -> dict[str, Any]:
    """Check, start, look until it has ended, merge. What a step cannot do is told to the caller, and to people."""
    poll_s = settings.batches.poll_s
    failed = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Fail"}]
    of_file = {"event.$": "$$.Execution.Input", "execution.$": "$$.Execution.Name"}
    of_batch = {"batch.$": "$"}

    def step(name: str, payload: dict[str, str], then: str) -> dict[str, Any]:
        return call(function, {"step": name, **payload}, Catch=failed, Next=then)

    def by_state(**ways: str) -> dict[str, Any]:
        choices = [{"Variable": "$.state", "StringEquals": state, "Next": to} for state, to in ways.items()]
        return {"Type": "Choice", "Choices": choices, "Default": "Done"}

    return {
        "Comment": "From a file that has arrived to its result",
        "StartAt": "Check",
        "TimeoutSeconds": settings.batches.time_limit_s + GRACE_S,
        "States": {
            "Check": step("check", of_file, "Checked"),
            "Checked": by_state(start="Start", merge="Merge"),
            "Start": step("start", of_batch, "Started"),
            "Started": by_state(busy="WaitForMachine", scoring="Wait"),
            "WaitForMachine": {"Type": "Wait", "Seconds": poll_s, "Next": "Start"},
            "Wait": {"Type": "Wait", "Seconds": poll_s, "Next": "Look"},
            "Look": step("look", of_batch, "Looked"),
            "Looked": by_state(scoring="Wait", merge="Merge"),
            "Merge": step("merge", of_batch, "Done"),
            "Done": {"Type": "Succeed"},
            "Fail": call(
                function,
                {"step": "fail", **of_file},
                Next="Tell",
                Catch=[{**failed[0], "Next": "Tell"}],
                OutputPath="$",
                ResultPath="$.told",
            ),
            "Tell": tell(
                topic,
                subject=f"Churn {settings.name}: a file could not be scored",
                text="Whoever sent it is told so, and can send it again. What to do: read what the execution says and "
                "mend the cause.",
                then="Failed",
            ),
            "Failed": {"Type": "Fail", "Error": "BatchFailed", "Cause": "The caller was told; the log has the rest."},
        },
    }
