"""What the API answers of files that are scored as a whole, as JSON Schemas, and the operations that do."""

from __future__ import annotations

from typing import Any

from contract import rules
from contract.parts import headers, problems
from contract.shapes import Shape, number, ref, texts, thing

STATUSES = {
    "waiting": "for the file",
    "checking": "the rows of the file",
    "scoring": "those that keep every rule",
    "done": "the results are there",
    "failed": "`problem` says why",
    "expired": "no file came in time",
}
ABOUT = (
    "Announces a file of up to some hundred megabytes, and answers the form by which it is sent to storage: a "
    "`multipart/form-data` request to `upload.url` with all of `upload.fields` and then the file in a field `file`. "
    "The form holds the right to send one file for some minutes and needs no credentials. CSV as spreadsheets save "
    "it: a header row of names or of the raw data's columns in any order, beside them any other columns; commas, "
    "semicolons or tabs; UTF-8, UTF-16 or Windows-1252. Its arrival starts the scoring; the first file counts, and "
    "another sent by the same form changes nothing. Rows that break rules are told with their reasons and stop no "
    "other."
)


def told() -> dict[str, Shape]:
    """What comes back."""
    moment = {"type": "string", "format": "date-time"}
    count = {"type": "integer", "minimum": 0}
    link = thing({"url": texts("Open to whoever has it."), "expires_at": moment})
    outline: dict[str, Shape] = {
        "id": {"type": "string", "pattern": f"^{rules.BATCH_ID_PATTERN}$"},
        "status": {
            "type": "string",
            "enum": list(STATUSES),
            "description": "; ".join(f"{name}: {what}" for name, what in STATUSES.items()) + ".",
        },
        "created_at": moment,
        "kept_until": {**moment, "description": "When file and results are deleted."},
        "links": thing({"self": texts("Where to ask how far it is.")}),
    }
    upload = {
        "url": texts("Where to send the form."),
        "fields": {"type": "object", "additionalProperties": texts()},
        "expires_at": {**moment, "description": "No file is taken later."},
        "maximum_bytes": count,
    }
    progress = {
        "rows_read": {**count, "description": "Rows of the file, as far as it was read."},
        "rows_refused": {**count, "description": "Those of them that break rules."},
        "scored": number("Share of the others that is scored, in steps of 10,000 rows.", minimum=0, maximum=1),
    }
    files = {
        "result": "The rows as they were sent, in their order, with probability, decision and reasons, or the remedy.",
        "refusals": "The rows that break rules: row, line, field, rule, remedy.",
        "report": "What was read, refused by which rule, and scored; what it may cost; by which model.",
    }
    return {
        "BatchBegun": thing({**outline, "upload": thing(upload)}),
        "Batch": thing(
            {
                **outline,
                "progress": thing(progress, description="While it is checked and scored, and when it is done."),
                "problem": {"allOf": [ref("FieldError")], "description": "When it failed."},
                "files": thing(
                    {name: {**link, "description": what} for name, what in files.items()},
                    description="When it is done. The addresses are made anew by each request.",
                ),
            },
            optional=("progress", "problem", "files"),
        ),
    }


def paths(example: str) -> dict[str, Any]:
    """The operations; `example` is the id of a batch."""
    correlation = {"$ref": "#/components/parameters/Correlation"}
    seen = headers("RequestId", "CorrelationId")
    begin = {
        "operationId": "begin_batch",
        "tags": ["batches"],
        "summary": "Have a file scored",
        "description": ABOUT,
        "parameters": [correlation],
        "responses": {
            "201": {
                "description": "The batch waits for its file.",
                "headers": {**seen, **headers(Location="Location")},
                "content": {rules.JSON: {"schema": ref("BatchBegun")}},
                "links": {
                    "look": {"operationId": "batch", "parameters": {"id": "$response.body#/id"}},
                },
            },
            **problems(),
        },
    }
    identity = {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The batch's id. Only who announced it is told of it; to others it is unknown.",
        "schema": {"type": "string"},
        "example": example,
    }
    look = {
        "operationId": "batch",
        "tags": ["batches"],
        "summary": "How far a batch is, and where its results are",
        "parameters": [correlation, identity],
        "responses": {
            "200": {
                "description": "How far it is.",
                "headers": seen,
                "content": {rules.JSON: {"schema": ref("Batch")}},
            },
            **problems(404),
        },
    }
    return {"/batches": {"post": begin}, "/batches/{id}": {"get": look}}
