"""Which form the answer takes: the Accept header against what there is (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from problems import NotAcceptable


def chosen(accept: str, offered: Sequence[str]) -> str:
    """Return the media type to answer with; the first of those that are wanted alike.

    Raises
    ------
    NotAcceptable
        When the header names none of them.
    """
    if not accept or accept in ("*/*", offered[0]):
        return offered[0]
    ranges = [_range(part) for part in accept.split(",")]
    weights = {kind: _weight(kind, ranges) for kind in offered}
    best = max(offered, key=lambda kind: weights[kind])
    if weights[best] <= 0:
        raise NotAcceptable(f"The answer can be {' or '.join(offered)}. Name one of them in the Accept header.")
    return best


def _range(part: str) -> tuple[str, float]:
    """Read ``text/csv;q=0.5``; what cannot be read as a weight counts as none given."""
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return kind, float(parameter[2:])
            except ValueError:
                break
    return kind, 1.0


def _weight(kind: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the weight of the most specific range that a type falls into; 0 when there is none."""
    family = kind.partition("/")[0] + "/*"
    for wanted in (kind, family, "*/*"):
        for one, weight in ranges:
            if one == wanted:
                return weight
    return 0.0
