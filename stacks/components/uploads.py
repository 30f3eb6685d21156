"""Bringing files of the project into a bucket as part of a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_s3_deployment as s3_deployment
from constructs import Construct

from config import Settings
from stacks.components.acknowledgements import acknowledge
from stacks.components.bucket_rules import reaches_buckets_from_outside
from stacks.components.functions import SERVES_DEPLOYMENT, acknowledge_function
from stacks.components.grants import Grant, allow, role_with
from stacks.components.permissions import THROUGH_S3, write_log, write_with_key
from stacks.components.storage import log_group

MEMORY_MB = 512
HANDLER_PREFIX = "Custom::CDKBucketDeployment"


class Upload(Construct):
    """A folder laid into a bucket; what is already there stays unless `prune` says that the folder is all of it.

    The CDK's own grants would allow ``s3:GetObject*`` and more on whole buckets; this role may read the one archive
    and touch the one bucket. `written` is for files that only a deployment can fill in.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: Path,
        bucket: s3.IBucket,
        bucket_key: kms.IKey | None,
        prune: bool,
        settings: Settings,
        log_key: kms.IKey,
        cache_control: s3_deployment.CacheControl | None = None,
        written: Sequence[s3_deployment.ISource] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        archive = s3_assets.Asset(self, "Archive", path=str(folder))
        group = log_group(self, "Log", settings=settings.storage, key=log_key)
        change = ("s3:DeleteObject", "s3:PutObject") if prune else ("s3:PutObject",)
        role = role_with(
            self,
            "Role",
            description="Lays a deployment's files into a bucket",
            trusts=iam.ServicePrincipal("lambda.amazonaws.com"),
            grants=[
                write_log(group),
                allow(
                    "s3:GetObject",
                    on=[archive.bucket.arn_for_objects("*.zip")],
                    wildcard_because="The archives of deployments. Naming this one would change the role with every "
                    "content, and the copy would start before IAM has spread the change.",
                ),
                allow("s3:ListBucket", on=[bucket.bucket_arn]),
                allow(
                    *change,
                    on=[bucket.arn_for_objects("*")],
                    wildcard_because="The objects of this one bucket: the folder's files decide how they are named.",
                ),
                *([write_with_key(bucket_key)] if bucket_key else []),
                *([_read_assets(settings.deployment.assets_key_arn)] if settings.deployment.assets_key_arn else []),
            ],
        )
        # The CDK's function lays the folder down for CloudFormation, and that from outside the VPC.
        reaches_buckets_from_outside(role)
        self.deployment = s3_deployment.BucketDeployment(
            self,
            "Deployment",
            sources=[s3_deployment.Source.bucket(archive.bucket, archive.s3_object_key), *written],
            destination_bucket=bucket,
            prune=prune,
            role=role.without_policy_updates(),
            log_group=group,
            memory_limit=MEMORY_MB,
            cache_control=[cache_control] if cache_control else None,
        )
        self._acknowledge_handler()

    def _acknowledge_handler(self) -> None:
        """Argue what the CDK decides about its function, which stands in the stack and not in this construct."""
        handlers = [child for child in Stack.of(self).node.children if child.node.id.startswith(HANDLER_PREFIX)]
        if len(handlers) != 1:
            raise ValueError(f"{self.node.path}: a stack has room for one upload, whose function has one role.")
        acknowledge(
            handlers[0],
            "AwsSolutions-L1",
            "The CDK brings this function and tests it, and the AWS CLI in its layer, with the runtime it sets; "
            "AWS supports that one too.",
        )
        acknowledge_function(handlers[0], outside_vpc_because=SERVES_DEPLOYMENT)


def _read_assets(key_arn: str) -> Grant:
    """Read archives in a bucket of the CDK's bootstrap that has a key of the account's."""
    return allow("kms:Decrypt", on=[key_arn], when=THROUGH_S3)
