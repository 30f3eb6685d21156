"""What SageMaker says of executions of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ONGOING = ("Executing", "Stopping")
# SageMaker has no exception of its own for some things that are not there.
NOT_THERE = ("ResourceNotFound", "ValidationException")
Client = Any


def of_pipeline(client: Client, pipeline: str) -> Iterator[dict[str, Any]]:
    """Go through the runs, the latest first; a pipeline that is gone has none."""
    try:
        yield from _pages(
            client,
            "list_pipeline_executions",
            "PipelineExecutionSummaries",
            PipelineName=pipeline,
            SortBy="CreationTime",
            SortOrder="Descending",
        )
    except client.exceptions.ResourceNotFound:
        return


def steps(client: Client, execution: str) -> Iterator[dict[str, Any]]:
    """Go through the steps of a run."""
    return _pages(client, "list_pipeline_execution_steps", "PipelineExecutionSteps", PipelineExecutionArn=execution)


def parameters(client: Client, execution: str) -> dict[str, str]:
    """Get the parameters that a run was started with."""
    listed = _pages(
        client, "list_pipeline_parameters_for_execution", "PipelineParameters", PipelineExecutionArn=execution
    )
    return {one["Name"]: one["Value"] for one in listed}


def registered(client: Client, execution: str) -> str | None:
    """Get the package that a run has registered."""
    for step in steps(client, execution):
        if arn := step.get("Metadata", {}).get("RegisterModel", {}).get("Arn"):
            return str(arn)
    return None


def trained(client: Client, execution: str) -> list[str]:
    """Where the run's training jobs left their models: how these keys end, which SageMaker makes of the jobs' names.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html
    """
    arns = (step.get("Metadata", {}).get("TrainingJob", {}).get("Arn") for step in steps(client, execution))
    return [f"/{arn.rpartition('/')[2]}/output/model.tar.gz" for arn in arns if arn]


def started_by(client: Client, execution: str, role: str) -> bool:
    """Tell whether a session of this role started the run; a run that does not say who did is taken for another's."""
    creator = client.describe_pipeline_execution(PipelineExecutionArn=execution).get("CreatedBy", {})
    # arn:aws:sts::<account>:assumed-role/<role>/<session>
    kind, _, session = creator.get("IamIdentity", {}).get("Arn", "").rpartition(":")[2].partition("/")
    return bool(kind == "assumed-role" and session.partition("/")[0] == role)


def _pages(client: Client, operation: str, member: str, **request: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**request):
        yield from page[member]
