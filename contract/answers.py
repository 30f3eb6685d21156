"""What the API answers, as JSON Schemas (2020-12, as OpenAPI 3.1 has them)."""

from __future__ import annotations

from contract import report
from contract.shapes import Shape, many, number, ref, texts, thing
from schema import Schema


def told(schema: Schema) -> dict[str, Shape]:
    """What comes back. Objects are open: a later version may add fields."""
    probability = number("Of leaving.", minimum=0, maximum=1)
    decision = {"type": "boolean", "description": "Whether the probability reaches the model's threshold."}
    identity = {"type": ["integer", "string"], "description": "The customer's id, or its position from 0."}
    effect = number("The new probability less the old one: below 0, the risk falls.", minimum=-1, maximum=1)
    tried = {
        "changes": {"type": "object", "description": "The fields that change, with their new values."},
        "probability": probability,
        "churn": decision,
        "effect": effect,
    }
    fault = {
        "customer": {"type": "integer", "minimum": 0, "description": "Position of the customer in the request."},
        "line": {"type": "integer", "minimum": 1, "description": "Line of a CSV body where the customer begins."},
        "change": {"type": "integer", "minimum": 0, "description": "Position in what_if."},
        "field": texts("The field; empty when the customer or the change as a whole is meant."),
        "rule": texts("What must hold."),
        "remedy": texts("What to do."),
    }
    return {
        "Effect": thing(tried),
        "OfferEffect": thing(
            {
                "name": texts("The offer's name for programs."),
                "text": texts("The offer in words."),
                "cost_usd": number("What the offer costs.", minimum=0),
                **tried,
                "expected_value_usd": number(
                    "What it saves less what it costs: -effect × costs.missed_churner - cost_usd."
                ),
            }
        ),
        "Prediction": thing(
            {
                "id": identity,
                "probability": probability,
                "churn": decision,
                "bias": number("Log-odds before any reason."),
                "reasons": many(ref("Reason"), "One for each field, the strongest first."),
                "what_if": many(ref("Effect"), "Where asked for; the change that lowers the risk most comes first."),
                "offers": many(ref("OfferEffect"), "Where asked for; the one with the highest expected value first."),
                "suggested_offer": {
                    "type": ["string", "null"],
                    "description": "Name of the offer with the highest expected value; null when none pays.",
                },
            },
            optional=("what_if", "offers", "suggested_offer"),
        ),
        "Refusal": thing(
            {"id": identity, "errors": many(ref("FieldError"), minItems=1)},
            description="In the place of a prediction when handling is lenient: the customer breaks rules.",
        ),
        "Reason": thing(
            {
                "attribute": {"type": "string", "enum": [a.name for a in schema.inputs]},
                "label": texts(),
                "contribution": number("In log-odds; above 0 raises the risk."),
                "text": texts("The reason as a sentence."),
            }
        ),
        "PredictionsAnswer": thing(
            {
                "predictions": many(
                    {"anyOf": [ref("Prediction"), ref("Refusal")]}, "In the order of the request.", minItems=1
                ),
                "model": ref("Model"),
                "note": texts("How to read effects; there when some were asked for."),
            },
            optional=("note",),
        ),
        "Model": _model(),
        **report.told(schema),
        "Schema": _schema_document(),
        "Health": thing(
            {"status": {"const": "ok"}, "model": {"const": "not called"}, "schema_hash": texts("Of the API's fields.")}
        ),
        "FieldError": thing(fault, optional=("customer", "line", "change")),
        "Problem": thing(
            {
                "type": {"const": "about:blank"},
                "title": texts("The status in words."),
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": texts("What is wrong, for people."),
                "request_id": texts("To find the request in the logs."),
                "errors": many(ref("FieldError"), "The rules that fields break; empty when it is something else."),
            },
            description="Problem details (RFC 9457).",
        ),
    }


def _model() -> Shape:
    return thing(
        {
            "version": {"type": ["string", "null"], "description": "Version in the model registry; null if unknown."},
            "trained_at": {"type": "string", "format": "date-time"},
            "threshold": number("Where the decision turns.", minimum=0, maximum=1),
            "base_probability": number("Share of churners among the training customers.", minimum=0, maximum=1),
            "schema_hash": texts("Of the fields that the model was trained on."),
            "costs": report.costs(),
            "metrics": {
                "type": "object",
                "description": "By the customers they were measured on, then by name.",
                "additionalProperties": {"type": "object", "additionalProperties": {"type": "number"}},
            },
        }
    )


def _schema_document() -> Shape:
    optional = {
        "unit": texts(),
        "minimum": number(),
        "maximum": number(),
        "step": number(),
        "categories": many(texts()),
        "category_labels": {"type": "object", "additionalProperties": texts()},
        "csv_values": {"type": "object", "additionalProperties": {"type": "boolean"}},
    }
    field = thing(
        {
            "name": texts("Name in JSON, and one of two names in a CSV header."),
            "column": texts("Name in the raw data, and the other name in a CSV header."),
            "label": texts(),
            "type": {"type": "string", "enum": ["integer", "number", "category", "boolean"]},
            "group": texts("The id of one of the groups."),
            "help": texts(),
            "rule": texts("The rule in words that follow “must be”."),
            **optional,
        },
        optional=tuple(optional),
    )
    group = thing({"id": texts(), "label": texts()})
    return thing({"schema_hash": texts(), "title": texts(), "groups": many(group), "inputs": many(field, minItems=1)})
