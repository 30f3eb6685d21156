"""Captured traffic: what an endpoint was asked in a period, and what it answered, read as customers.

The files are those of SageMaker's data capture, one JSON document a line. Who is a customer:

- of a request that says ``"explain": n``, the first n: reasons are given of customers, and what follows are variants of
  them that the API scored to tell what an offer would change;
- nobody of a request whose inference id begins with `PROBE`: that one checks the endpoint;
- the same record once: a page that is asked again, or a call that is tried again, brings no new customer.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schema import Schema, SchemaError, parse_csv

PROBE = "golden-"
CSV = "text/csv"
HOUR_LENGTH = len("2026-01-31T23")

Record = dict[str, Any]


class Unreadable(Exception):
    """A line that is no captured request."""


@dataclass
class Traffic:
    """The customers of a period.

    Attributes
    ----------
    records : list of dict, length n_customers
        Each keeps the rules of the schema.
    probabilities : list of float or None, length n_customers
        What the model of interest said of each; None where another answered, or none.
    by_hour : Counter
        Customers by the hour, such as ``2026-01-31T23``, in which each was first seen.
    requests, variants, probes, repeated, unreadable, broken : int
        Requests read; records left out: variants of customers, checks of the endpoint (requests), customers seen
        before; lines that are no request; customers who break a rule.
    rules : Counter
        The rules that were broken, by attribute and rule, and how often.
    """

    records: list[Record] = field(default_factory=list)
    probabilities: list[float | None] = field(default_factory=list)
    by_hour: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    variants: int = 0
    probes: int = 0
    repeated: int = 0
    unreadable: int = 0
    broken: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def scored(self) -> list[float]:
        """The probabilities that there are."""
        return [one for one in self.probabilities if one is not None]


def read(files: Iterable[Path], schema: Schema, version: str) -> Traffic:
    """Read capture files.

    Parameters
    ----------
    version : str
        The model of interest, as its answers name it; while models change, another may have answered.
    """
    found = Traffic()
    seen: dict[str, int] = {}
    for path in sorted(files):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.strip():
                try:
                    _take(json.loads(line), schema, version, found, seen)
                except (Unreadable, ValueError, KeyError, TypeError, AttributeError):
                    found.unreadable += 1
    return found


def _take(event: Any, schema: Schema, version: str, found: Traffic, seen: dict[str, int]) -> None:
    about, data = event["eventMetadata"], event["captureData"]
    hour = str(about["inferenceTime"])[:HOUR_LENGTH]
    if str(about.get("inferenceId", "")).startswith(PROBE):
        found.probes += 1
        return
    asked, variants = _asked(data["endpointInput"], schema)
    said = dict(enumerate(_said(data.get("endpointOutput"), version)))
    found.requests += 1
    found.variants += variants
    for place, given in enumerate(asked):
        problems = schema.validate(given)
        if problems:
            found.broken += 1
            found.rules.update(f"{problem.field} {problem.rule}".strip() for problem in problems)
            continue
        record = {attribute.name: given[attribute.name] for attribute in schema.inputs}
        name = json.dumps(record, sort_keys=True)
        if name in seen:
            found.repeated += 1
            if found.probabilities[seen[name]] is None:
                found.probabilities[seen[name]] = said.get(place)
            continue
        seen[name] = len(found.records)
        found.records.append(record)
        found.probabilities.append(said.get(place))
        found.by_hour[hour] += 1


def _text(side: Record) -> tuple[str, str]:
    """Return the content type and the body of a request or an answer."""
    kind = str(side.get("observedContentType", "")).partition(";")[0].strip().lower()
    body = side["data"]
    if side.get("encoding") == "BASE64":
        try:
            return kind, base64.b64decode(body, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as exc:
            raise Unreadable from exc
    return kind, str(body)


def _asked(side: Record, schema: Schema) -> tuple[list[Any], int]:
    """Return the customers of a request, and how many variants of them came along."""
    kind, body = _text(side)
    if kind == CSV:
        try:
            return [row.record for row in parse_csv(schema, body)], 0
        except SchemaError as exc:
            raise Unreadable from exc
    document = json.loads(body)
    instances: list[Any] = document["instances"]
    explained = document.get("explain")
    customers = instances if explained is None else instances[:explained]
    return list(customers), len(instances) - len(customers)


def _said(side: Record | None, version: str) -> Iterator[float]:
    """Give the probabilities of an answer, if it is the model's."""
    if side is None:
        return
    kind, body = _text(side)
    if kind == CSV:  # tells no version: whoever asked so asked the endpoint itself
        yield from (float(row["probability"]) for row in csv.DictReader(io.StringIO(body)))
        return
    document = json.loads(body)
    if str(document["model"].get("version")) == version:
        yield from (float(one["probability"]) for one in document["predictions"])
