"""Bias metrics with the names and formulas of Amazon SageMaker Clarify, which takes no new customers.

Each compares a group, facet *d*, with all other customers, facet *a*. Label 1 is churn, and being predicted to churn
earns an incentive: it is the favourable outcome, as Clarify assumes of 1. Source of all formulas: Amazon SageMaker
Developer Guide, "Measure Pre-training Bias" and "Measure Post-training Data and Model Bias".

A ratio of something to nothing is None here, where Clarify writes an infinity, and so is one of nothing to nothing,
where it writes 0, which would look like perfect balance. Left out are metrics that need more than two groups' counts:
CDDL and CDDPL (a third variable to condition on), FT (a model of its own), GE (of all customers, not of a group).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

Metrics = dict[str, float | None]

NAMES = {
    "CI": "Class Imbalance",
    "DPL": "Difference in Proportions of Labels",
    "KL": "Kullback-Leibler Divergence",
    "JS": "Jensen-Shannon Divergence",
    "LP": "Lp-norm",
    "TVD": "Total Variation Distance",
    "KS": "Kolmogorov-Smirnov",
    "DPPL": "Difference in Positive Proportions in Predicted Labels",
    "DI": "Disparate Impact",
    "DCA": "Difference in Conditional Acceptance",
    "DCR": "Difference in Conditional Rejection",
    "AD": "Accuracy Difference",
    "RD": "Recall Difference",
    "SD": "Specificity Difference",
    "DAR": "Difference in Acceptance Rates",
    "DRR": "Difference in Rejection Rates",
    "TE": "Treatment Equality",
}


class Counts(NamedTuple):
    """How many customers of a group churned, were called churners, both, and are there in all; weights may be real."""

    n: float
    churned: float
    called: float
    both: float

    @property
    def right(self) -> float:
        """Customers about whom the decision was right."""
        return self.n - self.churned - self.called + 2 * self.both

    @property
    def stayed(self) -> float:
        """Customers who did not churn."""
        return self.n - self.churned

    @property
    def left_alone(self) -> float:
        """Customers not called churners."""
        return self.n - self.called

    @property
    def true_negatives(self) -> float:
        """Customers who stayed and were left alone."""
        return self.n - self.churned - self.called + self.both


def count(churned: Flags, called: Flags, members: Flags) -> tuple[Counts, Counts]:
    """Return the counts of all others (facet a) and of the group (facet d); arrays of shape (n_customers,)."""
    facets = (~members, members)
    a, d = (Counts(*(int((of & flags).sum()) for flags in (of, churned, called, churned & called))) for of in facets)
    return a, d


def pre_training(a: Counts, d: Counts) -> Metrics:
    """Return what the labels alone tell, in natural logarithms; counts from `count`, whatever the predictions.

    With two outcomes LP, TVD and KS are ``sqrt(2)``, 1 and 1 times the size of DPL; all carry their established names.
    """
    qa, qd = a.churned / a.n, d.churned / d.n
    pa, pd = (qa, 1 - qa), (qd, 1 - qd)
    middle = tuple((x + y) / 2 for x, y in zip(pa, pd, strict=True))
    to_middle = (_divergence(pa, middle) or 0.0, _divergence(pd, middle) or 0.0)
    distances = [abs(x - y) for x, y in zip(pa, pd, strict=True)]
    return {
        "CI": (a.n - d.n) / (a.n + d.n),
        "DPL": qa - qd,
        "KL": _divergence(pa, pd),
        "JS": sum(to_middle) / 2,
        "LP": math.hypot(*distances),
        "TVD": sum(distances) / 2,
        "KS": max(distances),
    }


def _divergence(p: tuple[float, ...], q: tuple[float, ...]) -> float | None:
    """Return ``sum(p log(p/q))``; None when something of `p` cannot happen by `q`."""
    if any(x > 0 and y == 0 for x, y in zip(p, q, strict=True)):
        return None
    return sum(x * math.log(x / y) for x, y in zip(p, q, strict=True) if x > 0)


def post_training(a: Counts, d: Counts) -> Metrics:
    """Return what the decisions tell, of counts from `count`."""
    return {
        "DPPL": _less(_ratio(a.called, a.n), _ratio(d.called, d.n)),
        "DI": _ratio(d.called * a.n, a.called * d.n),
        "DCA": _less(_ratio(a.churned, a.called), _ratio(d.churned, d.called)),
        "DCR": _less(_ratio(d.stayed, d.left_alone), _ratio(a.stayed, a.left_alone)),
        "AD": _less(_ratio(a.right, a.n), _ratio(d.right, d.n)),
        "RD": _less(_ratio(a.both, a.churned), _ratio(d.both, d.churned)),
        "SD": _less(_ratio(d.true_negatives, d.stayed), _ratio(a.true_negatives, a.stayed)),
        "DAR": _less(_ratio(a.both, a.called), _ratio(d.both, d.called)),
        "DRR": _less(_ratio(d.true_negatives, d.left_alone), _ratio(a.true_negatives, a.left_alone)),
        "TE": _less(_ratio(d.churned - d.both, d.called - d.both), _ratio(a.churned - a.both, a.called - a.both)),
    }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _less(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left - right


def difference_interval(
    part_a: float, whole_a: float, part_d: float, whole_d: float, confidence: float
) -> tuple[float, float]:
    """Return the interval that holds the difference of two proportions, a's less d's, at a confidence such as 0.95.

    One success and one failure are added to each side: small groups and proportions of 0 or 1 keep an honest width
    (Agresti and Caffo, Simple and effective confidence intervals for proportions and differences of proportions, 2000).
    """
    pa, pd = (part_a + 1) / (whole_a + 2), (part_d + 1) / (whole_d + 2)
    error = math.sqrt(pa * (1 - pa) / (whole_a + 2) + pd * (1 - pd) / (whole_d + 2))
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return max(pa - pd - reach, -1.0), min(pa - pd + reach, 1.0)
