"""A record is right or every problem of it is told, without its values."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema import Problem, Schema, load_examples, load_schema

SCHEMA = load_schema()
EXAMPLES = load_examples()
LOYAL = EXAMPLES["loyal"]
INPUTS = {a.name: a for a in SCHEMA.inputs}

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def fields(record: object) -> list[str]:
    return [problem.field for problem in SCHEMA.validate(record)]


def strategy(name: str) -> st.SearchStrategy[Any]:
    a = INPUTS[name]
    if a.is_numeric:
        low, high = a.minimum or 0, a.maximum or 0
        return st.integers(int(low), int(high)) if a.type == "integer" else st.floats(low, high)
    return st.booleans() if a.type == "boolean" else st.sampled_from(a.categories)


RECORDS = st.fixed_dictionaries({name: strategy(name) for name in INPUTS})


@given(RECORDS)
@settings(deadline=None)
def test_a_customer_within_the_rules_has_no_problem(record: dict[str, Any]) -> None:
    assert SCHEMA.validate(record) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_customers(name: str) -> None:
    assert SCHEMA.validate(EXAMPLES[name]) == []


@given(ANYTHING)
@settings(deadline=None)
def test_anything_at_all_gets_an_answer(thing: object) -> None:
    problems = SCHEMA.validate(thing)
    assert problems  # no random thing holds every field
    assert all(isinstance(p, Problem) and p.rule and p.remedy for p in problems)


@given(RECORDS, st.sampled_from(sorted(INPUTS)), ANYTHING)
@settings(deadline=None)
def test_one_odd_value_gives_at_most_one_problem_and_it_names_the_field(
    record: dict[str, Any], name: str, odd: object
) -> None:
    problems = SCHEMA.validate({**record, name: odd})
    allowed = INPUTS[name]
    if isinstance(odd, bool):
        right = allowed.type == "boolean"
    elif isinstance(odd, int | float):
        right = allowed.is_numeric and allowed.minimum <= odd <= allowed.maximum  # type: ignore[operator]
        right = right and (allowed.type == "number" or float(odd).is_integer())
    else:
        right = allowed.type == "category" and odd in allowed.categories
    assert [p.field for p in problems] == ([] if right else [name])


@pytest.mark.parametrize("name", [n for n, a in INPUTS.items() if a.is_numeric])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, 1e9, 10**400, "5", True, False, None, [1], {}])
def test_what_is_no_number_in_range_is_refused(name: str, value: object) -> None:
    assert fields({**LOYAL, name: value}) == [name]


@pytest.mark.parametrize("name", [n for n, a in INPUTS.items() if a.type == "integer"])
def test_part_of_a_whole_number_is_refused_and_a_whole_float_is_not(name: str) -> None:
    assert fields({**LOYAL, name: 1.5}) == [name]
    assert fields({**LOYAL, name: 2.0}) == []


@pytest.mark.parametrize("name", [n for n, a in INPUTS.items() if a.is_numeric])
def test_the_limits_belong_to_the_range(name: str) -> None:
    a = INPUTS[name]
    assert a.minimum is not None
    assert a.maximum is not None
    assert fields({**LOYAL, name: a.minimum}) == fields({**LOYAL, name: a.maximum}) == []
    beyond = 1 if a.type == "integer" else 0.001
    assert fields({**LOYAL, name: a.minimum - beyond}) == fields({**LOYAL, name: a.maximum + beyond}) == [name]


@pytest.mark.parametrize("value", [1, 0, "yes", "true", None, 1.0])
def test_a_boolean_is_true_or_false_and_nothing_like_it(value: object) -> None:
    assert fields({**LOYAL, "intl_plan": value}) == ["intl_plan"]


@pytest.mark.parametrize("value", ["", "kansas", "ks", "KS ", 415, None, ["KS"]])
def test_a_category_is_one_of_its_list(value: object) -> None:
    assert fields({**LOYAL, "state": value}) == ["state"]


def test_all_problems_come_at_once_in_the_order_of_the_form() -> None:
    record = {**LOYAL, "day_mins": -1, "state": "??", "phone": "382-4657", "shoe_size": 9}
    del record["custserv_calls"]
    assert fields(record) == ["state", "day_mins", "custserv_calls", "phone", "shoe_size"]


@pytest.mark.parametrize("thing", [None, [], "a", 3, [LOYAL]])
def test_what_is_no_object_is_one_problem(thing: object) -> None:
    assert len(SCHEMA.validate(thing)) == 1


def test_a_problem_holds_field_rule_and_remedy_and_never_the_value() -> None:
    secret = 987654.321
    problem = SCHEMA.validate({**LOYAL, "day_mins": secret})[0]
    assert problem == (
        "day_mins",
        "must be a number from 0 to 600 minutes",
        "Enter the day minutes as a number from 0 to 600 minutes.",
    )
    assert str(secret) not in json.dumps(problem)


def test_a_code_is_asked_for_in_words_that_fit_a_form_and_a_request() -> None:
    (problem,) = SCHEMA.validate({**LOYAL, "state": "Kansas"})
    assert problem.rule == "must be one of 51 codes, such as AK"
    assert problem.remedy == "Choose the state from the list, or send its code, such as AK."


def test_a_record_that_is_none_is_told_with_the_remedy() -> None:
    (problem,) = SCHEMA.validate([])
    assert str(problem) == "It must be an object of fields and values. Send one a customer."


def test_a_long_unknown_field_is_cut() -> None:
    assert len(SCHEMA.validate({**LOYAL, "x" * 10_000: 1})[0].field) <= 40


def test_a_record_is_not_changed_by_looking_at_it(schema: Schema) -> None:
    before = json.dumps(LOYAL)
    schema.validate(LOYAL)
    schema.encode(LOYAL)
    assert json.dumps(LOYAL) == before


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"day_mins": 1}, []),
        ({"day_mins": 1, "intl_plan": True}, []),
        ({"day_mins": -1}, [("day_mins", "must be a number from 0 to 600 minutes")]),
        ({"phone": "555"}, [("phone", "is not used")]),
        ({"shoe_size": 44}, [("shoe_size", "is not a field of a customer")]),
        ({}, [("", "must be an object of at least one field and value")]),
        (7, [("", "must be an object of at least one field and value")]),
    ],
)
def test_a_change_holds_fields_of_a_record_and_need_not_hold_all(change: object, found: list[tuple[str, str]]) -> None:
    assert [(problem.field, problem.rule) for problem in SCHEMA.validate_change(change)] == found
