"""Conditions of pipeline definitions."""

from typing import Any

import pytest

from local.sagemaker.executor.conditions import holds
from local.sagemaker.executor.values import ValueFailure


def _compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (_compare("Equals", "a", "a"), True),
        (_compare("Equals", 1, "1"), False),
        (_compare("GreaterThan", 2, 2), False),
        (_compare("GreaterThanOrEqualTo", 2, 2), True),
        (_compare("LessThan", "9", 10), True),
        (_compare("LessThanOrEqualTo", 0.31, 0.3), False),
        ({"Type": "Not", "Expression": _compare("Equals", 1, 1)}, False),
        ({"Type": "Or", "Conditions": [_compare("Equals", 1, 2), _compare("Equals", 1, 1)]}, True),
        ({"Type": "In", "QueryValue": "b", "Values": ["a", "b"]}, True),
    ],
)
def test_conditions(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition, lambda value: value) is expected


@pytest.mark.parametrize("condition", [_compare("LessThan", "low", 1), {"Type": "Perhaps"}])
def test_what_cannot_be_decided_fails_the_step(condition: dict[str, Any]) -> None:
    with pytest.raises(ValueFailure):
        holds(condition, lambda value: value)
