"""What CloudFormation does not delete by itself: packages, versions of objects, log streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from botocore.exceptions import ClientError

from operate.account import Client, OperateError, is_absent, pages, unless_absent
from operate.inventory import JOB_KINDS, Job, operation_on

# S3 takes this many in one DeleteObjects.
OBJECTS_PER_CALL = 1000
SHOW_EVERY = 10_000


def delete_packages(client: Client, packages: Iterable[str]) -> int:
    """Delete model packages, without which SageMaker does not delete their group."""
    count = 0
    for arn in packages:
        unless_absent(client.delete_model_package, ModelPackageName=arn)
        count += 1
    return count


def delete_cards(client: Client, cards: Iterable[str]) -> int:
    """Delete model cards: one that is left would be taken for the card of the next deployment's package."""
    count = 0
    for name in cards:
        unless_absent(client.delete_model_card, ModelCardName=name)
        count += 1
    return count


def empty_bucket(client: Client, bucket: str, say: Callable[[str], None]) -> int:
    """Delete every version of every object, every delete marker, and unfinished uploads.

    Parameters
    ----------
    say : callable
        Gets a line about the progress of a large bucket, now and then.

    Returns
    -------
    int
        How many were deleted.

    Raises
    ------
    OperateError
        If S3 refuses some of them; the message has its reason.
    """
    for upload in pages(client, "list_multipart_uploads", "Uploads", Bucket=bucket):
        place = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
        unless_absent(client.abort_multipart_upload, **place)
    count = 0
    while batch := list(_versions(client, bucket)):
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        if refused := answer.get("Errors"):
            why = refused[0].get("Message") or refused[0].get("Code")
            raise OperateError(f"S3 does not delete {len(refused)} objects of {bucket}: {why}")
        count += len(batch)
        if count // SHOW_EVERY > (count - len(batch)) // SHOW_EVERY:
            say(f"{bucket}: {count} versions deleted so far")
    return count


def _versions(client: Client, bucket: str) -> Iterator[dict[str, str]]:
    """One call's worth of versions. From the start each time: what was listed has been deleted since."""
    try:
        page = client.list_object_versions(Bucket=bucket, MaxKeys=OBJECTS_PER_CALL)
    except ClientError as exc:
        if is_absent(exc):
            return
        raise
    for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
        yield {"Key": entry["Key"], "VersionId": entry["VersionId"]}


def delete_buckets(client: Client, buckets: Iterable[str]) -> None:
    """Delete empty buckets that no stack knows of."""
    for bucket in buckets:
        unless_absent(client.delete_bucket, Bucket=bucket)


def delete_log_groups(client: Client, groups: Iterable[str]) -> None:
    """Delete log groups that are the environment's alone."""
    for group in groups:
        unless_absent(client.delete_log_group, logGroupName=group)


def delete_streams(client: Client, group: str, prefix: str) -> int:
    """Delete a group's streams whose names begin with a prefix."""
    found = pages(client, "describe_log_streams", "logStreams", logGroupName=group, logStreamNamePrefix=prefix)
    # Collected first: deleting while paging would skip some.
    streams = [stream["logStreamName"] for stream in found]
    for stream in streams:
        unless_absent(client.delete_log_stream, logGroupName=group, logStreamName=stream)
    return len(streams)


def delete_jobs(sagemaker: Client, logs: Client, jobs: Iterable[Job]) -> int:
    """Delete jobs that have ended, each after its log streams: the job tells whose the streams are."""
    count = 0
    for job in jobs:
        if job.kind in JOB_KINDS:
            delete_streams(logs, JOB_KINDS[job.kind], f"{job.name}/")
        unless_absent(operation_on(sagemaker, "delete", job), **{f"{job.kind}Name": job.name})
        count += 1
    return count


def delete_if_unused(client: Client, group: str) -> bool | None:
    """Delete a shared log group that is as the service made it and holds nothing.

    Returns
    -------
    bool or None
        Whether it is gone; None if there was none.
    """
    for found in pages(client, "describe_log_groups", "logGroups", logGroupNamePrefix=group):
        if found["logGroupName"] != group:
            continue
        streams = client.describe_log_streams(logGroupName=group, limit=1)["logStreams"]
        # A period or a key means that somebody set the group up, and wants it as it is.
        if streams or "retentionInDays" in found or "kmsKeyId" in found:
            return False
        client.delete_log_group(logGroupName=group)
        return True
    return None
