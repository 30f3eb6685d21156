"""The conditions of a Condition step."""

from collections.abc import Callable
from typing import Any

from local.sagemaker.executor.values import ValueFailure

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left, right: left == right,
    "GreaterThan": lambda left, right: left > right,
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "LessThan": lambda left, right: left < right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
}


def holds(condition: dict[str, Any], resolve: Callable[[Any], Any]) -> bool:
    """Whether a condition of the definition holds.

    Parameters
    ----------
    condition
        With ``Type`` and that type's members.
    resolve
        Replaces references in a value.

    Raises
    ------
    ValueFailure
        When a type is unknown or two values cannot be compared.
    """
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Expression"], resolve)
    if kind == "Or":
        return any(holds(inner, resolve) for inner in condition["Conditions"])
    if kind == "In":
        return resolve(condition["QueryValue"]) in resolve(condition["Values"])
    if kind not in _COMPARE:
        raise ValueFailure(f"Unknown condition type {kind}")
    left, right = resolve(condition["LeftValue"]), resolve(condition["RightValue"])
    if kind != "Equals":
        left, right = _number(left), _number(right)
    return _COMPARE[kind](left, right)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as exc:
        raise ValueFailure(f"{value!r} is not a number and cannot be compared") from exc
