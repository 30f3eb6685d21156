"""``python -m operate.retrain --env dev [--file FILE]``: bring new data, or train again on the accepted ones; watch it.

Works under the role of data owners, which whoever runs it must be allowed to assume. Ends with 0 when a model was
registered, with 1 when none was, with 2 when nothing was begun.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from config import ENVIRONMENTS, Settings, load_settings
from operate.account import Account, OperateError, pages
from operate.command import ended
from operate.outputs import outputs
from operate.progress import Progress

INCOMING = "raw/incoming/"
SESSION = "make-retrain"
PAUSE_S = 2.0
# EventBridge hands an event on within seconds; S3 mostly tells of an object at once.
EVENT_LIMIT_S = 120
_ENDED = ("Succeeded", "Failed", "Stopped")


class Retraining:
    """The intake of one environment, as its data owner sees it.

    Parameters
    ----------
    account : Account
        Where the environment is; its credentials may assume the role.
    """

    def __init__(self, account: Account, settings: Settings, progress: Progress) -> None:
        self._settings, self._progress = settings, progress
        told = outputs(account, settings, "Retraining", "Storage", "Training")
        owner = _assumed(account, told["DataOwnerRoleArn"])
        self._machine, self._bucket = told["IntakeArn"], told["DataBucketName"]
        self._pipeline = told["PipelineName"]
        self._s3, self._states = owner.client("s3"), owner.client("stepfunctions")
        self._sagemaker = owner.client("sagemaker")

    def bring(self, file: Path) -> str:
        """Upload a file; give the ARN of the execution that it has started.

        Raises
        ------
        OperateError
            If the file cannot be read, is too large, or starts nothing.
        """
        limit = self._settings.retraining.maximum_file_mb << 20
        try:
            size = file.stat().st_size
            if size > limit:
                raise OperateError(
                    f"{file} has {size:,} bytes, and {limit:,} are the limit (retraining.maximum_file_mb)."
                )
            key = f"{INCOMING}{file.name}"
            with file.open("rb") as body:
                etag = self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)["ETag"].strip('"')
        except OSError as exc:
            raise OperateError(f"{file} cannot be read ({exc.strerror}). Check the path.") from exc
        self._progress.say(f"uploaded {file.name} to s3://{self._bucket}/{key}")
        if not self._settings.retraining.on_new_data:
            return self.start({"source": "aws.s3", "detail": {"object": {"key": key, "etag": etag}}})
        deadline = time.monotonic() + EVENT_LIMIT_S
        while time.monotonic() < deadline:
            for execution in self._latest():
                told = json.loads(self._describe(execution)["input"]).get("detail", {}).get("object", {})
                if (told.get("key"), told.get("etag")) == (key, etag):
                    return execution
            time.sleep(PAUSE_S)
        raise OperateError(f"Nothing was started by s3://{self._bucket}/{key}. Is the rule NewData enabled?")

    def start(self, event: dict[str, Any]) -> str:
        """Start an execution by hand; give its ARN."""
        arn: str = self._states.start_execution(stateMachineArn=self._machine, input=json.dumps(event))["executionArn"]
        return arn

    def watch(self, execution: str) -> dict[str, Any]:
        """Say what happens until the execution has ended; give what it ended with."""
        name = hashlib.sha256(execution.rpartition(":")[2].encode()).hexdigest()[:16]
        told: set[tuple[str, str]] = set()
        run = None
        while (described := self._describe(execution))["status"] == "RUNNING":
            run = run or self._run(name)
            if run:
                self._say_steps(run, told)
            time.sleep(PAUSE_S)
        if run:
            self._say_steps(run, told)
        if described["status"] != "SUCCEEDED":
            raise OperateError(f"The intake has {described['status'].lower()}: {described.get('cause', execution)}")
        output: dict[str, Any] = json.loads(described["output"])
        return output

    def _latest(self) -> Iterator[str]:
        listed = self._states.list_executions(stateMachineArn=self._machine, maxResults=20)
        for one in listed["executions"]:
            yield one["executionArn"]

    def _describe(self, execution: str) -> dict[str, Any]:
        found: dict[str, Any] = self._states.describe_execution(executionArn=execution)
        return found

    def _run(self, name: str) -> str | None:
        """Find the run of the execution: its display name ends with a hash of the execution's."""
        listed = self._sagemaker.list_pipeline_executions(
            PipelineName=self._pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=20
        )
        for one in listed["PipelineExecutionSummaries"]:
            if one.get("PipelineExecutionDisplayName", "").endswith(f"-{name}"):
                arn: str = one["PipelineExecutionArn"]
                self._progress.say(f"run {arn.rpartition('/')[2]} has started")
                return arn
        return None

    def _say_steps(self, run: str, told: set[tuple[str, str]]) -> None:
        steps = pages(
            self._sagemaker, "list_pipeline_execution_steps", "PipelineExecutionSteps", PipelineExecutionArn=run
        )
        for step in sorted(steps, key=lambda one: str(one.get("StartTime", ""))):
            name, status = step["StepName"], step["StepStatus"]
            if status in _ENDED and (name, status) not in told:
                told.add((name, status))
                self._progress.say(f"step {name} {status.lower()}")


def _assumed(account: Account, role: str) -> Account:
    """Become the data owner.

    Raises
    ------
    OperateError
        If that is not allowed.
    """
    try:
        answer = account.client("sts").assume_role(RoleArn=role, RoleSessionName=SESSION)["Credentials"]
    except ClientError as exc:
        raise OperateError(
            f"You cannot become the data owner: {exc}. Whom retraining.data_owners names may, and who is allowed "
            f"sts:AssumeRole on {role}."
        ) from exc
    session = boto3.Session(
        region_name=account.region,
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
    )
    return Account(session, account.number)


def retrain(environment: str, file: Path | None) -> int:
    """Train again, and say what comes of it.

    Returns
    -------
    int
        The exit code.
    """
    settings = load_settings(environment)
    account, progress = Account.of(environment), Progress()
    retraining = Retraining(account, settings, progress)
    execution = retraining.bring(file) if file else retraining.start({"source": "person"})
    wait_s = settings.retraining.debounce_s if file else 0
    progress.say(f"taken up; waits {wait_s} s for a newer file, and its turn" if file else "taken up; waits its turn")
    settled = retraining.watch(execution)
    print(f"\n{settled['told']}")
    return 0 if settled.get("outcome") == "trained" else 1


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate.retrain", description=__doc__)
    parser.add_argument("--env", required=True, help=f"the environment: {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--file", type=Path, help="a CSV of customers; without it, the latest accepted data")
    arguments = parser.parse_args(argv)
    return ended(
        lambda: retrain(arguments.env, arguments.file),
        interrupted="what was taken up goes on by itself, and a notice tells its end.",
    )


if __name__ == "__main__":
    sys.exit(main())
