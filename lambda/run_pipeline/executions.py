"""What SageMaker says of executions of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

ONGOING = ("Executing", "Stopping")
# SageMaker has no exception of its own for some things that are not there.
NOT_THERE = ("ResourceNotFound", "ValidationException")
# Kinds of job that train, and what SageMaker adds to the name of one for those that train for it: a number and a hash.
_TRAINS = {"TrainingJob": "", "TuningJob": "-[0-9]+-[0-9a-z]+"}
_OF_NO_JOB = "(?!)"
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


def trained(client: Client, execution: str) -> re.Pattern[str]:
    """Where the run's training jobs left their models: what these addresses end in, made of the jobs' names.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html
    Names are one whatever their case, and SageMaker has written ARNs in lower case.
    """
    names = [_OF_NO_JOB]
    for step in steps(client, execution):
        for kind, ending in _TRAINS.items():
            if arn := step.get("Metadata", {}).get(kind, {}).get("Arn"):
                names.append(re.escape(arn.rpartition("/")[2]) + ending)
    return re.compile(rf"/(?:{'|'.join(names)})/output/model\.tar\.gz\Z", re.IGNORECASE)


def started_by(client: Client, execution: str, role: str) -> bool:
    """Tell whether a session of this role started the run; a run that does not say who did is taken for another's."""
    creator = client.describe_pipeline_execution(PipelineExecutionArn=execution).get("CreatedBy", {})
    # arn:aws:sts::<account>:assumed-role/<role>/<session>
    kind, _, session = creator.get("IamIdentity", {}).get("Arn", "").rpartition(":")[2].partition("/")
    return bool(kind == "assumed-role" and session.partition("/")[0] == role)


def _pages(client: Client, operation: str, member: str, **request: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**request):
        yield from page[member]
