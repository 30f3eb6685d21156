"""Start the watch, follow it, and say what it found: ``make watch ENV=dev``.

On the laptop run the report is copied beside the others, into the run's folder ``reports``.
"""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from config import ENVIRONMENTS, Settings, load_settings
from operate import laptop
from operate.account import Account, Client, OperateError, is_absent
from operate.command import ended
from operate.inventory import stack_prefix
from operate.progress import Progress

PAUSE_S = 2.0
# The exit code where something drifted, or the model is worse than registered: for scripts.
RAISED = 3


class Watch:
    """One run of the watch.

    Parameters
    ----------
    account : Account
        Where the environment is.
    settings : Settings
        Of the environment.
    progress : Progress
        What the person at the terminal sees.
    """

    def __init__(self, account: Account, settings: Settings, progress: Progress) -> None:
        self._account, self._settings, self._progress = account, settings, progress
        self._sagemaker: Client = account.client("sagemaker")

    def start(self, hours: int | None) -> str:
        """Start it, over so many hours or as many as the settings say; return the execution's ARN.

        Raises
        ------
        OperateError
            If the environment has no watch.
        """
        given = [] if hours is None else [{"Name": "PeriodHours", "Value": str(hours)}]
        name = f"{self._settings.resource_name}-watch"
        try:
            started = self._sagemaker.start_pipeline_execution(
                PipelineName=name, PipelineParameters=given, ClientRequestToken=uuid.uuid4().hex
            )
        except ClientError as exc:
            if not is_absent(exc):
                raise
            raise OperateError(f"There is no pipeline {name} in {self._account.label}: deploy first.") from exc
        self._progress.say(f"watching the last {hours or self._settings.watching.period_hours} hours: {name}")
        arn: str = started["PipelineExecutionArn"]
        return arn

    def follow(self, arn: str, *, pause_s: float = PAUSE_S) -> dict[str, str]:
        """Say which step runs until all have; return what the last one told.

        Raises
        ------
        OperateError
            If the run fails, with its own reason, or somebody stops it.
        """
        shown: dict[str, str] = {}
        while True:
            status = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
            steps = self._sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
            found: dict[str, dict[str, Any]] = {one["StepName"]: one for one in steps["PipelineExecutionSteps"]}
            for name, step in found.items():
                if shown.get(name) != step["StepStatus"]:
                    shown[name] = step["StepStatus"]
                    self._progress.say(f"{name}: {step['StepStatus'].lower()}")
            if status in ("Failed", "Stopped"):
                reasons = [step["FailureReason"] for step in found.values() if "FailureReason" in step]
                raise OperateError(f"The watch ended as {status}. {' '.join(reasons)}".strip())
            if status == "Succeeded":
                told = found["Publish"]["Metadata"]["Lambda"]["OutputParameters"]
                return {one["Name"]: one["Value"] for one in told}
            time.sleep(pause_s)

    def raised(self) -> list[str]:
        """The environment's alarms that are raised now."""
        found = self._account.client("cloudwatch").describe_alarms(
            AlarmNamePrefix=stack_prefix(self._settings), StateValue="ALARM"
        )
        return sorted(alarm["AlarmName"] for alarm in found["MetricAlarms"])

    def copy(self, report: str, folder: Path) -> Path:
        """Copy the report to a folder."""
        bucket, _, key = report.removeprefix("s3://").partition("/")
        target = folder / Path(key).name
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        return target


def watch(environment: str, hours: int | None) -> int:
    """Run it once and return the exit code."""
    settings, progress = load_settings(environment), Progress()
    run = Watch(Account.of(environment), settings, progress)
    told = run.follow(run.start(hours))
    print(f"\n{told['Verdict'].upper()}  {told['Message']}")
    here = settings.deployment.on_this_machine
    report = str(run.copy(told["Report"], laptop.folder() / "reports")) if here else told["Report"]
    print(f"Report: {report}")
    raised = run.raised()
    print(f"Alarms: {', '.join(raised) if raised else 'none is raised'}")
    return RAISED if told["Verdict"] == "drifted" or "Live quality is worse" in told["Message"] else 0


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate.watch", description=__doc__)
    parser.add_argument("--env", required=True, help=f"the environment: {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--hours", type=int, help="how far to look back; as the settings say unless given")
    arguments = parser.parse_args(argv)
    return ended(
        lambda: watch(arguments.env, arguments.hours),
        interrupted="the watch itself goes on.",
    )


if __name__ == "__main__":
    sys.exit(main())
