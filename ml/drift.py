"""Drift: how far customers, and what the model says of them, have moved from what it was made with.

`baseline` is taken when a model is made; `compare` sets later customers against it, attribute by attribute: how large
the shift is (population stability index) and whether chance explains it (Kolmogorov-Smirnov for numbers, chi-squared
for categories). A shift counts when it is both: with many customers every trifle is significant, and with few every
sample looks shifted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ml import tails
from schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

BINS = 10
# Distinct values that are kept of a number; of more, as many quantiles, which moves no distance by over 1 in 2000.
MOST_VALUES = 2000
EMPTY_SHARE = 1e-4  # stands for the share of an empty bin, whose logarithm there is not
FEWEST_EXPECTED = 5.0  # customers in a cell of the chi-squared test (Cochran 1952)
# Above 0.25 a population is commonly called shifted, from 0.1 on somewhat (Siddiqi, Credit Risk Scorecards, 2006).
SHIFTED = 0.2
ERROR_RATE = 0.01  # of a whole comparison in which nothing has moved
PREDICTIONS = "prediction"


def baseline(schema: Schema, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what later customers are compared with, ready for JSON; `records` must hold the schema's inputs."""
    found: dict[str, Any] = {}
    for attribute in schema.inputs:
        values = [record[attribute.name] for record in records]
        found[attribute.name] = numbers(np.array(values, dtype=np.float64)) if attribute.is_numeric else _named(values)
    return {"schema_hash": schema.hash, "n_customers": len(records), "inputs": found}


def numbers(values: Array) -> dict[str, Any]:
    """Return the baseline of a number: its deciles with how many fell between, and its distribution; shape (n,)."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1))[1:-1])
    kept, weights = np.unique(values, return_counts=True)
    if len(kept) > MOST_VALUES:
        ranks = np.linspace(0, len(values), MOST_VALUES + 1).round().astype(int)
        kept, weights = np.sort(values)[(ranks[:-1] + ranks[1:]) // 2], np.diff(ranks)
    return {
        "type": "number",
        "edges": edges.tolist(),
        "counts": _binned(values, edges),
        "values": kept.tolist(),
        "weights": weights.tolist(),
    }


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return {"type": "category", "counts": dict(sorted(Counter(map(written, values)).items()))}


def written(value: Any) -> str:
    """Write a category's value as JSON's keys do, which are texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _binned(values: Array, edges: Sequence[float] | Array) -> list[int]:
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1).tolist()


def stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Return the population stability index of two histograms: ``sum (q - p) log(q/p)`` over the shares of the bins.

    Siddiqi, Credit Risk Scorecards, 2006. An empty bin counts as `EMPTY_SHARE`.
    """
    p, q = (np.maximum(np.asarray(c, dtype=np.float64) / sum(c), EMPTY_SHARE) for c in (expected, actual))
    return float(np.sum((q - p) * np.log(q / p)))


def kolmogorov_smirnov(values: Array, weights: Array, sample: Array) -> tuple[float, float]:
    """Return the largest distance between two distributions, and how likely chance makes it as large.

    Two samples, two sides, asymptotic: Kolmogorov's limiting distribution at ``sqrt(nm/(n+m))`` times the distance
    (Smirnov 1939). For samples with ties, such as whole numbers, the probability is an upper bound.

    Parameters
    ----------
    values, weights : array, shape (n_values,)
        The one sample: distinct values in order, and how many customers have each.
    sample : array, shape (n,)
        The other.
    """
    grid = np.union1d(values, sample)
    share = np.append(0.0, np.cumsum(weights) / weights.sum())[np.searchsorted(values, grid, side="right")]
    other = np.searchsorted(np.sort(sample), grid, side="right") / len(sample)
    distance = float(np.abs(share - other).max())
    n, m = float(weights.sum()), len(sample)
    return distance, tails.kolmogorov(math.sqrt(n * m / (n + m)) * distance)


def chi_squared(expected: Mapping[str, float], actual: Mapping[str, float]) -> tuple[float, int, float]:
    """Return statistic, degrees of freedom and probability of Pearson's test that two samples share one distribution.

    Categories of which fewer than `FEWEST_EXPECTED` customers are expected in either sample are counted as one. With a
    single category left there is nothing to tell: 0, 0 and 1.
    """
    names = sorted(set(expected) | set(actual))
    table = np.array([[sample.get(name, 0) for name in names] for sample in (expected, actual)], dtype=np.float64)
    smaller = table.sum(axis=1).min() / table.sum()
    rare = table.sum(axis=0) * smaller < FEWEST_EXPECTED
    if rare.any():
        pooled = table[:, rare].sum(axis=1, keepdims=True)
        table = table[:, ~rare]
        if pooled.sum() * smaller >= FEWEST_EXPECTED:
            table = np.hstack((table, pooled))
        elif table.size:
            table[:, [int(table.sum(axis=0).argmin())]] += pooled
    degrees = table.shape[1] - 1
    if degrees < 1:
        return 0.0, 0, 1.0
    by_chance = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - by_chance) ** 2 / by_chance).sum())
    return statistic, degrees, tails.chi_squared(statistic, degrees)


def compare(
    made_with: Mapping[str, Any], records: Sequence[Mapping[str, Any]], probabilities: Array
) -> list[dict[str, Any]]:
    """Return how far each input, and the predictions, have moved, the largest shift first.

    Parameters
    ----------
    made_with : mapping
        From `baseline`, with the predictions' own under ``predictions``, from `numbers`.
    records : sequence of mapping, length n_customers
        Later customers; a category that the baseline lacks is a category all the same.
    probabilities : array, shape (n_customers,)
        What the model said of them.
    """
    found = []
    for name, base in made_with["inputs"].items():
        values = [record[name] for record in records]
        of_numbers = base["type"] == "number"
        found.append({"name": name, **(_moved(base, values) if of_numbers else _regrouped(base, values))})
    if "predictions" in made_with:
        found.append({"name": PREDICTIONS, **_moved(made_with["predictions"], probabilities)})
    for one in found:
        one["drifted"] = one["stability_index"] >= SHIFTED and one["p_value"] < ERROR_RATE / len(found)
    return sorted(found, key=lambda one: -one["stability_index"])


def _moved(base: Mapping[str, Any], values: Sequence[float] | Array) -> dict[str, Any]:
    sample = np.asarray(values, dtype=np.float64)
    distance, p_value = kolmogorov_smirnov(np.array(base["values"]), np.array(base["weights"]), sample)
    index = stability_index(base["counts"], _binned(sample, base["edges"]))
    return {"stability_index": index, "test": "kolmogorov_smirnov", "statistic": distance, "p_value": p_value}


def _regrouped(base: Mapping[str, Any], values: Sequence[Any]) -> dict[str, Any]:
    before, after = base["counts"], Counter(map(written, values))
    statistic, degrees, p_value = chi_squared(before, after)
    names = sorted(set(before) | set(after))
    index = stability_index([before.get(n, 0) for n in names], [after.get(n, 0) for n in names])
    told = {"stability_index": index, "test": "chi_squared", "statistic": statistic, "p_value": p_value}
    return {**told, "degrees_of_freedom": degrees}
