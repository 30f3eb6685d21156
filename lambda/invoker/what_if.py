"""What a change would do: variants of customers, scored in the same call, and what they tell.

Loaded by the first request that asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from customers import Asked

from contract.offers import Offer
from contract.rules import ASSOCIATION
from schema import Schema


class Variant(NamedTuple):
    """A customer with something changed, by itself or by an offer."""

    customer: int
    changes: dict[str, Any]
    offer: Offer | None


def variants(asked: Asked, offers: Sequence[Offer], schema: Schema) -> list[Variant]:
    """List what to score beside the customers; offers that change nothing of a customer are left out."""
    found = []
    for place, record in enumerate(asked.records):
        found += [Variant(place, change, None) for change in asked.changes]
        for offer in offers if asked.offers else ():
            if changes := offer.applied(record, schema):
                found.append(Variant(place, changes, offer))
    return found


def attach(
    asked: Asked,
    tried: Sequence[Variant],
    scores: Sequence[dict[str, Any]],
    predictions: Sequence[dict[str, Any]],
    costs: dict[str, float],
) -> str:
    """Put the effects into the predictions of the customers they are about.

    Parameters
    ----------
    tried, scores
        The variants and the model's answers to them, in the same order.
    predictions
        Of the valid customers; each gets ``what_if``, or ``offers`` and ``suggested_offer``, if they were asked for.
    costs
        The model's own, USD per customer.

    Returns
    -------
    str
        How to read effects.
    """
    for prediction in predictions:
        prediction.update({"what_if": []} if asked.changes else {}, **({"offers": []} if asked.offers else {}))
    for variant, score in zip(tried, scores, strict=True):
        prediction = predictions[variant.customer]
        effect = score["probability"] - prediction["probability"]
        found = {
            "changes": variant.changes,
            "probability": score["probability"],
            "churn": score["churn"],
            "effect": effect,
        }
        if variant.offer is None:
            prediction["what_if"].append(found)
        else:
            prediction["offers"].append(_valued(variant.offer, found, costs["missed_churner"]))
    for prediction in predictions:
        prediction.get("what_if", []).sort(key=lambda one: one["effect"])
        if "offers" in prediction:
            prediction["offers"].sort(key=lambda one: -one["expected_value_usd"])
            best = next((o for o in prediction["offers"] if o["expected_value_usd"] > 0), None)
            prediction["suggested_offer"] = best["name"] if best else None
    return ASSOCIATION


def _valued(offer: Offer, found: dict[str, Any], missed_churner_usd: float) -> dict[str, Any]:
    """Value an offer: what the lower risk saves of the loss of a customer, less what the offer costs."""
    value = round(-found["effect"] * missed_churner_usd - offer.cost_usd, 2)
    facts = {"name": offer.name, "text": offer.text, "cost_usd": offer.cost_usd}
    return {**facts, **found, "expected_value_usd": value}
