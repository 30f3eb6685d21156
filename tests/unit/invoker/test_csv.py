"""Customers as CSV, and answers as CSV: same order, same rules, nothing that a spreadsheet would execute."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from schema import load_examples, load_schema

LOYAL, AT_RISK = load_examples()["loyal"], load_examples()["at_risk"]
NAMES = [attribute.name for attribute in load_schema().inputs]
COLUMNS = [attribute.column for attribute in load_schema().inputs]
IN, OUT = {"Content-Type": "text/csv"}, {"Accept": "text/csv"}
Post = Callable[..., dict[str, Any]]


def cells(customer: dict[str, Any]) -> list[str]:
    words = {True: "yes", False: "no"}
    return [words[value] if isinstance(value, bool) else str(value) for value in customer.values()]


def table(header: list[str], *rows: list[str], separator: str = ",") -> str:
    return "".join(separator.join(row) + "\r\n" for row in (header, *rows))


def rows(answer: dict[str, Any]) -> list[dict[str, str]]:
    assert answer["headers"]["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer["body"], newline="")))


@pytest.mark.parametrize("header", [NAMES, COLUMNS], ids=["names", "raw columns"])
def test_rows_become_the_customers_that_json_would_have_sent(post: Post, runtime: Any, header: list[str]) -> None:
    runtime.predicts({"probability": 0.02}, {"probability": 0.93})
    answer = post(table(header, cells(LOYAL), cells(AT_RISK)), IN)
    assert json.loads(runtime.requests[0][2]) == {"instances": [LOYAL, AT_RISK]}
    assert [one["id"] for one in answer["json"]["predictions"]] == [0, 1]


def test_an_export_of_the_raw_table_with_ids_reordered(post: Post, runtime: Any) -> None:
    runtime.predicts({"probability": 0.02})
    header = ["Churn?", "id", *reversed(COLUMNS), "Phone", "Day Charge"]
    row = ["False.", "C-1", *reversed(cells(LOYAL)), "555-0100", "25.7"]
    answer = post("\ufeff" + table(header, row), IN)
    assert answer["json"]["predictions"][0]["id"] == "C-1"
    assert json.loads(runtime.requests[0][2])["instances"] == [LOYAL]


def test_problems_are_told_with_customer_and_line(post: Post, runtime: Any) -> None:
    wrong = cells({**AT_RISK, "day_mins": 9999})
    answer = post(table(["id", *NAMES], ["a", *cells(LOYAL)], [], ["=1", *wrong], ["c"]), IN)
    assert answer["statusCode"] == 400
    told = [(e["customer"], e["line"], e["field"]) for e in answer["json"]["errors"]]
    assert told == [(1, 4, "id"), (1, 4, "day_mins"), (2, 5, "")]
    assert "9999" not in answer["body"]
    assert runtime.requests == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "no header row"),
        (table(NAMES), "no customer"),
        (table(NAMES, cells(LOYAL), separator=";"), "not separated by commas"),
        (table(["id", "id", *NAMES], ["1", "2", *cells(LOYAL)]), "repeated: id"),
        (table(NAMES[1:], cells(LOYAL)[1:]), "missing: State"),
        (table(cells(LOYAL), cells(LOYAL)), "not a header"),
        (table(NAMES, ["\ufffd", *cells(LOYAL)[1:]]), "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_why(post: Post, runtime: Any, body: str, words: str) -> None:
    answer = post(body, IN)
    assert answer["statusCode"] == 400
    assert words in answer["json"]["detail"]
    assert answer["json"]["detail"].endswith(".")
    assert LOYAL["state"] + "," not in answer["body"]
    assert runtime.requests == []


def test_an_unclosed_quote_costs_one_row(post: Post, runtime: Any) -> None:
    runtime.predicts({"probability": 0.1, "churn": False, "reasons": []})
    body = table(NAMES, [*cells(LOYAL)[:-1], '"1'], cells(LOYAL))
    answer = post(body, {**IN, "Prefer": "handling=lenient"})
    wrong, good = answer["json"]["predictions"]
    assert [error["line"] for error in wrong["errors"]] == [2]
    assert "not CSV" in wrong["errors"][0]["rule"]
    assert good["probability"] == 0.1


def test_latin_1_is_told_from_utf_8(post: Post) -> None:
    import base64

    body = base64.b64encode(table(["Zustand é", *NAMES[1:]], cells(LOYAL)).encode("latin-1")).decode()
    answer = post(body, IN, isBase64Encoded=True)
    assert (answer["statusCode"], "UTF-8" in answer["json"]["detail"]) == (400, True)


def test_too_many_rows(post: Post) -> None:
    assert post(table(NAMES, *[cells(LOYAL)] * 101), IN)["statusCode"] == 413


def test_answer_as_csv_has_a_row_for_each_customer_in_order(post: Post, runtime: Any) -> None:
    told = [{"text": "4 calls to customer service, well above the typical 1.6, raise the risk."}, {"text": "Two."}]
    runtime.predicts(
        {"probability": 0.02, "churn": False, "reasons": []}, {"probability": 0.93, "churn": True, "reasons": told}
    )
    answer = post({"customers": [{"id": "A", **LOYAL}, AT_RISK]}, OUT)
    assert answer["statusCode"] == 200
    assert answer["headers"]["Cache-Control"] == "no-store"
    first, second = rows(answer)
    assert list(first) == ["id", "probability", "churn", "reason_1", "reason_2", "reason_3", "error"]
    assert (first["id"], first["probability"], first["churn"], first["reason_1"]) == ("A", "0.02", "false", "")
    assert (second["id"], second["churn"], second["reason_1"], second["reason_2"]) == (
        "1",
        "true",
        told[0]["text"],
        "Two.",
    )


def test_csv_in_and_out_loses_no_good_row(post: Post, runtime: Any) -> None:
    runtime.predicts({"probability": 0.1, "churn": False, "reasons": []})
    body = table(NAMES, cells({**AT_RISK, "state": "XX"}), cells(LOYAL))
    answer = post(body, {**IN, **OUT, "Prefer": "handling=lenient"})
    wrong, good = rows(answer)
    assert (wrong["id"], wrong["probability"], good["id"], good["probability"]) == ("0", "", "1", "0.1")
    assert wrong["error"].startswith("Not scored: state must be one of 51 codes")


def test_no_cell_begins_as_a_formula_does(post: Post, runtime: Any) -> None:
    runtime.predicts({"probability": 0.1, "churn": False, "reasons": []})
    wrong = [{**LOYAL, name: 1} for name in ("=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "\t=1", "\r=1")]
    answer = post({"customers": [LOYAL, *wrong]}, {**OUT, "Prefer": "handling=lenient"})
    found = rows(answer)
    assert len(found) == 7
    assert not [cell for row in found for cell in row.values() if cell[:1] in set("=+-@\t\r")]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("text/csv, application/json", "application/json"),
        ("text/csv, application/json;q=0.9", "text/csv; charset=utf-8"),
        ("application/json;q=0.5, text/csv;q=0.8, */*;q=0.1", "text/csv; charset=utf-8"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*", "text/csv; charset=utf-8"),
        ("APPLICATION/JSON", "application/json"),
        ("text/csv;q=high", "text/csv; charset=utf-8"),
    ],
)
def test_the_form_that_is_wanted_most(post: Post, runtime: Any, accept: str, kind: str) -> None:
    runtime.predicts()
    assert post({"customers": [LOYAL]}, {"Accept": accept})["headers"]["Content-Type"] == kind
