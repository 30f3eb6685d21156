"""Apps: records with the states of AWS's; no process stands behind one."""

from local.sagemaker import duties, listing, platform
from local.sagemaker.errors import in_use, invalid
from local.sagemaker.naming import now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records
from local.sagemaker.studio import parts
from local.sagemaker.studio.domains import execution_role
from local.sagemaker.studio.parts import APP, DOMAIN, GONE, PROFILE, SPACE


def key(request: Request) -> str:
    """The name of an app's record, which is its ARN's: the user or the space that it belongs to comes second."""
    owner = request.get("UserProfileName") or request.get("SpaceName")
    if not owner or ("UserProfileName" in request and "SpaceName" in request):
        raise invalid("Exactly one of UserProfileName and SpaceName must be specified.")
    return parts.key(request["DomainId"], str(owner), request["AppType"].lower(), request["AppName"])


def present(domain: str) -> list[Record]:
    """The apps of a domain that are not deleted."""
    return [record for record in parts.inside(APP, domain) if record["Status"] not in GONE]


def forget_of(domain: str, member: str, owner: str) -> None:
    """Forget the deleted apps of a space (``SpaceName``) or user (``UserProfileName``) that goes."""
    for record in parts.inside(APP, domain):
        if record.get(member) == owner:
            parts.forget(APP, key(record))


@operation("CreateApp")
def _create(request: Request) -> Answer:
    domain = parts.require(DOMAIN, request["DomainId"])
    name, owner = key(request), request.get("UserProfileName")
    if "SpaceName" in request:
        space = parts.require(SPACE, parts.key(request["DomainId"], request["SpaceName"]))
        kind = space.get("SpaceSettings", {}).get("AppType", request["AppType"])
        if kind != request["AppType"]:
            raise invalid(f"Space {request['SpaceName']} is for apps of type {kind}, not {request['AppType']}.")
        owner = space.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    else:
        parts.require(PROFILE, parts.key(request["DomainId"], request["UserProfileName"]))
    role = execution_role(request["DomainId"], str(owner))
    if role and domain.get("KmsKeyId"):
        duties.give_disk(role, domain["KmsKeyId"])
    settings = domain["DefaultUserSettings"].get(f"{request['AppType']}AppSettings", {})
    built_in = settings.get("BuiltInLifecycleConfigArn")
    record = parts.create(APP, name, request, Status="Pending", BuiltInLifecycleConfigArn=built_in)
    platform.current().background(f"app {name}", lambda: _settle(record, "Pending", "InService"))
    return record


def _settle(record: Record, before: str, after: str) -> None:
    with records.lock:
        if record["Status"] == before:
            record |= {"Status": after, "LastModifiedTime": now()}


@operation("DescribeApp")
def _describe(request: Request) -> Answer:
    return parts.require(APP, key(request))


@operation("ListApps")
def _list(request: Request) -> Answer:
    filters = {"DomainIdEquals": "DomainId", "UserProfileNameEquals": "UserProfileName", "SpaceNameEquals": "SpaceName"}
    found = parts.wanted(records.all(APP), request, **filters)
    return listing.page("ListApps", request, found, member="Apps", name="AppName")


@operation("DeleteApp")
def _delete(request: Request) -> Answer:
    """Delete an app; as on AWS, it stays in the lists for a while, as Deleted."""
    record = records.get(APP, key(request))
    if record is None or record["Status"] in GONE:
        raise parts.missing(APP, key(request))
    if record["Status"] == "Deleting":
        raise in_use(f"App {record['AppArn']} is being deleted already.")
    record["Status"] = "Deleting"
    platform.current().background(f"app {key(request)}", lambda: _settle(record, "Deleting", "Deleted"))
    return {}


def settle() -> None:
    """End what was going on when the service stopped."""
    for _, _, record in records.everywhere(APP):
        _settle(record, "Pending", "InService")
        _settle(record, "Deleting", "Deleted")
