"""The roles of the watch: its job's, its pipeline's, and that of what starts it."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.components import permissions
from stacks.components.bucket_rules import CAPTURE, LABELS, RUNS, WATCH
from stacks.components.grants import allow, role_with
from stacks.components.guardrails import guardrails
from stacks.components.permissions import SAGEMAKER
from stacks.components.place import Place
from stacks.components.roles import CODE, job_grants

EVENTS = "events.amazonaws.com"
NAMED_ALREADY = "Files that a manifest names: SageMaker and people have named them."


def job_role(scope: Construct, *, place: Place) -> iam.Role:
    """Read captures, labels, the model and its evaluation; write reports. No raw data, and nothing of a run's."""
    return role_with(
        scope,
        "WatchJobRole",
        description="Compares captured customers with those of training",
        trusts=permissions.service_principal(SAGEMAKER),
        grants=[
            *permissions.read_objects(place.data, CODE, RUNS),
            permissions.get_objects(place.data, CAPTURE, LABELS, WATCH, because=NAMED_ALREADY),
            *permissions.read_objects(place.models, RUNS),
            permissions.write_objects(place.data, WATCH),
            permissions.use_key(place.keys.data),
            permissions.lend_key(place.keys.data),
            permissions.read_with_key(place.keys.models),
            *job_grants(Stack.of(scope), place=place, log_groups=["ProcessingJobs"]),
        ],
    )


def pipeline_role(
    scope: Construct,
    *,
    place: Place,
    job: iam.IRole,
    function: lambda_.IFunction,
    instance_types: Sequence[str],
) -> iam.Role:
    """Run the steps: start and watch the job under its own role, call the function. No bucket, no key, no registry."""
    return role_with(
        scope,
        "WatchPipelineRole",
        description="Runs the watch",
        trusts=permissions.service_principal(SAGEMAKER),
        guardrails=guardrails(place=place, instance_types=instance_types),
        grants=[
            permissions.run_processing_jobs(Stack.of(scope)),
            allow("lambda:InvokeFunction", on=[function.function_arn]),
            permissions.pass_roles(job, service=SAGEMAKER),
        ],
    )


def start_role(scope: Construct, *, pipeline_name: str) -> iam.Role:
    """Start the watch, when it is time or labels arrive."""
    pipeline = Stack.of(scope).format_arn(service="sagemaker", resource="pipeline", resource_name=pipeline_name)
    return role_with(
        scope,
        "WatchStartRole",
        description="Starts the watch",
        trusts=permissions.service_principal(EVENTS),
        grants=[allow("sagemaker:StartPipelineExecution", on=[pipeline])],
    )
