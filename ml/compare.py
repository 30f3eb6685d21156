"""Two models on the same customers: is one really better, or only luckier?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ml import bootstrap, money
from ml.container import JobError
from ml.money import Costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

HEADER = "churned,probability"
SAMPLES = 1000
MIDDLE = (2.5, 97.5)  # per cent


class Predictions(NamedTuple):
    """What a model said of customers whose fate is known; both of shape (n_customers,)."""

    labels: Array
    probabilities: Array

    def to_csv(self) -> str:
        """Write them, with nothing that names a customer; reading gives the very same numbers."""
        pairs = zip(self.labels.tolist(), self.probabilities.tolist(), strict=True)
        return "\n".join([HEADER, *(f"{int(label)},{probability!r}" for label, probability in pairs)]) + "\n"

    @classmethod
    def from_csv(cls, text: str) -> Predictions:
        """Read what `to_csv` wrote.

        Raises
        ------
        JobError
            When it is something else.
        """
        head, _, body = text.partition("\n")
        if head.strip() != HEADER or not body.strip():
            raise JobError(f"The predictions must begin with the line {HEADER} and hold a customer; evaluate again.")
        table = np.loadtxt(body.splitlines(), delimiter=",", dtype=np.float64, ndmin=2)
        return cls(table[:, 0], table[:, 1])


class Difference(NamedTuple):
    """A figure, often the second model less the first: as measured, and the middle 95 % over resampled customers."""

    value: float
    low: float
    high: float

    @property
    def beyond_chance(self) -> bool:
        """Whether resampling the customers hardly ever turns the sign."""
        return self.low > 0 or self.high < 0


def differences(
    first: tuple[Predictions, float],
    second: tuple[Predictions, float],
    costs: Costs,
    *,
    seed: int = 0,
    samples: int = SAMPLES,
) -> dict[str, Difference]:
    """Return how the second model differs from the first, by average precision and by expected cost (USD a customer).

    Each sample draws customers with replacement, the same ones for both models, churners and others apart, so that no
    sample lacks either (a stratified, paired bootstrap; Efron and Tibshirani, An Introduction to the Bootstrap, 1993).

    Parameters
    ----------
    first, second : (Predictions, float)
        Predictions for the same customers in the same order, and the threshold at which that model decides.
    seed, samples : int
        Of the bootstrap.

    Raises
    ------
    JobError
        When the customers are not the same, or lack churners or others.
    """
    labels = first[0].labels
    if not np.array_equal(labels, second[0].labels):
        raise JobError("The models were judged on different customers; evaluate both on the same test set.")
    if len(np.unique(labels)) < 2:
        raise JobError("The test set needs churners and others; give it more customers.")
    each = [money.each_cost(labels, said.probabilities, threshold, costs) for said, threshold in (first, second)]
    rankings = [bootstrap.Ranking(labels, said.probabilities) for said, _ in (first, second)]
    measures: dict[str, Callable[[Array], float]] = {
        "average_precision": lambda w: rankings[1].average_precision(w) - rankings[0].average_precision(w),
        "expected_cost_per_customer": lambda w: float(w @ (each[1] - each[0]) / len(labels)),
    }
    return _resampled(labels, measures, seed=seed, samples=samples)


def intervals(
    said: Predictions, threshold: float, costs: Costs, *, seed: int = 0, samples: int = SAMPLES
) -> dict[str, Difference]:
    """Return one model's average precision and expected cost (USD a customer), each with how luck may have moved it.

    The draws are those of `differences`. An interval says how sure a figure is; whether two models differ, only
    `differences` tells, since models on the same customers share their luck.
    """
    each = money.each_cost(said.labels, said.probabilities, threshold, costs)
    measures: dict[str, Callable[[Array], float]] = {
        "average_precision": bootstrap.Ranking(said.labels, said.probabilities).average_precision,
        "expected_cost_per_customer": lambda w: float(w @ each / len(each)),
    }
    return _resampled(said.labels, measures, seed=seed, samples=samples)


def _resampled(
    labels: Array, measures: dict[str, Callable[[Array], float]], *, seed: int, samples: int
) -> dict[str, Difference]:
    drawn = np.array(
        [[m(weights) for m in measures.values()] for weights in bootstrap.draws(labels, seed=seed, samples=samples)]
    )
    everyone = np.ones(len(labels))
    return {
        name: Difference(measure(everyone), *(float(end) for end in np.percentile(drawn[:, i], MIDDLE)))
        for i, (name, measure) in enumerate(measures.items())
    }
