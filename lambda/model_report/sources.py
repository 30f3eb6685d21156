"""Where a report comes from: the endpoint, the registry, and what runs wrote into the data bucket."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from typing import Any

import boto3
import champion
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from problems import EndpointUnavailable

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
NOT_THERE = ("NoSuchKey", "404")
VERSIONS = 12
# Of lists of a thousand keys: watches keep a handful of files each, and their reports end after some months.
PAGES = 5
Json = dict[str, Any]


def in_service() -> str:
    """Return the ARN of the package that the endpoint serves; empty when there is none."""
    found = _asked(lambda: champion.find(_sagemaker, os.environ["ENDPOINT_NAME"]))
    return found.told if found.uri and ":model-package/" in found.told else ""


def packages() -> list[str]:
    """Return the ARNs of the newest versions, the newest first."""
    listed = _asked(
        lambda: _sagemaker.list_model_packages(
            ModelPackageGroupName=_GROUP, SortBy="CreationTime", SortOrder="Descending", MaxResults=VERSIONS
        )
    )
    return [one["ModelPackageArn"] for one in listed["ModelPackageSummaryList"]]


def package(arn: str) -> Json:
    """Describe a version."""
    return _asked(lambda: _sagemaker.describe_model_package(ModelPackageName=arn))


@functools.lru_cache(maxsize=4 * VERSIONS)
def document(uri: str) -> Json:
    """Read what a run wrote, once: a run's files do not change. Empty when it is gone, or lies elsewhere."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return read(key) if bucket == _BUCKET and key else {}


def read(key: str) -> Json:
    """Read a JSON document of the data bucket; empty when it is not there."""
    try:
        found: Json = json.loads(_s3.get_object(Bucket=_BUCKET, Key=key)["Body"].read())
    except ClientError as exc:
        code = exc.response["Error"]["Code"]
        # S3 does not tell whoever may not list the whole bucket that an object is gone: it refuses.
        if code in NOT_THERE or (code == "AccessDenied" and not _is_there(key)):
            return {}
        raise
    return found


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


def _asked(call: Callable[[], Any]) -> Any:
    """Ask SageMaker; what is worth another try is said so."""
    try:
        return call()
    except ClientError as exc:
        code = exc.response["Error"]["Code"]
        if "Throttl" not in code and exc.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
            raise
        raise _busy(code) from exc
    except BotoCoreError as exc:
        raise _busy(type(exc).__name__) from exc


def _busy(cause: str) -> EndpointUnavailable:
    return EndpointUnavailable("The model registry does not answer; try again shortly.", cause=cause, retry_after_s=5)
