"""The examples of docs/api.md, run as they stand: each command's answer has the shape that the document shows."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from schema import load_schema

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```.*?```json\n(.*?)```", TEXT, re.DOTALL)


def assert_same_shape(shown: Any, real: Any, where: str = "answer") -> None:
    """Check that all that is shown is there, of the same kind; lists are shown by their first entry."""
    assert type(shown) is type(real), where
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in real, f"{where}.{name}"
            assert_same_shape(value, real[name], f"{where}.{name}")
    if isinstance(shown, list):
        assert_same_shape(shown[0], real[0], f"{where}[0]")


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=["predictions", "health", "errors"])
def test_example_answers_what_is_shown(site_url: str, command: str, shown: str) -> None:
    env = {**os.environ, "SITE": site_url}
    done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, check=True)
    real = json.loads(done.stdout)
    assert_same_shape(json.loads(shown), real)


def test_every_field_is_described_and_no_other() -> None:
    table = TEXT.split("## A customer")[1].split("##")[0]
    described = {name: value for name, value in re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)}
    assert list(described) == [attribute.name for attribute in load_schema().inputs]
    for attribute in load_schema().inputs:
        if attribute.is_numeric:
            kind = "whole number" if attribute.type == "integer" else "number"
            words = f"{kind} from {attribute.minimum:g} to {attribute.maximum:g} {attribute.unit}"
            assert described[attribute.name] == words


def test_limits_are_those_of_the_code() -> None:
    source = (Path(__file__).resolve().parents[2] / "lambda" / "invoker" / "customers.py").read_text(encoding="utf-8")
    customers, kib = (re.search(pattern, source) for pattern in (r"MAX_CUSTOMERS = (\d+)", r"BODY_BYTES = (\d+) \*"))
    assert customers
    assert kib
    assert f"more than {customers[1]} customers, or more than {kib[1]} KiB" in TEXT
