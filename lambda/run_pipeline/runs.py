"""Runs of one pipeline, told apart by what went into them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# States of a package's approval; the third waits for someone to decide.
APPROVED, REJECTED = "Approved", "Rejected"
# CloudFormation shows about 1,000 characters of a reason; what comes first matters.
REASON_LIMIT = 900
ONGOING = ("Executing", "Stopping")
NOT_THERE = ("ResourceNotFound", "ValidationException")
Client = Any


class RunFailed(RuntimeError):
    """The run ended without a package; the message is the run's own reason."""


@dataclass(frozen=True)
class Properties:
    """The custom resource's properties."""

    pipeline: str
    inputs: Mapping[str, str]

    @classmethod
    def read(cls, properties: Mapping[str, Any]) -> Properties:
        """Read them as CloudFormation passes them."""
        return cls(
            pipeline=properties["PipelineName"],
            inputs=properties["Inputs"],
        )

    @property
    def physical_id(self) -> str:
        """One id for the resource's whole life: only its removal stops anything."""
        return f"{self.pipeline}-run"

    @property
    def display_name(self) -> str:
        """Name of the runs that have exactly these inputs."""
        inputs = json.dumps(dict(self.inputs), sort_keys=True)
        return f"deployment-{hashlib.sha256(inputs.encode()).hexdigest()[:32]}"


def find(client: Client, properties: Properties, *, role: str) -> str | None:
    """Find a run of the same inputs that this deployer started, that succeeded, and whose package is approved.

    A deployment that failed later, or that is rolled back, comes by here again: it gets the package it had, at once.
    A package that someone has rejected since is not brought back. Names are free: anyone who may start runs may give
    one this name and other parameters, so only runs of the deployer's own `role` (its name) count.
    """
    for summary in _executions(client, properties):
        if summary.get("PipelineExecutionDisplayName") != properties.display_name:
            continue
        if summary["PipelineExecutionStatus"] != "Succeeded":
            continue
        execution: str = summary["PipelineExecutionArn"]
        if _started_by(client, execution, role) and _is_approved(client, _package(client, execution)):
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
    if status in ONGOING:
        return None
    if status == "Succeeded":
        package = _package(client, execution)
        if package is None:
            raise RunFailed(f"The pipeline run ended without registering a model ({execution}).")
        return package
    reasons = [_reason(step) for step in _steps(client, execution) if _failed(step)]
    reason = _one_line(" ".join(reasons) or answer.get("FailureReason") or "No reason was given.")
    raise RunFailed(f"The pipeline run has {status.lower()}. {reason[:REASON_LIMIT]} ({execution})")


def approve(client: Client, properties: Properties, execution: str, package: str) -> None:
    """Approve the package of this deployment's own run; one that is approved already stays as it is.

    A deployment is made by someone who may replace the endpoint: that person's approval is the deployment.

    Raises
    ------
    RunFailed
        If someone has rejected the package, it cannot be served, or it holds another model than its run has trained.
    """
    answer = client.describe_model_package(ModelPackageName=package)
    if answer["ModelPackageStatus"] != "Completed":
        raise RunFailed(f"The model package is {answer['ModelPackageStatus']} and cannot be served ({package}).")
    if not _holds(answer, _trained(client, execution)):
        raise RunFailed(f"The model package holds another model than its run has trained ({package}).")
    status = answer.get("ModelApprovalStatus")
    if status == REJECTED:
        why = _one_line(answer.get("ApprovalDescription", "")) or "No reason was given."
        raise RunFailed(f"The model package was rejected. {why[:REASON_LIMIT]} ({package})")
    if status != APPROVED:
        client.update_model_package(
            ModelPackageArn=package,
            ModelApprovalStatus=APPROVED,
            ApprovalDescription=f"By the deployment whose run made it: {properties.display_name}",
        )


def stop(client: Client, properties: Properties) -> None:
    """Stop what still runs: a pipeline cannot be deleted under a run."""
    for summary in _executions(client, properties):
        if summary["PipelineExecutionStatus"] == "Executing":
            execution = summary["PipelineExecutionArn"]
            token = hashlib.sha256(execution.encode()).hexdigest()
            try:
                client.stop_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken=token)
            except client.exceptions.ClientError as exc:
                # It ended between the look and the call; whether anything is still in the way is asked afterwards.
                if exc.response["Error"]["Code"] not in NOT_THERE:
                    raise


def ended(client: Client, properties: Properties) -> bool:
    """Tell whether no run goes on any more. Packages stay: the next deployment of the same inputs takes them."""
    return not any(one["PipelineExecutionStatus"] in ONGOING for one in _executions(client, properties))


def _executions(client: Client, properties: Properties) -> Iterator[dict[str, Any]]:
    """Go through the runs, the latest first; a pipeline that is gone has none."""
    try:
        yield from _pages(
            client,
            "list_pipeline_executions",
            "PipelineExecutionSummaries",
            PipelineName=properties.pipeline,
            SortBy="CreationTime",
            SortOrder="Descending",
        )
    except client.exceptions.ResourceNotFound:
        return


def _pages(client: Client, operation: str, member: str, **request: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**request):
        yield from page[member]


def _steps(client: Client, execution: str) -> Iterator[dict[str, Any]]:
    return _pages(client, "list_pipeline_execution_steps", "PipelineExecutionSteps", PipelineExecutionArn=execution)


def _package(client: Client, execution: str) -> str | None:
    for step in _steps(client, execution):
        if arn := step.get("Metadata", {}).get("RegisterModel", {}).get("Arn"):
            return str(arn)
    return None


def _started_by(client: Client, execution: str, role: str) -> bool:
    """Tell whether a session of this role started the run; a run that does not say who did is taken for another's."""
    creator = client.describe_pipeline_execution(PipelineExecutionArn=execution).get("CreatedBy", {})
    # arn:aws:sts::<account>:assumed-role/<role>/<session>
    kind, _, session = creator.get("IamIdentity", {}).get("Arn", "").rpartition(":")[2].partition("/")
    return bool(kind == "assumed-role" and session.partition("/")[0] == role)


def _trained(client: Client, execution: str) -> list[str]:
    """Where the run's training jobs left their models: how these keys end, which SageMaker makes of the jobs' names.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html
    """
    arns = (step.get("Metadata", {}).get("TrainingJob", {}).get("Arn") for step in _steps(client, execution))
    return [f"/{arn.rpartition('/')[2]}/output/model.tar.gz" for arn in arns if arn]


def _holds(package: Mapping[str, Any], trained: list[str]) -> bool:
    """Tell whether all that a package would serve was trained by its run: whoever may decide on one may change it too.

    In which bucket it lies is the matter of the model's role, which reads in no other than ours.
    """
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    return bool(containers) and all(one.get("ModelDataUrl", "").endswith(tuple(trained)) for one in containers)


def _is_approved(client: Client, package: str | None) -> bool:
    """Tell whether the package is there, whole, and still approved."""
    if package is None:
        return False
    try:
        answer = client.describe_model_package(ModelPackageName=package)
    except client.exceptions.ClientError as exc:
        # SageMaker has no exception of its own for a package that is not there.
        if exc.response["Error"]["Code"] in NOT_THERE:
            return False
        raise
    return (answer["ModelPackageStatus"], answer.get("ModelApprovalStatus")) == ("Completed", APPROVED)


def _failed(step: Mapping[str, Any]) -> bool:
    """A Fail step has done what it is for, whatever its status says."""
    return step.get("StepStatus") == "Failed" or "Fail" in step.get("Metadata", {})


def _reason(step: Mapping[str, Any]) -> str:
    message = step.get("Metadata", {}).get("Fail", {}).get("ErrorMessage")
    return f"Step {step['StepName']}: {message or step.get('FailureReason') or 'no reason was given.'}"


def _one_line(text: str) -> str:
    """Join lines: readers of CloudFormation's events show the first one only."""
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())
