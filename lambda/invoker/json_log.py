"""One JSON line a request, without anything that a customer's record holds.

API Gateway's access log, Lambda's own reports and this line share the request ids. The line carries metrics too, in
CloudWatch's embedded metric format: the log service makes metrics of it, and no call waits for them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import time
import traceback
from pathlib import PurePath
from typing import Any

from problems import InvalidCustomers
from request import Request

_cold = iter([True])  # one process, one cold start
NAMESPACE = "Churn/Api"
_ENDPOINT = os.environ["ENDPOINT_NAME"]
# Name in the line → unit. A line has those that it has values for; a list may hold 100 values, as many as customers.
_METRICS = {
    "Requests": "Count",
    "Refusals": "Count",
    "Faults": "Count",
    "ModelLatency": "Milliseconds",
    "Customers": "Count",
    "Score": "None",
}
_FACTS = {"model_ms": "ModelLatency", "customers": "Customers", "scores": "Score"}


def write(request: Request, status: int, seconds: float) -> None:
    """Print the line; Lambda takes standard output to the function's log group."""
    now = time.time()
    seconds_of_day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    values: dict[str, Any] = {"Requests": 1, "Refusals": int(400 <= status < 500), "Faults": int(status >= 500)}
    values |= {_FACTS[name]: request.facts.pop(name) for name in _FACTS if request.facts.get(name)}
    line = {
        "_aws": _directive(int(now * 1000), values),
        "timestamp": f"{seconds_of_day}.{int(now * 1000) % 1000:03d}+00:00",
        "level": "INFO" if status < 500 else "ERROR" if status == 500 else "WARNING",
        "message": "request",
        "request_id": request.id,
        "correlation_id": request.correlation_id,
        "trace_id": _trace_id(),
        "lambda_request_id": request.lambda_id,
        "method": request.method,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "cold_start": next(_cold, False),
        "Endpoint": _ENDPOINT,
        "Resource": request.resource,
        **values,
        **request.facts,
    }
    print(json.dumps(line), flush=True)


def _directive(now_ms: int, values: dict[str, Any]) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": _METRICS[name]} for name in values]
    what = {"Namespace": NAMESPACE, "Dimensions": [["Endpoint", "Resource"]], "Metrics": metrics}
    return {"Timestamp": now_ms, "CloudWatchMetrics": [what]}


def _trace_id() -> str:
    """The X-Ray trace that API Gateway began; Lambda names it anew for each request."""
    return os.environ.get("_X_AMZN_TRACE_ID", "").partition(";")[0].removeprefix("Root=")


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
