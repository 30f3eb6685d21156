"""One attribute of a customer: what it is, and the rule that its values obey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

TYPES = ("integer", "number", "category", "boolean", "text")
ROLES = ("input", "label", "dropped")
LONGEST_TEXT = 100
MOST_CATEGORIES_TOLD = 12
LARGEST = 1e300  # any finite bound that sums and products of values survive


class SchemaError(ValueError):
    """The schema itself, or a file as a whole, cannot be used."""


class Problem(NamedTuple):
    """One broken rule. It never holds the customer's value: problems reach logs and answers."""

    field: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field or 'It'} {self.rule}. {self.remedy}"


class Attribute(NamedTuple):
    """One entry of ``attributes`` in ``features.json``; see docs/decisions/schema.md."""

    name: str
    column: str
    label: str
    type: str
    role: str
    help: str = ""
    group: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    categories: tuple[str, ...] = ()
    category_labels: Mapping[str, str] | None = None
    csv_values: Mapping[str, bool] | None = None
    phrase: Any = None
    dropped_reason: str = ""
    facet: Mapping[str, Any] | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether the attribute is a quantity."""
        return self.type in ("integer", "number")

    def check(self, value: object) -> Problem | None:
        """Return the rule that `value`, as JSON would hold it, breaks; None when it is fine."""
        if self.is_numeric:
            # The range also refuses NaN and the infinities; a bool is an int to Python only.
            low = -LARGEST if self.minimum is None else self.minimum
            high = LARGEST if self.maximum is None else self.maximum
            fine = (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and low <= value <= high
                and (self.type == "number" or value == int(value))
            )
        elif self.type == "boolean":
            fine = isinstance(value, bool)
        elif self.type == "category":
            fine = isinstance(value, str) and value in self.categories
        else:
            fine = isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT
        return None if fine else self.problem()

    def problem(self, *, in_csv: bool = False) -> Problem:
        """Return the rule of this attribute and how to keep it, in a record or in a CSV file."""
        rule = self.csv_rule if in_csv else self.rule
        return Problem(self.name, f"must be {rule}", self._remedy(in_csv))

    def missing(self, *, in_csv: bool = False) -> Problem:
        """Return the problem of a record, or of a CSV file's row, without this attribute."""
        return Problem(self.name, "is missing", self._remedy(in_csv))

    def _remedy(self, in_csv: bool) -> str:
        if in_csv:
            return f"Write {self.subject} as {self.csv_rule}."
        if self._has_many_categories and self.category_labels:  # a form lists names, a request sends codes
            return f"Choose {self.subject} from the list, or send its code, such as {self.categories[0]}."
        return f"Enter {self.subject} as {self.rule}."

    @property
    def subject(self) -> str:
        """The label inside a sentence; an acronym keeps its capitals."""
        first, _, rest = self.label.partition(" ")
        return f"the {first if first.isupper() else first.lower()}{' ' if rest else ''}{rest}"

    @property
    def rule(self) -> str:
        """What values are allowed, in words that follow "must be"."""
        if self.is_numeric:
            kind = "a whole number" if self.type == "integer" else "a number"
            low, high = self.minimum, self.maximum
            if low is not None and high is not None:
                kind += f" from {low:g} to {high:g}"
            elif low is not None:
                kind += f" of at least {low:g}"
            elif high is not None:
                kind += f" of at most {high:g}"
            return f"{kind} {self.unit}".rstrip()
        if self.type == "boolean":
            return "true or false"
        if self.type == "category":
            if self._has_many_categories:
                return f"one of {len(self.categories)} codes, such as {self.categories[0]}"
            return f"one of {', '.join(self.categories)}"
        return f"a text of 1 to {LONGEST_TEXT} characters"

    @property
    def csv_rule(self) -> str:
        """What a CSV cell may hold, in words that follow "must be"."""
        return " or ".join(self.csv_values) if self.csv_values else self.rule

    @property
    def _has_many_categories(self) -> bool:
        return len(self.categories) > MOST_CATEGORIES_TOLD

    def parse(self, cell: str) -> object:
        """Return the value that a CSV cell stands for; a cell that stands for none comes back
        as None, which `check` refuses."""
        cell = cell.strip()
        if self.is_numeric:
            if "_" in cell:  # Python's own notation, not a spreadsheet's
                return None
            try:
                return int(cell)
            except ValueError:
                pass
            try:
                return float(cell)
            except ValueError:
                return None
        if self.type == "boolean":
            return _booleans(self).get(cell.lower())
        return cell


def _booleans(attribute: Attribute) -> dict[str, bool]:
    own = {text.lower(): value for text, value in (attribute.csv_values or {}).items()}
    return {"true": True, "false": False, **own}


def parse_attribute(entry: Mapping[str, Any]) -> Attribute:
    """Build an attribute from its entry in ``features.json``.

    Raises
    ------
    SchemaError
        When the entry is not usable; the message names attribute, rule and remedy.
    """
    name = str(entry.get("name", "?"))
    unknown = sorted(set(entry) - set(Attribute._fields))
    if unknown:
        raise SchemaError(f"attribute {name}: no such key {', '.join(unknown)}; remove it")
    for key in ("name", "column", "label", "type", "role"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise SchemaError(f"attribute {name}: {key} must be a text; add it")
    if not name.isidentifier() or name.startswith("_"):
        raise SchemaError(f"attribute {name}: name must be a plain word; use letters and _")
    for key, known in (("type", TYPES), ("role", ROLES)):
        if entry[key] not in known:
            raise SchemaError(f"attribute {name}: {key} must be one of {', '.join(known)}")
    attribute = Attribute(**{**entry, "categories": tuple(entry.get("categories", ()))})
    low, high = attribute.minimum, attribute.maximum
    if low is not None and high is not None and low > high:
        raise SchemaError(f"attribute {name}: minimum must not exceed maximum; swap them")
    if attribute.type == "category" and not attribute.categories:
        raise SchemaError(f"attribute {name}: a category needs categories; list them")
    if attribute.role == "dropped" and not attribute.dropped_reason:
        raise SchemaError(f"attribute {name}: a dropped attribute needs its dropped_reason")
    if attribute.role == "input" and attribute.type == "text":
        raise SchemaError(f"attribute {name}: a text cannot be an input; drop it")
    if attribute.facet is not None:
        _check_facet(attribute)
    return attribute


def _check_facet(attribute: Attribute) -> None:
    """Refuse a facet that says nothing of why, or whose groups are not the categories, each once."""
    name, facet = attribute.name, attribute.facet
    if not isinstance(facet, Mapping) or set(facet) - {"why", "groups"} or not facet.get("why"):
        raise SchemaError(f"attribute {name}: facet must hold why the groups are compared, and may hold groups")
    if attribute.type not in ("category", "boolean") or attribute.role == "label":
        raise SchemaError(f"attribute {name}: only a category or a yes or no of the customer can be a facet")
    if "groups" in facet:
        listed = sorted(value for values in facet["groups"].values() for value in values)
        if attribute.type != "category" or listed != sorted(attribute.categories):
            raise SchemaError(f"attribute {name}: the facet's groups must list every category once; correct them")
