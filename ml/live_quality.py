"""Live quality: the model in production on customers whose fate became known after it was made.

Figures on the customers of the registered evaluation are set beside those on the new ones. They are different people,
so both samples carry luck: a model counts as worse only when that explains nothing of it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ml import bootstrap, metrics, money, raw_file
from ml.compare import MIDDLE, Predictions
from ml.container import JobError
from ml.money import Costs
from schema import Row, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SAMPLES = 2000
SEED = 1729
# Of each: fewer say nothing of a rate.
FEWEST_PER_CLASS = 20
# Metric -> whether more of it is better.
JUDGED = {"average_precision": True, "expected_cost_per_customer": False, "log_loss": False}


class Labels(NamedTuple):
    """The customers of all label files that can be used, and why the other files cannot."""

    rows: list[Row]
    used: list[str]
    refused: dict[str, str]


def read(files: Sequence[Path], schema: Schema) -> Labels:
    """Read label files, which have the raw file's form; of a customer in several, the latest file's row counts.

    A bad file is refused whole, with its reasons: half of one would be a sample of nobody knows what.
    """
    rows: dict[tuple[object, ...], Row] = {}
    labels = Labels([], [], {})
    for path in files:
        try:
            found = raw_file.customers(raw_file.read_text(path), schema, name=path.name)
        except JobError as exc:
            labels.refused[path.name] = str(exc)
            continue
        labels.used.append(path.name)
        for row in found:
            rows[tuple(row.record[name] for name in schema.identifier) or (path.name, row.line)] = row
    return labels._replace(rows=list(rows.values()))


def judge(
    live: Predictions, registered: Predictions, threshold: float, costs: Costs, *, samples: int = SAMPLES
) -> dict[str, Any]:
    """Return each metric of both samples, their difference, live less registered, with its interval, ready for JSON.

    Both samples are drawn again and again by themselves (a stratified bootstrap of two samples; Efron and Tibshirani,
    An Introduction to the Bootstrap, 1993, chapter 8). The intervals of the differences hold together (Bonferroni).
    """
    both = (live, registered)
    measures = [_measures(said, threshold, costs) for said in both]
    drawn = [
        np.array(
            [[m(weights) for m in of.values()] for weights in bootstrap.draws(said.labels, seed=seed, samples=samples)]
        )
        for seed, of, said in zip((SEED, SEED + 1), measures, both, strict=True)
    ]
    each = 1 - (1 - (MIDDLE[1] - MIDDLE[0]) / 100) / len(JUDGED)
    tails = ((1 - each) / 2, (1 + each) / 2)
    found: dict[str, Any] = {}
    for at, (name, more_is_better) in enumerate(JUDGED.items()):
        values = [of[name](np.ones(len(said.labels))) for of, said in zip(measures, both, strict=True)]
        low, high = (float(end) for end in np.quantile(drawn[0][:, at] - drawn[1][:, at], tails))
        ends = [float(end) for end in np.percentile(drawn[0][:, at], MIDDLE)]
        found[name] = {
            "live": values[0],
            "live_low": ends[0],
            "live_high": ends[1],
            "registered": values[1],
            "difference": values[0] - values[1],
            "low": low,
            "high": high,
            "worse": high < 0 if more_is_better else low > 0,
        }
    return {
        "n_customers": len(live.labels),
        "n_churners": int(live.labels.sum()),
        "churn_rate": float(live.labels.mean()),
        "registered_churn_rate": float(registered.labels.mean()),
        "threshold": threshold,
        "samples": samples,
        "metrics": found,
        "worse": any(one["worse"] for one in found.values()),
    }


def too_few(labels: Array) -> str:
    """Say why these customers are too few to judge a model by; nothing when they are enough."""
    churners = int(labels.sum())
    if min(churners, len(labels) - churners) >= FEWEST_PER_CLASS:
        return ""
    return (
        f"{len(labels):,} customers with a known fate, {churners:,} of them churners: it takes {FEWEST_PER_CLASS} "
        "churners and as many others"
    )


def _measures(said: Predictions, threshold: float, costs: Costs) -> dict[str, Callable[[Array], float]]:
    """Return the metrics as functions of how often each customer was drawn."""
    cost = money.each_cost(said.labels, said.probabilities, threshold, costs)
    loss = metrics.each_log_loss(said.labels, said.probabilities)
    n = len(said.labels)
    return {
        "average_precision": bootstrap.Ranking(said.labels, said.probabilities).average_precision,
        "expected_cost_per_customer": lambda w: float(w @ cost / n),
        "log_loss": lambda w: float(w @ loss / n),
    }
