"""Customers drawn again and again with replacement, and what is measured on each draw.

A draw is told by how often it holds each customer, so that everything sorted or counted once serves all draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def draws(labels: Array, *, seed: int, samples: int) -> Iterator[Array]:
    """Give the weights of each draw, shape (n_customers,): churners and others drawn apart, so that none lacks either.

    (A stratified bootstrap; Efron and Tibshirani, An Introduction to the Bootstrap, 1993.)
    """
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(labels == value) for value in (0, 1)]
    for _ in range(samples):
        weights = np.zeros(len(labels))
        for group in groups:
            weights[group] = np.bincount(rng.integers(0, len(group), len(group)), minlength=len(group))
        yield weights


class Ranking:
    """Average precision of one model for many weightings of the same customers, sorted once.

    Parameters
    ----------
    labels, scores : array, shape (n_customers,)
    """

    def __init__(self, labels: Array, scores: Array) -> None:
        self._order = np.argsort(-scores, kind="stable")
        self._labels = labels[self._order]
        ranked = scores[self._order]
        self._last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)

    def average_precision(self, weights: Array) -> float:
        """Return what `metrics.average_precision` gives with each customer as often as its weight says."""
        ordered = weights[self._order]
        everyone, hits = np.cumsum(ordered)[self._last], np.cumsum(ordered * self._labels)[self._last]
        precision = hits / np.where(everyone > 0, everyone, 1.0)
        return float(np.sum(np.diff(hits, prepend=0.0) * precision) / hits[-1])
