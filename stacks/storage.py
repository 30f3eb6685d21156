"""Storage: the buckets for data, files to score, models and access logs."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config import Settings
from stacks.components.bucket_rules import (
    EXPERIMENTS,
    MLFLOW,
    RUNS,
    batches_expire,
    capture_expires,
    checkpoints_expire,
    cools_down,
    labels_expire,
    logs_expire,
    only_from_vpc,
    quarantine_expires,
    reports_expire,
)
from stacks.components.keys import Keys
from stacks.components.storage import BucketSpec, private_bucket, removal_policy


class StorageStack(Stack):
    """What outlives a single run."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        keys: Keys,
        s3_endpoint: ec2.IGatewayVpcEndpoint,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        storage = settings.storage
        removal = removal_policy(storage)
        self.access_logs = private_bucket(
            self,
            "AccessLogs",
            settings=storage,
            removal=removal,
            spec=BucketSpec(
                without_key_because="S3 delivers its access logs only to a bucket with S3's own key; "
                "they hold addresses and keys of objects, and no customer.",
                # CloudFront delivers only to a bucket that still knows object owners.
                object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
                lifecycle=[logs_expire(storage)],
            ),
        )
        self._let_s3_deliver_access_logs()
        self.data = private_bucket(
            self,
            "Data",
            settings=storage,
            removal=removal,
            spec=BucketSpec(
                key=keys.data,
                access_logs=self.access_logs,
                lifecycle=[
                    cools_down(RUNS),
                    cools_down(EXPERIMENTS),
                    cools_down(MLFLOW),
                    capture_expires(storage),
                    labels_expire(settings.watching),
                    reports_expire(settings.watching),
                    quarantine_expires(storage),
                ],
                tells_events=True,
            ),
        )
        # Of its own: callers send to it and fetch from it, from wherever they are.
        self.batches = private_bucket(
            self,
            "Batches",
            settings=storage,
            # Nothing in it is kept for long anyway.
            removal=RemovalPolicy.DESTROY,
            spec=BucketSpec(
                key=keys.data,
                access_logs=self.access_logs,
                lifecycle=[batches_expire(settings.batches)],
                tells_events=True,
                serves_pages=True,
            ),
        )
        self.models = private_bucket(
            self,
            "Models",
            settings=storage,
            removal=removal,
            spec=BucketSpec(
                key=keys.models,
                access_logs=self.access_logs,
                lock_days=storage.model_lock_days,
                lifecycle=[cools_down(RUNS), cools_down(EXPERIMENTS), checkpoints_expire()],
            ),
        )
        if storage.only_from_vpc:
            for bucket in (self.data, self.models):
                only_from_vpc(bucket, endpoint=s3_endpoint)
        CfnOutput(self, "DataBucketName", value=self.data.bucket_name)
        CfnOutput(self, "BatchesBucketName", value=self.batches.bucket_name)
        CfnOutput(self, "ModelsBucketName", value=self.models.bucket_name)
        CfnOutput(self, "AccessLogsBucketName", value=self.access_logs.bucket_name)

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
