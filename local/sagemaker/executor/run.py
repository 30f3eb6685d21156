"""One execution of a pipeline: which step may start, what it sees, how it all ends."""

import functools
import logging
import threading
import time
from typing import Any

from botocore.exceptions import ClientError

from local.sagemaker import events, platform
from local.sagemaker.errors import ServiceError
from local.sagemaker.executor.context import Context, Result, StepFailed
from local.sagemaker.executor.definition import Definition, Step
from local.sagemaker.executor.steps import KINDS
from local.sagemaker.executor.values import ValueFailure, follow, resolve
from local.sagemaker.jobs.s3 import split
from local.sagemaker.naming import now
from local.sagemaker.store import Record

_log = logging.getLogger("sagemaker.pipelines")
_POLL_S = 0.05
_METRICS = "AWS/Sagemaker/ModelBuildingPipeline"
_FAILED = "Step failure: One or multiple steps failed."


class Execution:
    """Runs a definition to its end, steps that do not wait for each other in parallel.

    Parameters
    ----------
    record
        The execution's record; its ``_steps`` are what ListPipelineExecutionSteps answers.
    definition
        The checked definition.
    pipeline_name
        For messages and execution variables.
    """

    def __init__(self, record: Record, definition: Definition, pipeline_name: str) -> None:
        self.record = record
        self._definition = definition
        self._pipeline = pipeline_name
        self._host = platform.current()
        self._id: str = record["PipelineExecutionArn"].rsplit("/", 1)[-1]
        self._results: dict[str, Result] = {}
        self._running: set[str] = set()
        self._failed = False
        self._changed = threading.Condition()
        limit = record.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
        self._parallel: int = limit or 50

    def run(self) -> None:
        """Run to the end and write the status."""
        events.execution(self.record, "Executing")
        waiting = {step.name: step for step in self._definition.steps}
        with self._changed:
            while True:
                self._start_ready(waiting)
                if not self._running:
                    break
                self._changed.wait(_POLL_S)
        self._finish()

    def _start_ready(self, waiting: dict[str, Step]) -> None:
        for step in list(waiting.values()):
            if self._failed or self._stopping() or len(self._running) >= self._parallel:
                return
            if step.needs <= self._results.keys():
                del waiting[step.name]
                if step.branch and self._results[step.branch[0]].outcome is not step.branch[1]:
                    continue
                self._running.add(step.name)
                self._host.background(f"step {step.name}", functools.partial(self._run_step, step))

    def _stopping(self) -> bool:
        return self.record["PipelineExecutionStatus"] == "Stopping"

    def _run_step(self, step: Step) -> None:
        entry: Record = {
            "StepName": step.name,
            "StartTime": now(),
            "StepStatus": "Executing",
            "AttemptCount": 1,
            "Metadata": {},
        }
        for member in ("DisplayName", "Description"):
            if member in step.body:
                entry[f"Step{member}"] = step.body[member]
        self.record["_steps"].append(entry)
        self._tell(step, entry)
        result, reason = None, ""
        try:
            result = KINDS[step.kind](step.body, self._context(entry))
        except (StepFailed, ValueFailure) as exc:
            reason = str(exc)
        except ServiceError as exc:
            reason = f"ClientError: {exc.message}"
        except Exception as exc:
            _log.exception("step %s", step.name)
            reason = f"InternalServerError: {exc}"
        with self._changed:
            entry["EndTime"] = now()
            if result is None:
                entry["FailureReason"] = reason[:1024]
                stopped = self._stopping()
                entry["StepStatus"] = "Stopped" if stopped else "Failed"
                self._failed = self._failed or not stopped
            else:
                entry["StepStatus"] = "Succeeded"
                self._results[step.name] = result
            self._tell(step, entry)
            self._running.discard(step.name)
            self._changed.notify_all()

    def _tell(self, step: Step, entry: Record) -> None:
        before = "Starting" if entry["StepStatus"] == "Executing" else "Executing"
        events.step(self.record, entry, step.kind, before)

    def _context(self, entry: Record) -> Context:
        role = self.record["RoleArn"]
        return Context(
            execution_arn=self.record["PipelineExecutionArn"],
            client=lambda service: self._host.client(service, role),
            resolve=lambda value: resolve(value, self._get, self._property_file),
            metadata=entry["Metadata"],
            stopping=self._stopping,
        )

    def _get(self, path: str) -> Any:
        root, _, rest = path.partition(".")
        if root == "Parameters":
            return self.record["_parameters"][rest]
        if root == "Execution":
            return self._variable(rest)
        step, _, inside = rest.partition(".")
        result = self._results.get(step)
        if root != "Steps" or result is None:
            raise ValueFailure(f"Nothing is known of {path}")
        try:
            return follow(result.described, inside)
        except KeyError as exc:
            raise ValueFailure(f"Step {step} has nothing at {inside}") from exc

    def _variable(self, name: str) -> Any:
        arn = self.record["PipelineExecutionArn"]
        started = time.gmtime(self.record["CreationTime"])
        values = {
            "PipelineName": self._pipeline,
            "PipelineArn": self.record["PipelineArn"],
            "PipelineExecutionId": self._id,
            "PipelineExecutionArn": arn,
            "StartDateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", started),
            "CurrentDateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        if name not in values:
            raise ValueFailure(f"Unknown execution variable {name}")
        return values[name]

    def _property_file(self, path: str) -> str:
        """The text of ``Steps.<step>.PropertyFiles.<name>``, read as the pipeline's role."""
        _, step_name, _, file_name = path.split(".")
        step = next(s for s in self._definition.steps if s.name == step_name)
        try:
            listed = follow(step.body, f"PropertyFiles['{file_name}']")
            found = follow(self._results[step_name].described, "ProcessingOutputConfig.Outputs")
            output = follow(found, f"['{listed['OutputName']}']")
        except KeyError as exc:
            raise ValueFailure(f"Step {step_name} has no property file {file_name}") from exc
        bucket, key = split(f"{output['S3Output']['S3Uri'].rstrip('/')}/{listed['FilePath']}")
        try:
            s3 = self._host.client("s3", self.record["RoleArn"])
            return s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        except ClientError as exc:
            raise ValueFailure(f"The property file s3://{bucket}/{key} cannot be read: {exc}") from exc

    def _finish(self) -> None:
        if self._failed:
            self.record["FailureReason"] = _FAILED
            status = "Failed"
        else:
            status = "Stopped" if self._stopping() else "Succeeded"
        before = self.record["PipelineExecutionStatus"]
        self.record |= {"LastModifiedTime": now(), "PipelineExecutionStatus": status}
        _log.info("execution %s: %s", self._id, status)
        events.execution(self.record, before)
        self._count(status)

    def _count(self, status: str) -> None:
        """Publish how it ended, under the name that CloudWatch knows it by, as the service itself.

        https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html, "SageMaker Pipelines metrics"
        """
        ended = {
            "MetricName": f"Execution{status}",
            "Dimensions": [{"Name": "PipelineName", "Value": self._pipeline}],
            "Value": 1,
            "Unit": "Count",
        }
        self._host.client("cloudwatch").put_metric_data(Namespace=_METRICS, MetricData=[ended])
