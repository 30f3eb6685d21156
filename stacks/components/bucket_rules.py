"""What becomes of objects with time, and from where they may be touched."""

from __future__ import annotations

from aws_cdk import Duration, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from config import BatchesSettings, StorageSettings, WatchingSettings

# S3 takes nothing younger into the cheaper class.
COOL_AFTER_DAYS = 30
RUNS, CAPTURE, EXPERIMENTS, CHECKPOINTS = "runs/", "capture/", "experiments/", "checkpoints/"
# What MLflow shows of runs: copies of their reports.
MLFLOW = "mlflow/"
# Where new raw data are dropped, where they lie once taken, and where files are put that are not used.
INCOMING, TAKEN, QUARANTINE = "raw/incoming/", "raw/taken/", "quarantine/"
# Customers whose fate became known, those of them that could not be used, and what the watch found.
LABELS, QUARANTINED_LABELS, WATCH = "labels/", f"{QUARANTINE}labels/", "watch/"
# In the bucket of batches: what callers send, what the model reads and answers, and what callers fetch.
UPLOADS, SCORING, RESULTS, STATES, TAKEN_UPLOADS = "uploads/", "scoring/", "results/", "states/", "taken/"
# Which of the files taken is the latest that kept every rule.
ACCEPTED = "raw/accepted.json"
# A job ends within a day at the latest, and nobody goes on from its checkpoints after that.
CHECKPOINT_DAYS = 7
# A role with this tag works for a service that reads or writes from outside the VPC.
OUTSIDE_TAG, OUTSIDE = "ReachesBuckets", "from-outside-the-vpc"


def cools_down(prefix: str) -> s3.LifecycleRule:
    """Keep what old runs made, as the evidence behind a model, and people's experiments, where storing costs half."""
    return s3.LifecycleRule(
        prefix=prefix,
        transitions=[
            s3.Transition(
                storage_class=s3.StorageClass.INFREQUENT_ACCESS, transition_after=Duration.days(COOL_AFTER_DAYS)
            )
        ],
    )


def capture_expires(settings: StorageSettings) -> s3.LifecycleRule:
    """Forget captured requests: they are customers' data and have served their purpose."""
    return s3.LifecycleRule(prefix=CAPTURE, expiration=Duration.days(settings.capture_retention_days))


def quarantine_expires(settings: StorageSettings) -> s3.LifecycleRule:
    """Forget files that were set aside, once their owners have had the time to mend them."""
    return s3.LifecycleRule(prefix=QUARANTINE, expiration=Duration.days(settings.quarantine_retention_days))


def labels_expire(settings: WatchingSettings) -> s3.LifecycleRule:
    """Forget labels that no longer count: they are customers' data."""
    return s3.LifecycleRule(prefix=LABELS, expiration=Duration.days(settings.labels_days))


def reports_expire(settings: WatchingSettings) -> s3.LifecycleRule:
    """Forget what the watch found long ago."""
    return s3.LifecycleRule(prefix=WATCH, expiration=Duration.days(settings.report_retention_days))


def batches_expire(settings: BatchesSettings) -> s3.LifecycleRule:
    """Forget files and their results: they are customers' data. What was replaced is gone a day later."""
    return s3.LifecycleRule(
        expiration=Duration.days(settings.keep_days), noncurrent_version_expiration=Duration.days(1)
    )


def checkpoints_expire() -> s3.LifecycleRule:
    """Forget how far training runs had come."""
    return s3.LifecycleRule(prefix=CHECKPOINTS, expiration=Duration.days(CHECKPOINT_DAYS))


def logs_expire(settings: StorageSettings) -> s3.LifecycleRule:
    """Keep access logs as long as all other logs."""
    return s3.LifecycleRule(expiration=Duration.days(settings.log_retention_days))


def only_with_key(bucket: s3.Bucket, *, key: kms.IKey) -> None:
    """Refuse an object that asks for another key than the bucket's, or for none of ours.

    An upload that names no encryption gets the bucket's own and passes, so each denial asks first whether one is named.
    """
    asked = {
        "OtherEncryption": ("s3:x-amz-server-side-encryption", "StringNotEquals", "aws:kms"),
        "OtherKey": ("s3:x-amz-server-side-encryption-aws-kms-key-id", "ArnNotEquals", key.key_arn),
    }
    for sid, (name, differs, value) in asked.items():
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects("*")],
                conditions={"Null": {name: "false"}, differs: {name: value}},
            )
        )


def only_from_vpc(bucket: s3.Bucket, *, endpoint: ec2.IGatewayVpcEndpoint) -> None:
    """Refuse to read or write objects from anywhere but the VPC, whatever a role may do.

    Excepted are services of AWS acting for themselves, and roles that carry the tag. Deleting and listing are left to
    IAM: the tool that empties the buckets works from where its operator sits, and tells nobody what is in an object.
    """
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="OnlyFromVpc",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            resources=[bucket.arn_for_objects("*")],
            conditions={
                "StringNotEquals": {
                    "aws:SourceVpce": endpoint.vpc_endpoint_id,
                    f"aws:PrincipalTag/{OUTSIDE_TAG}": OUTSIDE,
                },
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        )
    )


def reaches_buckets_from_outside(role: IConstruct) -> None:
    """Except a role from `only_from_vpc`. It still needs a permission: the tag lifts a denial and grants nothing."""
    Tags.of(role).add(OUTSIDE_TAG, OUTSIDE)
