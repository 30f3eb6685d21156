"""The data owner: people or systems that bring new data, and mend what was set aside."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from config import RetrainingSettings
from stacks.components import permissions
from stacks.components.bucket_rules import ACCEPTED, INCOMING, LABELS, QUARANTINE, reaches_buckets_from_outside
from stacks.components.grants import allow, role_with
from stacks.components.place import Place

OF_OWNERS = "Objects under this prefix of this one bucket: whoever brings a file names it."


def data_owner_role(
    scope: Construct,
    *,
    settings: RetrainingSettings,
    place: Place,
    pipeline: sagemaker.CfnPipeline,
    machine: stepfunctions.CfnStateMachine,
) -> iam.Role:
    """Drop files, read what was set aside and why, ask for a run on the accepted data and watch it; study nothing."""
    stack = Stack.of(scope)
    runs = f"{pipeline.pipeline_name}/execution/*"
    executions = stack.format_arn(
        service="states",
        resource="execution",
        resource_name=f"{machine.attr_name}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    role = role_with(
        scope,
        "DataOwnerRole",
        description="Brings new data",
        trusts=permissions.people(settings.data_owners),
        grants=[
            allow(
                "s3:PutObject",
                on=[place.data.arn_for_objects(f"{prefix}*") for prefix in (INCOMING, LABELS)],
                wildcard_because=OF_OWNERS,
            ),
            *permissions.read_objects(place.data, QUARANTINE, because=OF_OWNERS),
            allow("s3:GetObject", on=[place.data.arn_for_objects(ACCEPTED)]),
            permissions.write_with_key(place.keys.data),
            allow("states:ListExecutions", "states:StartExecution", on=[machine.ref]),
            allow(
                "states:DescribeExecution",
                on=[executions],
                wildcard_because="The executions of this one state machine: Step Functions makes their names up.",
            ),
            allow(
                "sagemaker:ListPipelineExecutions",
                on=[stack.format_arn(service="sagemaker", resource="pipeline", resource_name=pipeline.pipeline_name)],
            ),
            allow(
                "sagemaker:ListPipelineExecutionSteps",
                on=[stack.format_arn(service="sagemaker", resource="pipeline", resource_name=runs)],
                wildcard_because="The runs of this one pipeline: SageMaker makes their ids up.",
            ),
        ],
    )
    # New data come from where their owner is.
    reaches_buckets_from_outside(role)
    return role
