"""POST /predictions and GET /health: the function between API Gateway and the model's endpoint."""

from __future__ import annotations

import time
from typing import Any

import customers
import json_log
from answers import Answer, json_answer, problem_answer
from model_client import ModelClient
from problems import MethodNotAllowed, NotFound

from schema import load_schema

# Read once, while Lambda starts the process: a warm call finds everything ready.
_client = ModelClient.from_environment()
_schema = load_schema()


def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one request of API Gateway's proxy integration: parse, call, respond."""
    started = time.perf_counter()
    facts: dict[str, object] = {}
    request_id = json_log.request_id(event, context)
    try:
        answer = _route(event)(event, request_id, facts)
    except Exception as exc:  # noqa: BLE001 - the table in problems.py knows what each one means
        answer = problem_answer(exc, request_id)
        facts |= json_log.describe(exc)
    json_log.write(event, context, answer["statusCode"], started, facts)
    return answer


def predict(event: dict[str, Any], request_id: str, facts: dict[str, object]) -> Answer:
    """Score the customers of the body; the answer keeps their order."""
    records = customers.parse(event, _schema)
    facts["customers"] = len(records)
    predictions, model = _client.predict(records, request_id, facts)
    numbered = [{"id": number, **one} for number, one in enumerate(predictions)]
    return json_answer({"predictions": numbered, "model": model}, request_id)


def health(event: dict[str, Any], request_id: str, facts: dict[str, object]) -> Answer:
    """Say that the API answers. The model is left alone: watching must not cost inference."""
    body = {"status": "ok", "model": "not called", "schema_hash": _schema.hash}
    return json_answer(body, request_id)


_ROUTES = {"/predictions": {"POST": predict}, "/health": {"GET": health}}


def _route(event: dict[str, Any]) -> Any:
    methods = _ROUTES.get(event.get("resource") or event.get("path") or "")
    if methods is None:
        raise NotFound("There is no such address in this API.")
    if event.get("httpMethod") not in methods:
        raise MethodNotAllowed(f"This address answers {' and '.join(methods)} only.")
    return methods[event["httpMethod"]]
