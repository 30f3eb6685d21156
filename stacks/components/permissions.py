"""The policy statements of the project, each a function that says what it is for.

`"*"` stands only where AWS knows no resource for the action; each such function says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from stacks.components.images import xgboost_repository_arn

SAGEMAKER = "sagemaker.amazonaws.com"


def service_principal(service: str) -> iam.ServicePrincipal:
    """Trust a service only when it acts for this account (the confused deputy)."""
    return iam.ServicePrincipal(service, conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}})


def allow(
    actions: Sequence[str], resources: Sequence[str], conditions: dict[str, object] | None = None
) -> iam.PolicyStatement:
    """Write one statement."""
    return iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)


def read_objects(bucket: s3.IBucket, *prefixes: str) -> list[iam.PolicyStatement]:
    """Read and list the objects under some prefixes of a bucket."""
    return [
        allow(["s3:GetObject"], [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]),
        allow(
            ["s3:ListBucket"],
            [bucket.bucket_arn],
            {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
        ),
    ]


def write_objects(bucket: s3.IBucket, *prefixes: str) -> iam.PolicyStatement:
    """Write objects under some prefixes of a bucket."""
    return allow(["s3:PutObject"], [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes])


def use_key(key: kms.IKey) -> iam.PolicyStatement:
    """Read and write what the key encrypts."""
    return allow(["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"], [key.key_arn])


def lend_key(key: kms.IKey) -> iam.PolicyStatement:
    """Let AWS services, and nobody else, use the key for the disks they attach."""
    return allow(["kms:CreateGrant"], [key.key_arn], {"Bool": {"kms:GrantIsForAWSResource": "true"}})


def pull_image(stack: Stack) -> list[iam.PolicyStatement]:
    """Pull the XGBoost container; the token for the registry knows no resource."""
    return [
        allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [xgboost_repository_arn(stack)],
        ),
        allow(["ecr:GetAuthorizationToken"], ["*"]),
    ]


def write_logs(stack: Stack, *, group: str) -> iam.PolicyStatement:
    """Write to one log group under ``/aws/sagemaker/`` and its streams."""
    arn = stack.format_arn(service="logs", resource=f"log-group:/aws/sagemaker/{group}")
    return allow(
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        [arn, f"{arn}:*"],
    )


def put_metrics(*namespaces: str) -> iam.PolicyStatement:
    """Publish metrics in SageMaker's namespaces; metrics are no resources, the namespace bounds them."""
    return allow(
        ["cloudwatch:PutMetricData"], ["*"], {"StringEquals": {"cloudwatch:namespace": list(namespaces)}}
    )


def join_network(
    stack: Stack, *, subnets: Sequence[ec2.ISubnet], security_group: ec2.ISecurityGroup
) -> list[iam.PolicyStatement]:
    """Attach network interfaces to our subnets with our security group; EC2's Describe actions know no resource."""
    interfaces = stack.format_arn(service="ec2", resource="network-interface", resource_name="*")
    places = [
        stack.format_arn(service="ec2", resource="subnet", resource_name=subnet.subnet_id) for subnet in subnets
    ]
    group = stack.format_arn(
        service="ec2", resource="security-group", resource_name=security_group.security_group_id
    )
    return [
        allow(["ec2:CreateNetworkInterface"], [interfaces, *places, group]),
        allow(
            ["ec2:CreateNetworkInterfacePermission"],
            [interfaces],
            {"StringEquals": {"ec2:AuthorizedService": SAGEMAKER}},
        ),
        allow(["ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"], [interfaces]),
        allow(
            [
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            ["*"],
        ),
    ]


def pass_roles(*roles: iam.IRole, service: str) -> iam.PolicyStatement:
    """Hand these roles, and no others, to one service."""
    return allow(
        ["iam:PassRole"],
        [role.role_arn for role in roles],
        {"StringEquals": {"iam:PassedToService": service}},
    )
