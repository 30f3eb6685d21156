"""User profiles, and the address by which a person opens Studio as one."""

import uuid

from local.sagemaker import listing, roles
from local.sagemaker.errors import invalid
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import records
from local.sagemaker.studio import apps, parts
from local.sagemaker.studio.parts import DOMAIN, PROFILE, SPACE

_EXPIRES_S = 300


def _key(request: Request) -> str:
    return parts.key(request["DomainId"], request["UserProfileName"])


@operation("CreateUserProfile")
def _create(request: Request) -> Answer:
    domain = parts.require(DOMAIN, request["DomainId"])
    if domain["AuthMode"] == "IAM" and "SingleSignOnUserValue" in request:
        raise invalid("SingleSignOnUserValue is only for a domain whose AuthMode is SSO.")
    roles.hand_over(request.get("UserSettings", {}).get("ExecutionRole"))
    return parts.create(PROFILE, _key(request), request)


@operation("DescribeUserProfile")
def _describe(request: Request) -> Answer:
    return parts.require(PROFILE, _key(request))


@operation("ListUserProfiles")
def _list(request: Request) -> Answer:
    found = parts.wanted(records.all(PROFILE), request, DomainIdEquals="DomainId")
    part = request.get("UserProfileNameContains", "")
    found = [record for record in found if part in record["UserProfileName"]]
    return listing.page("ListUserProfiles", request, found, member="UserProfiles", name="UserProfileName")


@operation("UpdateUserProfile")
def _update(request: Request) -> Answer:
    record = parts.require(PROFILE, _key(request))
    settings = request.get("UserSettings", {})
    roles.hand_over(settings.get("ExecutionRole"))
    merged = {**record.get("UserSettings", {}), **settings}
    return parts.change(record, {"UserSettings": merged}, "UserSettings")


@operation("DeleteUserProfile")
def _delete(request: Request) -> Answer:
    name = request["UserProfileName"]
    parts.require(PROFILE, _key(request))
    owned = [
        record["SpaceName"]
        for record in parts.inside(SPACE, request["DomainId"])
        if record.get("OwnershipSettings", {}).get("OwnerUserProfileName") == name
    ]
    there = apps.present(request["DomainId"])
    running = [record["AppName"] for record in there if record.get("UserProfileName") == name]
    parts.refuse_while(running, "apps", f"user profile {name}")
    parts.refuse_while(owned, "spaces", f"user profile {name}")
    apps.forget_of(request["DomainId"], "UserProfileName", name)
    parts.forget(PROFILE, _key(request))
    return {}


@operation("CreatePresignedDomainUrl")
def _presign(request: Request) -> Answer:
    """Answer an address in AWS's shape; it opens nothing here."""
    domain = parts.require(DOMAIN, request["DomainId"])
    if domain["AuthMode"] != "IAM":
        raise invalid("CreatePresignedDomainUrl is only for a domain whose AuthMode is IAM.")
    parts.require(PROFILE, _key(request))
    if "SpaceName" in request:
        parts.require(SPACE, parts.key(request["DomainId"], request["SpaceName"]))
    expires = request.get("ExpiresInSeconds", _EXPIRES_S)
    return {"AuthorizedUrl": f"{domain['Url']}/auth?token={uuid.uuid4().hex}&expires={expires}"}
