"""The cost of decisions against a naive count, and the rule that places the threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml import money
from ml.money import Costs

CUSTOMERS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=50)
COSTS = st.builds(Costs, *[st.floats(0, 1000)] * 3)


def naive(rows: list[tuple[bool, float]], threshold: float, costs: Costs) -> float:
    total = 0.0
    for churned, probability in rows:
        if probability >= threshold:
            total += costs.saved_customer if churned else costs.wasted_incentive
        elif churned:
            total += costs.missed_churner
    return total / len(rows)


def arrays(rows: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([float(c) for c, _ in rows]), np.array([p for _, p in rows])


@given(CUSTOMERS, st.floats(0, 1), COSTS)
@settings(deadline=None)
def test_expected_cost(rows: list[tuple[bool, float]], threshold: float, costs: Costs) -> None:
    assert money.expected_cost(*arrays(rows), threshold, costs) == pytest.approx(naive(rows, threshold, costs))


@given(CUSTOMERS, COSTS)
@settings(deadline=None)
def test_the_curve_and_its_least_point(rows: list[tuple[bool, float]], costs: Costs) -> None:
    labels, probabilities = arrays(rows)
    curve = money.cost_curve(labels, probabilities, costs)
    assert [t for t, _ in curve] == [round(i / 100, 2) for i in range(1, 100)]
    best = money.best_threshold(labels, probabilities, costs)
    assert dict(curve)[best] == pytest.approx(min(cost for _, cost in curve))


@given(st.floats(0, 1), COSTS)
def test_break_even_is_where_acting_begins_to_pay(probability: float, costs: Costs) -> None:
    act = probability * costs.saved_customer + (1 - probability) * costs.wasted_incentive
    leave = probability * costs.missed_churner
    gap = abs(act - leave)
    if gap > 1e-6 and costs.missed_churner > costs.saved_customer:
        assert (act < leave) == (probability > costs.break_even)


@pytest.mark.parametrize("name", Costs._fields)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), -0.01])
def test_a_cost_that_is_no_amount_is_named(name: str, value: float) -> None:
    (told,) = money.problems(Costs()._replace(**{name: value}))
    assert told.startswith(f"cost_{name} must be a finite number of at least 0 USD, not ")


def test_saving_must_not_cost_more_than_losing() -> None:
    assert money.problems(Costs()) == money.problems(Costs(100, 100, 100)) == money.problems(Costs(0, 0, 0)) == []
    (told,) = money.problems(Costs(missed_churner=50))
    assert "cost_saved_customer (100 USD) must not exceed cost_missed_churner (50 USD)" in told
    assert "lower the first or raise the second" in told


def test_break_even_of_the_stated_costs() -> None:
    assert Costs().break_even == pytest.approx(0.2)
    assert Costs(missed_churner=100, saved_customer=100).break_even == 1.0


def test_the_threshold_stays_at_break_even_when_another_is_cheaper_by_luck_alone() -> None:
    labels = np.array([1.0, *[0.0] * 99])
    probabilities = np.array([0.18, *[0.05] * 99])  # one churner just below break-even
    assert money.best_threshold(labels, probabilities, Costs()) < 0.19
    assert money.choose_threshold(labels, probabilities, Costs()) == pytest.approx(0.2)


def test_the_threshold_leaves_break_even_when_the_probabilities_are_clearly_wrong() -> None:
    labels = np.array([1.0] * 100 + [0.0] * 500)
    probabilities = np.array([0.12] * 100 + [0.02] * 500)  # never above 0.2, though they tell all
    chosen = money.choose_threshold(labels, probabilities, Costs())
    assert 0.02 < chosen <= 0.12
    assert money.expected_cost(labels, probabilities, chosen, Costs()) == pytest.approx(100 / 6)
