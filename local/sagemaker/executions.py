"""Pipeline executions: starting, watching and stopping them."""

import copy

from local.sagemaker import listing, pipelines, platform
from local.sagemaker.authors import author
from local.sagemaker.errors import conflict, not_found
from local.sagemaker.executor.run import Execution
from local.sagemaker.naming import identifier, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records

_KIND = "PipelineExecution"


def require(arn: str) -> Record:
    """The record of an execution."""
    record = records.get(_KIND, arn)
    if record is None:
        raise not_found(f"Pipeline execution {arn} does not exist.")
    return record


@operation("StartPipelineExecution")
def _start(request: Request) -> Answer:
    pipeline = pipelines.require(request["PipelineName"])
    for run in records.all(_KIND):
        # The token makes a repeated start the same start.
        same = run["_token"] == request["ClientRequestToken"]
        if same and run["PipelineArn"] == pipeline["PipelineArn"]:
            return run
    definition = pipelines.parse(pipeline["PipelineDefinition"])
    given = {p["Name"]: p["Value"] for p in request.get("PipelineParameters", [])}
    values = definition.values(given)
    identity = identifier()
    arn = f"{pipeline['PipelineArn']}/execution/{identity}"
    record: Record = {
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineExecutionArn": arn,
        "PipelineExecutionDisplayName": request.get("PipelineExecutionDisplayName", f"execution-{int(now() * 1000)}"),
        "PipelineExecutionStatus": "Executing",
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "CreatedBy": author(),
        "LastModifiedBy": author(),
        "RoleArn": request.get("RoleArn", pipeline["RoleArn"]),
        "_token": request["ClientRequestToken"],
        "_definition": pipeline["PipelineDefinition"],
        "_parameters": values,
        "_steps": [],
    }
    for member in ("PipelineExecutionDescription", "ParallelismConfiguration"):
        value = request.get(member, pipeline.get(member))
        if value is not None:
            record[member] = copy.deepcopy(value)
    records.put(_KIND, arn, record)
    pipeline["LastRunTime"] = now()
    run_it = Execution(record, definition, pipeline["PipelineName"])
    platform.current().background(f"pipeline {identity}", run_it.run)
    return record


@operation("DescribePipelineExecution")
def _describe(request: Request) -> Answer:
    return require(request["PipelineExecutionArn"])


@operation("DescribePipelineDefinitionForExecution")
def _definition(request: Request) -> Answer:
    record = require(request["PipelineExecutionArn"])
    return {"PipelineDefinition": record["_definition"], "CreationTime": record["CreationTime"]}


@operation("ListPipelineParametersForExecution")
def _parameters(request: Request) -> Answer:
    values = require(request["PipelineExecutionArn"])["_parameters"]
    return {"PipelineParameters": [{"Name": k, "Value": str(v)} for k, v in values.items()]}


@operation("ListPipelineExecutions")
def _list(request: Request) -> Answer:
    arn = pipelines.require(request["PipelineName"])["PipelineArn"]
    found = [
        r
        | {
            "StartTime": r["CreationTime"],
            "PipelineExecutionFailureReason": r.get("FailureReason"),
        }
        for r in records.all(_KIND)
        if r["PipelineArn"] == arn
    ]
    return listing.page(
        "ListPipelineExecutions",
        request,
        found,
        member="PipelineExecutionSummaries",
        name="PipelineExecutionArn",
    )


@operation("ListPipelineExecutionSteps")
def _steps(request: Request) -> Answer:
    steps = copy.deepcopy(require(request["PipelineExecutionArn"])["_steps"])
    for step in steps:
        step["CreationTime"] = step["StartTime"]
    return listing.page(
        "ListPipelineExecutionSteps",
        request,
        steps,
        member="PipelineExecutionSteps",
        name="StepName",
        default_order="Ascending",
    )


@operation("StopPipelineExecution")
def _stop(request: Request) -> Answer:
    record = require(request["PipelineExecutionArn"])
    with records.lock:
        if record["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            raise conflict(
                f"Pipeline execution with ARN {record['PipelineExecutionArn']} status "
                f"{record['PipelineExecutionStatus']}. Only pipelines with Executing status can be "
                "stopped."
            )
        record["PipelineExecutionStatus"] = "Stopping"
    return record


def settle() -> None:
    """Mark executions that were running when the emulator stopped as failed."""
    for _, _, record in records.everywhere(_KIND):
        if record["PipelineExecutionStatus"] in ("Executing", "Stopping"):
            for step in record["_steps"]:
                if step["StepStatus"] == "Executing":
                    step |= {"StepStatus": "Failed", "EndTime": now()}
            record |= {
                "PipelineExecutionStatus": "Failed",
                "FailureReason": "The laptop run was stopped while the pipeline ran.",
                "LastModifiedTime": now(),
            }
