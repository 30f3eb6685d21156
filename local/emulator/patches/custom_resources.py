"""Custom resources: a bound on the wait, and the ones whose Node code the emulator cannot run or has no use for."""

from typing import Any

from ministack.services.cloudformation import custom_resource, provisioners

from local.sagemaker import platform

# A provider that waits for long (the first pipeline run) says so itself; one that died must not hang a deploy.
_LONGEST_WAIT_S = 1800


def install() -> None:
    """Apply both."""
    _bound_the_wait()
    provisioners._RESOURCE_HANDLERS["Custom::S3AutoDeleteObjects"] = {
        "create": _auto_delete_create,
        "update": _auto_delete_update,
        "delete": _auto_delete_delete,
    }
    # No security group filters anything here: closing the default one is recorded only.
    provisioners._RESOURCE_HANDLERS["Custom::VpcRestrictDefaultSG"] = {
        "create": _default_group_create,
        "update": _default_group_update,
        "delete": lambda _physical_id, _props: None,
    }


def _bound_the_wait() -> None:
    invoke = custom_resource.invoke_custom_resource

    def bounded(request_type: str, logical_id: str, props: dict[str, Any], *rest: Any, **more: Any) -> Any:
        waits = {"ServiceTimeout": str(_LONGEST_WAIT_S), **props}
        return invoke(request_type, logical_id, waits, *rest, **more)

    custom_resource.invoke_custom_resource = bounded


def _auto_delete_create(_logical_id: str, props: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    return props["BucketName"], {}


def _auto_delete_update(
    _physical_id: str, _old: dict[str, Any], new: dict[str, Any], _stack: str
) -> tuple[str, dict[str, str]]:
    return new["BucketName"], {}


def _auto_delete_delete(_physical_id: str, props: dict[str, Any]) -> None:
    """Empty the bucket, as CDK's handler does (it needs the Node SDK for S3, which is not here)."""
    s3 = platform.current().client("s3")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=props["BucketName"])
    for page in pages:
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in found]
        if keys:
            s3.delete_objects(Bucket=props["BucketName"], Delete={"Objects": keys, "Quiet": True})


def _default_group_create(_logical_id: str, props: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    return props["DefaultSecurityGroupId"], {}


def _default_group_update(
    _physical_id: str, _old: dict[str, Any], new: dict[str, Any], _stack: str
) -> tuple[str, dict[str, str]]:
    return new["DefaultSecurityGroupId"], {}
