"""The doors of the VPC: an endpoint for each AWS service that is called from inside, and what may pass each.

A role decides what its holder may do; a door decides what may leave this network at all. Only roles of this deployment
(by account and by the tags that app.py gives every resource) pass, and only towards what is named here. So credentials
that somebody carries in from elsewhere open nothing, and no bucket, log or key of another account can be reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Aws, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from stacks.components import studio_permissions as studio
from stacks.components.images import xgboost_repository_arn
from stacks.components.keys import Keys

PROJECT_TAG, ENVIRONMENT_TAG = "Project", "Environment"
PROJECT = "churn"
Service = ec2.InterfaceVpcEndpointAwsService
Statements = list[iam.PolicyStatement]


def interface_doors(stack: Stack, *, environment: str, keys: Keys) -> dict[str, tuple[Service, Statements]]:
    """Say which services jobs and endpoints of SageMaker call from inside the VPC, and what may pass to each."""
    logs = stack.format_arn(service="logs", resource="log-group:/aws/sagemaker/*")
    image = _pass(
        environment,
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        on=[xgboost_repository_arn(stack)],
    )
    # The token knows no resource; it opens what the role may pull, and of that only the repository above passes.
    token = _pass(environment, "ecr:GetAuthorizationToken", on=["*"])
    return {
        "EcrApi": (Service.ECR, [image, token]),
        "EcrDocker": (Service.ECR_DOCKER, [image, token]),
        "Kms": (
            Service.KMS,
            [
                _pass(
                    environment,
                    "kms:CreateGrant",
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey",
                    on=[keys.data.key_arn, keys.models.key_arn],
                )
            ],
        ),
        "Logs": (
            Service.CLOUDWATCH_LOGS,
            [
                _pass(
                    environment,
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                    on=[logs, f"{logs}:*"],
                )
            ],
        ),
        # Metrics and identities know no resource; both stay in the caller's account by nature.
        "Monitoring": (Service.CLOUDWATCH_MONITORING, [_pass(environment, "cloudwatch:PutMetricData", on=["*"])]),
        "Sts": (Service.STS, [_pass(environment, "sts:GetCallerIdentity", on=["*"])]),
    }


def runtime_door(stack: Stack, *, environment: str, endpoint_name: str) -> tuple[Service, Statements]:
    """Let the API's function through to the one endpoint."""
    endpoint = stack.format_arn(service="sagemaker", resource="endpoint", resource_name=endpoint_name)
    return Service.SAGEMAKER_RUNTIME, [_pass(environment, "sagemaker:InvokeEndpoint", on=[endpoint])]


def studio_doors(stack: Stack, *, environment: str) -> dict[str, tuple[Service, Statements]]:
    """Say which services only Studio calls from inside the VPC, and what may pass to each: what its users may do."""
    ours = stack.format_arn(service="sagemaker", resource="*")
    apps = stack.format_arn(service="sagemaker", resource="app", resource_name="*")
    profiles = stack.format_arn(service="sagemaker", resource="user-profile", resource_name="*")
    return {
        "SageMakerApi": (
            Service.SAGEMAKER_API,
            [
                _pass(environment, *studio.ON_RESOURCES, *studio.MLFLOW, on=[ours]),
                _pass(environment, *studio.LISTS, *studio.LISTS_OF_MLFLOW, on=["*"]),
            ],
        ),
        # By this one a browser inside the VPC would open Studio; AWS wants it beside the other in a VPC-only domain.
        "Studio": (
            Service.SAGEMAKER_STUDIO,
            [_pass(environment, "sagemaker:CreateApp", "sagemaker:CreatePresignedDomainUrl", on=[apps, profiles])],
        ),
    }


def studio_reads(stack: Stack, *, environment: str) -> dict[str, Statements]:
    """Say at which doors of others Studio's users may knock too, and what may pass there besides: reading."""
    groups = [stack.format_arn(service="logs", resource=f"log-group:/aws/sagemaker/{n}") for n in studio.LOG_GROUPS]
    return {
        "Logs": [_pass(environment, *studio.READ_LOGS, on=[arn for group in groups for arn in (group, f"{group}:*")])],
        "Monitoring": [_pass(environment, *studio.READ_METRICS, on=["*"])],
        # As they are: who one is, and the one endpoint.
        "Sts": [],
        "SageMakerRuntime": [],
    }


def s3_statements(*, environment: str) -> Statements:
    """Let jobs through to buckets of this account, and whoever pulls an image to the layers of ECR's registries.

    The buckets are made after the door and are not named here: account and roles bound them. ECR hands layers out by
    signed addresses of a bucket of its own, in its own name, so that nothing is known of who asks.
    """
    layers = f"arn:{Aws.PARTITION}:s3:::prod-{Aws.REGION}-starport-layer-bucket/*"
    return [
        _pass(
            environment,
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutObject",
            on=["*"],
            when={"aws:ResourceAccount": Aws.ACCOUNT_ID},
        ),
        iam.PolicyStatement(
            sid="LayersOfImages", principals=[iam.AnyPrincipal()], actions=["s3:GetObject"], resources=[layers]
        ),
    ]


def _pass(
    environment: str, *actions: str, on: Sequence[str], when: Mapping[str, Any] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=list(actions),
        resources=list(on),
        conditions={
            "StringEquals": {
                "aws:PrincipalAccount": Aws.ACCOUNT_ID,
                f"aws:PrincipalTag/{PROJECT_TAG}": PROJECT,
                f"aws:PrincipalTag/{ENVIRONMENT_TAG}": environment,
                **(when or {}),
            }
        },
    )
