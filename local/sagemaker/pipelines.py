"""Pipelines: the definitions, kept as they were deployed."""

import copy
from typing import Any

from local.sagemaker import listing, platform, roles, tags
from local.sagemaker.authors import author
from local.sagemaker.errors import conflict, invalid, not_found
from local.sagemaker.executor import definition
from local.sagemaker.executor.steps import KINDS, unknown_arguments
from local.sagemaker.naming import arn, name_of, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records


def require(name: str) -> Record:
    """The record of a pipeline, by name or ARN."""
    name = name_of("Pipeline", name)
    record = records.get("Pipeline", name)
    if record is None:
        raise not_found(f"Pipeline '{arn('Pipeline', name)}' does not exist.")
    return record


def parse(text: str) -> definition.Definition:
    """Read a definition and check each step's arguments against the call that it will make."""
    parsed = definition.parse(text, frozenset(KINDS))
    for step in parsed.steps:
        unknown = unknown_arguments(step.kind, step.body.get("Arguments", {}))
        if unknown:
            raise invalid(
                f"Unable to parse pipeline definition. Step {step.name} has unknown arguments: {', '.join(unknown)}."
            )
    return parsed


def _definition_text(request: Request) -> str | None:
    if "PipelineDefinition" in request:
        return request["PipelineDefinition"]
    place: dict[str, Any] | None = request.get("PipelineDefinitionS3Location")
    if place is None:
        return None
    version = {"VersionId": place["VersionId"]} if place.get("VersionId") else {}
    s3 = platform.current().client("s3")
    answer = s3.get_object(Bucket=place["Bucket"], Key=place["ObjectKey"], **version)
    return answer["Body"].read().decode()


@operation("CreatePipeline")
def _create(request: Request) -> Answer:
    name = request["PipelineName"]
    existing = records.get("Pipeline", name)
    if existing is not None:
        if existing.get("_token") == request["ClientRequestToken"]:
            return existing
        raise invalid(
            f"Pipeline names must be unique within an AWS account and region. Pipeline with "
            f"name ({name}) already exists."
        )
    text = _definition_text(request)
    if text is None:
        raise invalid("One of PipelineDefinition and PipelineDefinitionS3Location is required.")
    parse(text)
    roles.hand_over(request["RoleArn"])
    record = copy.deepcopy(request) | {
        "PipelineArn": arn("Pipeline", name),
        "PipelineDefinition": text,
        "PipelineStatus": "Active",
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "CreatedBy": author(),
        "LastModifiedBy": author(),
        "_token": request["ClientRequestToken"],
    }
    record.setdefault("PipelineDisplayName", name)
    tags.keep(record["PipelineArn"], request)
    records.put("Pipeline", name, record)
    return record


@operation("UpdatePipeline")
def _update(request: Request) -> Answer:
    record = require(request["PipelineName"])
    text = _definition_text(request)
    if text is not None:
        parse(text)
        record["PipelineDefinition"] = text
    if "RoleArn" in request:
        roles.hand_over(request["RoleArn"])
    for member in ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration"):
        if member in request:
            record[member] = request[member]
    record["LastModifiedTime"] = now()
    return record


@operation("DescribePipeline")
def _describe(request: Request) -> Answer:
    return require(request["PipelineName"])


@operation("ListPipelines")
def _list(request: Request) -> Answer:
    found = [r | {"LastExecutionTime": r.get("LastRunTime")} for r in records.all("Pipeline")]
    return listing.page("ListPipelines", request, found, member="PipelineSummaries", name="PipelineName")


@operation("DeletePipeline")
def _delete(request: Request) -> Answer:
    record = require(request["PipelineName"])
    name = record["PipelineName"]
    runs = [r for r in records.all("PipelineExecution") if r["PipelineArn"] == record["PipelineArn"]]
    if any(r["PipelineExecutionStatus"] in ("Executing", "Stopping") for r in runs):
        raise conflict(f"Pipeline {name} cannot be deleted while it has running executions.")
    for run in runs:
        records.remove("PipelineExecution", run["PipelineExecutionArn"])
    records.remove("Pipeline", name)
    tags.forget(record["PipelineArn"])
    return record
