"""Groups of customers that the model must treat alike, as the schema marks them: an attribute with a ``facet``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from schema import Attribute, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Group(NamedTuple):
    """Customers of one value of a facet, to be compared with all others.

    `members` is of shape (n_customers,), boolean.
    """

    facet: str
    label: str
    name: str
    members: NDArray[np.bool_]


def groups(schema: Schema, records: Sequence[Mapping[str, Any]]) -> list[Group]:
    """Return the groups of customers, facet by facet, in the schema's order.

    A facet of two groups gives one: the other's comparison is the same with the signs turned round. Groups that nobody
    or everybody is in are left out: there is no one to compare them with.
    """
    found = []
    for attribute in schema.attributes:
        if not attribute.facet:
            continue
        values = [record[attribute.name] for record in records]
        for name, wanted in _named(attribute):
            members = np.array([value in wanted for value in values], dtype=bool)
            if 0 < members.sum() < len(members):
                found.append(Group(attribute.name, attribute.label, name, members))
    return found


def _named(attribute: Attribute) -> list[tuple[str, frozenset[Any]]]:
    """Return the names of a facet's groups, each with the attribute's values in it."""
    if attribute.type == "boolean":
        return [("yes", frozenset({True}))]
    made = (attribute.facet or {}).get("groups") or {value: [value] for value in attribute.categories}
    named = [(name, frozenset(values)) for name, values in made.items()]
    return named[1:] if len(named) == 2 else named
