"""The model in production against its challenger, on the same test customers, with the luck of the draw told apart.

Being measured on the same customers, the models share their luck, and the difference has far less of it than either
figure: a new model is refused when it is worse by more than the luck that remains explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ml import bootstrap, metrics, money
from ml.bias_report import LIMITED
from ml.compare import MIDDLE, Difference, Predictions, differences
from ml.facets import Group
from ml.money import Costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SAMPLES = 4000  # the tails of as many as are compared at once need more than the middle of one
SEED = 1729
CONFIDENCE = (MIDDLE[1] - MIDDLE[0]) / 100


class Judged(NamedTuple):
    """What a model says of the test customers, shape (n_customers,), and where it decides."""

    probabilities: Array
    threshold: float

    @property
    def called(self) -> NDArray[np.bool_]:
        """Whom the model calls churners."""
        return self.probabilities >= self.threshold


def compare(
    labels: Array, challenger: Judged, champion: Judged, costs: Costs, groups: Sequence[Group]
) -> dict[str, Any]:
    """Return how the challenger differs from the champion, ready for JSON: challenger less champion, with intervals.

    An interval holds one difference at `CONFIDENCE`; those of bias, which are many, hold at it together (Bonferroni).
    A challenger is worse in something when the whole interval says so.
    """
    models = (challenger, champion)
    sides = [(Predictions(labels, model.probabilities), model.threshold) for model in models]
    found = differences(sides[1], sides[0], costs, seed=SEED, samples=SAMPLES)
    precision = [metrics.average_precision(labels, model.probabilities) for model in models]
    cost = [money.expected_cost(labels, model.probabilities, model.threshold, costs) for model in models]
    of_precision, of_cost = found["average_precision"], found["expected_cost_per_customer"]
    return {
        "n_customers": len(labels),
        "samples": SAMPLES,
        "confidence": CONFIDENCE,
        "average_precision": _figures(precision, of_precision, worse=of_precision.high < 0),
        "expected_cost_per_customer": _figures(cost, of_cost, worse=of_cost.low > 0),
        "bias": _bias(labels, models, groups),
    }


def _figures(values: Sequence[float], difference: Difference, *, worse: bool) -> dict[str, Any]:
    told = {"challenger": values[0], "champion": values[1], "difference": difference.value}
    return {**told, "low": difference.low, "high": difference.high, "worse": worse}


def _flags(labels: Array, called: NDArray[np.bool_], groups: Sequence[Group]) -> Array:
    """Return, for each group and for all others, who is in it, decided rightly, a churner, and a churner found.

    Shape (n_customers, 8 * n_groups).
    """
    churned = labels == 1
    columns = [
        column & of
        for group in groups
        for of in (~group.members, group.members)
        for column in (np.ones(len(labels), dtype=bool), called == churned, churned, called & churned)
    ]
    return np.array(columns, dtype=np.float64).T.reshape(len(labels), -1)


def _differences(counts: Array) -> Array:
    """Return the sizes of accuracy and recall difference of each group from counts of `_flags`.

    Shapes (…, 8 * n_groups) → (…, n_groups, 2); NaN where a group has nobody to be right about.
    """
    of = counts.reshape(*counts.shape[:-1], -1, 2, 2, 2)  # group, side, what (all, churners), whole and part
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = of[..., 1] / of[..., 0]
    return np.abs(shares[..., 0, :] - shares[..., 1, :])


def _bias(labels: Array, models: Sequence[Judged], groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Return how much larger each difference between a group and the others has become."""
    if not groups:
        return []
    flags = np.hstack([_flags(labels, model.called, groups) for model in models])
    drawn = np.array([weights @ flags for weights in bootstrap.draws(labels, seed=SEED, samples=SAMPLES)])
    half = flags.shape[1] // 2
    sizes = [_differences(flags[:, part].sum(axis=0)) for part in (slice(half), slice(half, None))]
    more = _differences(drawn[:, :half]) - _differences(drawn[:, half:])
    each = 1 - (1 - CONFIDENCE) / (len(groups) * len(LIMITED))
    found = []
    for i, group in enumerate(groups):
        for k, metric in enumerate(LIMITED):
            values = [float(size[i, k]) for size in sizes]
            if np.isnan(values).any():  # a group without churners has no recall
                continue
            low, high = np.nanquantile(more[:, i, k], ((1 - each) / 2, (1 + each) / 2))
            difference = Difference(values[0] - values[1], float(low), float(high))
            named = {"facet": group.facet, "label": group.label, "group": group.name, "metric": metric}
            found.append({**named, **_figures(values, difference, worse=difference.low > 0)})
    return found
