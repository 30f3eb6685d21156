"""Drift: each statistic against a naive version and SciPy, and what is called drifted in worlds that are known."""

import json
import math
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from ml import drift, raw_file, tails
from schema import load_schema, parse_csv
from tools import made_up_data

SCHEMA = load_schema()
VALUES = st.lists(st.integers(0, 12), min_size=1, max_size=80)  # few values: ties are where distances go wrong


@given(st.floats(0, 800), st.integers(1, 200))
@settings(deadline=None)
def test_the_tail_of_chi_squared(statistic: float, degrees: int) -> None:
    assert tails.chi_squared(statistic, degrees) == pytest.approx(scipy.stats.chi2.sf(statistic, degrees), abs=1e-9)


@given(st.floats(0, 5))
@settings(deadline=None)
def test_the_tail_of_kolmogorov(value: float) -> None:
    assert tails.kolmogorov(value) == pytest.approx(scipy.stats.kstwobign.sf(value), abs=1e-9)
    assert tails.kolmogorov(value) == pytest.approx(scipy.special.kolmogorov(value), abs=1e-9)


def test_tails_keep_their_relative_precision_far_out() -> None:
    for statistic, degrees in ((200.0, 3), (60.0, 1), (500.0, 50)):
        expected = scipy.stats.chi2.sf(statistic, degrees)
        assert tails.chi_squared(statistic, degrees) == pytest.approx(expected, rel=1e-9)
    assert tails.kolmogorov(3.0) == pytest.approx(scipy.special.kolmogorov(3.0), rel=1e-9)


@given(VALUES, VALUES)
@settings(deadline=None)
def test_kolmogorov_smirnov(first: list[int], second: list[int]) -> None:
    kept, weights = np.unique(np.array(first, dtype=float), return_counts=True)
    distance, p_value = drift.kolmogorov_smirnov(kept, weights, np.array(second, dtype=float))
    naive = max(
        abs(sum(x <= point for x in first) / len(first) - sum(x <= point for x in second) / len(second))
        for point in {*first, *second}
    )
    assert distance == pytest.approx(naive, abs=1e-9)
    with np.errstate(divide="ignore"):  # SciPy's own probability, which is not asked for
        theirs = scipy.stats.ks_2samp(first, second, method="asymp")
    assert distance == pytest.approx(theirs.statistic, abs=1e-9)
    n, m = len(first), len(second)
    assert p_value == pytest.approx(scipy.special.kolmogorov(math.sqrt(n * m / (n + m)) * naive), abs=1e-9)


@given(st.lists(st.integers(0, 60), min_size=2, max_size=10), st.lists(st.integers(0, 60), min_size=2, max_size=10))
@settings(deadline=None)
def test_stability_index(expected: list[int], actual: list[int]) -> None:
    size = min(len(expected), len(actual))
    expected, actual = [*expected[:size], 1], [*actual[:size], 1]
    total = 0.0
    for before, after in zip(expected, actual, strict=True):
        p, q = max(before / sum(expected), 0.0001), max(after / sum(actual), 0.0001)
        total += (q - p) * math.log(q / p)
    assert drift.stability_index(expected, actual) == pytest.approx(total, abs=1e-9)


COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 80), min_size=1, max_size=8)


@given(COUNTS, COUNTS)
@settings(deadline=None)
def test_chi_squared(first: dict[str, int], second: dict[str, int]) -> None:
    statistic, degrees, p_value = drift.chi_squared(first, second)
    # Naively: categories one by one, those too rare together, and what is still too rare with the smallest other.
    n, m = sum(first.values()), sum(second.values())
    cells = {name: (first.get(name, 0), second.get(name, 0)) for name in sorted({*first, *second})}

    def enough(pair: tuple[int, int]) -> bool:
        return min(n, m) * sum(pair) / (n + m) >= 5

    kept = [pair for pair in cells.values() if enough(pair)]
    rare = [pair for pair in cells.values() if not enough(pair)]
    pool = (sum(p[0] for p in rare), sum(p[1] for p in rare))
    if rare and enough(pool):
        kept.append(pool)
    elif rare and kept:
        smallest = kept.index(min(kept, key=sum))
        kept[smallest] = (kept[smallest][0] + pool[0], kept[smallest][1] + pool[1])
    if len(kept) < 2:
        assert (statistic, degrees, p_value) == (0.0, 0, 1.0)
        return
    theirs = scipy.stats.chi2_contingency(np.array(kept).T, correction=False)
    assert degrees == theirs.dof
    assert statistic == pytest.approx(theirs.statistic, abs=1e-9)
    assert p_value == pytest.approx(theirs.pvalue, abs=1e-9)


@pytest.fixture(scope="module")
def people(made_up: str) -> list[dict[str, Any]]:
    return [row.record for row in raw_file.check(made_up, SCHEMA)]


@pytest.fixture(scope="module")
def base(people: list[dict[str, Any]]) -> dict[str, Any]:
    made = drift.baseline(SCHEMA, people) | {"predictions": drift.numbers(scores(people))}
    again: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    return again


def scores(people: list[dict[str, Any]]) -> np.ndarray:
    return np.array([min(person["day_mins"] / 600, 1) for person in people])


def test_the_baseline_is_what_the_customers_are(base: dict[str, Any], people: list[dict[str, Any]]) -> None:
    assert list(base["inputs"]) == [a.name for a in SCHEMA.inputs]
    assert base["n_customers"] == len(people) == 1500
    minutes = base["inputs"]["day_mins"]
    assert sum(minutes["counts"]) == sum(minutes["weights"]) == 1500
    assert max(minutes["counts"]) - min(minutes["counts"]) < 15  # deciles
    assert base["inputs"]["intl_plan"]["counts"].keys() == {"true", "false"}
    values = np.repeat(minutes["values"], minutes["weights"])
    assert sorted(values) == sorted(person["day_mins"] for person in people)


def test_many_values_are_thinned_to_quantiles(rng: np.random.Generator) -> None:
    drawn = rng.normal(size=30_000)
    kept = drift.numbers(drawn)
    assert len(kept["values"]) == drift.MOST_VALUES
    assert sum(kept["weights"]) == 30_000
    sample = rng.normal(0.1, 1, 500)
    thin, _ = drift.kolmogorov_smirnov(np.array(kept["values"]), np.array(kept["weights"]), sample)
    assert thin == pytest.approx(scipy.stats.ks_2samp(drawn, sample).statistic, abs=1 / drift.MOST_VALUES)


def test_customers_do_not_drift_from_themselves(base: dict[str, Any], people: list[dict[str, Any]]) -> None:
    for one in drift.compare(base, people, scores(people)):
        assert one["stability_index"] == pytest.approx(0, abs=1e-12)
        assert one["statistic"] == pytest.approx(0, abs=1e-12)
        assert one["p_value"] == pytest.approx(1)
        assert not one["drifted"]


@pytest.mark.parametrize("size", [60, 500])
def test_other_customers_of_the_same_kind_are_not_called_drifted(base: dict[str, Any], size: int) -> None:
    for seed in range(5):
        text = made_up_data.generate(size, seed=100 + seed)
        others = [row.record for row in parse_csv(SCHEMA, text, whole=True)]
        assert not [one["name"] for one in drift.compare(base, others, scores(others)) if one["drifted"]]


def test_a_drifted_week_is_told_by_what_has_moved(base: dict[str, Any], people: list[dict[str, Any]]) -> None:
    week = [
        {**person, "day_mins": min(person["day_mins"] * 1.5, 600), "intl_plan": i % 2 == 0, "state": "TX"}
        for i, person in enumerate(people[:300])
    ]
    found = drift.compare(base, week, scores(week))
    assert {one["name"] for one in found if one["drifted"]} == {"day_mins", "intl_plan", "state", drift.PREDICTIONS}
    assert [one["stability_index"] for one in found] == sorted((o["stability_index"] for o in found), reverse=True)
    assert json.dumps(found, allow_nan=False)


def test_a_category_that_was_never_seen_counts(base: dict[str, Any], people: list[dict[str, Any]]) -> None:
    moved = [{**person, "area_code": "999"} for person in people[:100]]
    by_name = {one["name"]: one for one in drift.compare(base, moved, scores(moved))}
    assert by_name["area_code"]["drifted"]
    assert by_name["state"]["drifted"] is False
