"""One JSON line a request, without anything that a customer's record holds.

API Gateway's access log, Lambda's own reports and this line share the request ids.
"""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime
from pathlib import PurePath

from problems import InvalidCustomers
from request import Request

_cold = iter([True])  # one process, one cold start


def write(request: Request, status: int, seconds: float) -> None:
    """Print the line; Lambda takes standard output to the function's log group."""
    line = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "INFO" if status < 500 else "ERROR" if status == 500 else "WARNING",
        "message": "request",
        "request_id": request.id,
        "lambda_request_id": request.lambda_id,
        "method": request.method,
        "resource": request.resource,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "cold_start": next(_cold, False),
        **request.facts,
    }
    print(json.dumps(line), flush=True)


def describe(exc: Exception) -> dict[str, object]:
    """Say what failed and where, never with which values: messages may quote a customer."""
    facts: dict[str, object] = {"error": type(exc).__name__}
    if isinstance(exc, InvalidCustomers):
        facts["problems"] = len(exc.errors)
    if cause := getattr(exc, "cause", None):
        facts["cause"] = cause
    frames = traceback.extract_tb(exc.__traceback__)
    facts["where"] = [f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames]
    return facts
