"""Answers as cells of CSV: what a prediction, or a refusal, is in a row; and cells that spreadsheets do not execute."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from contract.rules import CSV_COLUMNS

# The columns of an answer without the id.
COLUMNS = CSV_COLUMNS[1:]
_REASONS = sum(name.startswith("reason_") for name in COLUMNS)
# What makes a spreadsheet take a cell for a formula (OWASP, CSV injection), in full width, too.
_FORMULA = re.compile(r"[\t\r ]*[=+\-@\uff0b\uff0d\uff1d\uff20]|[\t\r\n]").match
_NUMBER = re.compile(r"[+-]?[0-9.,]+([eE][+-]?[0-9]+)?").fullmatch


def predicted(probability: float, churn: bool, texts: Sequence[str]) -> tuple[str, ...]:
    """Return the cells of a prediction with the strongest reasons as sentences."""
    told = [*texts[:_REASONS]]
    return (repr(probability), str(churn).lower(), *told, *[""] * (_REASONS - len(told)), "")


def refused(errors: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the cells of a customer who was not scored, with what to mend."""
    told = " ".join(f"{e['field'] or 'It'} {e['rule']}. {e['remedy']}" for e in errors)
    return ("", "", *[""] * _REASONS, f"Not scored: {told}")


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet executes: an apostrophe makes a text of a formula; a number stays one."""
    return f"'{cell}" if _FORMULA(cell) and not _NUMBER(cell) else cell
