"""One role per job to be done, each with what that job does and no more."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.components import permissions
from stacks.components.bucket_rules import CAPTURE, CHECKPOINTS, RUNS, SCORING, reaches_buckets_from_outside
from stacks.components.grants import Grant, allow, role_with
from stacks.components.network_permissions import join_network
from stacks.components.permissions import SAGEMAKER
from stacks.components.place import Place

# Where things lie in the buckets.
RAW, CODE = "raw/", "code/"
OF_BATCHES = "Objects under this prefix of this one bucket: their names hold the batch's id, made up when it begins."


def job_grants(stack: Stack, *, place: Place, log_groups: Sequence[str]) -> list[Grant]:
    """What any container of ours needs, whatever it does: its image, its network, its logs, its metrics."""
    return [
        *permissions.pull_image(stack),
        *join_network(stack, subnets=place.subnets, security_group=place.security_group),
        *(permissions.write_service_log(stack, group=group) for group in log_groups),
        # The metrics of all endpoints are in one namespace; their logs are a group each.
        *(permissions.put_metrics(f"/aws/sagemaker/{group.partition('/')[0]}") for group in log_groups),
    ]


def processing_role(scope: Construct, *, place: Place) -> iam.Role:
    """Prepare and evaluate: read raw data, code, splits and the artifact; write splits and reports."""
    return role_with(
        scope,
        "ProcessingRole",
        description="Prepares data and evaluates models",
        trusts=permissions.service_principal(SAGEMAKER),
        grants=[
            *permissions.read_objects(place.data, RAW, CODE, RUNS),
            *permissions.read_objects(place.models, RUNS),
            permissions.write_objects(place.data, RUNS),
            permissions.use_key(place.keys.data),
            permissions.lend_key(place.keys.data),
            permissions.read_with_key(place.keys.models),
            *job_grants(Stack.of(scope), place=place, log_groups=["ProcessingJobs"]),
        ],
    )


def training_role(scope: Construct, *, place: Place, spot: bool) -> iam.Role:
    """Train: read code and splits, write the artifact; on spare machines go on from checkpoints. No raw data, no
    registry.
    """
    checkpoints = [
        *permissions.read_objects(place.models, CHECKPOINTS),
        permissions.write_objects(place.models, CHECKPOINTS),
    ]
    return role_with(
        scope,
        "TrainingRole",
        description="Trains models",
        trusts=permissions.service_principal(SAGEMAKER),
        grants=[
            *permissions.read_objects(place.data, CODE, RUNS),
            permissions.write_objects(place.models, RUNS),
            *(checkpoints if spot else []),
            permissions.read_with_key(place.keys.data),
            permissions.lend_key(place.keys.data),
            permissions.use_key(place.keys.models),
            *job_grants(Stack.of(scope), place=place, log_groups=["TrainingJobs"]),
        ],
    )


def model_role(
    scope: Construct, *, place: Place, endpoint_name: str, captures: bool, rollback_alarms: str | None
) -> iam.Role:
    """Serve: read the artifact; score files; write captured traffic, and look at the alarms that bring an update back,
    only where there is such a thing. The alarms' names come with a wildcard.
    """
    role = role_with(
        scope,
        "ModelRole",
        description="Serves the model",
        trusts=permissions.service_principal(SAGEMAKER),
        grants=[
            permissions.get_objects(place.models, RUNS),
            permissions.read_with_key(place.keys.models),
            permissions.lend_key(place.keys.models),
            # Files that are scored as a whole: a transform job works with its model's role.
            *permissions.read_objects(place.batches, SCORING, because=OF_BATCHES),
            permissions.write_objects(place.batches, SCORING, because=OF_BATCHES),
            permissions.use_key(place.keys.data),
            permissions.lend_key(place.keys.data),
            *([permissions.write_objects(place.data, CAPTURE)] if captures else []),
            *([_look_at_alarms(Stack.of(scope), rollback_alarms)] if rollback_alarms else []),
            *job_grants(Stack.of(scope), place=place, log_groups=[f"Endpoints/{endpoint_name}", "TransformJobs"]),
        ],
    )
    # SageMaker looks the artifact up when the model is made: before a machine of ours stands in the VPC.
    reaches_buckets_from_outside(role)
    return role


def _look_at_alarms(stack: Stack, names: str) -> Grant:
    return allow(
        # "Ensure that your IAM execution role has permission to perform the cloudwatch:DescribeAlarms action on the
        # auto-rollback alarms you specify." (SageMaker, auto-rollback configuration)
        "cloudwatch:DescribeAlarms",
        on=[
            stack.format_arn(
                service="cloudwatch", resource="alarm", resource_name=names, arn_format=ArnFormat.COLON_RESOURCE_NAME
            )
        ],
        wildcard_because="CloudFormation makes the alarms' names up; they begin with their stack's.",
    )
