"""The state of an alarm by CloudWatch's rules; evaluated in the emulator's environment."""

import json
from typing import Any

import pytest

from .test_contract import _emulator

_ = None
# Values of the periods (oldest first), treatment of missing data, datapoints to alarm, state before → state.
# Threshold 3, at or over it. The rows with gaps are of AWS's table of how missing data counts.
CASES: list[tuple[list[float | None], str, int | None, str, str]] = [
    ([5], "missing", None, "OK", "ALARM"),
    ([3], "missing", None, "OK", "ALARM"),
    ([2.9], "missing", None, "ALARM", "OK"),
    ([_], "missing", None, "OK", "INSUFFICIENT_DATA"),
    ([_], "ignore", None, "ALARM", "ALARM"),
    ([_], "breaching", None, "OK", "ALARM"),
    ([_], "notBreaching", None, "ALARM", "OK"),
    ([5, 0, 5], "missing", 2, "OK", "ALARM"),
    ([5, 0, 0], "missing", 2, "ALARM", "OK"),
    ([5, 0, 5], "missing", None, "OK", "OK"),
    ([_, _, 0], "missing", 3, "ALARM", "OK"),
    ([_, _, 0], "breaching", 3, "ALARM", "OK"),
    ([_, _, 5], "missing", 3, "OK", "ALARM"),
    ([_, _, 5], "ignore", 3, "OK", "OK"),
    ([_, _, 5], "breaching", 3, "OK", "ALARM"),
    ([_, _, 5], "notBreaching", 3, "ALARM", "OK"),
]


@pytest.fixture(scope="module")
def found() -> list[list[str]]:
    """State and reason of each case: one process for all."""
    alarms: list[dict[str, Any]] = [
        {
            "Threshold": 3,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": missing,
            "DatapointsToAlarm": needed,
            "StateValue": before,
        }
        for _, missing, needed, before, _ in CASES
    ]
    given = [(alarm, case[0]) for alarm, case in zip(alarms, CASES, strict=True)]
    code = (
        "import json; from local.emulator.patches.alarms import state_of\n"
        f"print(json.dumps([state_of(alarm, values) for alarm, values in {given!r}]))"
    )
    done = _emulator(code)
    assert done.returncode == 0, done.stderr
    answer: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("place", range(len(CASES)))
def test_the_state_is_what_the_rules_say(found: list[list[str]], place: int) -> None:
    assert found[place][0] == CASES[place][4]


def test_the_reason_says_which_values_crossed_which_threshold(found: list[list[str]]) -> None:
    assert found[0][1].startswith("Threshold Crossed: 1 out of the last 1 datapoints [5 (")
    assert found[0][1].endswith(
        "was greater than or equal to the threshold (3.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert found[3][1] == "Insufficient Data: 1 datapoints were unknown."
