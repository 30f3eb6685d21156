"""The function between API Gateway and the model's endpoint. What it promises is in contract/."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from answers import Answer, answer, json_answer
from customers import parse
from model_client import ModelClient
from negotiation import chosen
from predictions import scored
from problems import MethodNotAllowed, NotFound
from request import Request
from serving import served

from contract import offers
from contract.rules import CSV, JSON
from schema import load_schema

# Read once, while Lambda starts the process: a warm call finds everything ready.
_client = ModelClient.from_environment()
_schema = load_schema()
_offers = offers.read(os.environ.get("OFFERS", "[]"))


def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one request of API Gateway's proxy integration: parse, call, respond."""
    return served(event, context, lambda request: _route(request)(request))


def predict(request: Request) -> Answer:
    """Score the customers of the body; the answer keeps their order."""
    asked = parse(request, _schema)
    form = chosen(request.headers.get("accept", ""), (JSON,) if asked.tries else (JSON, CSV))
    body = scored(asked, request, _client, _offers, _schema)
    if form == JSON:
        made = json_answer(body, request)
    else:
        from csv_body import as_csv

        made = answer(200, f"{CSV}; charset=utf-8", as_csv(body["predictions"]), request)
    if request.is_lenient:
        made["headers"]["Preference-Applied"] = "handling=lenient"
    return made


def model(request: Request) -> Answer:
    """Tell what the model in service says of itself: it is asked to score nobody."""
    return json_answer(_client.predict([], request)[1], request)


def schema(request: Request) -> Answer:
    """Tell the fields of a customer, or that the copy at hand is the latest."""
    from fields import fields

    tag = f'"{_schema.hash}"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    made = answer(304, JSON, "", request) if known & {tag, "*"} else json_answer(fields(_schema), request)
    # Says nothing of any customer: may be kept, and is asked for again by its tag.
    made["headers"] |= {"ETag": tag, "Cache-Control": "no-cache"}
    return made


def health(request: Request) -> Answer:
    """Say that the API answers. The model is left alone: watching must not cost inference."""
    body = {"status": "ok", "model": "not called", "schema_hash": _schema.hash}
    return json_answer(body, request)


_ROUTES: dict[str, dict[str, Callable[[Request], Answer]]] = {
    "/predictions": {"POST": predict},
    "/model": {"GET": model},
    "/schema": {"GET": schema},
    "/health": {"GET": health},
}


def _route(request: Request) -> Callable[[Request], Answer]:
    methods = _ROUTES.get(request.resource)
    if methods is None:
        raise NotFound("There is no such address in this API.")
    if request.method not in methods:
        raise MethodNotAllowed(methods)
    return methods[request.method]
