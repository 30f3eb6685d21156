"""Offers: what an agent may promise a customer, what it costs, and which attributes it changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schema import Schema

HOW = ("set", "at_most", "times")


class OfferError(ValueError):
    """An offer that does not fit the schema; the message names offer, rule and remedy."""


class Offer(NamedTuple):
    """One offer.

    Attributes
    ----------
    name, text
        For programs, and for people.
    cost_usd
        What keeping the promise costs.
    changes
        (attribute, how, value): ``set`` to the value; ``at_most`` the value; ``times`` the value.
    """

    name: str
    text: str
    cost_usd: float
    changes: tuple[tuple[str, str, Any], ...]

    def applied(self, record: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
        """Return attribute → new value of what the offer changes of a valid customer; it may have nothing to give."""
        new = {name: _changed(record[name], how, value, schema, name) for name, how, value in self.changes}
        return {name: value for name, value in new.items() if value != record[name]}


def _changed(old: Any, how: str, value: Any, schema: Schema, name: str) -> Any:
    if how == "set":
        return value
    if how == "at_most":
        return min(old, value)
    attribute = schema.by_name[name]
    # Six places hide what floating point leaves over, and are finer than any step.
    product = round(old * value) if attribute.type == "integer" else round(old * value, 6)
    low, high = attribute.minimum, attribute.maximum
    product = product if low is None else max(product, low)
    return product if high is None else min(product, high)


def read(text: str) -> tuple[Offer, ...]:
    """Read what `write` wrote."""
    return tuple(Offer(o["name"], o["text"], o["cost_usd"], tuple(map(tuple, o["changes"]))) for o in json.loads(text))


def write(offers: Sequence[Offer]) -> str:
    """Write offers as JSON, for a function's environment."""
    return json.dumps([offer._asdict() for offer in offers], separators=(",", ":"))


def check(offers: Sequence[Offer], schema: Schema) -> None:
    """Make sure that the offers fit the schema.

    Raises
    ------
    OfferError
        When an attribute is no input, or the change is none that its values allow.
    """
    inputs = {attribute.name: attribute for attribute in schema.inputs}
    for offer in offers:
        for name, how, value in offer.changes:
            attribute = inputs.get(name)
            if attribute is None:
                raise OfferError(f"offer {offer.name}: {name} is no input of the schema; name one")
            if how not in HOW:
                raise OfferError(f"offer {offer.name}: a change of {name} must be one of {', '.join(HOW)}; choose one")
            if how != "set" and not attribute.is_numeric:
                raise OfferError(f"offer {offer.name}: {name} is no quantity; use set")
            if how == "times":
                if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10:
                    raise OfferError(f"offer {offer.name}: {name} must be multiplied by 0 to 10; correct the factor")
            elif problem := attribute.check(value):
                raise OfferError(f"offer {offer.name}: {problem}")
