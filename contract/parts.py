"""Headers and problems that the operations of the OpenAPI document share."""

from __future__ import annotations

from typing import Any

from contract import rules
from contract.shapes import Shape, ref

# What API Gateway itself may answer to any request, whatever the address.
EVERYWHERE = (400, 429, 500, 503)
NAMES = {"RequestId": "X-Request-Id", "CorrelationId": "X-Correlation-Id", "applied": "Preference-Applied"}


def headers(*plain: str, **named: str) -> dict[str, Any]:
    """Headers of an answer; `named` are those that the document has by another name."""
    pairs = {**{one: one for one in plain}, **named}
    return {NAMES.get(name, name): {"$ref": f"#/components/headers/{header}"} for name, header in pairs.items()}


def problems(*more: int) -> dict[str, Any]:
    """The problems that any operation may end with, and `more`."""
    return references(*sorted({*EVERYWHERE, *more}))


def references(*statuses: int) -> dict[str, Any]:
    """Answers that the document describes once, by their statuses."""
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def problem(status: int) -> Shape:
    """Describe the problem details of one status."""
    told = rules.STATUSES[status]
    carried = headers("RequestId")
    if status in rules.WORTH_ANOTHER_TRY:
        carried["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == 401:
        carried["WWW-Authenticate"] = {"$ref": "#/components/headers/Challenge"}
    if status == 405:
        carried["Allow"] = {"$ref": "#/components/headers/Allow"}
    return {
        "description": f"{told.title}: {told.when}. What to do: {told.remedy}.",
        "headers": carried,
        "content": {rules.PROBLEM: {"schema": ref("Problem")}},
    }
