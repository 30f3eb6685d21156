"""The fields of a customer, for programs. Loaded by the first request that asks for them."""

from __future__ import annotations

from typing import Any

from schema import Schema

_TOLD = ("name", "column", "label", "type", "group", "help", "rule")
_WHERE_THERE = ("unit", "minimum", "maximum", "step", "categories", "category_labels", "csv_values")


def fields(schema: Schema) -> dict[str, Any]:
    """Return the inputs of the schema with all that a form, or a person, needs to fill them in."""
    return {
        "schema_hash": schema.hash,
        "title": schema.document["title"],
        "groups": schema.document["groups"],
        "inputs": [
            {name: getattr(attribute, name) for name in _TOLD}
            | {name: value for name in _WHERE_THERE if (value := getattr(attribute, name)) not in (None, "", ())}
            for attribute in schema.inputs
        ],
    }
