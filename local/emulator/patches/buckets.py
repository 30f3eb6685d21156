"""Buckets: CloudFormation deletes only an empty one, as on AWS; the emulator would drop its objects with it."""

from typing import Any

from ministack.services import s3
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::S3::Bucket"
_ABSENT = 404


def install() -> None:
    """Let S3 itself delete a stack's buckets, and refuse to."""
    provisioners._RESOURCE_HANDLERS[_TYPE] = {**provisioners._RESOURCE_HANDLERS[_TYPE], "delete": _delete}


def _delete(physical_id: str, _props: dict[str, Any]) -> None:
    status, _, body = s3._delete_bucket(physical_id)
    if status >= 400 and status != _ABSENT:
        raise RuntimeError(f"S3 does not delete {physical_id}: {body.decode()}")
