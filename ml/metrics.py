"""Quality of predicted probabilities, in numpy alone so that evaluation starts fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

CALIBRATION_BINS = 10


def auc(labels: Array, scores: Array) -> float:
    """Return the probability that a random churner scores above a random other; ties count half.

    The Mann-Whitney statistic, from mean ranks. NaN when there is one class only.
    """
    positives = labels == 1
    n_pos = int(positives.sum())
    n_neg = len(labels) - n_pos
    if not n_pos or not n_neg:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = mean_ranks[inverse][positives].sum()
    return float((rank_sum - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def precision_recall(labels: Array, scores: Array) -> tuple[Array, Array]:
    """Return precision and recall at each distinct score, from the highest down; shapes (n_distinct,)."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(labels[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    return hits[last] / (last + 1), hits[last] / max(hits[-1], 1)


def roc(labels: Array, scores: Array) -> tuple[Array, Array]:
    """Return false and true positive rates at each distinct score, from the highest down, led by (0, 0)."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(labels[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    false = last + 1 - hits[last]
    return np.append(0.0, false / max(false[-1], 1)), np.append(0.0, hits[last] / max(hits[-1], 1))


def average_precision(labels: Array, scores: Array) -> float:
    """Return the precision averaged over the steps of recall (no interpolation); NaN without a churner."""
    if not (labels == 1).any():
        return float("nan")
    precision, recall = precision_recall(labels, scores)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def each_log_loss(labels: Array, probabilities: Array) -> Array:
    """Return each customer's negative log-likelihood; probabilities are kept off 0 and 1 by the float epsilon."""
    eps = np.finfo(np.float64).eps
    p = np.clip(probabilities.astype(np.float64), eps, 1 - eps)
    return -(labels * np.log(p) + (1 - labels) * np.log(1 - p))


def log_loss(labels: Array, probabilities: Array) -> float:
    """Return the mean negative log-likelihood of the customers."""
    return float(each_log_loss(labels, probabilities).mean())


def confusion(labels: Array, probabilities: Array, threshold: float) -> dict[str, int]:
    """Return counts of true and false positives and negatives when decided at `threshold`."""
    called, churned = probabilities >= threshold, labels == 1
    return {
        "tp": int((called & churned).sum()),
        "fp": int((called & ~churned).sum()),
        "tn": int((~called & ~churned).sum()),
        "fn": int((~called & churned).sum()),
    }


def decision_metrics(matrix: dict[str, int]) -> dict[str, float]:
    """Return accuracy, precision, recall and F1 of a confusion matrix; a rate of nothing is 0."""
    tp, fp, fn = matrix["tp"], matrix["fp"], matrix["fn"]
    return {
        "accuracy": (tp + matrix["tn"]) / max(sum(matrix.values()), 1),
        "precision": tp / max(tp + fp, 1),
        "recall": tp / max(tp + fn, 1),
        "f1": 2 * tp / max(2 * tp + fp + fn, 1),
    }


def calibration(labels: Array, probabilities: Array) -> list[dict[str, Any]]:
    """Return what was predicted and what happened in up to ten groups of customers, ordered by probability.

    The groups are of equal size, as far as equal probabilities, which stay together, allow: tenths of the scale would
    leave a few customers in most of them.
    """
    edges = np.quantile(probabilities, np.linspace(0, 1, CALIBRATION_BINS + 1))[1:-1]
    bins = np.searchsorted(edges, probabilities, side="right")
    table = []
    for b in range(CALIBRATION_BINS):
        inside = bins == b
        if inside.any():
            table.append(
                {
                    "from": float(probabilities[inside].min()),
                    "to": float(probabilities[inside].max()),
                    "n_customers": int(inside.sum()),
                    "predicted": float(probabilities[inside].mean()),
                    "observed": float(labels[inside].mean()),
                }
            )
    return table


def score(labels: Array, probabilities: Array, threshold: float) -> dict[str, float]:
    """Return every metric by name; accuracy, precision, recall and F1 are those of decisions at `threshold`."""
    return {
        "auc": auc(labels, probabilities),
        "average_precision": average_precision(labels, probabilities),
        "log_loss": log_loss(labels, probabilities),
        **decision_metrics(confusion(labels, probabilities, threshold)),
    }
