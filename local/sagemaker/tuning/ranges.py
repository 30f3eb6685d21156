"""The ranges of a tuning job, as a cube that the search looks in: a hyperparameter has a side of it, from 0 to 1.

How values are spread along a side is the range's scaling type
(https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html). ``Auto`` leaves the choice
to the service: here it is ``Linear``.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from local.sagemaker.errors import invalid

_Spread = tuple[Callable[[float], float], Callable[[float], float]]
_SPREADS: dict[str, _Spread] = {
    "Linear": (lambda value: value, lambda place: place),
    "Logarithmic": (math.log, math.exp),
    "ReverseLogarithmic": (lambda value: -math.log(1 - value), lambda place: 1 - math.exp(-place)),
}
_SPREADS["Auto"] = _SPREADS["Linear"]


class _Numbers(NamedTuple):
    """A range of numbers, on one side of the cube."""

    name: str
    low: float
    high: float
    whole: bool
    scale: str
    sides: int = 1

    def value(self, place: Sequence[float]) -> str:
        """The value at a place, as training jobs get it; whole numbers take equal parts of the side."""
        to, back = _SPREADS[self.scale]
        margin = 0.5 if self.whole and self.scale in ("Linear", "Auto") else 0
        start, end = to(self.low - margin), to(self.high + margin)
        found = min(max(back(start + place[0] * (end - start)), self.low), self.high)
        return str(round(found)) if self.whole else repr(found)

    def place(self, value: str) -> list[float]:
        """Where a value lies."""
        to, _ = _SPREADS[self.scale]
        start, end = to(self.low), to(self.high)
        return [(to(float(value)) - start) / (end - start) if end > start else 0.5]


class _Choice(NamedTuple):
    """A range of texts, each a side of its own: there is no nearer and farther among them."""

    name: str
    values: Sequence[str]

    @property
    def sides(self) -> int:
        """How many sides of the cube it takes."""
        return len(self.values)

    def value(self, place: Sequence[float]) -> str:
        """The text with the highest place."""
        return self.values[max(range(self.sides), key=lambda side: place[side])]

    def place(self, value: str) -> list[float]:
        """Where a text lies: at the far end of its own side."""
        return [1.0 if value == other else 0.0 for other in self.values]


class Ranges:
    """The ranges of a tuning job.

    Parameters
    ----------
    given
        ``ParameterRanges`` of the request.

    Raises
    ------
    ServiceError
        For a range that holds nothing, or that its scaling type cannot take.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        numbers = [
            _read(one, whole=kind == "Integer")
            for kind in ("Integer", "Continuous")
            for one in given.get(f"{kind}ParameterRanges", [])
        ]
        choices = [_Choice(one["Name"], one["Values"]) for one in given.get("CategoricalParameterRanges", [])]
        self._axes: list[_Numbers | _Choice] = [*numbers, *choices]
        if not self._axes:
            raise invalid("The hyperparameter tuning job must have at least one hyperparameter range.")
        self.dimensions = sum(axis.sides for axis in self._axes)

    @property
    def names(self) -> list[str]:
        """The hyperparameters that are tuned."""
        return [axis.name for axis in self._axes]

    def values(self, point: Sequence[float]) -> dict[str, str]:
        """The hyperparameters at a point of the cube."""
        found, start = {}, 0
        for axis in self._axes:
            found[axis.name] = axis.value(point[start : start + axis.sides])
            start += axis.sides
        return found

    def point(self, values: Mapping[str, str]) -> list[float]:
        """The point of the cube that these hyperparameters are at."""
        return [place for axis in self._axes for place in axis.place(values[axis.name])]


def _read(given: Mapping[str, str], *, whole: bool) -> _Numbers:
    name, scale = given["Name"], given.get("ScalingType", "Auto")
    try:
        low, high = (float(given[bound]) for bound in ("MinValue", "MaxValue"))
    except ValueError as exc:
        raise invalid(f"The range of hyperparameter {name} must be of numbers.") from exc
    if low > high:
        raise invalid(f"The minimum value of hyperparameter {name} must not exceed its maximum value.")
    if scale == "Logarithmic" and low <= 0:
        raise invalid(f"Logarithmic scaling works only for ranges that have only values greater than 0: {name}.")
    if scale == "ReverseLogarithmic" and not 0 <= low <= high < 1:
        raise invalid(f"Reverse logarithmic scaling works only for ranges within 0 <= x < 1.0: {name}.")
    return _Numbers(name, low, high, whole, scale)
