"""Contributions are exact, brought back to attributes without losing anything, and told in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.predictor import Predictor
from ml.reasons import Explainer
from schema import load_examples, load_schema

SCHEMA = load_schema()
TYPICAL = {
    a.name: {"mean": 0.2 if a.type == "boolean" else 0.3 * (a.maximum or 0), "std": 0.1 * (a.maximum or 1)}
    for a in SCHEMA.inputs
    if a.type != "category"
}
EXPLAINER = Explainer(SCHEMA, TYPICAL)
LOYAL = load_examples()["loyal"]
PLACE = {name: i for i, name in enumerate(SCHEMA.columns)}
INPUTS = [a.name for a in SCHEMA.inputs]
RECORDS = st.fixed_dictionaries(
    {
        a.name: st.sampled_from(a.categories)
        if a.categories
        else st.booleans()
        if a.type == "boolean"
        else st.integers(int(a.minimum or 0), int(a.maximum or 0))
        if a.type == "integer"
        else st.floats(a.minimum, a.maximum)
        for a in SCHEMA.inputs
    }
)


def back(record: dict[str, Any], **columns: float) -> dict[str, float]:
    """Contributions by attribute, those that are not 0."""
    row = np.zeros(len(SCHEMA.columns))
    for name, value in columns.items():
        row[PLACE[name]] = value
    totals = EXPLAINER.by_attribute(record, SCHEMA.encode(record), row)
    return {name: pytest.approx(float(v)) for name, v in zip(INPUTS, totals, strict=True) if v}


@given(RECORDS, st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_nothing_is_lost_or_made_up(record: dict[str, Any], seed: int) -> None:
    columns = np.random.default_rng(seed).normal(size=len(SCHEMA.columns))
    totals = EXPLAINER.by_attribute(record, SCHEMA.encode(record), columns)
    assert totals.shape == (len(SCHEMA.inputs),)
    assert totals.sum() == pytest.approx(columns.sum(), abs=1e-9)


def test_one_hot_columns_belong_to_their_attribute() -> None:
    assert back(LOYAL, state_KS=1.0, state_OH=-0.25, area_code_415=2.0) == {"state": 0.75, "area_code": 2.0}


def test_the_bill_is_blamed_on_the_minutes_that_made_it_high() -> None:
    typical = {a: TYPICAL[a]["mean"] for a in ("day_mins", "eve_mins", "night_mins", "intl_mins")}
    high = {**LOYAL, **typical, "day_mins": typical["day_mins"] + 100, "night_mins": typical["night_mins"] - 50}
    assert back(high, total_charge=2.0) == {"day_mins": 2.0}
    both = {**high, "eve_mins": typical["eve_mins"] + 100}  # by day a minute costs twice the evening's
    assert back(both, total_charge=3.0) == {"day_mins": 2.0, "eve_mins": 1.0}


def test_not_having_the_plan_is_what_the_plans_columns_say() -> None:
    assert back({**LOYAL, "intl_plan": False}, intl_mins_on_plan=-0.5) == {"intl_plan": -0.5}


def test_a_column_that_no_source_moves_is_shared_alike() -> None:
    record = {**LOYAL, **{name: values["mean"] for name, values in TYPICAL.items()}}
    assert back(record, intl_mins_on_plan=1.0) == {"intl_plan": 0.5, "intl_mins": 0.5}


@pytest.fixture(scope="module")
def predictor(trained: tuple[Path, str]) -> Predictor:
    return Predictor(trained[0])


@given(RECORDS)
@settings(deadline=None, max_examples=50)
def test_contributions_and_bias_add_up_to_the_margin(predictor: Predictor, record: dict[str, Any]) -> None:
    prediction = predictor.predict([record])["predictions"][0]
    data = xgboost.DMatrix(np.array([SCHEMA.encode(record)]), feature_names=list(SCHEMA.columns))
    margin = float(predictor.booster.predict(data, output_margin=True)[0])
    exact = predictor.booster.predict(data, pred_contribs=True)[0].astype(float)
    total = sum(reason["contribution"] for reason in prediction["reasons"]) + prediction["bias"]
    assert total == pytest.approx(margin, abs=1e-6)
    assert prediction["bias"] == pytest.approx(exact[-1], abs=1e-4)  # it takes up rounding, nothing more
    assert sum(r["contribution"] for r in prediction["reasons"]) == pytest.approx(exact[:-1].sum(), abs=1e-6)
    strengths = [abs(reason["contribution"]) for reason in prediction["reasons"]]
    assert strengths == sorted(strengths, reverse=True)
    assert {reason["attribute"] for reason in prediction["reasons"]} == set(INPUTS)


@pytest.mark.parametrize(
    ("changes", "column", "contribution", "text"),
    [
        ({"day_mins": 215.1}, "day_mins", 0.9, "215.1 day minutes, above the typical 180.0, raise the risk."),
        ({"day_mins": 20.0}, "day_mins", -0.9, "20 day minutes, well below the typical 180.0, lower the risk."),
        ({"custserv_calls": 1}, "custserv_calls", -0.2, "1 call to customer service, "),
        (
            {"custserv_calls": 9},
            "custserv_calls",
            0.01,
            "9 calls to customer service, near the typical 9.0, hardly matter.",
        ),
        ({"intl_plan": True}, "intl_plan", 1.0, "The international plan, like 20% of customers, raises the risk."),
        (
            {"vmail_plan": False},
            "vmail_plan",
            1.0,
            "Having no voice mail plan, like 80% of customers, raises the risk.",
        ),
        ({"state": "KS"}, "state_KS", -1.0, "The state Kansas lowers the risk."),
        ({"area_code": "415"}, "area_code_415", 0.0, "The area code 415 hardly matters."),
    ],
)
def test_the_words(changes: dict[str, Any], column: str, contribution: float, text: str) -> None:
    record = {**LOYAL, **changes}
    columns = np.zeros(len(SCHEMA.columns))
    columns[PLACE[column]] = contribution
    reasons = EXPLAINER.reasons(record, SCHEMA.encode(record), columns)
    found = next(reason for reason in reasons if reason.attribute == next(iter(changes)))
    assert found.text.startswith(text)
    assert found.label == SCHEMA.by_name[found.attribute].label
