"""What all ``List…`` operations share: filters, order and pages."""

import base64
import datetime
import json
from typing import Any

from local.sagemaker import model, shapes
from local.sagemaker.errors import invalid
from local.sagemaker.operations import Answer, Request

_DEFAULT_PAGE = 10


def _seconds(value: Any) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    text = str(value).replace("Z", "+00:00")
    try:
        return float(text)
    except ValueError:
        return datetime.datetime.fromisoformat(text).timestamp()


def _keep(record: dict[str, Any], request: Request, name: str, status: str) -> bool:
    bounds = (
        ("CreationTimeAfter", "CreationTime", 1),
        ("CreatedAfter", "CreationTime", 1),
        ("CreationTimeBefore", "CreationTime", -1),
        ("CreatedBefore", "CreationTime", -1),
        ("LastModifiedTimeAfter", "LastModifiedTime", 1),
        ("LastModifiedTimeBefore", "LastModifiedTime", -1),
    )
    for member, field, sign in bounds:
        if member in request and sign * (record[field] - _seconds(request[member])) <= 0:
            return False
    if "NameContains" in request and request["NameContains"].lower() not in record[name].lower():
        return False
    return "StatusEquals" not in request or record[status] == request["StatusEquals"]


def page(
    operation: str,
    request: Request,
    records: list[dict[str, Any]],
    *,
    member: str,
    name: str,
    status: str = "",
    default_order: str = "Descending",
) -> Answer:
    """One page of a list, in the shape of its operation.

    Parameters
    ----------
    operation
        The API operation, whose output shape names the members of a summary.
    request
        The request with its filters, ``SortBy``, ``SortOrder``, ``MaxResults`` and ``NextToken``.
    records
        All records of the kind, oldest first.
    member
        The member of the answer that holds the list.
    name, status
        The members of a record that hold its name and its status.
    default_order
        The order when the request names none; AWS's own differs between operations.
    """
    summary = model.operation(operation).output_shape.members[member].member
    kept = [r for r in records if _keep(r, request, name, status)]
    keys = {
        "Name": name,
        "Status": status,
        "LastModifiedTime": "LastModifiedTime",
        "Version": "ModelCardVersion",
        "FinalObjectiveMetricValue": "_value",
    }
    key = keys.get(request.get("SortBy", ""), "CreationTime")
    kept.sort(key=lambda r: r.get(key, 0), reverse=request.get("SortOrder", default_order) == "Descending")
    start = _start(request.get("NextToken"))
    end = start + request.get("MaxResults", _DEFAULT_PAGE)
    answer: Answer = {member: [shapes.project(summary, r) for r in kept[start:end]]}
    if end < len(kept):
        answer["NextToken"] = base64.b64encode(json.dumps(end).encode()).decode()
    return answer


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(json.loads(base64.b64decode(token)))
    except ValueError as exc:
        raise invalid("Invalid pagination token.") from exc
