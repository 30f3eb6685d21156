"""What the page reckons from counts is what training reckons from customers: web/js/model/costs.js and ml/money.py."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml import money
from ml.money import Costs
from tests.unit.web.node import Ask, answering

PROGRAM = """
const { areUsable, breakEven, costAt, leastPlace } = await import("WEB/js/model/costs.js");
function answer({ counted, costs }) {
  const { thresholds } = counted.outcomes;
  return {
    curve: thresholds.map((_, place) => costAt(counted, costs, place)),
    nothing: costAt(counted, costs, -1),
    least: thresholds[leastPlace(counted, costs)],
    breakEven: breakEven(costs),
    usable: areUsable(costs),
  };
}
"""


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with answering(PROGRAM) as node:
        yield node


amounts = st.floats(0, 5000).map(lambda usd: round(usd, 2))
customers = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


@given(customers=customers, threshold=st.floats(0.001, 0.999), costs=st.builds(Costs, amounts, amounts, amounts))
@settings(max_examples=150, deadline=None)
def test_the_page_and_training_come_to_the_same_money(
    ask: Ask, customers: list[tuple[bool, float]], threshold: float, costs: Costs
) -> None:
    labels = np.array([float(churned) for churned, _ in customers])
    probabilities = np.array([p for _, p in customers])
    outcomes = money.outcomes(labels, probabilities, threshold)
    counted = {"customers": len(labels), "churners": int(labels.sum()), "outcomes": outcomes}
    told = ask({"counted": counted, "costs": costs._asdict()})
    for t, cost in zip(outcomes["thresholds"], told["curve"], strict=True):
        assert cost == pytest.approx(money.expected_cost(labels, probabilities, t, costs), abs=1e-9, rel=1e-12)
    assert told["nothing"] == pytest.approx(money.expected_cost(labels, probabilities, np.inf, costs), abs=1e-9)
    assert told["breakEven"] == pytest.approx(costs.break_even, abs=1e-12)
    assert told["usable"] is (not money.problems(costs))


def test_the_least_cost_lies_where_training_finds_it(ask: Ask) -> None:
    rng = np.random.default_rng(7)
    for _ in range(20):
        labels = (rng.random(300) < 0.2).astype(float)
        probabilities = np.clip(labels * 0.5 + rng.random(300) * 0.6, 0, 1)
        costs = Costs(*sorted(rng.integers(0, 900, 3).tolist(), reverse=True))
        outcomes = money.outcomes(labels, probabilities, 1 / 6)
        counted = {"customers": 300, "churners": int(labels.sum()), "outcomes": outcomes}
        told = ask({"counted": counted, "costs": costs._asdict()})
        assert told["least"] == money.best_threshold(labels, probabilities, costs)


def test_counts_tell_whom_each_threshold_calls() -> None:
    labels, probabilities = np.array([1.0, 0, 1]), np.array([0.5, 0.5, 0.125])
    found = money.outcomes(labels, probabilities, 0.125)
    assert found["thresholds"] == sorted(found["thresholds"])
    assert len(found["thresholds"]) == 100
    at = dict(zip(found["thresholds"], zip(found["tp"], found["fp"], strict=True), strict=True))
    assert at[0.125] == (2, 1)
    assert at[0.13] == (1, 1)
    assert at[0.5] == (1, 1)
    assert at[0.51] == (0, 0)
