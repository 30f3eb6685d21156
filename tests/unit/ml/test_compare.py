"""The comparison of two models against a naive count, and against worlds where the answer is known."""

import numpy as np
import pytest
import sklearn.metrics

from ml import compare
from ml.compare import Predictions
from ml.container import JobError
from ml.money import Costs

COSTS = Costs()


def world(rng: np.random.Generator, n: int, noise: float) -> Predictions:
    """Customers of whom one in five churns, and a model that sees it through this much noise."""
    labels = (np.arange(n) % 5 == 0).astype(float)
    margins = 3 * labels - 2 + noise * rng.normal(size=n)
    return Predictions(labels, 1 / (1 + np.exp(-margins)))


def test_the_differences_are_those_of_a_naive_count(rng: np.random.Generator) -> None:
    first, second = (world(rng, 200, noise) for noise in (1.0, 2.0))
    found = compare.differences((first, 0.2), (second, 0.5), COSTS, samples=10)
    precision = [sklearn.metrics.average_precision_score(*said) for said in (first, second)]
    assert found["average_precision"].value == pytest.approx(precision[1] - precision[0], abs=1e-12)
    totals = []
    for said, threshold in ((first, 0.2), (second, 0.5)):
        offers = [p >= threshold for p in said.probabilities]
        each = [
            (100 if offered else 500) if churned else (100 if offered else 0)
            for churned, offered in zip(said.labels, offers, strict=True)
        ]
        totals.append(sum(each) / len(each))
    assert found["expected_cost_per_customer"].value == pytest.approx(totals[1] - totals[0], abs=1e-12)


def test_a_clearly_worse_model_is_beyond_chance(rng: np.random.Generator) -> None:
    found = compare.differences((world(rng, 500, 0.5), 0.2), (world(rng, 500, 5.0), 0.2), COSTS)
    assert found["average_precision"].beyond_chance
    assert found["average_precision"].high < 0
    assert found["expected_cost_per_customer"].beyond_chance
    assert found["expected_cost_per_customer"].low > 0


def test_models_of_the_same_kind_differ_by_chance() -> None:
    """Of models that differ by noise alone, some one in twenty is called different."""
    called = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        first, second = world(rng, 200, 1.5), world(rng, 200, 1.5)
        found = compare.differences((first, 0.2), (second, 0.2), COSTS, samples=200)
        called += found["expected_cost_per_customer"].beyond_chance
    assert called <= 6


def test_an_interval_is_that_of_a_naive_bootstrap(rng: np.random.Generator) -> None:
    """Customers are drawn one by one, churners and others apart, and each draw is scored by scikit-learn."""
    said = world(rng, 120, 2.0)
    found = compare.intervals(said, 0.3, COSTS, seed=5, samples=40)
    drawn_rng = np.random.default_rng(5)
    precisions, totals = [], []
    for _ in range(40):
        rows = []
        for value in (0, 1):
            group = np.flatnonzero(said.labels == value)
            rows += [group[i] for i in drawn_rng.integers(0, len(group), len(group))]
        labels, scores = said.labels[rows], said.probabilities[rows]
        precisions.append(sklearn.metrics.average_precision_score(labels, scores))
        offered = scores >= 0.3
        totals.append(np.where(labels == 1, np.where(offered, 100, 500), np.where(offered, 100, 0)).mean())
    for name, values in (("average_precision", precisions), ("expected_cost_per_customer", totals)):
        low, high = np.percentile(values, [2.5, 97.5])
        assert found[name].low == pytest.approx(low, abs=1e-9)
        assert found[name].high == pytest.approx(high, abs=1e-9)
        assert found[name].low <= found[name].value <= found[name].high


def test_a_model_does_not_differ_from_itself(rng: np.random.Generator) -> None:
    same = (world(rng, 100, 1.0), 0.2)
    for difference in compare.differences(same, same, COSTS, samples=20).values():
        assert difference == (0, 0, 0)
        assert not difference.beyond_chance


def test_the_seed_decides_the_samples(rng: np.random.Generator) -> None:
    pair = ((world(rng, 100, 1.0), 0.2), (world(rng, 100, 2.0), 0.2))
    once, again, other = (compare.differences(*pair, COSTS, seed=seed, samples=50) for seed in (1, 1, 2))
    assert once == again
    assert once != other


def test_other_customers_and_one_class_alone_are_refused(rng: np.random.Generator) -> None:
    said = world(rng, 20, 1.0)
    others = Predictions(said.labels[::-1], said.probabilities)
    with pytest.raises(JobError, match="different customers"):
        compare.differences((said, 0.2), (others, 0.2), COSTS)
    stayed = Predictions(np.zeros(5), np.full(5, 0.1))
    with pytest.raises(JobError, match="churners and others"):
        compare.differences((stayed, 0.2), (stayed, 0.2), COSTS)


def test_predictions_survive_their_csv(rng: np.random.Generator) -> None:
    said = world(rng, 50, 1.0)
    again = Predictions.from_csv(said.to_csv())
    assert again.labels.tolist() == said.labels.tolist()
    assert again.probabilities.tolist() == said.probabilities.tolist()


@pytest.mark.parametrize("text", ["", "churned,probability\n", "1,0.5\n", "label,p\n1,0.5\n"])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(JobError, match="evaluate again"):
        Predictions.from_csv(text)
