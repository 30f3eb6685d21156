"""POST /predictions and GET /health: the function between API Gateway and the model's endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import json_log
from answers import Answer, json_answer, problem_answer
from customers import parse
from model_client import ModelClient
from problems import MethodNotAllowed, NotFound
from request import Request

from schema import load_schema

# Read once, while Lambda starts the process: a warm call finds everything ready.
_client = ModelClient.from_environment()
_schema = load_schema()


def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one request of API Gateway's proxy integration: parse, call, respond."""
    started = time.perf_counter()
    request = Request.of(event, context)
    try:
        answer = _route(request)(request)
    except Exception as exc:  # the table in problems.py knows what each one means
        answer = problem_answer(exc, request.id)
        request.facts.update(json_log.describe(exc))
    json_log.write(request, answer["statusCode"], time.perf_counter() - started)
    return answer


def predict(request: Request) -> Answer:
    """Score the customers of the body; the answer keeps their order."""
    records = parse(request, _schema)
    predictions, model = _client.predict(records, request)
    numbered = [{"id": number, **one} for number, one in enumerate(predictions)]
    return json_answer({"predictions": numbered, "model": model}, request.id)


def health(request: Request) -> Answer:
    """Say that the API answers. The model is left alone: watching must not cost inference."""
    body = {"status": "ok", "model": "not called", "schema_hash": _schema.hash}
    return json_answer(body, request.id)


_ROUTES: dict[str, dict[str, Callable[[Request], Answer]]] = {
    "/predictions": {"POST": predict},
    "/health": {"GET": health},
}


def _route(request: Request) -> Callable[[Request], Answer]:
    methods = _ROUTES.get(request.resource)
    if methods is None:
        raise NotFound("There is no such address in this API.")
    if request.method not in methods:
        raise MethodNotAllowed(f"This address answers {' and '.join(methods)} only.")
    return methods[request.method]
