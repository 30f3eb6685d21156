"""Captured traffic: who in it is a customer, and what the model said of each."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ml import captured
from schema import load_examples, load_schema

from .captures import HOUR, line, side

SCHEMA = load_schema()
EXAMPLES = load_examples()
LOYAL, AT_RISK = EXAMPLES["loyal"], EXAMPLES["at_risk"]


def read(folder: Path, *lines: str, version: str = "3") -> captured.Traffic:
    (folder / "one.jsonl").write_text("\n".join(lines) + "\n")
    return captured.read(folder.rglob("*.jsonl"), SCHEMA, version)


def different(count: int) -> list[dict[str, Any]]:
    return [{**LOYAL, "account_length": 1 + n} for n in range(count)]


def test_customers_come_with_what_the_model_said_of_them(tmp_path: Path) -> None:
    found = read(tmp_path, line([LOYAL, AT_RISK], [0.1, 0.9]), line(different(1), [0.2], hour="2026-03-01T11"))
    assert [record["account_length"] for record in found.records][:2] == [
        LOYAL["account_length"],
        AT_RISK["account_length"],
    ]
    assert found.probabilities == [0.1, 0.9, 0.2]
    assert found.by_hour == {HOUR: 2, "2026-03-01T11": 1}
    assert found.requests == 2


def test_variants_that_the_api_tries_are_no_customers(tmp_path: Path) -> None:
    variants = [{**LOYAL, "custserv_calls": n} for n in range(3)]
    found = read(tmp_path, line([LOYAL], [0.1], variants=variants))
    assert len(found.records) == 1
    assert found.variants == 3
    assert found.probabilities == [0.1]


def test_the_same_customer_counts_once_with_the_answer_of_the_version_that_is_watched(tmp_path: Path) -> None:
    found = read(tmp_path, line([LOYAL], [0.7], version="2"), line([LOYAL], [0.1]), line([LOYAL], [0.3]))
    assert len(found.records) == 1
    assert found.repeated == 2
    assert found.probabilities == [0.1]
    assert read(tmp_path, line([LOYAL], [0.7], version="2")).scored == []


def test_checks_of_the_endpoint_are_no_customers(tmp_path: Path) -> None:
    found = read(tmp_path, line([LOYAL], [0.1], inference_id="golden-1"), line([], []))
    assert found.records == []
    assert found.probes == 1
    assert found.requests == 1


def test_a_customer_without_an_answer_is_a_customer_without_a_prediction(tmp_path: Path) -> None:
    found = read(tmp_path, line([LOYAL], None))
    assert len(found.records) == 1
    assert found.probabilities == [None]


def test_customers_who_break_a_rule_are_counted_and_never_quoted(tmp_path: Path) -> None:
    found = read(tmp_path, line([{**LOYAL, "area_code": 7}, LOYAL], [0.5, 0.1]))
    assert found.broken == 1
    assert len(found.records) == 1
    assert found.probabilities == [0.1]
    ((rule, count),) = found.rules.items()
    assert rule.startswith("area_code must be")
    assert count == 1
    assert "7" not in rule


def test_csv_and_base64_are_read_too(tmp_path: Path) -> None:
    header = ",".join(a.name for a in SCHEMA.inputs)
    row = ",".join(
        "yes" if v is True else "no" if v is False else str(v) for v in (LOYAL[a.name] for a in SCHEMA.inputs)
    )
    as_csv = json.loads(line([LOYAL], [0.1]))
    as_csv["captureData"] = {
        "endpointInput": side("INPUT", f"{header}\n{row}\n", "text/csv; charset=utf-8", "CSV"),
        "endpointOutput": side("OUTPUT", "probability,churn\n0.25,true\n", "text/csv", "CSV"),
    }
    packed = json.loads(line([AT_RISK], [0.9]))
    for one in packed["captureData"].values():
        one |= {"data": base64.b64encode(one["data"].encode()).decode(), "encoding": "BASE64"}
    found = read(tmp_path, json.dumps(as_csv), json.dumps(packed))
    assert found.unreadable == 0
    assert found.records[0] == {a.name: LOYAL[a.name] for a in SCHEMA.inputs}
    assert found.probabilities == [0.25, 0.9]


def asked(data: str, *kind: str) -> str:
    about = {"inferenceTime": f"{HOUR}:17:00Z"}
    return json.dumps({"captureData": {"endpointInput": side("INPUT", data, *kind)}, "eventMetadata": about})


@pytest.mark.parametrize(
    "broken",
    [
        "not JSON",
        "[]",
        "{}",
        json.dumps({"captureData": {}, "eventMetadata": {}}),
        asked("{"),
        asked("[1]"),
        asked("ä", "application/json", "BASE64"),
        asked("a;b\n1;2\n", "text/csv", "CSV"),
    ],
)
def test_a_line_that_cannot_be_read_is_counted_and_stops_nothing(tmp_path: Path, broken: str) -> None:
    found = read(tmp_path, broken, line([LOYAL], [0.1]))
    assert found.unreadable == 1
    assert len(found.records) == 1
