"""What happens inside the emulator, read from its event file and said in a line each."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.driver.console import Console

_STEP = "SageMaker Model Building Pipeline Execution Step Status Change"
_ENDPOINT = "SageMaker Endpoint State Change"
_TRAINING = "SageMaker Training Job State Change"
_DEPLOYMENT = "SageMaker Endpoint Deployment State Change"
_PACKAGE = "SageMaker Model Package State Change"
_ALARM = "CloudWatch Alarm State Change"
_MACHINE = "Step Functions Execution Status Change"
# What people call the state machines that are ours, by a part of their names; the CDK's own are of no interest.
_MACHINES = {"-RolloutMachine": "rollout", "-IntakeMachine": "intake of data"}


class EventPrinter:
    """Follows the event file on a thread and prints what a person wants to know.

    Parameters
    ----------
    path
        The file that the emulator writes.
    console
        Where to print.
    logs
        The folder with the copies of the jobs' logs.
    """

    def __init__(self, path: Path, console: Console, logs: Path) -> None:
        self._logs = logs
        self._path = path
        self._console = console
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="events", daemon=True)
        self._running: dict[str, float] = {}

    def start(self) -> None:
        """Begin with what happens from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End, if it has begun."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2)

    def _follow(self) -> None:
        # Only what happens from now on.
        position = self._path.stat().st_size if self._path.exists() else 0
        while not self._stop.wait(0.25):
            if self._path.exists():
                with self._path.open() as handle:
                    handle.seek(position)
                    for line in handle:
                        if not line.endswith("\n"):
                            break
                        position += len(line.encode())
                        with contextlib.suppress(ValueError):
                            self._handle(json.loads(line))
            for name, since in list(self._running.items()):
                self._console.waiting(f"{name}… {time.time() - since:.0f} s")

    def _handle(self, event: dict[str, Any]) -> None:
        tell: dict[str, Callable[[dict[str, Any], float], None]] = {
            _STEP: self._step,
            _TRAINING: self._trial,
            _ENDPOINT: self._endpoint,
            _DEPLOYMENT: self._deployment,
            _PACKAGE: self._package,
            _ALARM: self._alarm,
            _MACHINE: self._machine,
        }
        if event["kind"] in tell:
            tell[event["kind"]](event["detail"], event["time"])

    def _step(self, detail: dict[str, Any], at: float) -> None:
        name = f"pipeline step {detail['stepName']}"
        if detail["currentStepStatus"] == "Executing":
            self._running[name] = at
            return
        ended = detail["currentStepStatus"].lower()
        line = f"{name} {ended} after {at - self._running.pop(name, at):.1f} s"
        if detail.get("failureReason"):
            # The deployment that waits for the run ends with the whole reason.
            line += f": {detail['failureReason'].splitlines()[0].rstrip(':')}"
        self._console.say(line + _note(detail))
        for log in self._logs_of(detail) if ended == "failed" else []:
            self._console.say(f"  its log: {log}")

    def _trial(self, detail: dict[str, Any], _at: float) -> None:
        """A training job of a tuning job: what it found is what one waits for."""
        if "TuningJobArn" not in detail or detail["TrainingJobStatus"] in ("InProgress", "Stopping"):
            return
        objective = detail["HyperParameters"].get("_tuning_objective_metric", "")
        found = {one["MetricName"]: one["Value"] for one in detail.get("FinalMetricDataList", [])}
        line = f"  training job {detail['TrainingJobName'].rsplit('-', 2)[1]} {detail['TrainingJobStatus'].lower()}"
        self._console.say(line + (f": {objective} {found[objective]:.4f}" if objective in found else ""))

    def _logs_of(self, detail: dict[str, Any]) -> list[Path]:
        arns = [job["arn"] for job in detail.get("metadata", {}).values() if "arn" in job]
        return [log for arn in arns for log in sorted(self._logs.glob(f"*/{arn.rsplit('/', 1)[-1]}-*.log"))]

    def _deployment(self, detail: dict[str, Any], _at: float) -> None:
        """Say where an update is: launching, baking, and so on; a creation has no such stages."""
        for variant in detail.get("PendingDeploymentSummary", {}).get("ProductionVariants", []):
            for stage in variant.get("VariantStatus", []):
                self._console.say(f"endpoint {detail['EndpointName']}: {stage['StatusMessage']}")

    def _endpoint(self, detail: dict[str, Any], at: float) -> None:
        name = f"endpoint {detail['EndpointName']}"
        if detail["EndpointStatus"] in ("CREATING", "UPDATING"):
            self._running[name] = at
            return
        if detail["EndpointStatus"] == "ROLLING_BACK":
            self._console.say(f"{name} goes back: {detail.get('FailureReason', '')}")
            return
        since = self._running.pop(name, at)
        words = {"IN_SERVICE": "in service", "FAILED": "failed"}
        line = f"{name} {words.get(detail['EndpointStatus'], detail['EndpointStatus'].lower())}"
        line += f" after {at - since:.1f} s"
        if detail.get("FailureReason"):
            line += f": {detail['FailureReason']}"
        self._console.say(line)

    def _package(self, detail: dict[str, Any], _at: float) -> None:
        """Say that a version was registered, or what was decided about it; what is only noted on it is no news."""
        name, updated = f"model version {detail['ModelPackageVersion']}", detail.get("UpdatedModelPackageFields")
        if updated is None:
            self._console.say(f"{name} registered")
        elif "ModelApprovalStatus" in updated:
            why = detail.get("ApprovalDescription", "")
            self._console.say(f"{name} {detail['ModelApprovalStatus'].lower()}{': ' if why else ''}{why}")

    def _alarm(self, detail: dict[str, Any], _at: float) -> None:
        """Say that an alarm went off or is over; that one has its first data is no news."""
        name, before, now = detail["alarmName"], detail["previousState"]["value"], detail["state"]["value"]
        if now == "ALARM":
            about = detail["configuration"]["description"].partition(";")[0]
            self._console.say(f"ALARM {name}{': ' if about else ''}{about}")
        elif before == "ALARM":
            self._console.say(f"alarm {name} is over")

    def _machine(self, detail: dict[str, Any], at: float) -> None:
        """Say what a state machine did, in the words that people are told."""
        name = next((says for part, says in _MACHINES.items() if part in detail["stateMachineArn"]), None)
        if name is None:
            return
        running = f"{name} {detail['name'][:8]}"
        if detail["status"] == "RUNNING":
            self._running[running] = at
            self._console.say(f"{name} begins")
            return
        line = f"{name} {detail['status'].lower()} after {at - self._running.pop(running, at):.1f} s"
        told = detail.get("cause") or _told(detail.get("output"))
        self._console.say(f"{line}{': ' if told else ''}{told}")


def _told(output: str | None) -> str:
    """What a state machine ends with in words, if it does: the first paragraph."""
    found = json.loads(output or "{}")
    words = str(found.get("told") or found.get("message") or "") if isinstance(found, dict) else ""
    return words.partition("\n\n")[0]


def _note(detail: dict[str, Any]) -> str:
    """What a function's step answers for people, as the one that logs to MLflow does when it cannot."""
    outputs = detail.get("metadata", {}).get("lambda", {}).get("outputParameters", [])
    values = {one["Name"]: one["Value"] for one in outputs}
    return f" ({values['Note']})" if values.get("Note") else ""
