"""Model cards: a document of content by AWS's schema, its versions, and its status."""

import copy
import json
from typing import Any

from local.sagemaker import duties, listing, tags
from local.sagemaker.authors import author
from local.sagemaker.card_content import require_good
from local.sagemaker.errors import conflict, invalid, not_found
from local.sagemaker.naming import arn, name_of, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records

_KIND = "ModelCard"
# What DescribeModelCard leaves of a content for whoever may not use its key: names, the link and the risk.
_SHOWN = {
    "model_overview": ("model_id", "model_name"),
    "intended_uses": ("risk_rating",),
    "model_package_details": ("model_package_arn", "model_package_group_name", "model_package_version"),
}


def require(name_or_arn: str) -> Record:
    """The record of a card: its latest version, with all of them inside."""
    name = name_of(_KIND, name_or_arn)
    record = records.get(_KIND, name)
    if record is None:
        raise not_found(f"Model card {arn(_KIND, name)} does not exist.")
    return record


def _use_key(request: dict[str, Any], *actions: str) -> None:
    """Ask whether the caller may use the card's key: no role is handed over, SageMaker acts in the caller's name."""
    if key := request.get("SecurityConfig", {}).get("KmsKeyId"):
        duties.use_key(key, *actions)


@operation("CreateModelCard")
def _create(request: Request) -> Answer:
    name = request["ModelCardName"]
    if records.get(_KIND, name):
        raise conflict(f"Model card {arn(_KIND, name)} already exists.")
    require_good(request["Content"])
    _use_key(request, "kms:GenerateDataKey", "kms:Decrypt")
    record = copy.deepcopy(request) | {
        "ModelCardArn": arn(_KIND, name),
        "ModelCardVersion": 1,
        "CreationTime": now(),
        "CreatedBy": author(),
        "LastModifiedTime": now(),
        "LastModifiedBy": author(),
    }
    record.pop("Tags", None)
    record["_versions"] = [_version(record, record["CreationTime"])]
    tags.keep(record["ModelCardArn"], request)
    records.put(_KIND, name, record)
    return record


def _version(record: Record, made: float) -> Record:
    return {k: copy.deepcopy(v) for k, v in record.items() if not k.startswith("_")} | {"_made": made}


@operation("DescribeModelCard")
def _describe(request: Request) -> Answer:
    record = require(request["ModelCardName"])
    versions = {found["ModelCardVersion"]: found for found in record["_versions"]}
    wanted = request.get("ModelCardVersion", record["ModelCardVersion"])
    if wanted not in versions:
        raise not_found(f"Model card {record['ModelCardArn']} has no version {wanted}.")
    found = versions[wanted]
    if request.get("IncludedData") == "MetadataOnly":
        return found | {"Content": _shown(found["Content"])}
    _use_key(found, "kms:Decrypt")
    return found


def _shown(text: str) -> str:
    content = json.loads(text)
    kept = {
        section: {k: v for k, v in content[section].items() if k in names}
        for section, names in _SHOWN.items()
        if section in content
    }
    return json.dumps(kept)


@operation("UpdateModelCard")
def _update(request: Request) -> Answer:
    record = require(request["ModelCardName"])
    content, status = request.get("Content"), request.get("ModelCardStatus")
    if content is not None and status is not None:
        raise invalid("You cannot update both model card content and model card status in a single call.")
    if content is not None:
        if record["ModelCardStatus"] == "Archived":
            raise invalid("Model Card is in Archived state.")
        require_good(content)
        _use_key(record, "kms:GenerateDataKey", "kms:Decrypt")
    changed = {"LastModifiedTime": now(), "LastModifiedBy": author()}
    with records.lock:
        if content is not None:
            # "Any edits other than an approval status update … result in additional model card versions".
            record |= changed | {"Content": content, "ModelCardVersion": record["ModelCardVersion"] + 1}
            record["_versions"].append(_version(record, now()))
        else:
            record |= changed | ({"ModelCardStatus": status} if status else {})
            record["_versions"][-1] = _version(record, record["_versions"][-1]["_made"])
    return record


@operation("ListModelCards")
def _list(request: Request) -> Answer:
    found = _with_status(records.all(_KIND), request)
    return listing.page("ListModelCards", request, found, member="ModelCardSummaries", name="ModelCardName")


@operation("ListModelCardVersions")
def _list_versions(request: Request) -> Answer:
    versions = [found | {"CreationTime": found["_made"]} for found in require(request["ModelCardName"])["_versions"]]
    return listing.page(
        "ListModelCardVersions",
        {"SortBy": "Version"} | request,
        _with_status(versions, request),
        member="ModelCardVersionSummaryList",
        name="ModelCardName",
    )


def _with_status(found: list[Record], request: Request) -> list[Record]:
    status = request.get("ModelCardStatus")
    return [record for record in found if status in (None, record["ModelCardStatus"])]


@operation("DeleteModelCard")
def _delete(request: Request) -> Answer:
    record = require(request["ModelCardName"])
    records.remove(_KIND, record["ModelCardName"])
    tags.forget(record["ModelCardArn"])
    return {}
