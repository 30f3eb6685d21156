"""The schema as a whole: load it, check a record, encode a record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from schema.attribute import Problem, SchemaError, parse_attribute

HERE = Path(__file__).parent
FEATURES = HERE / "features.json"
EXAMPLES = HERE / "examples.json"
_LONGEST_FIELD_SHOWN = 40


class Derived(NamedTuple):
    """A column computed from inputs; `sources` are the attributes it comes from in the end."""

    name: str
    label: str
    expression: str
    sources: tuple[str, ...]
    unit: str = ""
    why: str = ""


class Schema:
    """What a customer's record holds.

    Parameters
    ----------
    document : mapping
        The content of ``features.json``.

    Attributes
    ----------
    attributes : tuple of Attribute
        All of them, in the raw file's order.
    inputs : tuple of Attribute
        Those a record must hold.
    label : Attribute
        What is predicted.
    identifier : tuple of str
        Attributes that together name one customer.

    Raises
    ------
    SchemaError
        When the document is not usable.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.attributes = tuple(parse_attribute(entry) for entry in document["attributes"])
        self.by_name = {attribute.name: attribute for attribute in self.attributes}
        self.inputs = tuple(a for a in self.attributes if a.role == "input")
        self._inputs = {attribute.name: attribute for attribute in self.inputs}
        self.identifier = tuple(document.get("identifier", ()))
        labels = [a for a in self.attributes if a.role == "label"]
        if len(labels) != 1 or labels[0].type != "boolean" or not self.inputs:
            raise SchemaError("a schema needs inputs and exactly one boolean label; add them")
        self.label = labels[0]
        columns = {attribute.column for attribute in self.attributes}
        if len(columns) < len(self.attributes) or len(self.by_name) < len(self.attributes):
            raise SchemaError("every attribute needs a name and a column of its own; rename one")
        if not set(self.identifier) <= set(self.by_name):
            raise SchemaError("identifier must list attributes; correct it")
        groups = {group["id"] for group in document.get("groups", ())}
        for attribute in self.inputs:
            if attribute.group not in groups:
                raise SchemaError(f"attribute {attribute.name}: group must be one of the groups")

    # The rest is worked out on first use: a Lambda that only validates pays for nothing else.

    @cached_property
    def hash(self) -> str:
        """Sixteen hexadecimal digits that change with any change of the schema."""
        import hashlib

        canonical = json.dumps(self.document, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    @cached_property
    def derived(self) -> tuple[Derived, ...]:
        """The derived columns, each with the attributes it comes from."""
        from schema.expression import names_in

        origin: dict[str, tuple[str, ...]] = {a.name: (a.name,) for a in self.inputs if a.type != "category"}
        found = []
        for entry in self.document.get("derived", ()):
            name = entry["name"]
            if name in self.by_name or name in origin or not name.isidentifier():
                raise SchemaError(f"derived {name}: the name must be a new plain word; rename it")
            read = names_in(entry["expression"], known=origin, column=name)
            sources = tuple(dict.fromkeys(s for part in read for s in origin[part]))
            if not sources:
                raise SchemaError(f"derived {name}: it must read an input; use one")
            origin[name] = sources
            found.append(Derived(**{**entry, "sources": sources}))
        return tuple(found)

    @cached_property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """Encoded column → the attributes it comes from; the keys are in column order."""
        sources: dict[str, tuple[str, ...]] = {}
        for attribute in self.inputs:
            if attribute.categories:
                for value in attribute.categories:
                    sources[f"{attribute.name}_{value}"] = (attribute.name,)
            else:
                sources[attribute.name] = (attribute.name,)
        for column in self.derived:
            sources[column.name] = column.sources
        return sources

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the encoded columns, in order; shape (n_columns,)."""
        return tuple(self.sources)

    @cached_property
    def encode(self) -> Any:
        """A function from a validated record to its row, a list of floats in column order."""
        from schema.expression import compile_encoder

        return compile_encoder(
            [(a.name, a.categories) for a in self.inputs],
            [(column.name, column.expression) for column in self.derived],
        )

    def validate(self, record: object) -> list[Problem]:
        """Return every problem of a record; an empty list when there is none."""
        if not isinstance(record, Mapping):
            return [Problem("", "must be an object of fields and values", "Send one a customer.")]
        problems = []
        for name, attribute in self._inputs.items():
            if name not in record:
                problems.append(attribute.missing())
            elif problem := attribute.check(record[name]):
                problems.append(problem)
        return problems + self._unknown(record)

    def validate_change(self, change: object) -> list[Problem]:
        """Return every problem of a change: at least one field of a record, each with a value that it may hold."""
        if not isinstance(change, Mapping) or not change:
            return [Problem("", "must be an object of at least one field and value", "Name a field to change.")]
        known = {name: attribute for name, attribute in self._inputs.items() if name in change}
        problems = [problem for name, attribute in known.items() if (problem := attribute.check(change[name]))]
        return problems + self._unknown(change)

    def _unknown(self, record: Mapping[str, object]) -> list[Problem]:
        problems = []
        for name in record:
            if name not in self._inputs:
                shown = str(name)[:_LONGEST_FIELD_SHOWN]
                known = self.by_name.get(str(name))
                rule = "is not used" if known else "is not a field of a customer"
                problems.append(Problem(shown, rule, "Remove it."))
        return problems


@lru_cache(maxsize=8)
def load_schema(path: str | Path = FEATURES) -> Schema:
    """Load a schema, by default the project's own; the result is kept for the next call.

    Raises
    ------
    SchemaError
        When the file is missing, is not JSON, or describes no usable schema.
    """
    try:
        return Schema(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as exc:
        raise SchemaError(f"the schema file {path} cannot be read; check the path") from exc
    except (KeyError, TypeError, ValueError) as exc:
        if isinstance(exc, SchemaError):
            raise
        raise SchemaError(f"the schema file {path} is malformed: {exc!r}; correct it") from exc


def load_examples() -> dict[str, dict[str, Any]]:
    """Return the made-up example customers by name: ``loyal`` and ``at_risk``."""
    examples: dict[str, dict[str, Any]] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return examples
