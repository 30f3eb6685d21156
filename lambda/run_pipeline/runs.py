"""Runs that deployments make, told apart by what went into them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import executions
import packages
from packages import REASON_LIMIT, one_line
from properties import Properties

Client = Any


class RunFailed(RuntimeError):
    """The run ended without a package; the message is the run's own reason."""


def find(client: Client, properties: Properties, *, role: str, whatever_decided: bool) -> str | None:
    """Find a run of the same inputs that this deployer started, that succeeded, and whose package is approved.

    A deployment that failed later, or that is rolled back, comes by here again: it gets the package it had, at once.
    A package that someone has rejected since is not brought back. Names are free: anyone who may start runs may give
    one this name and other parameters, so only runs of the deployer's own `role` (its name) count.

    Parameters
    ----------
    whatever_decided : bool
        Whether a package will do on which somebody has not decided, or otherwise.
    """
    good = packages.is_there if whatever_decided else packages.is_approved
    for summary in executions.of_pipeline(client, properties.pipeline):
        if summary.get("PipelineExecutionDisplayName") != properties.display_name:
            continue
        if summary["PipelineExecutionStatus"] != "Succeeded":
            continue
        execution: str = summary["PipelineExecutionArn"]
        if executions.started_by(client, execution, role) and good(client, executions.registered(client, execution)):
            return execution
    return None


def start(client: Client, properties: Properties, request_id: str) -> str:
    """Start a run; the same request starts only one."""
    answer = client.start_pipeline_execution(
        PipelineName=properties.pipeline,
        PipelineExecutionDisplayName=properties.display_name,
        PipelineExecutionDescription="Started by a deployment",
        ClientRequestToken=hashlib.sha256(request_id.encode()).hexdigest(),
    )
    execution: str = answer["PipelineExecutionArn"]
    return execution


def package_of(client: Client, execution: str) -> str | None:
    """Get the package that a run registered, or None while it goes on.

    Raises
    ------
    RunFailed
        If the run failed, was stopped, or ended without a package.
    """
    answer = client.describe_pipeline_execution(PipelineExecutionArn=execution)
    status = answer["PipelineExecutionStatus"]
    if status in executions.ONGOING:
        return None
    if status == "Succeeded":
        package = executions.registered(client, execution)
        if package is None:
            raise RunFailed(f"The pipeline run ended without registering a model ({execution}).")
        return package
    reasons = [_reason(step) for step in executions.steps(client, execution) if _failed(step)]
    reason = one_line(" ".join(reasons) or answer.get("FailureReason") or "No reason was given.")
    raise RunFailed(f"The pipeline run has {status.lower()}. {reason[:REASON_LIMIT]} ({execution})")


def stop(client: Client, pipeline: str) -> None:
    """Stop what still runs: a pipeline cannot be deleted under a run."""
    for summary in executions.of_pipeline(client, pipeline):
        if summary["PipelineExecutionStatus"] == "Executing":
            execution = summary["PipelineExecutionArn"]
            token = hashlib.sha256(execution.encode()).hexdigest()
            try:
                client.stop_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken=token)
            except client.exceptions.ClientError as exc:
                # It ended between the look and the call; whether anything is still in the way is asked afterwards.
                if exc.response["Error"]["Code"] not in executions.NOT_THERE:
                    raise


def ended(client: Client, pipeline: str) -> bool:
    """Tell whether no run goes on any more. Packages stay: the next deployment of the same inputs takes them."""
    return not any(
        one["PipelineExecutionStatus"] in executions.ONGOING for one in executions.of_pipeline(client, pipeline)
    )


def _failed(step: Mapping[str, Any]) -> bool:
    """A Fail step has done what it is for, whatever its status says."""
    return step.get("StepStatus") == "Failed" or "Fail" in step.get("Metadata", {})


def _reason(step: Mapping[str, Any]) -> str:
    message = step.get("Metadata", {}).get("Fail", {}).get("ErrorMessage")
    return f"Step {step['StepName']}: {message or step.get('FailureReason') or 'no reason was given.'}"
