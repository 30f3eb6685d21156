"""Why the model says so: exact TreeSHAP contributions, brought back to the attributes that the customer's record holds.

A one-hot column belongs to its attribute. A derived column's contribution is shared among its sources: each gets a part
in proportion to how far it moves the column away from its typical value, in the direction in which the column did move.
"Moves" is measured by putting that source alone back to its typical value. When no source moves the column that way,
all share alike. The parts sum to the whole, so all contributions and the bias still sum to the model's margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from schema import Attribute, Schema

Typical = Mapping[str, Mapping[str, float]]
NEAR, FAR = 0.25, 1.0  # standard deviations
SLIGHT = 0.05  # log-odds


class Reason(NamedTuple):
    """One attribute's push: `contribution` in log-odds, positive towards churn."""

    attribute: str
    label: str
    contribution: float
    text: str


def typical_values(schema: Schema, features: np.ndarray) -> dict[str, dict[str, float]]:
    """Return mean and standard deviation of each numeric or boolean attribute over the training customers.

    Parameters
    ----------
    features : array, shape (n_rows, n_columns)
        Encoded customers.
    """
    place = {name: i for i, name in enumerate(schema.columns)}
    return {
        a.name: {"mean": float(features[:, place[a.name]].mean()), "std": float(features[:, place[a.name]].std())}
        for a in schema.inputs
        if a.type != "category"
    }


class Explainer:
    """Turns contributions of encoded columns into reasons.

    Parameters
    ----------
    schema : Schema
    typical : mapping
        From `typical_values`.
    """

    def __init__(self, schema: Schema, typical: Typical) -> None:
        self._schema = schema
        self._typical = typical
        self._means = {name: values["mean"] for name, values in typical.items()}
        self._derived = [(schema.columns.index(d.name), d.sources) for d in schema.derived]
        inputs = {a.name: i for i, a in enumerate(schema.inputs)}
        first_derived = len(schema.columns) - len(schema.derived)
        self._owner = np.array([inputs[schema.sources[c][0]] for c in schema.columns[:first_derived]])
        self._index = inputs
        # Categories do not matter to derived columns; any will do.
        self._average = {a.name: self._means.get(a.name, "") for a in schema.inputs}
        self._average_row = schema.encode(self._average)

    def by_attribute(self, record: Mapping[str, Any], row: Sequence[float], columns: np.ndarray) -> np.ndarray:
        """Return contributions of the inputs in order; shape (n_inputs,).

        Parameters
        ----------
        record : mapping
            The customer.
        row : sequence of float, length n_columns
            The customer encoded.
        columns : array, shape (n_columns,)
            Contributions of the encoded columns.
        """
        totals = np.zeros(len(self._index))
        np.add.at(totals, self._owner, columns[: len(self._owner)])
        swapped: dict[str, list[float]] = {}
        for place, sources in self._derived:
            if columns[place] == 0:
                continue
            for name in sources:
                if name not in swapped:
                    swapped[name] = self._schema.encode({**record, name: self._means[name]})
            direction = 1 if row[place] >= self._average_row[place] else -1
            moved = np.array([max(direction * (row[place] - swapped[name][place]), 0.0) for name in sources])
            shares = moved / moved.sum() if moved.sum() > 0 else np.full(len(sources), 1 / len(sources))
            for name, share in zip(sources, shares, strict=True):
                totals[self._index[name]] += share * columns[place]
        return totals

    def reasons(
        self, record: Mapping[str, Any], row: Sequence[float], columns: np.ndarray, strongest: int | None = None
    ) -> list[Reason]:
        """Return a reason for each input, the strongest first, or for the strongest of them alone; parameters as
        `by_attribute`.
        """
        totals = self.by_attribute(record, row, columns).tolist()
        pushes = sorted(zip(self._schema.inputs, totals, strict=True), key=lambda push: -abs(push[1]))
        return [Reason(a.name, a.label, value, self._text(a, record[a.name], value)) for a, value in pushes[:strongest]]

    def _text(self, attribute: Attribute, value: Any, contribution: float) -> str:
        """Say in a sentence what the value is, how it compares, and what it does."""
        plural = attribute.is_numeric and value != 1
        if abs(contribution) < SLIGHT:
            does = "hardly matter" if plural else "hardly matters"
        else:
            verb = "raise" if contribution > 0 else "lower"
            does = f"{verb} the risk" if plural else f"{verb}s the risk"
        typical = self._typical.get(attribute.name)
        if attribute.is_numeric and typical:
            noun = attribute.phrase[1 if plural else 0] if attribute.phrase else attribute.label.lower()
            return f"{value:g} {noun}, {_compared(float(value), typical)} {typical['mean']:.1f}, {does}."
        if attribute.type == "boolean" and typical:
            phrase = (attribute.phrase or {}).get(str(bool(value)).lower(), attribute.label)
            share = typical["mean"] if value else 1 - typical["mean"]
            return f"{phrase}, like {share:.0%} of customers, {does}."
        named = (attribute.category_labels or {}).get(value, value)
        return f"{(attribute.phrase or attribute.label + ' {}').format(named)} {does}."


def _compared(value: float, typical: Mapping[str, float]) -> str:
    distance = (value - typical["mean"]) / (typical["std"] or 1.0)
    if abs(distance) < NEAR:
        return "near the typical"
    where = "above" if distance > 0 else "below"
    return f"well {where} the typical" if abs(distance) >= FAR else f"{where} the typical"
