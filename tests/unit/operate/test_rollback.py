"""What `make rollback` goes back to, what it begins beside others, and how it says what came of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY

from config import load_settings
from operate import rollback
from operate.account import Account, OperateError
from operate.models import Version
from operate.rollback import former

from .conftest import Stub

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:rollout"
EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:rollout:e1"
THEN = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)


def version(number: int, *, approval: str = "Approved", since: str = "", live: bool = False) -> Version:
    return Version(f"arn:aws:sagemaker:eu-west-1:1:model-package/g/{number}", "2026-11-21 12:00", approval,
                   live_since=since, live=live)  # fmt: skip


def test_a_rollback_goes_to_what_was_live_last_and_is_still_approved() -> None:
    live = version(5, since="2026-11-05", live=True)
    found = [live, version(4), version(3, since="2026-11-02"), version(2, since="2026-11-04"),
             version(1, since="2026-11-04T12", approval="Rejected")]  # fmt: skip
    assert former(found) == (live, found[3])


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ([version(1, since="2026-11-01")], "nothing to go back from"),
        ([version(2, live=True), version(1)], "no other ever was"),
        ([version(2, live=True), version(1, since="2026-11-01", approval="Rejected")], r"was rejected \(1\)"),
    ],
)
def test_nowhere_to_go_back_to_is_said(found: list[Version], why: str) -> None:
    with pytest.raises(OperateError, match=why):
        former(found)


@pytest.fixture
def machine(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 5 is live, version 3 was before; the stack tells of its state machine."""
    found = [version(5, since="2026-11-05", live=True), version(3, since="2026-11-02")]
    monkeypatch.setattr(rollback, "versions", lambda *_: found)
    told = {"OutputKey": "RolloutMachineArn", "OutputValue": MACHINE}
    stack = {"StackName": "Rollout", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE", "Outputs": [told]}
    stub("cloudformation").add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "Churn-dev-Rollout"})
    stub("sts").add_response("get_caller_identity", {"Arn": "arn:aws:iam::111122223333:user/ann"})


def running(stub: Stub, *executions: str) -> None:
    listed = [
        {"executionArn": one, "stateMachineArn": MACHINE, "name": "e", "status": "RUNNING", "startDate": THEN}
        for one in executions
    ]
    expected = {"stateMachineArn": MACHINE, "statusFilter": "RUNNING"}
    stub("stepfunctions").add_response("list_executions", {"executions": listed}, expected)


def described(stub: Stub, status: str, **more: str) -> None:
    told = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": status, "startDate": THEN, **more}
    stub("stepfunctions").add_response("describe_execution", told, {"executionArn": EXECUTION})


@pytest.mark.usefixtures("machine")
def test_beside_another_rollout_nothing_is_begun_and_it_is_named_with_what_to_do(account: Account, stub: Stub) -> None:
    """What is live is about to change, and who asks has judged what is live now."""
    running(stub, EXECUTION)
    described(stub, "RUNNING", input=json.dumps({"package": version(6).package}))
    with pytest.raises(OperateError) as refused:
        rollback.rollback(account, load_settings("dev"), "it is wrong")
    said = str(refused.value)
    assert "A rollout of version 6 has gone on since 2026-11-21 12:03 UTC" in said
    assert f"aws stepfunctions describe-execution --execution-arn {EXECUTION}" in said
    assert "make models ENV=dev" in said


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("ended", "code", "said"),
    [
        ({"output": {"state": "live", "message": "churn-dev serves version 3."}}, 0, "churn-dev serves version 3."),
        (
            {"output": {"state": "dropped", "message": "churn-dev serves version 6: another counts."}},
            1,
            "churn-dev serves version 6: another counts.\n"
            "If that has to go, too: make models ENV=dev, and roll back again.",
        ),
        ({"cause": "an alarm went off"}, 1, "an alarm went off"),
        ({}, 1, "The rollout ended as FAILED"),
    ],
)
def test_the_end_is_told_and_only_the_former_model_live_is_success(
    account: Account, stub: Stub, capsys: pytest.CaptureFixture[str], ended: dict[str, Any], code: int, said: str
) -> None:
    running(stub)
    asked = {"package": version(3).package, "rejects": version(5).package, "reason": "it is wrong", "by": "user/ann"}
    begun = {"executionArn": EXECUTION, "startDate": THEN}
    stub("stepfunctions").add_response(
        "start_execution", begun, {"stateMachineArn": MACHINE, "input": json.dumps(asked)}
    )
    entered = {"timestamp": THEN, "type": "TaskStateEntered", "id": 1, "stateEnteredEventDetails": {"name": "Dropped"}}
    stub("stepfunctions").add_response("get_execution_history", {"events": [entered]}, {"executionArn": ANY})
    output = {"output": json.dumps(ended["output"])} if "output" in ended else ended
    described(stub, "SUCCEEDED" if "output" in ended else "FAILED", **output)
    assert rollback.rollback(account, load_settings("dev"), "it is wrong") == code
    shown = capsys.readouterr().out
    assert "from version 5 to version 3, live since 2026-11-02" in shown
    assert "gives way to what came since" in shown
    assert shown.endswith(f"\n\n{said}\n")
