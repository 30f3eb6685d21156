"""Files to score: the addresses /batches of contract/. Nothing of a file passes here: callers and S3 have it out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import batches
from answers import Answer, json_answer
from problems import MethodNotAllowed, NotFound, UnreadableBody
from request import Request
from serving import served

from contract.rules import BATCH_ID_PATTERN

_is_id = re.compile(BATCH_ID_PATTERN).fullmatch


def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one request of API Gateway's proxy integration."""
    return served(event, context, lambda request: _route(request)(request))


def begin(request: Request) -> Answer:
    """Make a batch that waits for its file. Two requests make two; the one without a file is forgotten."""
    if request.body.strip() not in ("", "{}"):
        raise UnreadableBody("This address takes no body: it answers where to send the file.")
    told = batches.begun(request.subject)
    made = json_answer(told, request, status=201)
    made["headers"]["Location"] = told["links"]["self"]
    return made


def look(request: Request) -> Answer:
    """Tell whoever announced a batch how far it is."""
    identity = request.parameters.get("id", "")
    # Only what can be an id of ours is looked up.
    told = batches.told(identity, request.subject) if _is_id(identity) else None
    if told is None:
        raise NotFound("There is no such batch: check its id. What was scored is kept for some days only.")
    return json_answer(told, request)


_ROUTES: dict[str, dict[str, Callable[[Request], Answer]]] = {
    "/batches": {"POST": begin},
    "/batches/{id}": {"GET": look},
}


def _route(request: Request) -> Callable[[Request], Answer]:
    methods = _ROUTES.get(request.resource, {})
    if request.method in methods:
        return methods[request.method]
    if methods:
        raise MethodNotAllowed(methods)
    raise NotFound("There is nothing at this address.")
