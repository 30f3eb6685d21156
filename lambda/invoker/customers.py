"""From the body of a request to customer records that satisfy the schema."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from problems import InvalidCustomers, NotJson, TooMuch, UnreadableBody
from request import Request

from schema import Schema

MAX_CUSTOMERS = 100
# A customer takes about 400 bytes; 100 of them fit well, with generous white space.
MAX_BODY_BYTES = 256 * 1024

_SHAPE = 'Send a JSON object {"customers": [ … ]} with 1 to 100 customers.'


def parse(request: Request, schema: Schema) -> list[dict[str, Any]]:
    """Read and check the customers of a request.

    Raises
    ------
    NotJson, UnreadableBody, TooMuch
        When the body is not a list of customers of a sensible size.
    InvalidCustomers
        With all problems of all customers at once.
    """
    body = _read_json(request)
    if not isinstance(body, dict) or not isinstance(body.get("customers"), list):
        raise UnreadableBody(f"The body holds no list of customers. {_SHAPE}")
    if len(body) > 1:
        raise UnreadableBody(f"The body holds more than the customers. {_SHAPE}")
    records: list[dict[str, Any]] = body["customers"]
    request.facts["customers"] = len(records)
    if not records:
        raise UnreadableBody(f"The list of customers is empty. {_SHAPE}")
    if len(records) > MAX_CUSTOMERS:
        raise TooMuch(f"A request takes at most {MAX_CUSTOMERS} customers. Send several requests.")
    errors = [
        {"customer": number, **problem._asdict()}
        for number, record in enumerate(records)
        for problem in schema.validate(record)
    ]
    if errors:
        raise InvalidCustomers(errors)
    return records


def _read_json(request: Request) -> object:
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        raise NotJson("The body must be JSON, sent with the header Content-Type: application/json.")
    try:
        raw = request.bytes()
        if len(raw) > MAX_BODY_BYTES:
            limit = f"{MAX_BODY_BYTES // 1024} KiB"
            raise TooMuch(f"The body may have at most {limit}. Send several requests.")
        return json.loads(raw, parse_constant=_refuse_constant, object_pairs_hook=_refuse_repeats)
    except (ValueError, RecursionError) as exc:
        raise UnreadableBody(f"The body is not valid JSON. {_SHAPE}") from exc


def _refuse_constant(_name: str) -> NoReturn:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise UnreadableBody("The body holds NaN or Infinity, which JSON does not have. Send a number.")


def _refuse_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A name given twice is ambiguous: better an error than a score for the wrong value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        # Which one stays unsaid: a name is the caller's own text, and may be a customer's.
        raise UnreadableBody("An object in the body names a field twice. Name each field once.")
    return found
