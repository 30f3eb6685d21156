"""From what a request asks for to the body of its answer, in one call of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from customers import Asked
from model_client import ModelClient
from request import Request

from contract.offers import Offer
from schema import Schema


def scored(
    asked: Asked, request: Request, client: ModelClient, offers: Sequence[Offer], schema: Schema
) -> dict[str, Any]:
    """Score customers, and with them whatever is to be tried on them; return the answer's body."""
    records, tried = asked.records, []
    if asked.tries:
        import what_if

        tried = what_if.variants(asked, offers, schema)
        records = records + [{**asked.records[variant.customer], **variant.changes} for variant in tried]
    explained = len(asked.records)
    scores, model = client.predict(records, request, explained if tried else None)
    predictions = [{"id": None, **one} for one in scores[:explained]]  # the id comes first
    # A distribution, not a list of customers: sorted, and no finer than it is read.
    request.facts["scores"] = sorted(round(one["probability"], 2) for one in predictions)
    body: dict[str, Any] = {"predictions": predictions, "model": model}
    if asked.tries:
        body["note"] = what_if.attach(asked, tried, scores[explained:], predictions, model["costs"])
    if asked.refused:
        valid = iter(predictions)
        places = range(len(asked.ids))
        body["predictions"] = [_refusal(asked.refused[n]) if n in asked.refused else next(valid) for n in places]
    for identity, one in zip(asked.ids, body["predictions"], strict=True):
        one["id"] = identity
    return body


def _refusal(errors: Sequence[dict[str, object]]) -> dict[str, Any]:
    return {"id": None, "errors": errors}
