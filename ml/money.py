"""What the model's decisions cost, and where to put the threshold.

Below the threshold nothing is done: a churner is missed. At or above it an incentive is offered: it keeps a churner,
and is wasted on anyone else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = np.linspace(0.01, 0.99, 99)


class Costs(NamedTuple):
    """USD a customer for each outcome; a loyal customer left in peace costs nothing."""

    missed_churner: float = 500.0
    wasted_incentive: float = 100.0
    saved_customer: float = 100.0

    @property
    def break_even(self) -> float:
        """The churn probability at which an incentive pays: below it, doing nothing is expected to cost less.

        From ``p * saved + (1 - p) * wasted = p * missed``; Elkan, The Foundations of Cost-Sensitive Learning, 2001.
        When saving a customer costs as much as losing one, no probability pays and the answer is 1.
        """
        gain = self.missed_churner - self.saved_customer
        return self.wasted_incentive / (self.wasted_incentive + gain) if gain > 0 else 1.0


def problems(costs: Costs) -> list[str]:
    """Return what keeps the costs from being used, each with parameter, rule and remedy."""
    found = [
        f"cost_{name} must be a finite number of at least 0 USD, not {value:g}; correct it"
        for name, value in costs._asdict().items()
        if not (math.isfinite(value) and value >= 0)
    ]
    if not found and costs.saved_customer > costs.missed_churner:
        found.append(
            f"cost_saved_customer ({costs.saved_customer:g} USD) must not exceed cost_missed_churner "
            f"({costs.missed_churner:g} USD), or no incentive could ever pay; lower the first or raise the second"
        )
    return found


def each_cost(
    labels: NDArray[np.float64], probabilities: NDArray[np.float64], threshold: float, costs: Costs
) -> NDArray[np.float64]:
    """Return what each customer costs when decided at `threshold`; shape (n_customers,)."""
    offered = probabilities >= threshold
    return np.where(
        labels == 1,
        np.where(offered, costs.saved_customer, costs.missed_churner),
        np.where(offered, costs.wasted_incentive, 0.0),
    )


def expected_cost(
    labels: NDArray[np.float64], probabilities: NDArray[np.float64], threshold: float, costs: Costs
) -> float:
    """Return the mean cost a customer, USD, when decided at `threshold`."""
    return float(each_cost(labels, probabilities, threshold, costs).mean())


def cost_curve(
    labels: NDArray[np.float64], probabilities: NDArray[np.float64], costs: Costs
) -> list[tuple[float, float]]:
    """Return (threshold, expected cost) for each hundredth from 0.01 to 0.99."""
    return [(round(float(t), 2), expected_cost(labels, probabilities, t, costs)) for t in GRID]


def outcomes(
    labels: NDArray[np.float64], probabilities: NDArray[np.float64], threshold: float
) -> dict[str, list[float]]:
    """Count whom each threshold of the grid, and the model's own, calls: churners (tp) and others (fp).

    With the numbers of customers and churners, that is all it takes to reckon what other costs would come to.
    """
    thresholds = sorted({*GRID.round(2).tolist(), threshold})
    called = [probabilities >= t for t in thresholds]
    return {
        "thresholds": thresholds,
        "tp": [int((c & (labels == 1)).sum()) for c in called],
        "fp": [int((c & (labels == 0)).sum()) for c in called],
    }


def best_threshold(labels: NDArray[np.float64], probabilities: NDArray[np.float64], costs: Costs) -> float:
    """Return the threshold of the grid with the least cost; the middle one when several tie."""
    curve = cost_curve(labels, probabilities, costs)
    least = min(cost for _, cost in curve)
    tied = [threshold for threshold, cost in curve if cost <= least + 1e-9]
    return tied[len(tied) // 2]


def choose_threshold(labels: NDArray[np.float64], probabilities: NDArray[np.float64], costs: Costs) -> float:
    """Return the threshold to decide at: break-even, unless the data say clearly that another costs less.

    A few hundred customers hold a few dozen churners, so the least cost on them is mostly luck. Break-even is right for
    calibrated probabilities and needs no data; the best threshold replaces it only when it is cheaper by more than two
    standard errors of the paired difference.
    """
    best = best_threshold(labels, probabilities, costs)
    saving = each_cost(labels, probabilities, costs.break_even, costs) - each_cost(labels, probabilities, best, costs)
    error = float(saving.std(ddof=1) / np.sqrt(len(saving))) if len(saving) > 1 else np.inf
    return best if float(saving.mean()) > 2 * error else costs.break_even
