"""What the API is sent, as JSON Schemas (2020-12, as OpenAPI 3.1 has them), from the schema and the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract import rules
from schema import Attribute, Schema

Shape = dict[str, Any]


def ref(name: str) -> Shape:
    """Refer to a shape of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def thing(
    properties: Mapping[str, Shape], *, optional: tuple[str, ...] = (), closed: bool = False, **more: Any
) -> Shape:
    """An object; everything is required but what is `optional`, and nothing else may come when it is `closed`."""
    shape: Shape = {"type": "object", **more, "properties": dict(properties)}
    if required := [name for name in properties if name not in optional]:
        shape["required"] = required
    return {**shape, "additionalProperties": False} if closed else shape


def texts(description: str = "") -> Shape:
    """A text."""
    return {"type": "string", "description": description} if description else {"type": "string"}


def number(description: str = "", **limits: float) -> Shape:
    """A number."""
    return {"type": "number", "description": description, **limits} if description else {"type": "number", **limits}


def many(items: Shape, description: str = "", **limits: int) -> Shape:
    """A list."""
    return {"type": "array", **({"description": description} if description else {}), **limits, "items": items}


def value_of(attribute: Attribute) -> Shape:
    """What an input may hold."""
    told = {"title": attribute.label, "description": " ".join(filter(None, (attribute.help, _unit(attribute))))}
    if attribute.type == "boolean":
        return {"type": "boolean", **told}
    if attribute.type == "category":
        return {"type": "string", "enum": list(attribute.categories), **told}
    limits = {"minimum": attribute.minimum, "maximum": attribute.maximum}
    return {"type": attribute.type, **told, **{name: limit for name, limit in limits.items() if limit is not None}}


def _unit(attribute: Attribute) -> str:
    return f"In {attribute.unit}." if attribute.unit else ""


def requests(schema: Schema, example: Mapping[str, Any]) -> dict[str, Shape]:
    """What is sent."""
    inputs = {attribute.name: value_of(attribute) for attribute in schema.inputs}
    if "id" in inputs:
        raise ValueError("an input is named id, which the API keeps for the caller's own; rename the input")
    identity = {
        "description": "The caller's own name for the customer, which comes back in the answer; customers without one "
        "are counted from 0. Kept nowhere.",
        "oneOf": [
            {"type": "integer", "minimum": 0, "maximum": rules.MAX_ID},
            {"type": "string", "pattern": f"^{rules.ID_PATTERN}$"},
        ],
    }
    return {
        "Customer": thing({"id": identity, **inputs}, optional=("id",), closed=True, examples=[dict(example)]),
        "Change": {
            "type": "object",
            "description": "Fields of a customer, each with the value to try. All of one change are tried together.",
            "minProperties": 1,
            "properties": inputs,
            "additionalProperties": False,
            "examples": [_change(schema, example)],
        },
        "PredictionsRequest": thing(
            {
                "customers": many(ref("Customer"), minItems=1, maxItems=rules.MAX_CUSTOMERS),
                "what_if": many(
                    ref("Change"), "Changes to try on every customer, each by itself.", maxItems=rules.MAX_CHANGES
                ),
                "offers": {"type": "boolean", "description": "Whether to try this deployment's offers too."},
            },
            optional=("what_if", "offers"),
            closed=True,
            examples=[{"customers": [dict(example)], "what_if": [_change(schema, example)], "offers": True}],
        ),
    }


def _change(schema: Schema, example: Mapping[str, Any]) -> dict[str, Any]:
    """A change for examples: the last input, at its least or first."""
    last = schema.inputs[-1]
    if last.is_numeric:
        return {last.name: example[last.name] if last.minimum is None else last.minimum}
    return {last.name: last.categories[0] if last.categories else not example[last.name]}


def envelope(shape: Mapping[str, Any]) -> Shape:
    """Reduce a body to its outer form, for a validator that knows no field's own message and one status only.

    Types, required members and the least number of items stay; what is inside a customer, and what may be too much,
    is left to the function, which names each field, and answers too much with 413.
    """
    if "$ref" in shape:
        return {"type": "object"}
    reduced: Shape = {"type": shape["type"]}
    if "properties" in shape:
        reduced["required"] = list(shape.get("required", ()))
        reduced["properties"] = {name: envelope(part) for name, part in shape["properties"].items()}
    if "items" in shape:
        reduced["items"] = envelope(shape["items"])
    if shape.get("minItems"):
        reduced["minItems"] = shape["minItems"]
    return reduced
