"""The page's rules are the schema's: web/js/customer/validate.js, run by Node, against schema/, entry by entry."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema import load_examples, load_schema
from schema.attribute import parse_attribute
from tests.unit.web.node import Ask, answering

PROGRAM = """
const { check, parse } = await import("WEB/js/customer/validate.js");
function answer([attribute, entered]) {
  const problem = check(attribute, entered);
  return { problem, value: problem ? null : parse(attribute, entered) };
}
"""


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Ask the page's code about one field: returns its problem, or the value that it would send."""
    with answering(PROGRAM) as node:
        yield lambda attribute, entered: node([attribute, entered])


INPUTS = [entry for entry in load_schema().document["attributes"] if entry["role"] == "input"]
BY_NAME = {entry["name"]: entry for entry in INPUTS}


def in_words_of_the_page(words: str) -> str:
    """Who uses the page chooses between yes and no; JSON knows true and false."""
    return words.replace("true or false", "yes or no")


def expected(entry: dict[str, Any], value: object) -> dict[str, str] | None:
    problem = parse_attribute(entry).check(value)
    return problem and {name: in_words_of_the_page(words) for name, words in problem._asdict().items()}


@pytest.mark.parametrize("entry", INPUTS, ids=lambda entry: entry["name"])
def test_missing_and_wrong_entries_get_the_schemas_words(ask: Ask, entry: dict[str, Any]) -> None:
    missing = parse_attribute(entry).missing()
    assert ask(entry, "  ")["problem"] == {k: in_words_of_the_page(v) for k, v in missing._asdict().items()}
    assert ask(entry, "nonsense")["problem"] == expected(entry, None)


@pytest.mark.parametrize("name", ["loyal", "at_risk"])
def test_golden_customer_passes_and_arrives_as_it_was(ask: Ask, name: str) -> None:
    customer = load_examples()[name]
    for entry in INPUTS:
        value = customer[entry["name"]]
        entered = json.dumps(value) if isinstance(value, bool) else str(value)
        assert ask(entry, entered) == {"problem": None, "value": value}


@given(
    entry=st.sampled_from([entry for entry in INPUTS if "minimum" in entry]),
    value=st.integers(-2000, 2000) | st.floats(-2000, 2000).map(lambda x: round(x, 3)),
)
@settings(max_examples=300, deadline=None)
def test_any_number_is_judged_as_the_schema_judges_it(ask: Ask, entry: dict[str, Any], value: float) -> None:
    entered = f"{value:.3f}" if isinstance(value, float) else str(value)
    assert ask(entry, entered)["problem"] == expected(entry, json.loads(entered))


@pytest.mark.parametrize("entered", ["1,5", "1 5", "1e3", "0x10", "Infinity", "NaN", "--1", "1.2.3", "½", ".", "12a"])
def test_what_is_no_plain_number_is_never_guessed(ask: Ask, entered: str) -> None:
    assert ask(BY_NAME["day_mins"], entered)["problem"] == expected(BY_NAME["day_mins"], None)


@pytest.mark.parametrize("bounds", [{"minimum": 2.5}, {"maximum": 7}, {}, {"minimum": 0, "maximum": 99999}])
def test_open_ranges_are_said_alike(ask: Ask, bounds: dict[str, float]) -> None:
    entry = {"name": "x", "column": "X", "label": "SMS sent", "type": "number", "role": "input", **bounds}
    assert ask(entry, "nonsense")["problem"] == expected(entry, None)


@pytest.mark.parametrize(
    ("name", "entered", "value"),
    [
        ("day_mins", "1,5", 1.5),
        ("day_mins", "1.5", 1.5),
        ("day_mins", "1.000,5", None),
        ("day_mins", "1,2,3", None),
        ("account_length", "1,000", None),
    ],
)
def test_a_decimal_comma_is_read_where_the_language_writes_it(name: str, entered: str, value: float | None) -> None:
    with answering(PROGRAM, "es") as node:
        assert node([BY_NAME[name], entered])["value"] == value
