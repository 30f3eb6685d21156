"""The base of every group of settings: types are checked first, then the section's own rules."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, ClassVar, NoReturn

from config.errors import SettingsError

LOOKS_LIMIT = 1_500


def _accepts(value: object, annotation: Any) -> bool:
    """Tell whether a value is of the annotated type; a bool is not a number here, a whole number is a float."""
    origin, options = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple:
        return isinstance(value, tuple) and _accepts_items(value, options)
    if origin is typing.Literal:
        return any(type(value) is type(option) and value == option for option in options)
    if annotation in (int, float):
        return isinstance(value, int | annotation) and not isinstance(value, bool)
    return isinstance(value, annotation)


def _accepts_items(values: tuple[object, ...], options: tuple[Any, ...]) -> bool:
    if options[-1] is Ellipsis:
        return all(_accepts(value, options[0]) for value in values)
    return len(values) == len(options) and all(map(_accepts, values, options))


def _spell(annotation: Any) -> str:
    """Spell a type for a person."""
    if typing.get_origin(annotation) is typing.Literal:
        return "one of " + ", ".join(repr(option) for option in typing.get_args(annotation))
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        return f"of type {annotation.__name__}"
    return f"of type {annotation}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Section:
    """A frozen group of settings that cannot exist in a wrong state.

    A subclass names itself in `section` and puts what must hold between its fields in `check`.
    """

    section: ClassVar[str] = ""

    def __post_init__(self) -> None:
        annotations = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not _accepts(value, annotations[field.name]):
                self.refuse(
                    field.name,
                    rule=f"must be {_spell(annotations[field.name])}, not {type(value).__name__}",
                    remedy="Correct the value in config/environments.py.",
                )
        self.check()

    def check(self) -> None:
        """Check the rules of the section; raise `SettingsError` by `refuse`."""

    def refuse(self, name: str, *, rule: str, remedy: str) -> NoReturn:
        """Raise the error of one field."""
        raise SettingsError(
            field=f"{self.section}.{name}" if self.section else name,
            value=getattr(self, name),
            rule=rule,
            remedy=remedy,
        )

    def require(self, holds: bool, name: str, *, rule: str, remedy: str) -> None:
        """Refuse the field unless the rule holds."""
        if not holds:
            self.refuse(name, rule=rule, remedy=remedy)

    def require_looks(self, limit: str, poll: str) -> None:
        """Refuse a state machine that looks so often in all its time that Step Functions would end it.

        That is at 25,000 entries of an execution's history, and nothing of the execution can tell of it. A look takes
        up to 14 of them. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
        """
        self.require(
            getattr(self, limit) <= LOOKS_LIMIT * getattr(self, poll),
            poll,
            rule=f"must be at least a {LOOKS_LIMIT:,}th of {self.section}.{limit} ({getattr(self, limit)})",
            remedy="Look less often, or give up earlier: Step Functions ends an execution with too long a history.",
        )

    def require_range(self, name: str, *, low: float, high: float, remedy: str) -> None:
        """Refuse a number outside ``[low, high]``."""
        self.require(
            low <= getattr(self, name) <= high,
            name,
            rule=f"must be from {low:g} to {high:g}",
            remedy=remedy,
        )
