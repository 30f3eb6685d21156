"""What SageMaker tells EventBridge, in the shapes that AWS documents.

https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html

Resources and jobs carry what ``Describe`` answers, with times in milliseconds; packages and pipelines carry
times as text.
"""

import time
from typing import Any

from local.sagemaker import model, platform, shapes, tags
from local.sagemaker.store import Record

_PIPELINE = "SageMaker Model Building Pipeline Execution"
_JOBS = {
    "ProcessingJob": "Processing Job",
    "TrainingJob": "Training Job",
    "TransformJob": "Transform Job",
    "HyperParameterTuningJob": "HyperParameter Tuning Job",
}
# Members of a package's record that its event does not have.
_NOT_OF_A_PACKAGE = ("ModelPackageName", "CreatedBy", "LastModifiedBy", "CustomerMetadataProperties")
# The events of endpoints name states in capitals with underscores.
_STATES = {"InService": "IN_SERVICE", "OutOfService": "OUT_OF_SERVICE", "RollingBack": "ROLLING_BACK"}


def job(kind: str, record: Record) -> None:
    """A job has changed its state.

    Parameters
    ----------
    kind
        The API's word: ``ProcessingJob``, ``TrainingJob``, ``TransformJob``, ``HyperParameterTuningJob``.
    record
        The job's record.
    """
    arn = record[f"{kind}Arn"]
    _tell(f"SageMaker {_JOBS[kind]} State Change", _described(kind, record) | {"Tags": _tags(arn)}, [arn])


def package(record: Record, updated: list[str] | None = None) -> None:
    """A model package was registered or changed.

    Parameters
    ----------
    record
        The package's record.
    updated
        The members that an update changed.
    """
    kept = {k: v for k, v in _public("ModelPackage", record).items() if k not in _NOT_OF_A_PACKAGE}
    detail = _timed(kept, _text) | {"CertifyForMarketplace": record.get("CertifyForMarketplace", False)}
    if updated is not None:
        detail["UpdatedModelPackageFields"] = updated
    _tell("SageMaker Model Package State Change", detail, [record["ModelPackageArn"]])


def endpoint(record: Record) -> None:
    """An endpoint has changed its state."""
    _endpoint("SageMaker Endpoint State Change", record)


def deployment(record: Record) -> None:
    """An update of an endpoint has come to its next stage: launching, baking, and so on."""
    _endpoint("SageMaker Endpoint Deployment State Change", record)


def _endpoint(kind: str, record: Record) -> None:
    detail = _described("Endpoint", record)
    detail["EndpointStatus"] = _STATES.get(record["EndpointStatus"], record["EndpointStatus"].upper())
    _tell(kind, detail | {"Tags": _tags(record["EndpointArn"])}, [record["EndpointArn"]])


def execution(record: Record, before: str) -> None:
    """A pipeline's execution has changed its state; ``before`` is the state that it was in."""
    detail = {
        "pipelineExecutionDisplayName": record["PipelineExecutionDisplayName"],
        "currentPipelineExecutionStatus": record["PipelineExecutionStatus"],
        "previousPipelineExecutionStatus": before,
        "executionStartTime": _text(record["CreationTime"]),
        "pipelineArn": record["PipelineArn"],
        "pipelineExecutionArn": record["PipelineExecutionArn"],
    }
    if record["PipelineExecutionStatus"] in ("Succeeded", "Failed", "Stopped"):
        detail["executionEndTime"] = _text(record["LastModifiedTime"])
    if "PipelineExecutionDescription" in record:
        detail["pipelineExecutionDescription"] = record["PipelineExecutionDescription"]
    _tell(f"{_PIPELINE} Status Change", detail, [record["PipelineArn"], record["PipelineExecutionArn"]])


def step(run: Record, entry: Record, kind: str, before: str) -> None:
    """A step has changed its state.

    Parameters
    ----------
    run
        The execution's record.
    entry
        The step's, as ListPipelineExecutionSteps answers it.
    kind
        Its type in the definition.
    before
        The state that it was in.
    """
    detail = {
        "metadata": {_lower(name): _lowered(found) for name, found in entry["Metadata"].items()},
        "stepStartTime": _text(entry["StartTime"]),
        "stepName": entry["StepName"],
        "stepType": kind,
        "previousStepStatus": before,
        "currentStepStatus": entry["StepStatus"],
        "pipelineArn": run["PipelineArn"],
        "pipelineExecutionArn": run["PipelineExecutionArn"],
    }
    if "EndTime" in entry:
        detail["stepEndTime"] = _text(entry["EndTime"])
    if "FailureReason" in entry:
        detail["failureReason"] = entry["FailureReason"]
    _tell(f"{_PIPELINE} Step Status Change", detail, [run["PipelineArn"], run["PipelineExecutionArn"]])


def _tell(kind: str, detail: dict[str, Any], resources: list[str]) -> None:
    platform.current().event(kind, detail, resources)


def _described(kind: str, record: Record) -> dict[str, Any]:
    found: dict[str, Any] = _timed(_public(kind, record), _milliseconds)
    return found


def _public(kind: str, record: Record) -> dict[str, Any]:
    shape = model.output_shape(f"Describe{kind}")
    return shapes.project(shape, record) if shape else {}


def _tags(arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags.of(arn)}


def _timed(value: Any, write: Any) -> Any:
    """A copy of a record's members, with its times (seconds since 1970) written as the event writes them."""
    if isinstance(value, dict):
        moments = {k for k, v in value.items() if k.endswith(("Time", "Timestamp")) and isinstance(v, float)}
        return {k: write(v) if k in moments else _timed(v, write) for k, v in value.items()}
    return [_timed(item, write) for item in value] if isinstance(value, list) else value


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _text(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _lowered(value: Any) -> Any:
    return {_lower(k): v for k, v in value.items()} if isinstance(value, dict) else value
