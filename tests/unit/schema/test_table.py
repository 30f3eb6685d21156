"""Customers in CSV text: right ones come out as records, wrong ones with line and rule, a wrong file as one error."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema import SchemaError, load_examples, load_schema, parse_csv

SCHEMA = load_schema()
LOYAL = load_examples()["loyal"]
NAMES = [a.name for a in SCHEMA.inputs]
RAW = [a.column for a in SCHEMA.attributes]
RAW_LINE = "ME,90,510,555-0142,no,yes,21,180.5,96,30.69,200,103,17,190.2,88,8.56,9,4,2.43,2,False."  # made up


def text(*rows: list[Any], header: list[str] | None = None) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([header or NAMES, *rows])
    return out.getvalue()


def cells(record: dict[str, Any]) -> list[str]:
    return [str(record[name]) for name in NAMES]


def raw(**changes: str) -> str:
    row = dict(zip(RAW, RAW_LINE.split(","), strict=True)) | {SCHEMA.by_name[n].column: v for n, v in changes.items()}
    return text(list(row.values()), header=RAW)


def test_a_list_by_attribute_names() -> None:
    (row,) = parse_csv(SCHEMA, text(cells(LOYAL)))
    assert (row.line, row.record, row.problems) == (2, LOYAL, [])


def test_the_raw_file_has_typed_values_of_all_attributes() -> None:
    (row,) = parse_csv(SCHEMA, raw(), whole=True)
    assert row.problems == []
    assert row.record["churn"] is False
    assert (row.record["intl_plan"], row.record["vmail_plan"]) == (False, True)
    assert (row.record["area_code"], row.record["intl_mins"], row.record["day_charge"]) == ("510", 9, 30.69)
    assert set(row.record) == set(SCHEMA.by_name)


def test_a_raw_list_can_be_scored_with_label_and_dropped_columns_left_out() -> None:
    (row,) = parse_csv(SCHEMA, raw())
    assert SCHEMA.validate(row.record) == []


def test_columns_may_come_in_any_order_with_a_byte_order_mark_blank_lines_and_quotes() -> None:
    order = list(reversed(NAMES))
    content = "\ufeff" + ",".join(f'"{n}"' for n in order) + "\r\n\r\n" + ",".join(f'" {LOYAL[n]} "' for n in order)
    (row,) = parse_csv(SCHEMA, content + "\r\n\r\n")
    assert row.record == LOYAL
    assert row.line == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day_mins": "many"}, "day_mins"),
        ({"day_mins": "nan"}, "day_mins"),
        ({"day_mins": "inf"}, "day_mins"),
        ({"day_mins": "1_0"}, "day_mins"),
        ({"day_mins": "-1"}, "day_mins"),
        ({"day_mins": ""}, "day_mins"),
        ({"day_mins": "9" * 5000}, "day_mins"),
        ({"day_calls": "3.5"}, "day_calls"),
        ({"state": "Kansas"}, "state"),
        ({"area_code": "999"}, "area_code"),
        ({"intl_plan": "maybe"}, "intl_plan"),
        ({"churn": "perhaps"}, "churn"),
        ({"phone": " "}, "phone"),
        ({"day_charge": "-3"}, "day_charge"),
    ],
)
def test_a_bad_cell_is_told_by_line_and_field(changes: dict[str, str], field: str) -> None:
    (row,) = parse_csv(SCHEMA, raw(**changes), whole=True)
    assert [p.field for p in row.problems] == [field]
    assert row.line == 2
    assert not any(value and value in str(row.problems) for value in changes.values() if len(value) > 2)


def test_a_row_of_the_wrong_length_is_a_problem_of_its_own() -> None:
    first, second, third = parse_csv(SCHEMA, text(cells(LOYAL), cells(LOYAL)[:-1], [*cells(LOYAL), "1"]))
    assert not first.problems
    assert "14 cells where the header has 15" in second.problems[0].rule
    assert "16 cells" in third.problems[0].rule


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no header row"),
        ("\n\n", "no header row"),
        (",".join(NAMES) + "\n", "no customer"),
        (";".join(NAMES) + "\n1;2", "not separated by commas"),
        ("\t".join(NAMES) + "\n1\t2", "not separated by commas"),
        (",".join(NAMES[1:]) + "\n1", "missing: State"),
        (",".join([*NAMES, "shoe size"]) + "\n1", "unknown: column 16"),
        (",".join([*NAMES, "State"]) + "\n1", "repeated: State"),
        (",".join([*NAMES, ""]) + "\n1", "unknown: column 16"),
        (",".join(cells(LOYAL)) + "\n" + ",".join(cells(LOYAL)), "first line is not a header.*: State, "),
        ('"' + ",".join(NAMES), "first line is no header: it is not CSV"),
        ("x" * 200_000, "first line is no header: it is not CSV"),
    ],
)
def test_a_wrong_file_is_one_clear_error(content: str, told: str) -> None:
    with pytest.raises(SchemaError, match=told):
        parse_csv(SCHEMA, content)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("first", [RAW_LINE, ",".join(cells(LOYAL)), RAW_LINE + ",extra"])
def test_without_a_header_no_customers_value_is_told(first: str, whole: bool) -> None:
    with pytest.raises(SchemaError, match="first line is not a header; put the column names there: State, ") as caught:
        parse_csv(SCHEMA, f"{first}\n{RAW_LINE}\n", whole=whole)
    assert not any(value in str(caught.value) for value in first.split(",") if len(value) > 2)


def test_a_line_that_is_half_header_is_told_by_position() -> None:
    header = [*NAMES[:-2], "180.5", "555-0142"]
    with pytest.raises(SchemaError, match="unknown: column 14, column 15") as caught:
        parse_csv(SCHEMA, text(cells(LOYAL), header=header))
    assert "180.5" not in str(caught.value)
    assert "555" not in str(caught.value)


@pytest.mark.parametrize(("field", "told"), [("intl_plan", "yes or no"), ("churn", "True. or False.")])
def test_a_cell_of_yes_and_no_is_asked_for_in_the_files_own_words(field: str, told: str) -> None:
    for wrong, rule in (("maybe", f"must be {told}"), ("", "is missing")):
        (row,) = parse_csv(SCHEMA, raw(**{field: wrong}), whole=True)
        (problem,) = row.problems
        assert problem.rule == rule
        assert problem.remedy.startswith("Write ")
        assert problem.remedy.endswith(f"as {told}.")


def test_an_unclosed_quote_costs_the_row_that_opens_it_and_no_other() -> None:
    lines = [",".join(RAW), *[RAW_LINE] * 4000]
    for broken in (500, 501, 2000, 4000):
        lines[broken] = '"' + lines[broken]
    rows = parse_csv(SCHEMA, "\n".join(lines), whole=True)
    assert [row.line for row in rows] == list(range(2, 4002))
    assert [row.line for row in rows if row.problems] == [501, 502, 2001, 4001]
    assert "is not CSV" in rows[499].problems[0].rule


@pytest.mark.parametrize("cell", ["x" * 200_000, "x" * 1_100_000])
def test_a_cell_that_no_customer_has_costs_its_row_and_no_other(cell: str) -> None:
    rows = parse_csv(SCHEMA, text(cells(LOYAL), [cell, *cells(LOYAL)[1:]], cells(LOYAL)))
    assert [bool(row.problems) for row in rows] == [False, True, False]


def test_a_row_over_several_lines_is_told_by_its_first() -> None:
    first, second = parse_csv(SCHEMA, text([*cells(LOYAL)[:-1], "a\nb\nc"], cells(LOYAL)))
    assert (first.line, second.line) == (2, 5)
    assert first.problems
    assert not second.problems


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
@settings(deadline=None)
def test_any_text_gets_an_answer(content: str) -> None:
    try:
        rows = parse_csv(SCHEMA, ",".join(NAMES) + "\n" + content)
    except SchemaError:
        return
    assert all(bool(row.problems) != (SCHEMA.validate(row.record) == []) for row in rows)


def test_a_list_may_name_its_customers_if_its_reader_says_so() -> None:
    named = text(["C-1", *cells(LOYAL)], ["", *cells(LOYAL)], ["short"], header=["id", *NAMES])
    first, second, short = parse_csv(SCHEMA, named, id_column="id")
    assert (first.id, first.record, first.problems) == ("C-1", LOYAL, [])
    assert (second.id, second.record) == ("", LOYAL)
    # A row of another width may have anything in its first cell.
    assert (short.id, len(short.problems)) == ("", 1)
    (row,) = parse_csv(SCHEMA, text(cells(LOYAL)), id_column="id")
    assert (row.id, row.record) == ("", LOYAL)
    with pytest.raises(SchemaError, match="unknown: column 1"):
        parse_csv(SCHEMA, named)
    with pytest.raises(SchemaError, match="repeated: id"):
        parse_csv(SCHEMA, text(["a", "b", *cells(LOYAL)], header=["id", "id", *NAMES]), id_column="id")
