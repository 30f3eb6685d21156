"""The model registry: groups of model packages, their versions and their approval."""

import copy

from local.sagemaker import duties, events, listing, tags
from local.sagemaker.authors import author
from local.sagemaker.errors import conflict, invalid
from local.sagemaker.naming import arn, name_of, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records


def require_group(name: str) -> Record:
    """The record of a model package group."""
    name = name_of("ModelPackageGroup", name)
    record = records.get("ModelPackageGroup", name)
    if record is None:
        raise invalid(f"ModelPackageGroup {arn('ModelPackageGroup', name)} does not exist.")
    return record


def require(name_or_arn: str) -> Record:
    """The record of a model package, by ARN (a version) or by name."""
    name = name_of("ModelPackage", name_or_arn)
    record = records.get("ModelPackage", name)
    if record is None:
        raise invalid(f"ModelPackage {arn('ModelPackage', name)} does not exist.")
    return record


@operation("CreateModelPackageGroup")
def _create_group(request: Request) -> Answer:
    name = request["ModelPackageGroupName"]
    if records.get("ModelPackageGroup", name):
        raise invalid(f"Model Package Group already exists: {arn('ModelPackageGroup', name)}")
    record = copy.deepcopy(request) | {
        "ModelPackageGroupArn": arn("ModelPackageGroup", name),
        "ModelPackageGroupStatus": "Completed",
        "CreationTime": now(),
        "CreatedBy": author(),
        "_next_version": 1,
    }
    tags.keep(record["ModelPackageGroupArn"], request)
    records.put("ModelPackageGroup", name, record)
    return record


@operation("DescribeModelPackageGroup")
def _describe_group(request: Request) -> Answer:
    return require_group(request["ModelPackageGroupName"])


@operation("ListModelPackageGroups")
def _list_groups(request: Request) -> Answer:
    return listing.page(
        "ListModelPackageGroups",
        request,
        records.all("ModelPackageGroup"),
        member="ModelPackageGroupSummaryList",
        name="ModelPackageGroupName",
    )


@operation("DeleteModelPackageGroup")
def _delete_group(request: Request) -> Answer:
    record = require_group(request["ModelPackageGroupName"])
    if versions(record["ModelPackageGroupName"]):
        raise conflict(
            f"Model Package Group {record['ModelPackageGroupArn']} cannot be deleted because it "
            "still contains Model Packages."
        )
    records.remove("ModelPackageGroup", record["ModelPackageGroupName"])
    tags.forget(record["ModelPackageGroupArn"])
    return {}


def versions(group: str) -> list[Record]:
    """The packages of a group, oldest first."""
    return [r for r in records.all("ModelPackage") if r.get("ModelPackageGroupName") == group]


@operation("CreateModelPackage")
def _create(request: Request) -> Answer:
    record = copy.deepcopy(request)
    group_name, name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
    if bool(group_name) == bool(name):
        raise invalid("Exactly one of ModelPackageGroupName or ModelPackageName must be specified.")
    name = str(name)
    for container in request.get("InferenceSpecification", {}).get("Containers", []):
        duties.register(container)
    if group_name:
        group = require_group(group_name)
        with records.lock:
            version = group["_next_version"]
            group["_next_version"] = version + 1
        name = f"{group['ModelPackageGroupName']}/{version}"
        record |= {"ModelPackageVersion": version, "ModelPackageGroupName": name.split("/")[0]}
        record.setdefault("ModelApprovalStatus", "PendingManualApproval")
    if records.get("ModelPackage", name):
        raise invalid(f"Model Package already exists: {arn('ModelPackage', name)}")
    record |= {
        "ModelPackageName": name.split("/")[0],
        "ModelPackageArn": arn("ModelPackage", name),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CreationTime": now(),
        "CreatedBy": author(),
    }
    record.pop("Tags", None)
    tags.keep(record["ModelPackageArn"], request)
    records.put("ModelPackage", name, record)
    events.package(record)
    return record


@operation("DescribeModelPackage")
def _describe(request: Request) -> Answer:
    return require(request["ModelPackageName"])


@operation("ListModelPackages")
def _list(request: Request) -> Answer:
    found = records.all("ModelPackage")
    if group := request.get("ModelPackageGroupName"):
        found = versions(require_group(group)["ModelPackageGroupName"])
    if approval := request.get("ModelApprovalStatus"):
        found = [r for r in found if r.get("ModelApprovalStatus") == approval]
    return listing.page(
        "ListModelPackages",
        request,
        found,
        member="ModelPackageSummaryList",
        name="ModelPackageName",
    )


@operation("UpdateModelPackage")
def _update(request: Request) -> Answer:
    record = require(request["ModelPackageArn"])
    changed = {k: v for k, v in request.items() if k not in ("ModelPackageArn", "ClientToken")}
    for key in changed.pop("CustomerMetadataPropertiesToRemove", []):
        record.get("CustomerMetadataProperties", {}).pop(key, None)
    added = changed.pop("AdditionalInferenceSpecificationsToAdd", [])
    if added:
        record.setdefault("AdditionalInferenceSpecifications", []).extend(added)
    metadata = changed.pop("CustomerMetadataProperties", {})
    if metadata:
        record.setdefault("CustomerMetadataProperties", {}).update(metadata)
    record |= changed
    record |= {"LastModifiedTime": now(), "LastModifiedBy": author()}
    events.package(record, sorted(k for k in request if k not in ("ModelPackageArn", "ClientToken")))
    return record


@operation("DeleteModelPackage")
def _delete(request: Request) -> Answer:
    record = require(request["ModelPackageName"])
    records.remove("ModelPackage", name_of("ModelPackage", record["ModelPackageArn"]))
    tags.forget(record["ModelPackageArn"])
    return {}
