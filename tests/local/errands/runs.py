"""Runs of the pipeline: of a copy under any role, and the deployment's own."""

import contextlib
import copy
import functools
import json
import uuid
from collections.abc import Iterator
from typing import Any

from tests.local.errands.common import EVALUATE, PIPELINE, PREPARE, SLEEP, TRAIN, Failed, done, python, soon, until
from tests.local.errands.serving import Serving


class Runs(Serving):
    """The errand of the pipeline's role, and what is known of runs."""

    @contextlib.contextmanager
    def pipeline(self, name: str, role: str) -> Iterator[None]:
        """A copy of the pipeline under another name, whose containers run a line each."""
        definition = copy.deepcopy(self.definition)
        lines = {"Prepare": PREPARE, "Evaluate": EVALUATE, "Train": TRAIN}
        # What it registers is no model: there is nothing to write a card of, nor to log.
        definition["Steps"] = [step for step in definition["Steps"] if step["Name"] != "Track"]
        (gate,) = [step for step in definition["Steps"] if step["Name"] == "Gate"]
        del gate["DependsOn"]
        gate["Arguments"]["IfSteps"] = [one for one in gate["Arguments"]["IfSteps"] if one["Name"] == "Register"]
        for step in definition["Steps"]:
            for member in ("AppSpecification", "AlgorithmSpecification"):
                if member in step.get("Arguments", {}):
                    step["Arguments"][member] |= python(lines[step["Name"]])
        asleep = [_asleep(step) for step in definition["Steps"] if step["Name"] in ("Prepare", "Train")]
        with self.pipelines(name, role, definition, asleep):
            yield

    @contextlib.contextmanager
    def pipelines(
        self, name: str, role: str, definition: dict[str, Any], asleep: list[dict[str, Any]]
    ) -> Iterator[None]:
        """A pipeline, and one beside it whose jobs sleep, to be stopped."""
        for suffix, steps in (("", definition["Steps"]), ("-asleep", asleep)):
            body = json.dumps(definition | {"Steps": steps})
            self.sagemaker.create_pipeline(
                PipelineName=name + suffix, PipelineDefinition=body, RoleArn=role, ClientRequestToken=uuid.uuid4().hex
            )
        try:
            yield
        finally:
            for suffix in ("", "-asleep"):
                self.sagemaker.delete_pipeline(PipelineName=name + suffix)

    def orchestrate(self, name: str) -> None:
        """A run of the copied pipeline to its package, and one that is stopped while a job of each kind is at work."""
        self.run_whole_and_stopped(name, jobs=2)

    def run_whole_and_stopped(self, name: str, *, jobs: int) -> None:
        """A run of a copied pipeline to its end, and one of its sleeping copy, stopped once all its jobs have begun."""
        execution = self._started(name)
        ended = until(lambda: self._run(execution)["PipelineExecutionStatus"] != "Executing")
        steps = self._steps(execution)
        for step in steps.values():
            if arn := step.get("Metadata", {}).get("RegisterModel", {}).get("Arn"):
                self.sagemaker.delete_model_package(ModelPackageName=arn)
        self._end_jobs(execution)
        if not ended or self._run(execution)["PipelineExecutionStatus"] != "Succeeded":
            raise Failed("; ".join(s["FailureReason"] for s in steps.values() if "FailureReason" in s) or str(steps))
        execution = self._started(f"{name}-asleep")
        begun = soon(lambda: sum(1 for s in self._steps(execution).values() if s.get("Metadata")) == jobs)
        self.sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken=uuid.uuid4().hex)
        until(lambda: self._run(execution)["PipelineExecutionStatus"] not in ("Executing", "Stopping"))
        wrong = [s["FailureReason"] for s in self._steps(execution).values() if "invoke" in s.get("FailureReason", "")]
        self._end_jobs(execution)
        if wrong or not begun:
            raise Failed("; ".join(wrong) or "the jobs did not begin")

    def _started(self, name: str) -> str:
        answer = self.sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=uuid.uuid4().hex)
        execution: str = answer["PipelineExecutionArn"]
        return execution

    def _run(self, execution: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        return found

    def _steps(self, execution: str) -> dict[str, dict[str, Any]]:
        listed = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution, MaxResults=100)
        return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}

    def end_run(self, execution: str) -> None:
        """Stop a run that somebody started, and forget its jobs."""
        done(
            self.sagemaker.stop_pipeline_execution, PipelineExecutionArn=execution, ClientRequestToken=uuid.uuid4().hex
        )
        until(lambda: self._run(execution)["PipelineExecutionStatus"] not in ("Executing", "Stopping"))
        self._end_jobs(execution)

    @functools.cached_property
    def deployed_steps(self) -> dict[str, str]:
        """The names of the jobs of the deployment's run, by their steps."""
        found = {name: step["Metadata"] for name, step in self._steps(self._latest("Succeeded")).items()}
        kinds = {"Prepare": "ProcessingJob", "Train": "TrainingJob", "Evaluate": "ProcessingJob"}
        return {name: found[name][kind]["Arn"].rsplit("/", 1)[-1] for name, kind in kinds.items()}

    def _end_jobs(self, execution: str) -> None:
        """Stop what a role that may not stop has left at work, and forget the run's jobs."""
        for step in self._steps(execution).values():
            for kind, stop in (
                ("ProcessingJob", self.sagemaker.stop_processing_job),
                ("TrainingJob", self.sagemaker.stop_training_job),
            ):
                if arn := step.get("Metadata", {}).get(kind, {}).get("Arn"):
                    name = arn.rsplit("/", 1)[-1]
                    done(stop, **{f"{kind}Name": name})
                    self.forget(kind, name)

    def runs_of(self, pipeline: str) -> list[dict[str, Any]]:
        """All runs of a pipeline, of which errands make more than a page holds; the latest first."""
        pages = self.sagemaker.get_paginator("list_pipeline_executions").paginate(
            PipelineName=pipeline, SortOrder="Descending", PaginationConfig={"PageSize": 100}
        )
        return [run for page in pages for run in page["PipelineExecutionSummaries"]]

    def _latest(self, status: str) -> str:
        found: list[str] = [
            run["PipelineExecutionArn"]
            for run in self.runs_of(PIPELINE)
            if run["PipelineExecutionStatus"] == status
            and run["PipelineExecutionDisplayName"].startswith("deployment-")
        ]
        return found[0]

    def _executing(self) -> list[str]:
        """What still runs of the pipeline; a run that is told to stop is not counted."""
        return [
            run["PipelineExecutionArn"]
            for run in self.runs_of(PIPELINE)
            if run["PipelineExecutionStatus"] == "Executing"
        ]

    def stop_runs(self) -> None:
        """Stop what an errand may have left running."""
        for execution in self._executing():
            self.sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken=uuid.uuid4().hex)


def _asleep(step: dict[str, Any]) -> dict[str, Any]:
    """A step of its own that sleeps, whatever its inputs were."""
    step = copy.deepcopy(step)
    arguments = step["Arguments"]
    member = "AppSpecification" if "AppSpecification" in arguments else "AlgorithmSpecification"
    arguments[member] |= python(SLEEP)
    for inputs in ("ProcessingInputs", "InputDataConfig"):
        if inputs in arguments:
            arguments[inputs] = [i for i in arguments[inputs] if "code" in (i.get("InputName"), i.get("ChannelName"))]
    return step
