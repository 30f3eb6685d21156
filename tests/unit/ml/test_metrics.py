"""Each metric against a naive version written from its definition, and against scikit-learn."""

import math
from itertools import pairwise

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from ml import metrics

# Scores of one decimal, so that ties are common: that is where ranking metrics go wrong.
CUSTOMERS = st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=2, max_size=60).filter(
    lambda rows: len({churned for churned, _ in rows}) == 2
)


def arrays(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([float(c) for c, _ in rows]), np.array([s / 10 for _, s in rows])


@given(CUSTOMERS)
@settings(deadline=None)
def test_auc(rows: list[tuple[bool, int]]) -> None:
    labels, scores = arrays(rows)
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[labels == 1] for n in scores[labels == 0]]
    assert metrics.auc(labels, scores) == pytest.approx(sum(pairs) / len(pairs), abs=1e-9)
    assert metrics.auc(labels, scores) == pytest.approx(sklearn.metrics.roc_auc_score(labels, scores), abs=1e-9)


@given(CUSTOMERS)
@settings(deadline=None)
def test_average_precision(rows: list[tuple[bool, int]]) -> None:
    labels, scores = arrays(rows)
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        called = scores >= threshold
        recall = labels[called].sum() / labels.sum()
        total += (recall - recall_before) * labels[called].mean()
        recall_before = recall
    assert metrics.average_precision(labels, scores) == pytest.approx(total, abs=1e-9)
    expected = sklearn.metrics.average_precision_score(labels, scores)
    assert metrics.average_precision(labels, scores) == pytest.approx(expected, abs=1e-9)


@given(CUSTOMERS)
@settings(deadline=None)
def test_log_loss(rows: list[tuple[bool, int]]) -> None:
    labels, scores = arrays(rows)
    eps = 2.0**-52
    kept = [min(max(p, eps), 1 - eps) for p in scores.tolist()]
    naive = -sum(math.log(p if y else 1 - p) for y, p in zip(labels, kept, strict=True)) / len(labels)
    assert metrics.log_loss(labels, scores) == pytest.approx(naive, abs=1e-9)
    assert metrics.log_loss(labels, scores) == pytest.approx(sklearn.metrics.log_loss(labels, scores), abs=1e-9)


@given(CUSTOMERS, st.integers(0, 11))
@settings(deadline=None)
def test_decisions(rows: list[tuple[bool, int]], tenth: int) -> None:
    labels, scores = arrays(rows)
    matrix = metrics.confusion(labels, scores, tenth / 10)
    naive = {"tp": 0, "fp": 0, "tn": 0, "fn": 0}
    for churned, score in zip(labels, scores, strict=True):
        called = score >= tenth / 10
        naive[("t" if called == bool(churned) else "f") + ("p" if called else "n")] += 1
    assert matrix == naive
    rates, called = metrics.decision_metrics(matrix), (scores >= tenth / 10).astype(float)
    assert rates["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(labels, called))
    for name in ("precision", "recall", "f1"):
        expected = getattr(sklearn.metrics, f"{name}_score")(labels, called, zero_division=0)
        assert rates[name] == pytest.approx(expected)


@given(CUSTOMERS)
@settings(deadline=None)
def test_curves(rows: list[tuple[bool, int]]) -> None:
    labels, scores = arrays(rows)
    false_rate, true_rate = metrics.roc(labels, scores)
    expected = sklearn.metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(false_rate, expected[0])
    np.testing.assert_allclose(true_rate, expected[1])
    precision, recall = metrics.precision_recall(labels, scores)
    theirs = sklearn.metrics.precision_recall_curve(labels, scores)
    np.testing.assert_allclose(precision, theirs[0][:-1][::-1])
    np.testing.assert_allclose(recall, theirs[1][:-1][::-1])


@given(CUSTOMERS)
@settings(deadline=None)
def test_calibration_counts_every_customer_once(rows: list[tuple[bool, int]]) -> None:
    labels, scores = arrays(rows)
    bins = metrics.calibration(labels, scores)
    assert sum(b["n_customers"] for b in bins) == len(labels)
    assert sum(b["n_customers"] * b["observed"] for b in bins) == pytest.approx(labels.sum())
    assert all(b["from"] - 1e-9 <= b["predicted"] <= b["to"] + 1e-9 for b in bins)


def test_calibration_groups_are_of_equal_size(rng: np.random.Generator) -> None:
    bins = metrics.calibration((rng.random(667) < 0.1).astype(float), rng.random(667) ** 8)
    assert len(bins) == metrics.CALIBRATION_BINS
    assert {b["n_customers"] for b in bins} <= {66, 67}
    assert all(a["to"] <= b["from"] for a, b in pairwise(bins))


def test_without_churners_ranking_is_undefined() -> None:
    labels, scores = np.zeros(3), np.array([0.1, 0.2, 0.3])
    assert math.isnan(metrics.auc(labels, scores))
    assert math.isnan(metrics.average_precision(labels, scores))
