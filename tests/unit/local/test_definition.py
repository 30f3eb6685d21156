"""Reading and refusing pipeline definitions."""

import json
from typing import Any

import pytest

from local.sagemaker.errors import ServiceError
from local.sagemaker.executor.definition import parse
from local.sagemaker.executor.steps import KINDS

KNOWN = frozenset(KINDS)


def _text(*steps: dict[str, Any], parameters: list[dict[str, Any]] | None = None) -> str:
    return json.dumps({"Version": "2020-12-01", "Parameters": parameters or [], "Steps": list(steps)})


def _fail(name: str, message: Any = "no", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}, **more}


def test_needs_come_from_depends_on_and_from_references() -> None:
    parsed = parse(_text(_fail("A"), _fail("B"), _fail("C", {"Get": "Steps.A.x"}, DependsOn=["B"])), KNOWN)
    assert parsed.steps[2].needs == {"A", "B"}


def test_steps_of_a_branch_wait_for_their_condition() -> None:
    gate = {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {"Conditions": [], "IfSteps": [_fail("Yes")], "ElseSteps": [_fail("No")]},
    }
    steps = {s.name: s for s in parse(_text(gate), KNOWN).steps}
    assert steps["Gate"].needs == frozenset()
    assert (steps["Yes"].branch, steps["No"].branch) == (("Gate", True), ("Gate", False))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ('{"Version": "2019-01-01"}', "Version must be"),
        (_text(), "at least one step"),
        (_text({"Name": "A b", "Type": "Fail"}), "A b"),
        (_text({"Name": "A", "Type": "Callback"}), "which the laptop run does not know"),
        (_text({"Name": "A", "Type": "Lambda"}), "needs a FunctionArn"),
        (_text(_fail("A"), _fail("A")), "unique: A"),
        (_text(_fail("A", DependsOn=["Z"])), "unknown steps: Z"),
        (_text(_fail("A", {"Get": "Parameters.P"})), "unknown parameter P"),
        (_text(_fail("A", DependsOn=["B"]), _fail("B", DependsOn=["A"])), "wait for each other"),
        (_text(_fail("A"), parameters=[{"Name": "P", "Type": "Number"}]), "needs a Name and a Type"),
        (_text(_fail("A"), parameters=[{"Name": "P", "Type": "Integer", "DefaultValue": "1"}]), "not of type"),
        (_text(_fail("A"), parameters=[{"Name": "P", "Type": "Float", "DefaultValue": True}]), "not of type"),
    ],
)
def test_a_bad_definition_is_refused_with_its_reason(text: str, words: str) -> None:
    with pytest.raises(ServiceError, match=words) as caught:
        parse(text, KNOWN)
    assert caught.value.code == "ValidationException"


PARAMETERS: list[dict[str, Any]] = [
    {"Name": "Name", "Type": "String", "EnumValues": ["a", "b"], "DefaultValue": "a"},
    {"Name": "Count", "Type": "Integer", "DefaultValue": 3},
    {"Name": "Cost", "Type": "Float"},
]


def _values(**overrides: str) -> dict[str, Any]:
    return parse(_text(_fail("A"), parameters=PARAMETERS), KNOWN).values(overrides)


def test_parameters_have_defaults_and_take_texts() -> None:
    assert _values(Cost="1.5", Count="4") == {"Name": "a", "Count": 4, "Cost": 1.5}


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({}, "Cost has no default"),
        ({"Cost": "much"}, "Cost must be of type Float"),
        ({"Cost": "1", "Name": "c"}, "one of"),
        ({"Cost": "1", "Price": "2"}, "Unknown parameters: Price"),
    ],
)
def test_a_bad_parameter_is_refused(overrides: dict[str, str], words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        _values(**overrides)
