"""Live quality against a naive count, scikit-learn, and worlds where the answer is known."""

from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics

from ml import bootstrap, live_quality
from ml.compare import Predictions
from ml.money import Costs
from schema import load_schema

COSTS = Costs()
SCHEMA = load_schema()


def world(rng: np.random.Generator, n: int, noise: float) -> Predictions:
    """Customers of whom one in five churns, and a model that sees it through this much noise."""
    labels = (rng.permutation(n) % 5 == 0).astype(float)
    return Predictions(labels, 1 / (1 + np.exp(-(3 * labels - 2 + noise * rng.normal(size=n)))))


def naive(said: Predictions, threshold: float) -> tuple[float, float, float]:
    """Average precision and log loss by scikit-learn, cost by going through the customers."""
    cost = sum(
        (100 if p >= threshold else 500) if label else (100 if p >= threshold else 0)
        for label, p in zip(said.labels, said.probabilities, strict=True)
    )
    return (
        float(sklearn.metrics.average_precision_score(*said)),
        cost / len(said.labels),
        float(sklearn.metrics.log_loss(*said)),
    )


def drawn(said: Predictions, weights: np.ndarray) -> Predictions:
    """The customers of a draw, each as often as its weight says."""
    which = np.repeat(np.arange(len(weights)), weights.astype(int))
    return Predictions(said.labels[which], said.probabilities[which])


def test_values_and_intervals_are_those_of_a_naive_bootstrap(rng: np.random.Generator) -> None:
    live, registered = world(rng, 150, 2.0), world(rng, 200, 1.0)
    found = live_quality.judge(live, registered, 0.3, COSTS, samples=60)
    seeds = (live_quality.SEED, live_quality.SEED + 1)
    again = [
        np.array([naive(drawn(s, w), 0.3) for w in bootstrap.draws(s.labels, seed=seed, samples=60)])
        for seed, s in zip(seeds, (live, registered), strict=True)
    ]
    for at, name in enumerate(live_quality.JUDGED):
        one = found["metrics"][name]
        assert one["live"] == pytest.approx(naive(live, 0.3)[at], abs=1e-9)
        assert one["registered"] == pytest.approx(naive(registered, 0.3)[at], abs=1e-9)
        assert one["difference"] == pytest.approx(one["live"] - one["registered"], abs=1e-12)
        difference = again[0][:, at] - again[1][:, at]
        ends = np.quantile(difference, (0.05 / 6, 1 - 0.05 / 6))
        assert (one["low"], one["high"]) == pytest.approx(ends, abs=1e-9)
        assert (one["live_low"], one["live_high"]) == pytest.approx(
            np.quantile(again[0][:, at], (0.025, 0.975)), abs=1e-9
        )


def test_a_model_that_has_lost_is_called_worse_in_everything(rng: np.random.Generator) -> None:
    found = live_quality.judge(world(rng, 500, 6.0), world(rng, 500, 0.5), 0.2, COSTS)
    assert found["worse"]
    assert all(one["worse"] for one in found["metrics"].values())


def test_a_model_that_has_gained_is_not_worse(rng: np.random.Generator) -> None:
    found = live_quality.judge(world(rng, 500, 0.5), world(rng, 500, 6.0), 0.2, COSTS)
    assert not found["worse"]


def test_a_model_that_is_the_same_is_hardly_ever_called_worse() -> None:
    called = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        called += live_quality.judge(world(rng, 200, 1.5), world(rng, 300, 1.5), 0.2, COSTS, samples=200)["worse"]
    # Three metrics that hold together at 95 %, of which only the worse side counts: one in forty.
    assert called <= 4


@pytest.mark.parametrize(("churners", "others", "enough"), [(20, 20, True), (19, 400, False), (400, 19, False)])
def test_a_rate_of_a_handful_is_no_rate(churners: int, others: int, enough: bool) -> None:
    said = live_quality.too_few(np.array([1.0] * churners + [0.0] * others))
    assert (not said) is enough
    assert enough or f"{churners} of them churners" in said


def test_of_a_customer_in_two_files_the_later_row_counts(tmp_path: Path, made_up: str) -> None:
    header, *rows = made_up.splitlines()
    label = header.split(",").index("Churn?")
    cells = rows[0].split(",")
    cells[label] = "True." if cells[label].startswith("F") else "False."
    (tmp_path / "first.csv").write_text("\n".join([header, *rows[:30]]))
    (tmp_path / "later.csv").write_text("\n".join([header, ",".join(cells)]))
    labels = live_quality.read([tmp_path / "first.csv", tmp_path / "later.csv"], SCHEMA)
    assert labels.used == ["first.csv", "later.csv"]
    assert len(labels.rows) == 30
    assert labels.rows[0].record["churn"] is (cells[label] == "True.")


def test_a_bad_file_is_refused_with_its_reasons_and_stops_no_other(tmp_path: Path, made_up: str) -> None:
    header, *rows = made_up.splitlines()
    (tmp_path / "good.csv").write_text("\n".join([header, *rows[:5]]))
    (tmp_path / "bad.csv").write_text("\n".join([header, rows[0], rows[0]]))
    (tmp_path / "empty.csv").write_text("")
    labels = live_quality.read([tmp_path / n for n in ("bad.csv", "good.csv", "empty.csv")], SCHEMA)
    assert labels.used == ["good.csv"]
    assert len(labels.rows) == 5
    assert labels.refused["bad.csv"].startswith("bad.csv has 1 problem(s) in 2 rows")
    assert "of an earlier row" in labels.refused["bad.csv"]
    assert "is empty" in labels.refused["empty.csv"]
