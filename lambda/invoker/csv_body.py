"""Customers as CSV, in and out. Loaded by the first request that needs it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from customers import Asked, Error, check_count, valid_id, wrong_id
from problems import UnreadableBody

from contract.rows import predicted, refused
from contract.rules import CSV_COLUMNS
from schema import Row, Schema, SchemaError, parse_csv

# What stands in the place of bytes that were no UTF-8, once API Gateway has made text of them.
_UNREADABLE = "\ufffd"


def of_csv(raw: bytes, schema: Schema) -> Asked:
    """Read customers with a header row of names or of the raw data's columns, and a column ``id`` if there is one.

    Raises
    ------
    UnreadableBody, TooMuch
        When the text as a whole cannot be used.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UnreadableBody("The body is not UTF-8 text. Save the file as CSV in UTF-8.") from exc
    if _UNREADABLE in text:
        raise UnreadableBody("The body is not UTF-8 text. Save the file as CSV in UTF-8.")
    try:
        rows = parse_csv(schema, text, id_column="id")
    except SchemaError as exc:  # its message never quotes the file
        raise UnreadableBody(f"{str(exc)[:1].upper()}{str(exc)[1:]}.") from exc
    check_count(len(rows))
    ids, records, refused = [], [], {}
    for place, row in enumerate(rows):
        identity, errors = _identity(place, row)
        errors += [{"customer": place, "line": row.line, **problem._asdict()} for problem in row.problems]
        ids.append(identity)
        if errors:
            refused[place] = errors
        else:
            records.append(row.record)
    return Asked(ids, records, refused, [], False)


def _identity(place: int, row: Row) -> tuple[int | str, list[Error]]:
    if not row.id:
        return place, []
    if valid_id(row.id):
        return row.id, []
    return place, [{"customer": place, "line": row.line, **wrong_id()}]


def as_csv(predictions: Sequence[dict[str, Any]]) -> str:
    """Write predictions and refusals, a row each, with the strongest reasons as sentences.

    No cell begins with what a spreadsheet would take for a formula: ids cannot, and the other texts begin with words of
    ours.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for one in predictions:
        if "errors" in one:
            cells = refused(one["errors"])
        else:
            cells = predicted(one["probability"], one["churn"], [reason["text"] for reason in one["reasons"]])
        writer.writerow((one["id"], *cells))
    return out.getvalue()
