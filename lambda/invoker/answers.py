"""The two shapes of an answer: JSON, and RFC 9457 problem details."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypedDict

from problems import EndpointUnavailable, InvalidCustomers, InvokerError, problem_of

# Lambda may answer with 6 MB; a body full of unknown fields could otherwise ask for more.
MAX_ERRORS = 1000


class Answer(TypedDict):
    """What API Gateway's proxy integration expects."""

    statusCode: int
    headers: dict[str, str]
    body: str


def json_answer(body: Mapping[str, object], request_id: str) -> Answer:
    """Wrap a successful answer."""
    return _answer(200, "application/json", body, request_id)


def problem_answer(exc: Exception, request_id: str) -> Answer:
    """Turn an exception into problem details that say nothing of the inside."""
    status, title = problem_of(exc)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": str(exc) if isinstance(exc, InvokerError) else "The request could not be served.",
        "request_id": request_id,
        "errors": exc.errors[:MAX_ERRORS] if isinstance(exc, InvalidCustomers) else [],
    }
    answer = _answer(status, "application/problem+json", body, request_id)
    if isinstance(exc, EndpointUnavailable):
        answer["headers"]["Retry-After"] = str(exc.retry_after_s)
    return answer


def _answer(status: int, content_type: str, body: Mapping[str, object], request_id: str) -> Answer:
    headers = {
        "Content-Type": content_type,
        # Predictions are about people: no cache on the way may keep one.
        "Cache-Control": "no-store",
        "X-Request-Id": request_id,
    }
    return {"statusCode": status, "headers": headers, "body": json.dumps(body, allow_nan=False)}
