"""Where a report comes from: the endpoint, the registry, and what runs wrote into the data bucket."""

from __future__ import annotations

import functools
import json
import os
from typing import Any

import boto3
import champion
from botocore.config import Config
from botocore.exceptions import ClientError
from gaps import ELSEWHERE, GONE, OTHER_FORM, UNNAMED, Gap
from passing import worth_another_try

# The function has 15 seconds for some twenty calls, most of them side by side.
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=12,
)
_sagemaker = boto3.client("sagemaker", region_name=os.environ["AWS_REGION"], config=_CONFIG)
_s3 = boto3.client("s3", region_name=os.environ["AWS_REGION"], config=_CONFIG)
_GROUP = os.environ["PACKAGE_GROUP_NAME"]
_BUCKET = os.environ["DATA_BUCKET"]
_WATCHES = os.environ["WATCHES"]
VERSIONS = 12
# Of lists of a thousand keys: watches keep a handful of files each, and their reports end after some months.
PAGES = 5
Json = dict[str, Any]
# What no report is without.
_needed = worth_another_try("The model registry does not answer; try again shortly.")


@_needed
def in_service() -> tuple[str, Json]:
    """Return the ARN of the package that the endpoint serves, and its description; empty when there is none."""
    found = champion.find(_sagemaker, os.environ["ENDPOINT_NAME"])
    return (found.told, found.package) if found.uri and found.package else ("", {})


@_needed
def packages() -> dict[str, Json]:
    """Return what the list tells of the newest versions, by their ARNs, the newest first."""
    listed = _sagemaker.list_model_packages(
        ModelPackageGroupName=_GROUP, SortBy="CreationTime", SortOrder="Descending", MaxResults=VERSIONS
    )
    return {one["ModelPackageArn"]: one for one in listed["ModelPackageSummaryList"]}


def package(arn: str) -> Json:
    """Describe a version."""
    found: Json = _sagemaker.describe_model_package(ModelPackageName=arn)
    return found


@functools.lru_cache(maxsize=4 * VERSIONS)
def document(uri: str) -> Json:
    """Read what a run wrote, once: a run's files do not change.

    Raises
    ------
    Gap
        If the address is empty, or the document lies elsewhere, is gone, or is none.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not key:
        raise Gap(UNNAMED)
    if bucket != _BUCKET:
        raise Gap(ELSEWHERE)
    return read(key)


def read(key: str) -> Json:
    """Read a JSON document of the data bucket; what is not there, or none, is a gap."""
    try:
        raw = _s3.get_object(Bucket=_BUCKET, Key=key)["Body"].read()
    except ClientError as exc:
        # S3 does not tell whoever may not list the whole bucket that an object is gone: it refuses.
        if exc.response["Error"]["Code"] == "AccessDenied" and not _is_there(key):
            raise Gap(GONE) from exc
        raise
    found = json.loads(raw, parse_constant=_no_number)
    if not found or not isinstance(found, dict):
        raise Gap(OTHER_FORM)
    return found


def _no_number(spelt: str) -> None:
    raise ValueError(f"{spelt} is no number of JSON")


def _is_there(key: str) -> bool:
    listed = _s3.list_objects_v2(Bucket=_BUCKET, Prefix=key, MaxKeys=1).get("Contents", ())
    return any(one["Key"] == key for one in listed)


def latest_watch() -> Json:
    """Read what the latest watch found; empty when none has reported."""
    pages = _s3.get_paginator("list_objects_v2").paginate(
        Bucket=_BUCKET, Prefix=_WATCHES, PaginationConfig={"MaxItems": PAGES * 1000}
    )
    found = [one for page in pages for one in page.get("Contents", ()) if one["Key"].endswith("/drift.json")]
    # Watches are named by their run, which tells no time.
    return read(max(found, key=lambda one: one["LastModified"])["Key"]) if found else {}
