"""What the functions of a rollout may do: each what the others may not."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions

from config import Settings
from stacks.components import permissions
from stacks.components.bucket_rules import RUNS
from stacks.components.champion_lookup import look_up_champion
from stacks.components.golden_metric import namespace
from stacks.components.grants import Grant, allow
from stacks.components.place import Place
from stacks.components.registrar import REMOVES_NOTHING
from stacks.components.served import STACK_IDS, VERSIONS, endpoint_arn, stack_arn, versions_arn

# All that another package changes in the serving stack: its update asks for these, and may ask for no other.
CHANGED_TYPES = (
    # Whose names are looked up from the endpoint: CloudFormation may count them in, though they stay as they are.
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Model",
    "Custom::PipelineRun",
)


def steer(stack: Stack, *, endpoint: str, stack_name: str) -> list[Grant]:
    """Update the serving stack, by the role that CloudFormation has for it, and in what a model changes only."""
    target = stack_arn(stack, stack_name)
    return [
        *look_up_champion(stack, endpoint_name=endpoint),
        allow(
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStacks",
            on=[target],
            wildcard_because=STACK_IDS,
        ),
        allow(
            "cloudformation:UpdateStack",
            on=[target],
            when={
                # Every request names the types that it may touch; CloudFormation refuses it if it touches another.
                # With such a list it takes no acknowledgement of IAM resources, so none can be brought in.
                "ForAllValues:StringEquals": {"cloudformation:ResourceTypes": [*CHANGED_TYPES]},
                "Null": {
                    "cloudformation:ResourceTypes": "false",
                    "cloudformation:RoleArn": "true",
                    "cloudformation:StackPolicyUrl": "true",
                    "cloudformation:TemplateUrl": "true",
                },
            },
            wildcard_because=STACK_IDS,
        ),
    ]


def probe(stack: Stack, *, settings: Settings, place: Place) -> list[Grant]:
    """Ask the endpoint; read what the answers should be; count those that are not."""
    endpoint = settings.resource_name
    return [
        *look_up_champion(stack, endpoint_name=endpoint),
        allow("sagemaker:InvokeEndpoint", on=[endpoint_arn(stack, endpoint)]),
        allow(
            "s3:GetObject",
            on=[place.data.arn_for_objects(f"{RUNS}*/evaluation/golden.json")],
            wildcard_because="The golden customers of each run, who are made up: only the run's id is open.",
        ),
        allow("kms:Decrypt", on=[place.keys.data.key_arn], when=permissions.THROUGH_S3),
        permissions.put_metrics(namespace(settings)),
    ]


def record(stack: Stack, *, endpoint: str, place: Place, topic: sns.ITopic) -> list[Grant]:
    """Write facts to packages and reject them; approve none."""
    rejects = {"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "Rejected"}, **REMOVES_NOTHING}
    return [
        *look_up_champion(stack, endpoint_name=endpoint),
        allow(
            "sagemaker:UpdateModelPackage",
            on=[versions_arn(stack, endpoint)],
            when=rejects,
            wildcard_because=VERSIONS,
        ),
        *permissions.publish_notices(topic, key=place.keys.notices),
    ]


def see_newer(stack: Stack, machine: stepfunctions.CfnStateMachine) -> list[Grant]:
    """See whether a newer execution has begun, and what it came to."""
    executions = stack.format_arn(
        service="states",
        resource="execution",
        resource_name=f"{machine.attr_name}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return [
        allow("states:ListExecutions", on=[machine.ref]),
        allow(
            "states:DescribeExecution",
            on=[executions],
            wildcard_because="The executions of this one state machine: EventBridge makes their names up.",
        ),
    ]
