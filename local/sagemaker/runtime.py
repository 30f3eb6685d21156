"""InvokeEndpoint: the runtime API."""

import json
import logging
import time
from typing import Any

from local.sagemaker import platform
from local.sagemaker.errors import ServiceError
from local.sagemaker.hosting.fleet import fleet
from local.sagemaker.hosting.measurements import measurements
from local.sagemaker.hosting.variant import NotHealthy
from local.sagemaker.naming import arn
from local.sagemaker.store import records

Reply = tuple[int, dict[str, str], bytes]
_log = logging.getLogger("sagemaker.runtime")
# AWS gives a container 60 seconds to answer.
_LIMIT_S = 60.0


def invoke(name: str, headers: dict[str, str], body: bytes) -> Reply:
    """Answer one InvokeEndpoint request.

    Parameters
    ----------
    name
        The endpoint's name, from the path.
    headers
        The request's headers, names in lower case.
    body
        The payload, handed to the container as it is.

    Raises
    ------
    ServiceError
        ``ValidationError`` for an endpoint that is missing or not in service, ``ModelNotReadyException``
        while it starts, ``ModelError`` when the container answers an error.
    """
    endpoint = records.get("Endpoint", name)
    if endpoint is None:
        account = platform.current().account_id()
        raise ServiceError("ValidationError", f"Endpoint {name} of account {account} not found.")
    if "ProductionVariants" not in endpoint:
        raise ServiceError(
            "ValidationError",
            f"Endpoint {name} is not in service: its status is {endpoint['EndpointStatus']}.",
        )
    target, began = headers.get("x-amzn-sagemaker-target-variant"), time.perf_counter()
    try:
        picked = fleet.pick(endpoint, target)
    except NotHealthy as exc:
        raise ServiceError("ServiceUnavailable", f"Endpoint {name} does not answer: {exc}", 503) from exc
    if picked is None:
        raise ServiceError("ValidationError", f"Variant {target} not found for endpoint {name}.")
    group, variant = picked
    passed = {
        "Content-Type": headers.get("content-type", "application/octet-stream"),
        "Accept": headers.get("x-amzn-sagemaker-accept") or headers.get("accept", "*/*"),
    }
    for header in ("x-amzn-sagemaker-custom-attributes", "x-amzn-sagemaker-inference-id"):
        if header in headers:
            passed[header] = headers[header]
    started = time.perf_counter()
    try:
        status, content_type, answer = variant.invoke(body, passed, _LIMIT_S)
    except TimeoutError:
        status, content_type, answer = 504, "text/plain", b"The container did not answer in time."
    except OSError as exc:
        status, content_type, answer = 503, "text/plain", f"The container went away: {exc}".encode()
    model_s = time.perf_counter() - started
    measurements.add(
        endpoint=name,
        variant=variant.name,
        config=group.config_name,
        status=status,
        model_s=model_s,
        overhead_s=time.perf_counter() - began - model_s,
    )
    if status >= 400:
        return _model_error(name, status, answer)
    asked, inference = (passed["Content-Type"], body), headers.get("x-amzn-sagemaker-inference-id")
    group.capture.put(variant.name, asked, (content_type, answer), inference)
    extra = {"Content-Type": content_type, "x-Amzn-Invoked-Production-Variant": variant.name}
    return 200, extra, answer


def _model_error(name: str, status: int, answer: bytes) -> Reply:
    """The 424 that hides the container's own error in its body."""
    text = answer.decode("utf-8", "replace")
    host = platform.current()
    side = "client" if status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{name}"
    link = f"https://{host.region()}.console.aws.amazon.com/cloudwatch/home?region={host.region()}"
    message = (
        f'Received {side} error ({status}) from primary with message "{text}". See '
        f"{link}#logEventViewer:group={group} in account {host.account_id()} for more information."
    )
    body: dict[str, Any] = {
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if status < 500 else "SERVER_ERROR_FROM_MODEL",
        "LogStreamArn": f"arn:aws:logs:{host.region()}:{host.account_id()}:log-group:{group}",
        "Message": message,
        "OriginalMessage": text,
        "OriginalStatusCode": status,
    }
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "ModelError"}
    return 424, headers, json.dumps(body).encode()


def resource_arn(path_name: str) -> str:
    """The ARN that IAM evaluates ``sagemaker:InvokeEndpoint`` on."""
    return arn("Endpoint", path_name)
