"""Buckets and log groups as this project makes them: private, encrypted, with an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config import StorageSettings
from stacks.components import findings
from stacks.components.acknowledgements import acknowledge
from stacks.components.bucket_rules import only_with_key

UNFINISHED_UPLOAD_DAYS = 7
# Of whatever origin: the right is in the signature, which any program may use; a browser adds nothing of its own. The
# page's origin is not known here, as its distribution needs the bucket's address.
FROM_PAGES = s3.CorsRule(allowed_origins=["*"], allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.POST], max_age=3600)


def removal_policy(settings: StorageSettings) -> RemovalPolicy:
    """What becomes of data, models, logs and keys when their stack is deleted.

    A creation that is rolled back leaves nothing behind even where things are kept: what it left, with a fixed name,
    would be in the way of the next try.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.retain_on_destroy else RemovalPolicy.DESTROY


@dataclass(frozen=True, kw_only=True)
class BucketSpec:
    """What sets a bucket apart.

    Attributes
    ----------
    key : IKey or None
        The key of its objects; None for S3's own, where the writer or reader cannot use ours.
    without_key_because : str
        Why there is none: required where `key` is None, refused where it is not.
    access_logs : IBucket or None
        Where S3 notes each access; None for the bucket that holds those notes.
    lock_days : int
        How long nobody may delete or overwrite a version; 0 for no lock.
    lifecycle : sequence of LifecycleRule
        Rules beside those that every bucket has.
    tells_events : bool
        Whether EventBridge hears of what happens to its objects; rules decide what of it matters.
    serves_pages : bool
        Whether a page may send to it and read from it by signed forms and addresses.
    """

    key: kms.IKey | None = None
    without_key_because: str = ""
    access_logs: s3.IBucket | None = None
    object_ownership: s3.ObjectOwnership = s3.ObjectOwnership.BUCKET_OWNER_ENFORCED
    lock_days: int = 0
    lifecycle: Sequence[s3.LifecycleRule] = ()
    tells_events: bool = False
    serves_pages: bool = False

    def __post_init__(self) -> None:
        if bool(self.key) == bool(self.without_key_because):
            raise ValueError("A bucket has a key, or a reason in without_key_because why it has none.")


def private_bucket(
    scope: Construct, construct_id: str, *, settings: StorageSettings, removal: RemovalPolicy, spec: BucketSpec
) -> s3.Bucket:
    """Make a bucket: versioned, encrypted, closed to the public, TLS only.

    It is not emptied when its stack is deleted: `make destroy` does that, with the permissions of whoever destroys.
    """
    locked = s3.ObjectLockRetention.governance(Duration.days(spec.lock_days)) if spec.lock_days else None
    bucket = s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.KMS if spec.key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=spec.key,
        bucket_key_enabled=True if spec.key else None,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=spec.object_ownership,
        enforce_ssl=True,
        versioned=True,
        object_lock_default_retention=locked,
        cors=[FROM_PAGES] if spec.serves_pages else None,
        removal_policy=removal,
        lifecycle_rules=[
            s3.LifecycleRule(
                abort_incomplete_multipart_upload_after=Duration.days(UNFINISHED_UPLOAD_DAYS),
                noncurrent_version_expiration=Duration.days(settings.noncurrent_version_days),
            ),
            *spec.lifecycle,
        ],
    )
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - tells the type checker what the CDK guarantees
    if spec.access_logs:
        # Set on the resource itself: the higher-level property would write a statement per source bucket into the log
        # bucket's policy, which for a bucket of another stack makes the stacks depend on each other in a circle.
        resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=spec.access_logs.bucket_name, log_file_prefix=f"s3/{construct_id.lower()}/"
        )
    if spec.tells_events:
        # Set on the resource itself: the higher-level property would bring a function that sets it afterwards.
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
    acknowledge(
        resource,
        findings.NO_REPLICATION,
        "One region by choice: versions bring back what was deleted, a run makes models again from the raw data, and "
        "a copy elsewhere would double where customers' data lies.",
    )
    if spec.key:
        only_with_key(bucket, key=spec.key)
    else:
        acknowledge(resource, findings.OWN_KEY_OF_S3, spec.without_key_because)
    return bucket


def log_group(
    scope: Construct,
    construct_id: str,
    *,
    settings: StorageSettings,
    key: kms.IKey,
    name: str | None = None,
) -> logs.LogGroup:
    """Make a log group with our key and an end to its events; named only where a service expects the name."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        encryption_key=key,
        retention=_RETENTION[settings.log_retention_days],
        removal_policy=removal_policy(settings),
    )


_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    2192: logs.RetentionDays.SIX_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}
