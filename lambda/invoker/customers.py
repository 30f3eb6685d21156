"""From the body of a request to customer records that satisfy the schema, and what to find out about them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import json_body
from problems import InvalidCustomers, TooMuch, UnreadableBody, UnsupportedType
from request import Request

from contract.rules import (
    CSV,
    ID_PATTERN,
    ID_REMEDY,
    ID_RULE,
    JSON,
    MAX_BODY_BYTES,
    MAX_CHANGES,
    MAX_CUSTOMERS,
    MAX_ID,
)
from schema import Schema

SHAPE = 'Send a JSON object {"customers": [ … ]} with 1 to 100 customers.'
_MEMBERS = {"customers", "what_if", "offers"}
_is_id = re.compile(ID_PATTERN).fullmatch
Error = dict[str, object]


class Asked(NamedTuple):
    """What a request asks for.

    Attributes
    ----------
    ids
        One a customer, valid or not: the caller's, or the position.
    records
        The valid customers, in order.
    refused
        Position of a customer that is not valid → what is wrong with it; empty unless handling is lenient.
    changes
        What to try on every customer.
    offers
        Whether to try the offers too.
    """

    ids: list[Any]
    records: list[dict[str, Any]]
    refused: dict[int, list[Error]]
    changes: list[dict[str, Any]]
    offers: bool

    @property
    def tries(self) -> bool:
        """Whether anything is to be tried on the customers."""
        return bool(self.changes) or self.offers


def parse(request: Request, schema: Schema) -> Asked:
    """Read and check what a request asks for.

    Raises
    ------
    UnsupportedType, UnreadableBody, TooMuch
        When the body is not a list of customers of a sensible size.
    InvalidCustomers
        With all problems of all customers at once; when handling is lenient, only if no customer is valid.
    """
    kind = request.content_type
    if kind == JSON:
        asked = _of_json(json_body.read(_bytes(request), SHAPE), schema)
    elif kind == CSV:
        from csv_body import of_csv

        asked = of_csv(_bytes(request), schema)
    else:
        raise UnsupportedType(f"The body must be {JSON} or {CSV}. Say which in the header Content-Type.")
    request.facts["customers"] = len(asked.ids)
    if asked.refused and not (asked.records and request.is_lenient):
        raise InvalidCustomers([error for errors in asked.refused.values() for error in errors])
    return asked


def _bytes(request: Request) -> bytes:
    try:
        raw = request.bytes()
    except ValueError as exc:
        raise UnreadableBody("The body is not the UTF-8 text or the base64 that it claims to be.") from exc
    if len(raw) > MAX_BODY_BYTES:
        raise TooMuch(f"The body may have at most {MAX_BODY_BYTES // 1024} KiB. Send several requests.")
    return raw


def _of_json(body: object, schema: Schema) -> Asked:
    if not isinstance(body, dict) or not isinstance(body.get("customers"), list):
        raise UnreadableBody(f"The body holds no list of customers. {SHAPE}")
    if not body.keys() <= _MEMBERS:
        raise UnreadableBody(f"The body holds more than customers, what_if and offers. {SHAPE}")
    customers = body["customers"]
    check_count(len(customers))
    changes = _changes(body.get("what_if", []), schema)
    offers = body.get("offers", False)
    if not isinstance(offers, bool):
        raise UnreadableBody("offers must be true or false.")
    ids, records, refused = [], [], {}
    for place, customer in enumerate(customers):
        identity, record, errors = place, customer, []
        if isinstance(customer, dict) and "id" in customer:
            identity = customer["id"]
            record = {name: value for name, value in customer.items() if name != "id"}
            if not valid_id(identity):
                identity, errors = place, [{"customer": place, **wrong_id()}]
        errors += [{"customer": place, **problem._asdict()} for problem in schema.validate(record)]
        ids.append(identity)
        if errors:
            refused[place] = errors
        else:
            records.append(record)
    return Asked(ids, records, refused, changes, offers)


def check_count(customers: int) -> None:
    """Make sure that there are customers, and not too many.

    Raises
    ------
    UnreadableBody, TooMuch
    """
    if not customers:
        raise UnreadableBody(f"The list of customers is empty. {SHAPE}")
    if customers > MAX_CUSTOMERS:
        raise TooMuch(f"A request takes at most {MAX_CUSTOMERS} customers. Send several requests.")


def valid_id(identity: object) -> bool:
    """Tell whether a customer's own id is one."""
    if isinstance(identity, str):
        return _is_id(identity) is not None
    # JSON makes no difference between 5 and 5.0, so neither do we.
    if isinstance(identity, bool) or not isinstance(identity, int | float):
        return False
    return 0 <= identity <= MAX_ID and identity == int(identity)


def wrong_id() -> Error:
    """Say what an id must be."""
    return {"field": "id", "rule": ID_RULE, "remedy": ID_REMEDY}


def _changes(changes: object, schema: Schema) -> list[dict[str, Any]]:
    if not isinstance(changes, list):
        raise UnreadableBody('what_if must be a list of changes, such as [{"field": value}].')
    if len(changes) > MAX_CHANGES:
        raise TooMuch(f"A request tries at most {MAX_CHANGES} changes. Send several requests.")
    errors = [
        {"change": place, **problem._asdict()}
        for place, change in enumerate(changes)
        for problem in schema.validate_change(change)
    ]
    if errors:
        raise InvalidCustomers(errors)
    return changes
