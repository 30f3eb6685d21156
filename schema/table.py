"""Customers in a CSV file: the raw data of the pipeline and the lists that people score."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schema.attribute import Attribute, Problem, SchemaError
from schema.cells import Cells, cells_of
from schema.model import Schema


class Row(NamedTuple):
    """One row of a file: the line where it begins, what it said, what is wrong with it, and what it calls itself."""

    line: int
    record: dict[str, object]
    problems: list[Problem]
    id: str = ""


def parse_csv(schema: Schema, text: str, *, whole: bool = False, id_column: str = "") -> list[Row]:
    """Read customers from CSV text with a header row.

    Parameters
    ----------
    schema : Schema
        What the columns are. A header cell may be an attribute's name or its raw column.
    text : str
        The file's content; a byte order mark is ignored.
    whole : bool
        Whether all attributes are required and checked, as in the raw data, instead of the inputs
        alone, with label and dropped columns allowed and left out.
    id_column : str
        A column beside the schema's that the file may have, for names of its own.

    Returns
    -------
    list of Row
        One a row, with typed values of those cells that could be read.

    Raises
    ------
    SchemaError
        When the header, or the file as a whole, cannot be used. The message never quotes the file: where a header is
        missing, its first line is a customer.
    """
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    rows = list(rows_of(schema, cells_of(lines), whole=whole, id_column=id_column))
    if not rows:
        raise SchemaError("the file has a header and no customer; add rows")
    return rows


def rows_of(
    schema: Schema,
    table: Iterable[Cells],
    *,
    whole: bool = False,
    id_column: str = "",
    more_columns: bool = False,
    decimal_comma: bool = False,
) -> Iterator[Row]:
    """Read customers one at a time; a row that breaks a rule says so and keeps no other from being read.

    Parameters
    ----------
    schema, whole, id_column
        As for `parse_csv`.
    table : iterable of Cells
        The header and the rows, from `cells_of`.
    more_columns : bool
        Whether columns that the schema does not know are left alone, instead of refused.
    decimal_comma : bool
        Whether ``12,5`` is twelve and a half.

    Raises
    ------
    SchemaError
        When the header cannot be used.
    """
    table = iter(table)
    head = next(table, Cells(1, []))
    if head.broken:
        raise SchemaError(f"the first line is no header: it {head.broken}; put the column names there")
    header = head.cells
    wanted = _columns(schema, header, whole, id_column, more_columns)
    named = next((n for n, cell in enumerate(header) if id_column and cell.strip() == id_column), None)
    for line, cells, broken in table:
        if broken:
            yield Row(line, {}, [Problem("", broken, "Close the quotes it opens, and write its cells on one line.")])
        elif cells:  # a blank line is no customer
            row = _row(line, cells, wanted, len(header), decimal_comma)
            if named is not None and len(cells) == len(header):
                row = row._replace(id=cells[named].strip())
            yield row


def _columns(
    schema: Schema, header: list[str], whole: bool, id_column: str, more_columns: bool
) -> list[tuple[int, Attribute]]:
    """Return the position and attribute of each wanted column, or say what the header lacks."""
    if not any(cell.strip() for cell in header):
        raise SchemaError("the file has no header row; put the column names on its first line")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise SchemaError("the columns are not separated by commas; save the file as CSV with ,")
    known = {a.name: a for a in schema.attributes} | {a.column: a for a in schema.attributes}
    positions: dict[str, int] = {}
    unknown, repeated = [], []
    names = sum(cell.strip() == id_column for cell in header) if id_column else 0
    repeated += [id_column] * (names - 1)
    for position, cell in enumerate(header):
        attribute = known.get(cell.strip())
        if names and cell.strip() == id_column:
            continue
        if attribute is None:
            unknown.append(f"column {position + 1}")
        elif attribute.name in positions:
            repeated.append(attribute.column)
        else:
            positions[attribute.name] = position
    required = schema.attributes if whole else schema.inputs
    if len(unknown) * 2 > len(header) and not (more_columns and positions):
        expected = ", ".join(a.column for a in required)
        raise SchemaError(f"the first line is not a header; put the column names there: {expected}")
    missing = [a.column for a in required if a.name not in positions]
    unknown = [] if more_columns else unknown
    if missing or unknown or repeated:
        parts = (("missing", missing), ("unknown", unknown), ("repeated", repeated))
        told = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
        raise SchemaError(f"the header does not fit the schema ({told}); correct the first line")
    return [(positions[a.name], a) for a in required]


def _row(line: int, cells: list[str], wanted: list[tuple[int, Attribute]], width: int, decimal_comma: bool) -> Row:
    if len(cells) != width:
        rule = f"has {len(cells)} cells where the header has {width}"
        return Row(line, {}, [Problem("", rule, "Check separators and quotes.")])
    record: dict[str, object] = {}
    problems = []
    for position, attribute in wanted:
        if not cells[position].strip():
            problems.append(attribute.missing(in_csv=True))
            continue
        cell = cells[position].replace(",", ".") if decimal_comma and attribute.type == "number" else cells[position]
        value = attribute.parse(cell)
        if attribute.check(value):
            problems.append(attribute.problem(in_csv=True))
        else:
            record[attribute.name] = value
    return Row(line, record, problems)
