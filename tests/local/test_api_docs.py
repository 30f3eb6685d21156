"""The examples of docs/api.md, run as they stand: each one's answer has the shape that the document shows."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contract import openapi
from contract.rules import STATUSES
from schema import load_schema
from tests.local.deployment import Deployment

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
# An example, and the first block after it: what it answers.
EXAMPLES = re.findall(r"```(sh|python)\n(.*?)```.*?```(json|csv|text)\n(.*?)```", TEXT, re.DOTALL)
NAMES = [
    *(
        "token",
        "predictions",
        "csv",
        "lenient",
        "batch",
        "what_if",
        "schema",
        "model",
        "model_report",
        "health",
        "errors",
    ),
    "again",
]


def assert_same_shape(shown: Any, real: Any, where: str = "answer") -> None:
    """Check that all that is shown is there, of the same kind; lists are shown by their first entry."""
    assert type(shown) is type(real), where
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in real, f"{where}.{name}"
            assert_same_shape(value, real[name], f"{where}.{name}")
    # An empty one says nothing of what it may hold.
    if isinstance(shown, list) and shown:
        assert_same_shape(shown[0], real[0], f"{where}[0]")


@pytest.mark.parametrize(("language", "example", "kind", "shown"), EXAMPLES, ids=NAMES)
def test_example_answers_what_is_shown(
    deployment: Deployment, language: str, example: str, kind: str, shown: str
) -> None:
    client = deployment.output("Api", "CrmClientId")
    described = deployment.client("cognito-idp").describe_user_pool_client(
        UserPoolId=deployment.output("SignIn", "UserPoolId"), ClientId=client
    )
    key = deployment.client("apigateway").get_api_key(apiKey=deployment.output("Api", "CrmKeyId"), includeValue=True)
    env = {
        **os.environ,
        "SITE": deployment.site_url.rstrip("/"),
        "TOKEN": deployment.tokens("analyst")["access_token"],
        # Of Cognito's own domain the emulator's gateway answers.
        "LOGIN_URL": deployment.settings.endpoint,
        "API_URL": f"{deployment.site_url}api",
        "API_KEY": key["value"],
        "CLIENT_ID": client,
        "CLIENT_SECRET": described["UserPoolClient"]["ClientSecret"],
    }
    command = ["sh", "-c"] if language == "sh" else [sys.executable, "-c"]
    done = subprocess.run([*command, example], env=env, capture_output=True, text=True, check=True)
    if kind == "json":
        assert_same_shape(json.loads(shown), json.loads(done.stdout))
    elif kind == "text":
        real_rows = list(csv.DictReader(done.stdout.splitlines()))
        shown_rows = list(csv.DictReader(shown.splitlines()))
        assert [{name: row[name] for name in ("name", "state")} for row in real_rows] == [
            {name: row[name] for name in ("name", "state")} for row in shown_rows
        ]
        assert [row["error"] for row in real_rows] == [row["error"] or "" for row in shown_rows]
        assert set(shown_rows[0]) - {"…"} <= set(real_rows[0])
    else:
        expected, real = (list(csv.DictReader(text.splitlines())) for text in (shown, done.stdout))
        assert [list(row) for row in real] == [list(row) for row in expected]
        assert [row["id"] for row in real] == [row["id"] for row in expected]


def test_every_field_is_described_and_no_other() -> None:
    table = TEXT.split("## A customer")[1].split("##")[0]
    described = {name: value for name, value in re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)}
    assert list(described) == [attribute.name for attribute in load_schema().inputs]
    for attribute in load_schema().inputs:
        if attribute.is_numeric:
            kind = "whole number" if attribute.type == "integer" else "number"
            words = f"{kind} from {attribute.minimum:g} to {attribute.maximum:g} {attribute.unit}"
            assert described[attribute.name] == words


def test_every_status_is_told_as_the_contract_has_it() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert rows == [(str(number), status.when, status.remedy) for number, status in STATUSES.items()]


def test_every_address_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+) /api([/\w{}]+)` \|", TEXT, re.MULTILINE))
    paths = openapi.document(load_schema())["paths"]
    assert told == {(method.upper(), path) for path, methods in paths.items() for method in methods}
