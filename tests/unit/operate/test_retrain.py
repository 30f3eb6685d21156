"""`make retrain`: what it refuses before anything begins, and how it says that nothing came of it."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from config import RetrainingSettings, load_settings
from operate.account import Account, OperateError
from operate.progress import Progress
from operate.retrain import Retraining

Stub = Callable[[str], Stubber]
MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:intake"
EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:intake:e1"
OWNER = "arn:aws:iam::111122223333:role/owner"
OUTPUTS = {
    "Retraining": {"IntakeArn": MACHINE, "DataOwnerRoleArn": OWNER},
    "Storage": {"DataBucketName": "data"},
    "Training": {"PipelineName": "churn-dev"},
}
CREDENTIALS = {
    "AccessKeyId": "A" * 16,
    "SecretAccessKey": "s",
    "SessionToken": "t",
    "Expiration": "2026-01-01T00:00:00Z",
}


def retraining(account: Account, stub: Stub, **changes: Any) -> Retraining:
    """The intake of dev, its settings changed."""
    for stack, outputs in OUTPUTS.items():
        told = {
            "StackName": stack,
            "CreationTime": 0,
            "StackStatus": "CREATE_COMPLETE",
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
        }
        stub("cloudformation").add_response("describe_stacks", {"Stacks": [told]}, {"StackName": f"Churn-dev-{stack}"})
    stub("sts").add_response("assume_role", {"Credentials": CREDENTIALS}, {"RoleArn": OWNER, "RoleSessionName": ANY})
    settings = dataclasses.replace(load_settings("dev"), retraining=RetrainingSettings(**changes))
    return Retraining(account, settings, Progress())


def test_an_environment_that_is_not_deployed_is_said_to_be(account: Account, stub: Stub) -> None:
    stub("cloudformation").add_client_error("describe_stacks", "ValidationError", "Stack does not exist")
    with pytest.raises(OperateError, match=r"There is no Churn-dev-Retraining in account 111122223333.* Deploy dev"):
        Retraining(account, load_settings("dev"), Progress())


def test_who_may_not_become_the_data_owner_is_told_whom_to_ask(account: Account, stub: Stub) -> None:
    stub("sts").add_client_error("assume_role", "AccessDenied")
    with pytest.raises(OperateError, match=rf"retraining\.data_owners names may.*sts:AssumeRole on {OWNER}"):
        retraining(account, stub)
    # The answer that was not asked for any more.
    stub("sts")._queue.clear()


def test_a_file_that_the_intake_would_refuse_is_not_uploaded(account: Account, stub: Stub, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    with file.open("wb") as empty:
        empty.truncate((1 << 20) + 1)
    with pytest.raises(OperateError, match=r"has 1,048,577 bytes, and 1,048,576 are the limit"):
        retraining(account, stub, maximum_file_mb=1).bring(file)


def test_where_files_start_nothing_by_themselves_the_intake_is_started_for_the_file(
    account: Account, stub: Stub, tmp_path: Path
) -> None:
    file = tmp_path / "new.csv"
    file.write_text("customers")
    intake = retraining(account, stub, on_new_data=False)
    stub("s3").add_response(
        "put_object", {"ETag": '"e"'}, {"Bucket": "data", "Key": "raw/incoming/new.csv", "Body": ANY}
    )
    event = {"source": "aws.s3", "detail": {"object": {"key": "raw/incoming/new.csv", "etag": "e"}}}
    stub("stepfunctions").add_response(
        "start_execution",
        {"executionArn": EXECUTION, "startDate": 0},
        {"stateMachineArn": MACHINE, "input": json.dumps(event)},
    )
    assert intake.bring(file) == EXECUTION


def test_an_intake_that_failed_itself_is_an_error_with_its_cause(account: Account, stub: Stub) -> None:
    ended = {
        "executionArn": EXECUTION,
        "stateMachineArn": MACHINE,
        "status": "FAILED",
        "startDate": 0,
        "cause": "People were told",
    }
    intake = retraining(account, stub)
    stub("stepfunctions").add_response("describe_execution", ended)
    with pytest.raises(OperateError, match="The intake has failed: People were told"):
        intake.watch(EXECUTION)
