"""From the body of a request to customer records that satisfy the schema."""

from __future__ import annotations

import base64
import json
from typing import Any

from problems import InvalidCustomers, NotJson, TooMuch, UnreadableBody

from schema import Schema

MAX_CUSTOMERS = 100
# A customer takes about 400 bytes; 100 of them with generous white space fit well.
MAX_BODY_BYTES = 256 * 1024

_SHAPE = 'Send a JSON object {"customers": [ … ]} with 1 to 100 customers.'


def parse(event: dict[str, Any], schema: Schema) -> list[dict[str, Any]]:
    """Read and check the customers of a request.

    Raises
    ------
    NotJson, UnreadableBody, TooMuch
        When the body is not a list of customers of a sensible size.
    InvalidCustomers
        With all problems of all customers at once.
    """
    body = _read_json(event)
    if not isinstance(body, dict) or not isinstance(body.get("customers"), list):
        raise UnreadableBody(f"The body holds no list of customers. {_SHAPE}")
    if set(body) != {"customers"}:
        raise UnreadableBody(f"The body holds more than the customers. {_SHAPE}")
    records = body["customers"]
    if not records:
        raise UnreadableBody(f"The list of customers is empty. {_SHAPE}")
    if len(records) > MAX_CUSTOMERS:
        raise TooMuch(f"One request takes at most {MAX_CUSTOMERS} customers. Send several requests.")
    errors = [
        {"customer": number, **problem._asdict()}
        for number, record in enumerate(records)
        for problem in schema.validate(record)
    ]
    if errors:
        raise InvalidCustomers(errors)
    return records


def _read_json(event: dict[str, Any]) -> object:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    kind = headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind != "application/json":
        raise NotJson("The body must be JSON. Send it with the header Content-Type: application/json.")
    text = event.get("body") or ""
    if len(text) > MAX_BODY_BYTES * 2:  # base64 or not, no need to decode it to know
        raise TooMuch(_too_long())
    try:
        raw = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
        if len(raw) > MAX_BODY_BYTES:
            raise TooMuch(_too_long())
        return json.loads(raw, parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError) as exc:
        raise UnreadableBody(f"The body is not valid JSON. {_SHAPE}") from exc


def _too_long() -> str:
    return f"The body may have at most {MAX_BODY_BYTES // 1024} KiB. Send several requests."


def _refuse(constant: str) -> object:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError("a constant that JSON does not have")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A name given twice is ambiguous: better an error than a score for the wrong one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name given twice in one object")
    return found
