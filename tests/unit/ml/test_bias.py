"""Each bias metric against a naive count customer by customer, and against the numbers of Clarify's own guide."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml import bias, bias_report, facets
from schema import Schema, load_schema

# A customer: in the group, churned, called a churner.
CUSTOMERS = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: len({row[0] for row in rows}) == 2
)
Rows = list[tuple[bool, bool, bool]]
LIMITS = {"AD": 0.05, "RD": 0.2}


def counted(rows: Rows) -> tuple[bias.Counts, bias.Counts]:
    members, churned, called = (np.array(column) for column in zip(*rows, strict=True))
    return bias.count(churned, called, members)


def share(rows: Rows, what: Any, among: Any = lambda _: True) -> float | None:
    """The share of customers that are `what` among some of them; None when there are none."""
    chosen = [row for row in rows if among(row)]
    return sum(1 for row in chosen if what(row)) / len(chosen) if chosen else None


def churned(row: tuple[bool, bool, bool]) -> bool:
    return row[1]


def called(row: tuple[bool, bool, bool]) -> bool:
    return row[2]


def stayed(row: tuple[bool, bool, bool]) -> bool:
    return not row[1]


def left_alone(row: tuple[bool, bool, bool]) -> bool:
    return not row[2]


def right(row: tuple[bool, bool, bool]) -> bool:
    return row[1] == row[2]


def per(rows: Rows, what: Any, whole: Any) -> float | None:
    """How many are `what` for each that is `whole`."""
    number = sum(1 for row in rows if whole(row))
    return sum(1 for row in rows if what(row)) / number if number else None


def minus(left: float | None, other: float | None) -> float | None:
    return None if left is None or other is None else left - other


def naive_after(rows: Rows) -> dict[str, float | None]:
    a, d = ([row for row in rows if row[0] is of] for of in (False, True))
    offered = share(a, called), share(d, called)
    return {
        "DPPL": minus(*offered),
        "DI": offered[1] / offered[0] if offered[0] else None,  # type: ignore[operator]
        "DCA": minus(per(a, churned, called), per(d, churned, called)),
        "DCR": minus(per(d, stayed, left_alone), per(a, stayed, left_alone)),
        "AD": minus(share(a, right), share(d, right)),
        "RD": minus(share(a, called, churned), share(d, called, churned)),
        "SD": minus(share(d, left_alone, stayed), share(a, left_alone, stayed)),
        "DAR": minus(share(a, churned, called), share(d, churned, called)),
        "DRR": minus(share(d, stayed, left_alone), share(a, stayed, left_alone)),
        "TE": minus(
            per(d, lambda r: r[1] and not r[2], lambda r: r[2] and not r[1]),
            per(a, lambda r: r[1] and not r[2], lambda r: r[2] and not r[1]),
        ),
    }


def naive_before(rows: Rows) -> dict[str, float | None]:
    a, d = ([row for row in rows if row[0] is of] for of in (False, True))
    pa, pd = ([sum(1 for row in side if row[1] is outcome) / len(side) for outcome in (True, False)] for side in (a, d))
    middle = [(x + y) / 2 for x, y in zip(pa, pd, strict=True)]

    def divergence(p: list[float], q: list[float]) -> float | None:
        total = 0.0
        for x, y in zip(p, q, strict=True):
            if x == 0:
                continue
            if y == 0:
                return None
            total += x * math.log(x / y)
        return total

    return {
        "CI": (len(a) - len(d)) / len(rows),
        "DPL": pa[0] - pd[0],
        "KL": divergence(pa, pd),
        "JS": 0.5 * (divergence(pa, middle) + divergence(pd, middle)),  # type: ignore[operator]
        "LP": math.sqrt(sum((x - y) ** 2 for x, y in zip(pa, pd, strict=True))),
        "TVD": 0.5 * sum(abs(x - y) for x, y in zip(pa, pd, strict=True)),
        "KS": max(abs(x - y) for x, y in zip(pa, pd, strict=True)),
    }


def same(found: dict[str, float | None], expected: dict[str, float | None]) -> None:
    assert set(found) == set(expected)
    for name, value in expected.items():
        if value is None:
            assert found[name] is None, name
        else:
            assert found[name] == pytest.approx(value, abs=1e-9), name


@given(CUSTOMERS)
@settings(deadline=None)
def test_after_training(rows: Rows) -> None:
    same(bias.post_training(*counted(rows)), naive_after(rows))


@given(CUSTOMERS)
@settings(deadline=None)
def test_before_training(rows: Rows) -> None:
    same(bias.pre_training(*counted(rows)), naive_before(rows))


def test_the_guides_own_example() -> None:
    """Confusion matrices of facets a and d from the developer guide's pages on SD, and what it computes of them."""
    a = bias.Counts(n=100, churned=70, called=75, both=65)
    d = bias.Counts(n=50, churned=27, called=25, both=20)
    found = bias.post_training(a, d)
    assert found["SD"] == pytest.approx(0.1159, abs=5e-5)
    assert found["RD"] == pytest.approx(65 / 70 - 20 / 27)
    assert found["AD"] == pytest.approx(85 / 100 - 38 / 50)
    assert found["DPPL"] == pytest.approx(75 / 100 - 25 / 50)
    assert found["DI"] == pytest.approx((25 / 50) / (75 / 100))


def test_every_metric_has_its_name(rng: np.random.Generator) -> None:
    rows = [tuple(bool(x) for x in row) for row in rng.random((50, 3)) < 0.5]
    counts = counted(rows)  # type: ignore[arg-type]
    assert set(bias.NAMES) == set(bias.pre_training(*counts)) | set(bias.post_training(*counts))


def test_the_interval_holds_the_difference_as_often_as_it_says(rng: np.random.Generator) -> None:
    """Of worlds whose difference is known, about one in twenty is outside; small groups are where others fail."""
    for n_a, n_d, p_a, p_d in ((100, 20, 0.8, 0.9), (400, 24, 0.95, 0.85), (60, 15, 0.5, 0.5)):
        drawn = zip(rng.binomial(n_a, p_a, 4000), rng.binomial(n_d, p_d, 4000), strict=True)
        inside = 0
        for x, y in drawn:
            low, high = bias.difference_interval(x, n_a, y, n_d, 0.95)
            inside += low <= p_a - p_d <= high
        assert inside / 4000 == pytest.approx(0.95, abs=0.03)


def test_a_wider_confidence_is_a_wider_interval_and_none_leaves_what_is_possible() -> None:
    narrow, wide = (bias.difference_interval(9, 10, 3, 10, c) for c in (0.8, 0.99))
    assert wide[0] < narrow[0] < 0.6 < narrow[1] < wide[1]
    assert bias.difference_interval(1, 1, 0, 1, 0.999999) == (-1.0, 1.0)


@pytest.fixture
def schema() -> Schema:
    return load_schema()


def records(n: int) -> list[dict[str, Any]]:
    """Customers of all facets' groups, each as often as its place in the list says."""
    states = ("NY", "OH", "TX", "CA", "FL")
    return [
        {"state": states[i % 5], "area_code": ("408", "415", "510")[i % 3], "intl_plan": i % 7 == 0} for i in range(n)
    ]


def test_the_groups_are_those_of_the_schema(schema: Schema) -> None:
    found = facets.groups(schema, records(210))
    named = [(group.facet, group.name, int(group.members.sum())) for group in found]
    assert named == [
        ("state", "Northeast", 42),
        ("state", "Midwest", 42),
        ("state", "South", 84),
        ("state", "West", 42),
        ("area_code", "408", 70),
        ("area_code", "415", 70),
        ("area_code", "510", 70),
        ("intl_plan", "yes", 30),
    ]


def test_every_state_is_in_one_region(schema: Schema) -> None:
    regions = (schema.by_name["state"].facet or {})["groups"]
    assert sorted(state for region in regions.values() for state in region) == sorted(
        schema.by_name["state"].categories
    )
    assert {name: len(states) for name, states in regions.items()} == {
        "Northeast": 9,
        "Midwest": 12,
        "South": 17,
        "West": 13,
    }


def test_a_group_of_nobody_or_of_everybody_is_left_out(schema: Schema) -> None:
    same_place = [{"state": "NY", "area_code": "408", "intl_plan": i == 0} for i in range(4)]
    assert [(group.facet, group.name) for group in facets.groups(schema, same_place)] == [("intl_plan", "yes")]


def fair(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Churn and decisions that have nothing to do with any group."""
    churned_ = rng.random(n) < 0.15
    return churned_, np.where(churned_, rng.random(n) < 0.85, rng.random(n) < 0.03)


def test_a_fair_model_is_within_its_limits(schema: Schema) -> None:
    """In forty worlds without bias, no more than a few have a difference that is surely beyond its limit."""
    refused = 0
    for seed in range(40):
        groups = facets.groups(schema, records(660))
        worlds = fair(660, np.random.default_rng(seed))
        refused += bool(bias_report.beyond(bias_report.post_training(schema, groups, *worlds, LIMITS), schema))
    assert refused <= 1


def test_a_model_that_leaves_a_region_out_is_beyond_them(schema: Schema, rng: np.random.Generator) -> None:
    people = records(660)
    churned_, called_ = fair(660, rng)
    south = np.array([person["state"] in ("TX", "FL") for person in people])
    report = bias_report.post_training(schema, facets.groups(schema, people), churned_, called_ & ~south, LIMITS)
    told = bias_report.beyond(report, schema)
    assert any(reason.startswith("State South: Recall Difference (RD) +0.") for reason in told)
    assert all("surely beyond" in reason for reason in told)


def test_the_report_is_in_clarifys_shape(schema: Schema, rng: np.random.Generator) -> None:
    groups = facets.groups(schema, records(100))
    churned_, called_ = fair(100, rng)
    before = bias_report.pre_training(schema, groups, churned_)
    after = bias_report.post_training(schema, groups, churned_, called_, LIMITS)
    for report, section, names in (
        (before, "pre_training_bias_metrics", {"CI", "DPL", "KL", "JS", "LP", "TVD", "KS"}),
        (after, "post_training_bias_metrics", {"DPPL", "DI", "DCA", "DCR", "AD", "RD", "SD", "DAR", "DRR", "TE"}),
    ):
        assert report["version"] == "1.0"
        assert report[section]["label"] == "churn"
        assert report[section]["label_value_or_threshold"] == "1"
        assert set(report[section]["facets"]) == {"state", "area_code", "intl_plan"}
        entry = report[section]["facets"]["area_code"][0]
        assert entry["value_or_threshold"] == "408"
        assert {metric["name"] for metric in entry["metrics"]} == names
        assert {"name", "description", "value"} <= set(entry["metrics"][0])
    by_name = {m["name"]: m for m in after[bias_report.POST]["facets"]["area_code"][0]["metrics"]}
    a, d = bias.count(churned_, called_, groups[4].members)
    assert by_name["AD"]["value"] == pytest.approx(bias.post_training(a, d)["AD"], abs=1e-12)
    assert by_name["AD"]["low"] < by_name["AD"]["value"] < by_name["AD"]["high"]
    assert "limit" not in by_name["DPPL"]
