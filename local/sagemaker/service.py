"""The wire: JSON 1.1 for the control plane, REST for the runtime; and the state between two runs."""

import json
import logging
import re
from typing import Any
from urllib.parse import unquote

from local.sagemaker import (
    cards,
    endpoints,
    executions,
    mlflow,
    models,
    operations,
    packages,
    pipelines,
    processing,
    runtime,
    tags,
    training,
    transform,
)
from local.sagemaker.errors import ServiceError
from local.sagemaker.hosting.fleet import fleet
from local.sagemaker.jobs import lifecycle
from local.sagemaker.store import records
from local.sagemaker.studio import apps, domains, lifecycle_configs, profiles, spaces
from local.sagemaker.tuning import jobs as tuning_jobs
from local.sagemaker.tuning import run as tuning_run

_log = logging.getLogger("sagemaker")
_TARGET = "SageMaker."
_INVOCATION = re.compile(r"/endpoints/([^/]+)/invocations")
_JSON = "application/x-amz-json-1.1"
_JOBS = (pipelines, executions, processing, training, transform, tuning_jobs)
_STUDIO = (domains, profiles, spaces, apps, lifecycle_configs)
#: Importing them registers their operations; a new kind of resource is one more module here.
KINDS = (models, packages, cards, mlflow, *_JOBS, endpoints, *_STUDIO, tags)

Reply = tuple[int, dict[str, str], bytes]


def handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]] | None = None
) -> Reply:
    """Answer one request; blocks while it does, so call it off the event loop.

    Parameters
    ----------
    method, path, headers, body, query
        The HTTP request; header names in lower case.

    Returns
    -------
    tuple of (int, dict, bytes)
        Status, headers and body.
    """
    try:
        target = headers.get("x-amz-target", "")
        if target.startswith(_TARGET):
            answer = operations.call(target.removeprefix(_TARGET), _parse(body))
            return 200, {"Content-Type": _JSON}, json.dumps(answer).encode()
        if mlflow.APP_HEADER in headers:
            return mlflow.forward(method, path, query or {}, headers, body)
        match = _INVOCATION.fullmatch(path)
        if match and method == "POST":
            return runtime.invoke(unquote(match[1]), headers, body)
        raise ServiceError("UnknownOperationException", f"{method} {path} is not known", 404)
    except ServiceError as exc:
        return _error(exc)
    except Exception as exc:
        _log.exception("%s %s", headers.get("x-amz-target", method), path)
        return _error(ServiceError("InternalFailure", f"{type(exc).__name__}: {exc}", 500))


def _parse(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError as exc:
        raise ServiceError("SerializationException", f"The request is not JSON: {exc}") from exc
    if not isinstance(request, dict):
        raise ServiceError("SerializationException", "The request must be an object")
    return request


def _error(exc: ServiceError) -> Reply:
    headers = {"Content-Type": _JSON, "x-amzn-ErrorType": exc.code}
    # The runtime's model spells the member "Message", the control plane's "message".
    body = {"__type": exc.code, "message": exc.message, "Message": exc.message}
    return exc.status, headers, json.dumps(body).encode()


def state() -> dict[str, Any]:
    """What to keep between two runs of the emulator."""
    return {"records": records.snapshot()}


def restore(kept: dict[str, Any]) -> None:
    """Take up what :func:`state` gave; what was running then has ended now."""
    records.restore(kept["records"])
    lifecycle.settle("ProcessingJob")
    lifecycle.settle("TrainingJob")
    lifecycle.settle("TransformJob")
    lifecycle.settle("HyperParameterTuningJob")
    executions.settle()
    apps.settle()
    endpoints.settle()


def stop() -> None:
    """End every process of the service."""
    tuning_run.stop_all()
    lifecycle.stop_all()
    fleet.stop_all()


def reset() -> None:
    """End everything and forget everything."""
    stop()
    records.clear()
