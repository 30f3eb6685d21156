"""Spaces: a disk and settings that an app runs with."""

from local.sagemaker import listing
from local.sagemaker.errors import invalid
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import records
from local.sagemaker.studio import apps, parts
from local.sagemaker.studio.parts import DOMAIN, PROFILE, SPACE


def _key(request: Request) -> str:
    return parts.key(request["DomainId"], request["SpaceName"])


@operation("CreateSpace")
def _create(request: Request) -> Answer:
    domain = parts.require(DOMAIN, request["DomainId"])
    owner = request.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    if bool(owner) != ("SpaceSharingSettings" in request):
        raise invalid("OwnershipSettings and SpaceSharingSettings must be given together.")
    if owner:
        parts.require(PROFILE, parts.key(request["DomainId"], owner))
    _check_disk(request, domain)
    address = f"{domain['Url']}/jupyterlab/default/lab?space={request['SpaceName']}"
    return parts.create(SPACE, _key(request), request, Url=address)


def _check_disk(request: Request, domain: Request) -> None:
    disk = request.get("SpaceSettings", {}).get("SpaceStorageSettings", {}).get("EbsStorageSettings", {})
    limits = domain["DefaultUserSettings"].get("SpaceStorageSettings", {}).get("DefaultEbsStorageSettings")
    if limits and disk.get("EbsVolumeSizeInGb", 0) > limits["MaximumEbsVolumeSizeInGb"]:
        raise invalid(
            f"EbsVolumeSizeInGb {disk['EbsVolumeSizeInGb']} exceeds the domain's maximum of "
            f"{limits['MaximumEbsVolumeSizeInGb']}."
        )


@operation("DescribeSpace")
def _describe(request: Request) -> Answer:
    return parts.require(SPACE, _key(request))


@operation("ListSpaces")
def _list(request: Request) -> Answer:
    found = parts.wanted(records.all(SPACE), request, DomainIdEquals="DomainId")
    part = request.get("SpaceNameContains", "")
    summaries = [
        record
        | {
            "SpaceSettingsSummary": {"AppType": record.get("SpaceSettings", {}).get("AppType")},
            "SpaceSharingSettingsSummary": record.get("SpaceSharingSettings"),
            "OwnershipSettingsSummary": record.get("OwnershipSettings"),
        }
        for record in found
        if part in record["SpaceName"]
    ]
    return listing.page("ListSpaces", request, summaries, member="Spaces", name="SpaceName")


@operation("UpdateSpace")
def _update(request: Request) -> Answer:
    record = parts.require(SPACE, _key(request))
    _check_disk(request, parts.require(DOMAIN, request["DomainId"]))
    merged = {**record.get("SpaceSettings", {}), **request.get("SpaceSettings", {})}
    return parts.change(record, request | {"SpaceSettings": merged}, "SpaceSettings", "SpaceDisplayName")


@operation("DeleteSpace")
def _delete(request: Request) -> Answer:
    name, domain = request["SpaceName"], request["DomainId"]
    parts.require(SPACE, _key(request))
    running = [record["AppName"] for record in apps.present(domain) if record.get("SpaceName") == name]
    parts.refuse_while(running, "apps", f"space {name}")
    apps.forget_of(domain, "SpaceName", name)
    parts.forget(SPACE, _key(request))
    return {}
