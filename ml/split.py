"""Who is trained on and who is tested on: a customer's part depends on who that is, and on nobody else.

So a customer of the test part stays in the test part, run after run, while others come and go. Without that, a model
in production would have been trained on many of the customers that its challenger is compared with it on, would know
them by heart, and no challenger could ever win.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from schema import Row, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray


def identity(schema: Schema) -> tuple[str, ...]:
    """Return the attributes that tell who a customer is: the identifier, or, without one, all but the label."""
    return schema.identifier or tuple(a.name for a in schema.attributes if a.role != "label")


def positions(identities: Sequence[str], seed: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each customer, which depends on who that is and on the seed alone.

    Numbers of different customers are as good as independent and uniform (SHA-256), so a cut gives a random part.
    """
    digests = (hashlib.sha256(f"{seed}\0{one}".encode()).digest() for one in identities)
    # 53 bits are what a float below 1 can hold; one more would round some numbers up to 1.
    return np.array([(int.from_bytes(digest[:8]) >> 11) / 2**53 for digest in digests])


def of_customers(rows: Sequence[Row], schema: Schema, twins: Sequence[Sequence[int]], seed: int) -> NDArray[np.float64]:
    """Return the position of each row; identical customers share the lowest of theirs, and so stay together."""
    names = identity(schema)
    found = positions(["\0".join(str(row.record[name]) for name in names) for row in rows], seed)
    for group in twins:
        found[list(group)] = found[list(group)].min()
    return found


def by_position(places: NDArray[np.float64], fractions: Sequence[float]) -> list[NDArray[np.intp]]:
    """Return row numbers of each part, ordered by position: the first part has those below its fraction, and so on.

    Parameters
    ----------
    places : array, shape (n_rows,)
        From `of_customers`; equal ones are never separated.
    fractions : sequence of float
        One a part; they sum to 1.
    """
    order = np.argsort(places, kind="stable")
    return list(np.split(order, np.searchsorted(places[order], np.cumsum(fractions)[:-1])))


def describe(schema: Schema, *, recipe: str, seed: int, fractions: Mapping[str, float]) -> dict[str, Any]:
    """Return how customers are split, ready for JSON: a model keeps it, to tell later whom it cannot have seen."""
    test_from = round(1 - list(fractions.values())[-1], 9)
    return {"recipe": recipe, "seed": seed, "identity": list(identity(schema)), "test_from": test_from}


def may_have_seen(model: Mapping[str, Any] | None, run: Mapping[str, Any]) -> str:
    """Say why a model may have been trained on the test customers of a run; nothing when it cannot have been.

    Parameters
    ----------
    model, run : mapping
        From `describe`: of the run that made the model (None when that is unknown), and of the run that tests it.
    """
    if model is None:
        return "it does not say how its customers were split"
    if "lab" in (model["recipe"], run["recipe"]):
        return "the lab's recipe splits customers anew each time"
    for key, told in (("seed", "seed"), ("identity", "identifier")):
        if model[key] != run[key]:
            return f"it was split by another {told}"
    if model["test_from"] > run["test_from"]:
        return "it was trained on a larger part of the customers"
    return ""
