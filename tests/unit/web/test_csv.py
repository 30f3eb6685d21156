"""Files as spreadsheets and people make them: web/js/list/ reads good rows and says what is wrong with others."""

import base64
import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema import load_examples, load_schema
from tests.unit.web.node import Ask, answering

PROGRAM = """
const { CsvError, cellOf, decode, delimiterOf, rowsOf, written } = await import("WEB/js/list/csv.js");
const { customerOf, hasDecimalCommas, planOf } = await import("WEB/js/list/columns.js");
function tryTo(work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { problem: error.problem, fact: error.fact ?? null };
  }
}
function answer({ bytes, attributes, identifier = [], cells, rows }) {
  if (cells) return cells.map(([cell, delimiter]) => cellOf(cell, delimiter));
  if (rows) return written(rows, ",");
  return tryTo(() => {
    const text = decode(Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0)));
    const delimiter = delimiterOf(text);
    const [head, ...lines] = rowsOf(text, delimiter);
    if (!attributes) return { delimiter, rows: [head, ...lines] };
    const inputs = attributes.filter(({ role }) => role === "input");
    const plan = planOf(head.cells, attributes, identifier);
    const commas = hasDecimalCommas(lines.map(({ cells }) => cells), plan, inputs);
    return { commas, names: plan.names, customers: lines.map(({ cells }) => customerOf(cells, plan, inputs, commas)) };
  });
}
"""
SCHEMA = load_schema()
ATTRIBUTES = SCHEMA.document["attributes"]
INPUTS = [entry for entry in ATTRIBUTES if entry["role"] == "input"]
AT_RISK = load_examples()["at_risk"]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with answering(PROGRAM) as node:
        yield node


def bytes_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def read(ask: Ask, raw: bytes) -> Any:
    return ask({"bytes": bytes_of(raw)})


def customers(ask: Ask, raw: bytes) -> Any:
    return ask({"bytes": bytes_of(raw), "attributes": ATTRIBUTES, "identifier": ["area_code", "phone"]})


def cell(value: Any, comma: bool = False) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace(".", ",") if comma and isinstance(value, float) else str(value)


def table(delimiter: str = ",", comma: bool = False, **changes: str) -> str:
    cells = {name: cell(value, comma) for name, value in AT_RISK.items()} | changes
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows([list(cells), list(cells.values())])
    return out.getvalue()


texts = st.text('ab1é=,;\t"\n ', max_size=12)
tables = st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(texts, min_size=n, max_size=n), min_size=1, max_size=6))


@given(rows=tables, delimiter=st.sampled_from(",;\t"), end=st.sampled_from(["\n", "\r\n"]), mark=st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_table_comes_back_as_it_was_written(
    ask: Ask, rows: list[list[str]], delimiter: str, end: str, mark: bool
) -> None:
    head = [f"column {place}" for place in range(max(len(rows[0]), 2))]
    rows = [[*row, *[""] * (len(head) - len(row))] for row in rows]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([head, *rows])
    answer = read(ask, out.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    assert answer["delimiter"] == delimiter
    # Lines without any text are left out.
    kept = [row for row in rows if any(one.strip() for one in row)]
    assert [one["cells"] for one in answer["rows"]] == [head, *kept]


def test_lines_are_counted_as_an_editor_counts_them(ask: Ask) -> None:
    answer = read(ask, b'a,b\r\n\r\n"x\r\ny",1\n\n2,"say ""hi"""\r3,4')
    assert [(row["line"], row["cells"]) for row in answer["rows"]] == [
        (1, ["a", "b"]), (3, ["x\r\ny", "1"]), (6, ["2", 'say "hi"']), (7, ["3", "4"]),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_spreadsheets_are_read(ask: Ask, encoding: str) -> None:
    answer = read(ask, "naïve;Zoë\n1;2\n".encode(encoding))
    assert answer["rows"][0]["cells"] == ["naïve", "Zoë"]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"PK\x03\x04\0\0workbook", {"problem": "binary", "fact": None}),
        (b'a,b\n1,"2\n3,4\n', {"problem": "quotes", "fact": 2}),
    ],
)
def test_what_is_no_table_is_told_why(ask: Ask, raw: bytes, problem: dict[str, Any]) -> None:
    assert read(ask, raw) == problem


def test_a_field_of_a_megabyte_is_read(ask: Ask) -> None:
    answer = read(ask, b"a,b\n" + b"x" * 2**20 + b',"' + b'""' * 2**19 + b'"\n')
    assert [len(one) for one in answer["rows"][1]["cells"]] == [2**20, 2**19]


@pytest.mark.parametrize(("delimiter", "comma"), [(",", False), (";", True), ("\t", True), (",", True), (";", False)])
def test_a_customer_is_the_same_however_it_is_written(ask: Ask, delimiter: str, comma: bool) -> None:
    answer = customers(ask, table(delimiter, comma).encode())
    assert answer["commas"] is comma
    assert answer["customers"] == [{"customer": AT_RISK, "wrong": []}]


def test_columns_may_be_named_and_ordered_in_any_way(ask: Ask) -> None:
    by_name = {attribute.name: attribute for attribute in SCHEMA.inputs}
    names = list(reversed(AT_RISK))
    heads = [by_name[name].column.upper() if place % 2 else by_name[name].label for place, name in enumerate(names)]
    row = [cell(AT_RISK[name]) for name in names]
    out = io.StringIO()
    csv.writer(out).writerows([["note", *heads, "Phone"], ["hello", *row, "382-4657"]])
    answer = customers(ask, out.getvalue().encode())
    assert answer["customers"] == [{"customer": AT_RISK, "wrong": []}]
    area, phone = 1 + names.index("area_code"), len(heads) + 1
    assert answer["names"] == [area, phone]


def test_an_id_names_the_customer(ask: Ask) -> None:
    raw = "Customer ID," + table().replace("\r\n", "\r\nA-17,", 1)
    assert customers(ask, raw.encode())["names"] == [0]


def test_missing_and_doubled_columns_are_named(ask: Ask) -> None:
    without = table().replace("day_mins", "day")
    assert customers(ask, without.encode()) == {"problem": "missing", "fact": ["Day minutes"]}
    lines = table().splitlines()
    doubled = f"{lines[0]},Day Mins\n{lines[1]},3\n"
    assert customers(ask, doubled.encode()) == {"problem": "twice", "fact": ["Day minutes"]}


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({"state": "nj"}, "NJ"),
        ({"state": "New Jersey"}, "NJ"),
        ({"intl_plan": "TRUE"}, True),
        ({"intl_plan": "1"}, True),
        ({"vmail_plan": "No"}, False),
    ],
)
def test_values_are_read_generously_where_they_are_clear(ask: Ask, changes: dict[str, str], value: Any) -> None:
    ((name, _),) = changes.items()
    (found,) = customers(ask, table(**changes).encode())["customers"]
    assert found["customer"][name] == value
    assert found["wrong"] == []


@pytest.mark.parametrize(
    ("changes", "is_missing"),
    [
        ({"account_length": "1,000"}, False),
        ({"day_mins": "1,234"}, False),
        ({"day_mins": "=1+1"}, False),
        ({"day_mins": "1e2"}, False),
        ({"day_mins": "601"}, False),
        ({"day_mins": ""}, True),
        ({"state": "XX"}, False),
        ({"intl_plan": "maybe"}, False),
        ({"day_calls": "1.5"}, False),
    ],
)
def test_what_is_not_clear_is_refused_and_nothing_else_is(ask: Ask, changes: dict[str, str], is_missing: bool) -> None:
    ((name, _),) = changes.items()
    (found,) = customers(ask, table(**changes).encode())["customers"]
    assert found["wrong"] == [{"name": name, "isMissing": is_missing}]


def test_a_point_anywhere_says_that_commas_are_no_decimals(ask: Ask) -> None:
    rows = [*table(";", True).splitlines(), table(";").splitlines()[1]]
    answer = customers(ask, "\n".join(rows).encode())
    assert answer["commas"] is False
    assert [bool(one["wrong"]) for one in answer["customers"]] == [True, False]


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("+cmd", "'+cmd"), ("-2+3", "'-2+3"), ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"), (" =1", "' =1"), ("＝1", "'＝1"), ("-12.5", "-12.5"), ("-12,5", '"-12,5"'), ("+1", "+1"),
        ("a,b", '"a,b"'), ('say "x"', '"say ""x"""'), ("plain", "plain"), ("\r=1", '"\'\r=1"'),
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_execute_becomes_a_text(ask: Ask, cell: str, safe: str) -> None:
    assert ask({"cells": [[cell, ","]]}) == [safe]


@given(rows=tables)
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_as_the_same_by_others(ask: Ask, rows: list[list[str]]) -> None:
    text = ask({"rows": rows})
    assert text.startswith("\ufeff")
    back = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    plain = [[one.removeprefix("'") if one.startswith("'") else one for one in row] for row in back]
    wanted = [[one.removeprefix("'") for one in row] for row in rows]
    # A row of one empty cell is an empty line.
    assert [row or [""] for row in plain] == wanted
