"""Answers how good the model in service is, from the reports of its run: the address /model/report of contract/."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import report
from answers import Answer, answer
from request import Request
from serving import served

from contract.rules import JSON

# A report changes when a version is registered, approved or put into service, or a watch ends: a minute is soon enough.
FRESH_S = 60
_latest: dict[str, Any] = {"until": 0.0, "body": ""}


def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one request of API Gateway's proxy integration."""
    return served(event, context, _answered)


def _answered(request: Request) -> Answer:
    body = _body(request)
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    made = answer(304, JSON, "", request) if known & {tag, "*"} else answer(200, JSON, body, request)
    # Says nothing of any customer: may be kept, and is asked for again by its tag.
    made["headers"] |= {"ETag": tag, "Cache-Control": "no-cache"}
    return made


def _body(request: Request) -> str:
    if time.monotonic() >= _latest["until"]:
        made, causes = report.made()
        if causes:
            request.facts["missing"] = causes
        _latest.update(body=json.dumps(made, allow_nan=False), until=time.monotonic() + FRESH_S)
    body: str = _latest["body"]
    return body
