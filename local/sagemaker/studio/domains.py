"""Domains."""

from local.sagemaker import listing, platform, roles
from local.sagemaker.errors import invalid
from local.sagemaker.naming import identifier
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import records
from local.sagemaker.studio import parts
from local.sagemaker.studio.parts import DOMAIN, PROFILE, SPACE


def execution_role(domain: str, profile: str | None = None) -> str | None:
    """The role that a user of a domain works with: the profile's own, or the domain's default."""
    own = (records.get(PROFILE, parts.key(domain, profile)) or {}) if profile else {}
    default = (records.get(DOMAIN, domain) or {}).get("DefaultUserSettings", {})
    role: str | None = own.get("UserSettings", {}).get("ExecutionRole") or default.get("ExecutionRole")
    return role


@operation("CreateDomain")
def _create(request: Request) -> Answer:
    if any(record["DomainName"] == request["DomainName"] for record in records.all(DOMAIN)):
        raise invalid(f"A domain with the name {request['DomainName']} already exists.")
    settings = request["DefaultUserSettings"]
    if "ExecutionRole" not in settings:
        raise invalid("DefaultUserSettings must have an ExecutionRole.")
    if request.get("AppNetworkAccessType") == "VpcOnly":
        groups = request.get("DomainSettings", {}).get("SecurityGroupIds") or settings.get("SecurityGroups")
        if not (request.get("VpcId") and request.get("SubnetIds") and groups):
            raise invalid("A domain with AppNetworkAccessType VpcOnly needs VpcId, SubnetIds and security groups.")
    roles.hand_over(settings["ExecutionRole"])
    identity = f"d-{identifier()}"
    host = platform.current()
    address = f"https://{identity}.studio.{host.region()}.sagemaker.aws"
    defaults = {"AppNetworkAccessType": "PublicInternetOnly", "HomeEfsFileSystemCreation": "Enabled"}
    record = parts.create(DOMAIN, identity, defaults | request, DomainId=identity, Url=address)
    if record["HomeEfsFileSystemCreation"] == "Enabled":
        # Only the identifier: there is no file system here.
        record["HomeEfsFileSystemId"] = f"fs-{identifier(17).translate(_HEXADECIMAL)}"
    return record


_HEXADECIMAL = str.maketrans("ghijklmnopqrstuvwxyz", "0123456789abcdef0123")


@operation("DescribeDomain")
def _describe(request: Request) -> Answer:
    return parts.require(DOMAIN, request["DomainId"])


@operation("ListDomains")
def _list(request: Request) -> Answer:
    return listing.page("ListDomains", request, records.all(DOMAIN), member="Domains", name="DomainName")


@operation("UpdateDomain")
def _update(request: Request) -> Answer:
    record = parts.require(DOMAIN, request["DomainId"])
    settings = request.get("DefaultUserSettings", {})
    roles.hand_over(settings.get("ExecutionRole"))
    before = record.get("HomeEfsFileSystemCreation")
    if before == "Enabled" and request.get("HomeEfsFileSystemCreation") == "Disabled":
        raise invalid("HomeEfsFileSystemCreation cannot be changed from Enabled to Disabled.")
    merged = {**record["DefaultUserSettings"], **settings}
    changes = request | {"DefaultUserSettings": merged}
    if "DomainSettingsForUpdate" in request:
        changes["DomainSettings"] = {**record.get("DomainSettings", {}), **request["DomainSettingsForUpdate"]}
    return parts.change(
        record,
        changes,
        "DefaultUserSettings",
        "DomainSettings",
        "DefaultSpaceSettings",
        "SubnetIds",
        "AppNetworkAccessType",
        "AppSecurityGroupManagement",
        "TagPropagation",
        "HomeEfsFileSystemCreation",
        "VpcId",
    )


@operation("DeleteDomain")
def _delete(request: Request) -> Answer:
    identity = request["DomainId"]
    parts.require(DOMAIN, identity)
    profiles = [record["UserProfileName"] for record in parts.inside(PROFILE, identity)]
    spaces = [record["SpaceName"] for record in parts.inside(SPACE, identity)]
    parts.refuse_while(profiles, "user profiles", f"domain {identity}")
    parts.refuse_while(spaces, "spaces", f"domain {identity}")
    parts.forget(DOMAIN, identity)
    return {}
