"""Which metrics a log line holds, by the rules of the embedded metric format; read in the emulator's environment."""

import json
from typing import Any

import pytest

from .test_contract import _emulator

DIRECTIVE = {"Namespace": "N", "Dimensions": [["A"]], "Metrics": [{"Name": "M", "Unit": "Count"}]}


def line(**root: Any) -> dict[str, Any]:
    return {"_aws": {"Timestamp": 2000, "CloudWatchMetrics": [DIRECTIVE]}, "A": "a", "M": 1, **root}


def of(directive: dict[str, Any], **root: Any) -> dict[str, Any]:
    return line(_aws={"Timestamp": 2000, "CloudWatchMetrics": [{**DIRECTIVE, **directive}]}, **root)


def datum(values: list[float], **dimensions: str) -> list[Any]:
    return ["N", "M", "Count", dimensions, 2.0, values]


CASES: list[tuple[Any, list[Any]]] = [
    (line(), [datum([1.0], A="a")]),
    (line(M=[1, 2.5]), [datum([1.0, 2.5], A="a")]),
    (of({"Dimensions": [[]]}), [datum([1.0])]),
    (of({"Dimensions": [["A"], ["A", "B"]]}, B="b"), [datum([1.0], A="a"), datum([1.0], A="a", B="b")]),
    (of({"Metrics": [{"Name": "M"}]}), [["N", "M", "None", {"A": "a"}, 2.0, [1.0]]]),
    (line(M=[]), []),
    (line(M=[0] * 101), []),
    (line(M="1"), []),
    (line(M=True), []),
    (line(A=7), []),
    (of({"Metrics": [{"Name": "other"}]}), []),
    (line(_aws={}), []),
    (line(_aws=None), []),
    ([1, "_aws"], []),
]


@pytest.fixture(scope="module")
def found() -> list[Any]:
    """What the emulator makes of each case's line, and of two that are no JSON: one process for all."""
    lines = [json.dumps(case) for case, _ in CASES] + ['"_aws" {', "START RequestId"]
    code = (
        "import json, sys; from local.emulator.patches.embedded_metrics import data_of\n"
        f"print(json.dumps([list(data_of(text)) for text in {lines!r}]))"
    )
    done = _emulator(code)
    assert done.returncode == 0, done.stderr
    answer: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("place", range(len(CASES)))
def test_a_line_holds_the_metrics_that_the_format_says(found: list[Any], place: int) -> None:
    assert found[place] == CASES[place][1]


def test_other_lines_hold_none(found: list[Any]) -> None:
    assert found[len(CASES) :] == [[], []]
