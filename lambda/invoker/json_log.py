"""One JSON line a request, without anything a customer's record holds.

Lambda's own reports, API Gateway's access log and this line share the request id.
"""

from __future__ import annotations

import json
import time
import traceback
from datetime import datetime, timezone
from typing import Any

from problems import InvalidCustomers

_cold = True


def request_id(event: dict[str, Any], context: Any) -> str:
    """API Gateway's id of the request, the one that its access log carries."""
    gateway = (event.get("requestContext") or {}).get("requestId")
    return str(gateway or getattr(context, "aws_request_id", "unknown"))


def write(event: dict[str, Any], context: Any, status: int, started: float,
          facts: dict[str, object]) -> None:
    """Print the line; Lambda takes standard output to the function's log group."""
    global _cold
    line = {
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "level": "ERROR" if status == 500 else "WARNING" if status > 500 else "INFO",
        "message": "request",
        "request_id": request_id(event, context),
        "lambda_request_id": getattr(context, "aws_request_id", None),
        "method": event.get("httpMethod"),
        "resource": event.get("resource"),
        "status": status,
        "duration_ms": round((time.perf_counter() - started) * 1000, 1),
        "cold_start": _cold,
        **facts,
    }
    _cold = False
    print(json.dumps(line), flush=True)


def describe(exc: Exception) -> dict[str, object]:
    """Say what failed and where, never with which values: messages may quote a customer."""
    facts: dict[str, object] = {"error": type(exc).__name__}
    if isinstance(exc, InvalidCustomers):
        facts["problems"] = len(exc.errors)
    if hasattr(exc, "cause"):
        facts["cause"] = exc.cause
    frames = traceback.extract_tb(exc.__traceback__)
    facts["where"] = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames]
    return facts
