"""The OpenAPI 3.1 document of the API: ``python -m contract.openapi`` prints it."""

from __future__ import annotations

import json
from typing import Any

from contract import answers, batches, rules, security, shapes
from contract.parts import headers, problem, problems
from contract.shapes import ref
from schema import Schema, load_examples, load_schema

VERSION = "1.1.0"
BATCH = "3f0c9a4e-5a1b-4c7d-9e2f-6b8d0a1c2e3f"
ABOUT = (
    "How likely customers are to leave, why, and what might keep them. Predictions change nothing, so a request may "
    "always be sent again. Errors are problem details (RFC 9457), in one shape whoever answers. Nothing that is sent "
    "is kept, save files for the days that their batch names, and what the operator's capture of the model's traffic "
    "takes."
)
REPORT = "How good the model in service is, on customers that took no part in its training; and the versions before it."


def document(schema: Schema) -> dict[str, Any]:
    """Return the document, the same for the same schema.

    Parameters
    ----------
    schema : Schema
        What a customer holds.
    """
    example = load_examples()["at_risk"]
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": schema.document["title"], "version": VERSION, "description": ABOUT},
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "servers": [{"url": "/api"}],
        "tags": [{"name": "predictions"}, {"name": "batches"}, {"name": "about"}],
        "paths": {
            "/predictions": {"post": _predictions(schema, example)},
            **batches.paths(BATCH),
            "/model": {"get": _about("model", "Model", "What the model in service says of itself.")},
            "/model/report": {"get": _tagged("model_report", "ModelReport", REPORT)},
            "/schema": {
                "get": _tagged("schema", "Schema", "The fields of a customer, with labels, units, limits and help.")
            },
            "/health": {"get": _about("health", "Health", "Whether the API answers; the model is left alone.")},
        },
        "components": {
            "schemas": {**shapes.requests(schema, example), **answers.told(schema), **batches.told()},
            "parameters": {
                "Correlation": {
                    "name": "X-Correlation-Id",
                    "in": "header",
                    "description": "Follows the request to the model's endpoint and through the logs, and comes back. "
                    f"What does not match `{rules.CORRELATION_PATTERN}` is replaced by the request's id. It must tell "
                    "nothing of a customer.",
                    "schema": {"type": "string"},
                    "example": "0193e4a2-7f60-7c3e-8f5d-2b1f0a9c6d11",
                }
            },
            "headers": {
                "RequestId": {"description": "The request's id in the logs.", "schema": {"type": "string"}},
                "CorrelationId": {"description": "What was sent, else the id.", "schema": {"type": "string"}},
                "RetryAfter": {
                    "description": "Seconds to wait before the next try.",
                    "schema": {"type": "string", "pattern": "^[0-9]+$"},
                },
                "Challenge": {"description": "How to ask: `Bearer`.", "schema": {"type": "string"}},
                "ETag": {"description": "Names this copy.", "schema": {"type": "string"}},
                "Location": {"description": "Where the batch is.", "schema": {"type": "string"}},
                "Allow": {"description": "The methods that this address answers.", "schema": {"type": "string"}},
                "Applied": {"description": "The preference that was honoured.", "schema": {"type": "string"}},
            },
            "responses": {str(status): problem(status) for status in rules.STATUSES},
            "securitySchemes": security.schemes(),
        },
    }
    for methods in described["paths"].values():
        for operation in methods.values():
            security.protect(operation)
    return described


def _predictions(schema: Schema, example: dict[str, Any]) -> dict[str, Any]:
    columns = [attribute.name for attribute in schema.inputs]
    rows = ",".join(columns) + "\n" + ",".join(_cell(example[name]) for name in columns) + "\n"
    return {
        "operationId": "predict",
        "tags": ["predictions"],
        "summary": "Score customers",
        "description": f"1 to {rules.MAX_CUSTOMERS} customers, answered in their order. Every customer must be valid, "
        "or none is scored; with `Prefer: handling=lenient` those that are valid are scored, and the others come back "
        "with what is wrong. CSV has a header row of names or of the raw data's columns, and may have a column `id`. "
        f"With `what_if` or `offers` the answer is JSON. {rules.ASSOCIATION}",
        "parameters": [
            {"$ref": "#/components/parameters/Correlation"},
            {
                "name": "Prefer",
                "in": "header",
                "description": "`handling=lenient` scores the valid customers of a request that has others too "
                "(RFC 7240); what else it says is left alone.",
                "schema": {"type": "string"},
                "example": "handling=lenient",
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                rules.JSON: {"schema": ref("PredictionsRequest")},
                rules.CSV: {"schema": {"type": "string"}, "examples": {"names": {"value": rows}}},
            },
        },
        "responses": {
            "200": {
                "description": "A prediction for each customer.",
                "headers": headers("RequestId", "CorrelationId", applied="Applied"),
                "content": {
                    rules.JSON: {"schema": ref("PredictionsAnswer")},
                    rules.CSV: {
                        "schema": {"type": "string"},
                        "examples": {"names": {"value": f"{','.join(rules.CSV_COLUMNS)}\n"}},
                    },
                },
            },
            **problems(406, 413, 415),
        },
    }


def _cell(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _about(name: str, shape: str, summary: str) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": ["about"],
        "summary": summary,
        "parameters": [{"$ref": "#/components/parameters/Correlation"}],
        "responses": {
            "200": {
                "description": summary,
                "headers": headers("RequestId", "CorrelationId"),
                "content": {rules.JSON: {"schema": ref(shape)}},
            },
            **problems(),
        },
    }


def _tagged(name: str, shape: str, summary: str) -> dict[str, Any]:
    """Describe an answer that may be kept, and is asked for again by its tag."""
    operation = _about(name, shape, summary)
    operation["parameters"].append(
        {
            "name": "If-None-Match",
            "in": "header",
            "description": "The ETag of the copy at hand: answered with 304 while it is the latest.",
            "schema": {"type": "string"},
            "example": '"93328f3d24f96cbb"',
        }
    )
    operation["responses"]["200"]["headers"] |= headers(ETag="ETag")
    unchanged = {"description": "The copy at hand is the latest.", "headers": headers("RequestId", ETag="ETag")}
    operation["responses"] |= {"304": unchanged}
    return operation


def text(schema: Schema) -> str:
    """Write the document as it is served."""
    return json.dumps(document(schema), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(load_schema()), end="")
