"""The grants of the project, each a function that says what it is for.

`"*"` alone stands only where AWS knows no resource for the action.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from stacks.components.grants import Grant, allow
from stacks.components.images import xgboost_repository_arn

SAGEMAKER = "sagemaker.amazonaws.com"
OF_RUNS = "Objects under this prefix of this one bucket: their names hold the run's id, which only the run knows."
OF_PIPELINES = "SageMaker Pipelines makes its jobs' names up; all begin with this word."
OF_PEOPLE = "Objects under these prefixes: runs and people name what lies there."
# Of a key whose user reaches it by S3 alone.
THROUGH_S3: Mapping[str, Any] = {"StringEquals": {"kms:ViaService": f"s3.{Aws.REGION}.amazonaws.com"}}
FOR_THIS_ACCOUNT: Mapping[str, Any] = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}


def service_principal(service: str) -> iam.ServicePrincipal:
    """Trust a service only when it acts for this account (the confused deputy)."""
    return iam.ServicePrincipal(service, conditions=FOR_THIS_ACCOUNT)


def people(named: Sequence[str]) -> iam.IPrincipal:
    """Trust those whom the settings name by ARN; without any, whoever this account's own policies let in."""
    if not named:
        return iam.AccountPrincipal(Aws.ACCOUNT_ID)
    return iam.CompositePrincipal(*(iam.ArnPrincipal(arn) for arn in named))


def get_objects(bucket: s3.IBucket, *prefixes: str, because: str = OF_RUNS) -> Grant:
    """Read objects under some prefixes of a bucket, whose names are known already."""
    return allow(
        "s3:GetObject",
        on=[bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes],
        wildcard_because=because,
    )


def read_objects(bucket: s3.IBucket, *prefixes: str, because: str = OF_RUNS) -> list[Grant]:
    """Read and list the objects under some prefixes of a bucket."""
    return [
        get_objects(bucket, *prefixes, because=because),
        allow(
            "s3:ListBucket",
            on=[bucket.bucket_arn],
            when={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
        ),
    ]


def write_objects(bucket: s3.IBucket, prefix: str, because: str = OF_RUNS) -> Grant:
    """Write objects under a prefix of a bucket."""
    return allow(
        "s3:PutObject",
        on=[bucket.arn_for_objects(f"{prefix}*")],
        wildcard_because=because,
    )


def send_traces() -> Grant:
    """Send the segments of X-Ray traces."""
    return allow(
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        on=["*"],
        wildcard_because="X-Ray knows no resource for what sends traces.",
    )


def use_key(key: kms.IKey) -> Grant:
    """Read what the key encrypts, and write it as SageMaker does, whose documentation names Encrypt for outputs."""
    return allow("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", on=[key.key_arn])


def write_with_key(key: kms.IKey) -> Grant:
    """Write objects that the key encrypts; S3 asks for Decrypt when a large one comes in parts."""
    return allow("kms:Decrypt", "kms:GenerateDataKey", on=[key.key_arn])


def read_with_key(key: kms.IKey) -> Grant:
    """Read what the key encrypts."""
    return allow("kms:Decrypt", on=[key.key_arn])


def lend_key(key: kms.IKey) -> Grant:
    """Let AWS services, and nobody else, use the key for the disks they attach."""
    return allow("kms:CreateGrant", on=[key.key_arn], when={"Bool": {"kms:GrantIsForAWSResource": "true"}})


def pull_image(stack: Stack) -> list[Grant]:
    """Pull the XGBoost container."""
    return [
        allow(
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            on=[xgboost_repository_arn(stack)],
        ),
        allow(
            "ecr:GetAuthorizationToken",
            on=["*"],
            wildcard_because="ecr:GetAuthorizationToken knows no resource; what the token opens is bounded above.",
        ),
    ]


def write_log(group: logs.ILogGroup) -> Grant:
    """Write to a log group of ours; its ARN ends in ``:*`` and so covers its streams."""
    return allow("logs:CreateLogStream", "logs:PutLogEvents", on=[group.log_group_arn])


def write_service_log(stack: Stack, *, group: str) -> Grant:
    """Write to one log group under ``/aws/sagemaker/``, which SageMaker names and may make."""
    arn = stack.format_arn(service="logs", resource=f"log-group:/aws/sagemaker/{group}")
    return allow(
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        on=[arn, f"{arn}:*"],
        wildcard_because="The streams of this one log group: SageMaker names them after jobs and machines.",
    )


def put_metrics(namespace: str) -> Grant:
    """Publish metrics in one of SageMaker's namespaces."""
    return allow(
        "cloudwatch:PutMetricData",
        on=["*"],
        when={"StringEquals": {"cloudwatch:namespace": namespace}},
        wildcard_because="cloudwatch:PutMetricData knows no resource; the condition names the one namespace.",
    )


def run_processing_jobs(stack: Stack) -> Grant:
    """Start, watch and stop the processing jobs of a pipeline's steps."""
    return allow(
        "sagemaker:AddTags",
        "sagemaker:CreateProcessingJob",
        "sagemaker:DescribeProcessingJob",
        "sagemaker:StopProcessingJob",
        on=[stack.format_arn(service="sagemaker", resource="processing-job", resource_name="pipelines-*")],
        wildcard_because=OF_PIPELINES,
    )


def publish_notices(topic: sns.ITopic, *, key: kms.IKey) -> list[Grant]:
    """Tell people something by the topic of notices."""
    return [allow("sns:Publish", on=[topic.topic_arn]), write_with_key(key)]


def pass_roles(*roles: iam.IRole, service: str) -> Grant:
    """Hand these roles, and no others, to one service."""
    return allow(
        "iam:PassRole",
        on=[role.role_arn for role in roles],
        when={"StringEquals": {"iam:PassedToService": service}},
    )
