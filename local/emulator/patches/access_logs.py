"""API Gateway's access logs: MiniStack keeps the setting and writes nothing, so this writes them.

The request id in a line is the one that the function was given, as on AWS (MiniStack makes up a second one).
"""

import contextvars
import json
import re
import time
import uuid
from typing import Any

from ministack.services import apigateway_v1

from local.sagemaker import platform
from local.sagemaker.jobs.logs import LogStream

# What the inner function learns (stage, resource, request id) on its way to the outer one.
_request: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("access_log", default=None)
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]+)")
_streams: dict[tuple[str, str], LogStream] = {}


def install() -> None:
    """Write a line for each call of a stage that has an access log."""
    outer, inner = apigateway_v1._handle_execute_in_scope, apigateway_v1._execute_in_scope
    build = apigateway_v1._build_lambda_event_v1
    authorize, check_key = apigateway_v1._authorize_request_v1, apigateway_v1._check_api_key

    async def authorize_request(*arguments: Any) -> Any:
        error, context = await authorize(*arguments)
        _note({f"authorizer.claims.{name}": value for name, value in ((context or {}).get("claims") or {}).items()})
        return error, context

    def check_api_key(*arguments: Any) -> Any:
        error, key = check_key(*arguments)
        _note({"identity.apiKeyId": key["id"]} if key else {})
        return error, key

    async def execute(request: dict[str, Any], *rest: Any) -> Any:
        box = _request.get()
        if box is None:
            return await inner(request, *rest)
        box["request"] = request
        box["answer"] = await inner(request, *rest)
        return box["answer"]

    def build_lambda_event(*arguments: Any, **named: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(*arguments, **named)
        request = (_request.get() or {}).get("request")
        if request is not None:
            identity = request["request_id"]
            event["requestContext"] |= {"requestId": identity, "extendedRequestId": identity}
        return event

    async def handle(  # noqa: PLR0917 (MiniStack's signature)
        api_id: str, stage_name: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> Any:
        box: dict[str, Any] = {}
        _request.set(box)
        started = time.time()
        response = await outer(api_id, stage_name, method, path, headers, body, *rest)
        request = box.get("request") or {}
        setting = (request.get("stage") or {}).get("accessLogSettings") or {}
        if setting.get("destinationArn") and setting.get("format"):
            known = _context(request, (method, path), headers or {}, response, started)
            known |= _outcome(box.get("answer"), known) | box.get("caller", {})
            line = _VARIABLE.sub(lambda match: known.get(match[1], "-"), setting["format"])
            _stream(setting["destinationArn"], api_id, stage_name).put(line)
        return response

    apigateway_v1._handle_execute_in_scope, apigateway_v1._execute_in_scope = handle, execute
    apigateway_v1._build_lambda_event_v1 = build_lambda_event
    apigateway_v1._authorize_request_v1, apigateway_v1._check_api_key = authorize_request, check_api_key


def _note(known: dict[str, str]) -> None:
    """Keep what API Gateway learns of a caller on the way."""
    if (box := _request.get()) is not None:
        box["caller"] = {**box.get("caller", {}), **known}


def _context(
    request: dict[str, Any], call: tuple[str, str], headers: dict[str, str], response: Any, started: float
) -> dict[str, str]:
    """The ``$context`` variables that a laptop can know; the others are written as ``-``, as on AWS."""
    (method, path), stage = call, request.get("stage_name", "-")
    body = response[2] if isinstance(response[2], bytes | str) else b""
    took = str(int((time.time() - started) * 1000))
    status = str(response[0])
    identity = request.get("request_id", "-")
    return {
        "requestId": identity,
        "extendedRequestId": identity,
        "accountId": platform.current().account_id(),
        "apiId": request.get("api_id", "-"),
        "stage": stage,
        "httpMethod": method,
        "path": f"/{stage}{path}",
        "resourcePath": request.get("resource_path") or "-",
        "protocol": "HTTP/1.1",
        "status": status,
        "responseLatency": took,
        "responseLength": str(len(body)),
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(started)),
        "requestTimeEpoch": str(int(started * 1000)),
        "identity.sourceIp": (headers.get("x-forwarded-for") or "127.0.0.1").split(",")[0].strip(),
        "identity.userAgent": headers.get("user-agent", "-"),
        "domainName": headers.get("host", "-"),
    }


def _outcome(answer: Any, known: dict[str, str]) -> dict[str, str]:
    """What the integration said, or the error of API Gateway itself, which then never asked it."""
    if isinstance(answer, apigateway_v1._GatewayError):
        quoted = json.dumps(answer.message)
        return {
            "error.responseType": answer.response_type,
            "error.message": answer.message,
            "error.messageString": quoted,
        }
    status, took = known["status"], known["responseLatency"]
    return {
        "integration.status": status,
        "integrationStatus": status,
        "integration.latency": took,
        "integrationLatency": took,
    }


def _stream(destination: str, api_id: str, stage: str) -> LogStream:
    """The stream of a stage; its name is stable, as a shard's is on AWS."""
    group = destination.split(":log-group:")[1].removesuffix(":*")
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{api_id}/{stage}").hex
    host = platform.current()
    account, region = host.account_id(), host.region()

    def client() -> Any:
        with host.scope(account, region):
            return host.client("logs")

    key = group, name
    if key not in _streams:
        _streams[key] = LogStream(client, group, name)
    return _streams[key]
