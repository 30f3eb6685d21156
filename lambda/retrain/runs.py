"""Runs of the pipeline that the intake starts: on which data, whether they have ended, and how."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

# What starts a run.
FILE, SCHEDULE, DRIFT, PERSON = "file", "schedule", "drift", "person"
_CAUSES = {"aws.s3": FILE, "aws.events": SCHEDULE, "aws.cloudwatch": DRIFT, "person": PERSON}
ONGOING = ("Executing", "Stopping")
TRAINED, REFUSED, UNUSABLE, FAILED = "trained", "refused", "unusable", "failed"
Client = Any
Step = Mapping[str, Any]


class Outcome(NamedTuple):
    """How a run ended.

    Attributes
    ----------
    kind : str
        One of `TRAINED`, `REFUSED` (by the gate), `UNUSABLE` (the data break rules), `FAILED`.
    reason : str
        The package's ARN where there is one, else the run's own words.
    data_are_good : bool
        Whether the data were checked and kept every rule.
    job : str
        ARN of the job that checked the data, where it has one; its log has all it said.
    """

    kind: str
    reason: str
    data_are_good: bool
    job: str = ""


def cause_of(event: Mapping[str, Any]) -> str:
    """Tell what an event of EventBridge's, or a person's, starts a run for."""
    source = event.get("source")
    if source not in _CAUSES:
        raise ValueError(f"An event of {source!r} starts nothing here; those of {', '.join(_CAUSES)} do.")
    return _CAUSES[source]


def display_name(cause: str, execution: str) -> str:
    """Name a run after the execution that starts it: `make retrain` finds it by that."""
    return f"retraining-{cause}-{hashlib.sha256(execution.encode()).hexdigest()[:16]}"


def going_on(client: Client, pipeline: str) -> bool:
    """Tell whether a run goes on, whoever started it: they take turns."""
    listed = client.list_pipeline_executions(
        PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=100
    )
    return any(one["PipelineExecutionStatus"] in ONGOING for one in listed["PipelineExecutionSummaries"])


def start(client: Client, pipeline: str, *, execution: str, chosen: Mapping[str, Any]) -> str:
    """Start a run, on a file or on the data of the latest deployment; the same execution starts only one."""
    file = chosen["file"]
    answer = client.start_pipeline_execution(
        PipelineName=pipeline,
        PipelineExecutionDisplayName=display_name(chosen["cause"], execution),
        PipelineExecutionDescription="Started by the intake of new data",
        PipelineParameters=[{"Name": "RawDataUri", "Value": file["uri"]}] if file else [],
        ClientRequestToken=hashlib.sha256(execution.encode()).hexdigest(),
    )
    run: str = answer["PipelineExecutionArn"]
    return run


def outcome(client: Client, run: str) -> Outcome | None:
    """Tell how a run ended, or None while it goes on."""
    described = client.describe_pipeline_execution(PipelineExecutionArn=run)
    if described["PipelineExecutionStatus"] in ONGOING:
        return None
    pages = client.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=run)
    steps = {step["StepName"]: step for page in pages for step in page["PipelineExecutionSteps"]}
    prepare = steps.get("Prepare", {})
    job = prepare.get("Metadata", {}).get("ProcessingJob", {}).get("Arn", "")
    if prepare.get("StepStatus") == "Failed" and job:
        told = client.describe_processing_job(ProcessingJobName=job.rpartition("/")[2]).get("ExitMessage")
        if told:
            return Outcome(UNUSABLE, told, data_are_good=False, job=job)
    good = prepare.get("StepStatus") == "Succeeded"
    if described["PipelineExecutionStatus"] == "Succeeded" and (package := _package(steps.values())):
        return Outcome(TRAINED, package, data_are_good=good, job=job)
    for step in steps.values():
        if refusal := step.get("Metadata", {}).get("Fail", {}).get("ErrorMessage"):
            return Outcome(REFUSED, refusal, data_are_good=good, job=job)
    reasons = [f"Step {name}: {step['FailureReason']}" for name, step in steps.items() if step.get("FailureReason")]
    if described["PipelineExecutionStatus"] == "Stopped":
        reasons.insert(0, "Somebody stopped the run.")
    reason = "\n".join(reasons) or described.get("FailureReason") or "No reason was given."
    return Outcome(FAILED, reason, data_are_good=good, job=job)


def _package(steps: Any) -> str | None:
    for step in steps:
        if arn := step.get("Metadata", {}).get("RegisterModel", {}).get("Arn"):
            return str(arn)
    return None
