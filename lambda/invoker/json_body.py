"""Strict JSON: no repeated names, no NaN."""

from __future__ import annotations

import json
from typing import NoReturn

from problems import UnreadableBody


def read(raw: bytes, shape: str) -> object:
    """Read a JSON body.

    Raises
    ------
    UnreadableBody
        When it is none; the message ends with `shape`, what to send.
    """
    try:
        return json.loads(raw, parse_constant=_refuse_constant, object_pairs_hook=_refuse_repeats)
    except (ValueError, RecursionError) as exc:
        raise UnreadableBody(f"The body is not valid JSON. {shape}") from exc


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
