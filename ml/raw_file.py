"""The raw file: it is read and checked as a whole, and a bad one gives reasons with lines, never values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml.container import JobError
from schema import Row, Schema, SchemaError, parse_csv

MIN_PER_CLASS = 20
REASONS_SHOWN = 20
LINES_SHOWN = 5


def read_text(source: Path) -> str:
    """Return the raw file's text; `source` is the file, or a folder that holds one CSV.

    Raises
    ------
    JobError
        When there is no such file, several, or it is not UTF-8 text.
    """
    if source.is_dir():
        files = sorted(p for p in source.iterdir() if p.suffix.lower() == ".csv" and not p.name.startswith("."))
        if len(files) != 1:
            raise JobError(f"{source} holds {len(files)} CSV files; it must hold exactly one.")
        source = files[0]
    try:
        raw = source.read_bytes()
    except OSError as exc:
        raise JobError(f"{source} cannot be read ({exc.strerror}); check the path.") from exc
    if not raw.strip():
        raise JobError(f"{source.name} is empty; give the raw data.")
    if raw[:2] == b"PK":
        raise JobError(f"{source.name} is a spreadsheet or an archive, not text; save it as CSV in UTF-8.")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw:
        raise JobError(f"{source.name} is UTF-16 or binary; save it as CSV in UTF-8.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw[: exc.start].count(b"\n") + 1
        raise JobError(f"{source.name} is not UTF-8 (line {line}); save it as CSV in UTF-8.") from exc


def customers(text: str, schema: Schema, *, name: str = "The raw file") -> list[Row]:
    """Return the customers of a file that keeps every rule of the raw data.

    Raises
    ------
    JobError
        When it does not: the message, which calls the file by `name`, lists lines and reasons, never values.
    """
    try:
        rows = parse_csv(schema, text, whole=True)
    except SchemaError as exc:
        raise JobError(f"{name} cannot be used: {exc}.") from exc
    broken = _broken(rows, schema)
    if broken:
        count = sum(len(lines) for lines in broken.values())
        told = [f"  {reason}: {_where(lines)}" for reason, lines in list(broken.items())[:REASONS_SHOWN]]
        if len(broken) > REASONS_SHOWN:
            told.append(f"  and {len(broken) - REASONS_SHOWN} more kinds of problems")
        head = f"{name} has {count:,} problem(s) in {len(rows):,} rows; correct them and run this again."
        raise JobError("\n".join([head, *told]))
    return rows


def check(text: str, schema: Schema) -> list[Row]:
    """Return the customers of a raw file that keeps every rule and that a model can be learnt from.

    Raises
    ------
    JobError
        When it does not: the message says why.
    """
    rows = customers(text, schema)
    churners = sum(bool(row.record[schema.label.name]) for row in rows)
    if min(churners, len(rows) - churners) < MIN_PER_CLASS:
        raise JobError(
            f"The raw file has {churners} churners among {len(rows)} customers; training needs at least "
            f"{MIN_PER_CLASS} churners and {MIN_PER_CLASS} others."
        )
    return rows


def _broken(rows: Sequence[Row], schema: Schema) -> dict[str, list[int]]:
    """Return each reason, with its remedy unless the rule is one, and the lines that it holds for."""
    broken: dict[str, list[int]] = {}
    seen: set[tuple[object, ...]] = set()
    named = " and ".join(schema.by_name[name].column for name in schema.identifier)
    for row in rows:
        for problem in row.problems:
            subject = f"{schema.by_name[problem.field].column} " if problem.field else ""
            remedy = "" if problem.rule.startswith("must be") else f" ({problem.remedy.rstrip('.')})"
            broken.setdefault(f"{subject}{problem.rule}{remedy}", []).append(row.line)
        if schema.identifier and not row.problems:
            customer = tuple(row.record[name] for name in schema.identifier)
            if customer in seen:
                reason = f"has the {named} of an earlier row (Keep one row a customer)"
                broken.setdefault(reason, []).append(row.line)
            seen.add(customer)
    return broken


def _where(lines: Sequence[int]) -> str:
    """Return the first lines, and how many there are."""
    shown = ", ".join(str(line) for line in lines[:LINES_SHOWN])
    if len(lines) == 1:
        return f"line {shown}"
    return f"{len(lines):,} rows, lines {shown}{', …' if len(lines) > LINES_SHOWN else ''}"
