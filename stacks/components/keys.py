"""The keys: one for each concern that needs separating; docs/decisions/keys.md argues the split."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from config import StorageSettings
from stacks.components.storage import removal_policy

DELETION_DAYS = 7
KEPT_DELETION_DAYS = 30
# What a symmetric key with material of KMS's own is asked for. AWS's default key policy says "kms:*", which would also
# delegate importing material, replicating to other regions, and whatever KMS learns next.
ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
USE = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Which key encrypts what.

    Attributes
    ----------
    data : IKey
        Customers' data, wherever it is: raw data, splits, reports, captured traffic, the disks of jobs.
    models : IKey
        Artifacts, and the disks of the machines that serve them.
    logs : IKey
        Every log group.
    notices : IKey
        What alarms and functions tell people, while SNS holds it.
    """

    data: kms.IKey
    models: kms.IKey
    logs: kms.IKey
    notices: kms.IKey


def rotating_key(scope: Construct, construct_id: str, *, description: str, settings: StorageSettings) -> kms.Key:
    """Make a key that rotates each year and leaves time for second thoughts when it is deleted."""
    return kms.Key(
        scope,
        construct_id,
        description=description,
        enable_key_rotation=True,
        policy=iam.PolicyDocument(statements=[_left_to_iam()]),
        removal_policy=removal_policy(settings),
        pending_window=Duration.days(KEPT_DELETION_DAYS if settings.retain_on_destroy else DELETION_DAYS),
    )


def _left_to_iam() -> iam.PolicyStatement:
    """Leave to IAM who in this account may administer and use the key: without it, nobody could ever again."""
    return iam.PolicyStatement(
        sid="LeftToIam",
        principals=[iam.AccountRootPrincipal()],
        actions=sorted((*ADMINISTRATION, *USE)),
        resources=["*"],  # this key: its own policy has no other way to name it
    )


def let_logs_use(key: kms.Key) -> None:
    """Let CloudWatch Logs use the key by its policy, for this account's log groups only."""
    groups = Stack.of(key).format_arn(service="logs", resource="log-group:*")
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="CloudWatchLogs",
            principals=[iam.ServicePrincipal(f"logs.{Aws.REGION}.amazonaws.com")],
            actions=[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyPair",
                "kms:GenerateDataKeyPairWithoutPlaintext",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            resources=["*"],  # this key: its own policy has no other way to name it
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
    )


def let_alarms_use(key: kms.Key) -> None:
    """Let CloudWatch use the key by its policy, for this account's alarms only: they publish to an encrypted topic."""
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="CloudWatchAlarms",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],  # this key: its own policy has no other way to name it
            conditions={
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                "ArnLike": {"aws:SourceArn": Stack.of(key).format_arn(service="cloudwatch", resource="alarm:*")},
            },
        )
    )
