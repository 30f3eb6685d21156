"""Storage: one key, and the buckets for data, models and access logs."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config import Settings
from stacks.components.storage import private_bucket, removal_policy

KEY_DELETION_DAYS = 7
KEPT_KEY_DELETION_DAYS = 30


class StorageStack(Stack):
    """What outlives a single run."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        storage = settings.storage
        removal = removal_policy(storage)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Customers' data, models and logs of {settings.resource_name}",
            enable_key_rotation=True,
            removal_policy=removal,
            pending_window=Duration.days(KEPT_KEY_DELETION_DAYS if storage.retain_on_destroy else KEY_DELETION_DAYS),
        )
        self._let_logs_use_key()
        # S3 and CloudFront deliver their access logs only to a bucket with S3's own key, and CloudFront only to one
        # that still knows object owners.
        self.access_logs = private_bucket(
            self,
            "AccessLogs",
            settings=storage,
            key=None,
            access_logs=None,
            removal=removal,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
        )
        self._let_s3_deliver_access_logs()
        self.data = private_bucket(
            self, "Data", settings=storage, key=self.key, access_logs=self.access_logs, removal=removal
        )
        self.models = private_bucket(
            self, "Models", settings=storage, key=self.key, access_logs=self.access_logs, removal=removal
        )
        CfnOutput(self, "DataBucketName", value=self.data.bucket_name)
        CfnOutput(self, "ModelsBucketName", value=self.models.bucket_name)
        CfnOutput(self, "AccessLogsBucketName", value=self.access_logs.bucket_name)

    def _let_logs_use_key(self) -> None:
        """CloudWatch Logs uses the key by its policy, for this account's log groups only."""
        self.key.add_to_resource_policy(
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
                resources=["*"],
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": self.format_arn(service="logs", resource="log-group:*")
                    }
                },
            )
        )

    def _let_s3_deliver_access_logs(self) -> None:
        self.access_logs.add_to_resource_policy(
            iam.PolicyStatement(
                sid="S3AccessLogs",
                principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[self.access_logs.arn_for_objects("s3/*")],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
