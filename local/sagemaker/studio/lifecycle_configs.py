"""Lifecycle configurations: the script that an app starts with, kept and never run here."""

import base64
import binascii
import json

from local.sagemaker import listing
from local.sagemaker.errors import in_use, invalid
from local.sagemaker.naming import arn
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import records
from local.sagemaker.studio import parts
from local.sagemaker.studio.parts import DOMAIN, PROFILE, SPACE

_KIND = "StudioLifecycleConfig"


@operation("CreateStudioLifecycleConfig")
def _create(request: Request) -> Answer:
    try:
        base64.b64decode(request["StudioLifecycleConfigContent"], validate=True)
    except binascii.Error as exc:
        raise invalid("StudioLifecycleConfigContent must be encoded in base64.") from exc
    return parts.create(_KIND, request["StudioLifecycleConfigName"], request)


@operation("DescribeStudioLifecycleConfig")
def _describe(request: Request) -> Answer:
    return parts.require(_KIND, request["StudioLifecycleConfigName"])


@operation("ListStudioLifecycleConfigs")
def _list(request: Request) -> Answer:
    found = parts.wanted(records.all(_KIND), request, AppTypeEquals="StudioLifecycleConfigAppType")
    return listing.page(
        "ListStudioLifecycleConfigs",
        request,
        found,
        member="StudioLifecycleConfigs",
        name="StudioLifecycleConfigName",
    )


@operation("DeleteStudioLifecycleConfig")
def _delete(request: Request) -> Answer:
    name = request["StudioLifecycleConfigName"]
    record = parts.require(_KIND, name)
    users = [one for kind in (DOMAIN, PROFILE, SPACE) for one in records.all(kind)]
    if any(arn(_KIND, record["StudioLifecycleConfigName"]) in json.dumps(one) for one in users):
        raise in_use(f"Studio Lifecycle Config {record[f'{_KIND}Arn']} is attached, and cannot be deleted.")
    parts.forget(_KIND, name)
    return {}
