"""The shapes of an answer: JSON, CSV, "not modified", and RFC 9457 problem details."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypedDict

from problems import EndpointUnavailable, InvalidCustomers, InvokerError, MethodNotAllowed, problem_of
from request import Request

from contract.rules import JSON, PROBLEM

# Lambda may answer with 6 MB; a body full of unknown fields could otherwise ask for more.
MAX_ERRORS = 1000


class Answer(TypedDict):
    """What API Gateway's proxy integration expects."""

    statusCode: int
    headers: dict[str, str]
    body: str


def json_answer(body: Mapping[str, object], request: Request, *, status: int = 200) -> Answer:
    """Wrap a successful answer."""
    return answer(status, JSON, json.dumps(body, allow_nan=False), request)


def problem_answer(exc: Exception, request: Request) -> Answer:
    """Turn an exception into problem details that say nothing of the inside."""
    status, title = problem_of(exc)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": str(exc) if isinstance(exc, InvokerError) else "The request could not be served.",
        "request_id": request.id,
        "errors": exc.errors[:MAX_ERRORS] if isinstance(exc, InvalidCustomers) else [],
    }
    made = answer(status, PROBLEM, json.dumps(body), request)
    if isinstance(exc, EndpointUnavailable):
        made["headers"]["Retry-After"] = str(exc.retry_after_s)
    if isinstance(exc, MethodNotAllowed):
        made["headers"]["Allow"] = exc.allow
    return made


def answer(status: int, content_type: str, body: str, request: Request) -> Answer:
    """Give a body its headers."""
    headers = {
        "Content-Type": content_type,
        # Predictions are about people: no cache on the way may keep one.
        "Cache-Control": "no-store",
        "X-Request-Id": request.id,
        "X-Correlation-Id": request.correlation_id,
    }
    return {"statusCode": status, "headers": headers, "body": body}
