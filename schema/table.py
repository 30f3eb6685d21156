"""Customers in a CSV file: the raw data of the pipeline and the lists that people score."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from schema.attribute import Attribute, Problem, SchemaError
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
        One a line, with typed values of those cells that could be read.

    Raises
    ------
    SchemaError
        When the header, or the file as a whole, cannot be used. The message never quotes the file: where a header is
        missing, its first line is a customer.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    begins = 1  # a quoted cell may hold line ends, so that a row's first line is not its last
    try:
        header = next(reader, [])
        wanted = _columns(schema, header, whole, id_column)
        named = [n for n, cell in enumerate(header) if id_column and cell.strip() == id_column]
        rows = []
        begins = reader.line_num + 1
        for cells in reader:
            if cells:  # a blank line is no customer
                row = _row(begins, cells, wanted, len(header))
                fits = len(cells) == len(header)
                rows.append(row._replace(id=cells[named[0]].strip()) if named and fits else row)
            begins = reader.line_num + 1
    except csv.Error as exc:
        raise SchemaError(
            f"the row that begins on line {begins} is not CSV ({exc}); close the quotes it opens, or save the file "
            "again as comma-separated UTF-8"
        ) from exc
    if not rows:
        raise SchemaError("the file has a header and no customer; add rows")
    return rows


def _columns(schema: Schema, header: list[str], whole: bool, id_column: str) -> list[tuple[int, Attribute]]:
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
    if len(unknown) * 2 > len(header):
        expected = ", ".join(a.column for a in required)
        raise SchemaError(f"the first line is not a header; put the column names there: {expected}")
    missing = [a.column for a in required if a.name not in positions]
    if missing or unknown or repeated:
        parts = (("missing", missing), ("unknown", unknown), ("repeated", repeated))
        told = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
        raise SchemaError(f"the header does not fit the schema ({told}); correct the first line")
    return [(positions[a.name], a) for a in required]


def _row(line: int, cells: list[str], wanted: list[tuple[int, Attribute]], width: int) -> Row:
    if len(cells) != width:
        rule = f"has {len(cells)} cells where the header has {width}"
        return Row(line, {}, [Problem("", rule, "Check commas and quotes.")])
    record: dict[str, object] = {}
    problems = []
    for position, attribute in wanted:
        if not cells[position].strip():
            problems.append(attribute.missing(in_csv=True))
            continue
        value = attribute.parse(cells[position])
        if attribute.check(value):
            problems.append(attribute.problem(in_csv=True))
        else:
            record[attribute.name] = value
    return Row(line, record, problems)
