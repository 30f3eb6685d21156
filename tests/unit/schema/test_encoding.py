"""Encoding is what a naive reading of the schema says."""

import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema import load_examples, load_schema

SCHEMA = load_schema()
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


def naive(record: dict[str, Any]) -> dict[str, float]:
    """The encoding, written out by hand."""
    row: dict[str, float] = {}
    for a in SCHEMA.inputs:
        if a.type == "category":
            for category in a.categories:
                row[f"{a.name}_{category}"] = 1.0 if record[a.name] == category else 0.0
        else:
            row[a.name] = float(record[a.name])
    bill = (
        0.17 * record["day_mins"]
        + 0.085 * record["eve_mins"]
        + 0.045 * record["night_mins"]
        + 0.27 * record["intl_mins"]
    )
    row["total_charge"] = bill
    row["charge_without_vmail"] = 0.0 if record["vmail_plan"] else bill
    row["service_calls_per_usd"] = record["custserv_calls"] / (bill + 1)
    row["plan_per_intl_call"] = 1 / (record["intl_calls"] + 1) if record["intl_plan"] else 0.0
    row["intl_mins_on_plan"] = record["intl_mins"] if record["intl_plan"] else 0.0
    return row


@given(RECORDS)
@settings(deadline=None)
def test_it_is_the_naive_encoding(record: dict[str, Any]) -> None:
    expected = naive(record)
    assert SCHEMA.columns == tuple(expected)
    assert SCHEMA.encode(record) == pytest.approx(list(expected.values()), abs=1e-12)


@given(RECORDS)
@settings(deadline=None)
def test_every_column_is_a_finite_float(record: dict[str, Any]) -> None:
    assert all(type(value) is float and math.isfinite(value) for value in SCHEMA.encode(record))


@given(RECORDS)
@settings(deadline=None)
def test_exactly_one_column_of_a_category_is_set(record: dict[str, Any]) -> None:
    row = dict(zip(SCHEMA.columns, SCHEMA.encode(record), strict=True))
    for a in SCHEMA.inputs:
        if a.categories:
            assert sum(row[f"{a.name}_{category}"] for category in a.categories) == 1


def test_the_order_of_a_records_fields_does_not_matter() -> None:
    record = load_examples()["at_risk"]
    assert SCHEMA.encode(dict(reversed(record.items()))) == SCHEMA.encode(record)


def test_each_column_knows_its_attributes() -> None:
    assert tuple(SCHEMA.sources) == SCHEMA.columns
    inputs = {a.name for a in SCHEMA.inputs}
    assert all(sources and set(sources) <= inputs for sources in SCHEMA.sources.values())
    assert SCHEMA.sources["state_KS"] == ("state",)
    assert set(SCHEMA.sources["charge_without_vmail"]) == {
        "day_mins",
        "eve_mins",
        "night_mins",
        "intl_mins",
        "vmail_plan",
    }


def test_encoding_takes_microseconds() -> None:
    record = load_examples()["loyal"]
    SCHEMA.encode(record)
    started = time.perf_counter()
    for _ in range(2000):
        SCHEMA.encode(record)
    assert (time.perf_counter() - started) / 2000 < 500e-6  # about 9 µs; the slack is for a busy machine
