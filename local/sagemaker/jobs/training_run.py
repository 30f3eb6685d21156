"""The life of a training job: its process, from checkpoint to checkpoint, and what becomes of its record."""

import copy
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from local.sagemaker import duties, platform
from local.sagemaker.jobs import lifecycle, script_mode, training_folder
from local.sagemaker.jobs.checkpoints import Checkpoints
from local.sagemaker.jobs.container import Container
from local.sagemaker.jobs.lifecycle import Job, JobFailed
from local.sagemaker.jobs.metrics import MetricReader, definitions_of
from local.sagemaker.jobs.process import Outcome
from local.sagemaker.naming import arn, now
from local.sagemaker.store import Record, records

_KIND = "TrainingJob"
#: How long a job may take whose request does not say.
LIMIT_S = 86400
# What is paid for: not the wait for a machine, before the first one or after an interruption.
_BILLED = ("Downloading", "Training", "Uploading")
Sink = Callable[[str], None]


def begin(request: Record, sinks: Sequence[Sink] = (), **more: Any) -> Record:
    """Start a job.

    Parameters
    ----------
    request
        As `check` has let it through.
    sinks
        Functions that get each line of its output, beside its log.
    more
        Members of the record that no request can give.
    """
    name = request["TrainingJobName"]
    record = copy.deepcopy(request) | {
        "TrainingJobArn": arn(_KIND, name),
        "TrainingJobStatus": "InProgress",
        "ModelArtifacts": {"S3ModelArtifacts": _artifact_uri(request)},
        "CreationTime": now(),
        "SecondaryStatusTransitions": [],
        **more,
    }
    record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": LIMIT_S})
    record["_limit_s"] = record["StoppingCondition"].get("MaxRuntimeInSeconds", LIMIT_S)
    _enter(record, "Starting", "Preparing the instances for training")
    records.put(_KIND, name, record)
    Job(_KIND, record).start(lambda job: _run(job, sinks))
    return record


def _artifact_uri(request: Record) -> str:
    base = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{base}/{request['TrainingJobName']}/output/model.tar.gz"


def _enter(record: Record, status: str, message: str) -> None:
    transitions = record["SecondaryStatusTransitions"]
    if transitions:
        transitions[-1]["EndTime"] = now()
    transitions.append({"Status": status, "StartTime": now(), "StatusMessage": message})
    record |= {"SecondaryStatus": status, "LastModifiedTime": now()}


def _run(job: Job, sinks: Sequence[Sink]) -> None:
    try:
        _train(job, sinks)
    except Exception:
        _enter(job.record, "Failed", "Training job failed")
        raise
    finally:
        record = job.record
        record["SecondaryStatusTransitions"][-1].setdefault("EndTime", now())
        record["TrainingEndTime"] = record["SecondaryStatusTransitions"][-1]["EndTime"]
        record |= times(record)


def times(record: Record) -> dict[str, int]:
    """How long a job took, and how much of that is paid for, in seconds.

    On AWS a second on a spare machine also counts for less than a second, by its price; here there is none.
    """
    took = record["TrainingEndTime"] - record.get("TrainingStartTime", record["TrainingEndTime"])
    stages = record["SecondaryStatusTransitions"]
    billed = sum(stage["EndTime"] - stage["StartTime"] for stage in stages if stage["Status"] in _BILLED)
    return {"TrainingTimeInSeconds": max(round(took), 1), "BillableTimeInSeconds": max(round(billed), 1)}


def _train(job: Job, sinks: Sequence[Sink]) -> None:
    record = job.record
    algorithm = record["AlgorithmSpecification"]
    container = job.container()
    record["TrainingStartTime"] = now()
    _enter(record, "Downloading", "Downloading the training image and data")
    duties.prepare(
        record["RoleArn"],
        image=algorithm.get("TrainingImage", ""),
        vpc=record.get("VpcConfig"),
        volume_key=record["ResourceConfig"].get("VolumeKmsKeyId"),
        output_key=record["OutputDataConfig"].get("KmsKeyId"),
    )
    training_folder.fill(job, container)
    metrics = MetricReader(definitions_of(algorithm))
    with job.log_stream() as log:
        all_sinks = [log.put, metrics.read, *sinks]
        outcome = _attempt(job, container, all_sinks)
        while _interrupted(record, outcome):
            _enter(record, "Interrupted", "The managed spot instance was interrupted")
            container = job.container()
            _enter(record, "Starting", "Preparing the instances for training")
            training_folder.fill(job, container)
            outcome = _attempt(job, container, all_sinks)
    record["FinalMetricDataList"] = metrics.final()
    job.measure(record["ResourceConfig"]["VolumeSizeInGB"])
    _finish(job, container, outcome)


def _attempt(job: Job, container: Container, sinks: Sequence[Sink]) -> Outcome:
    """Run the container once, from the checkpoints that there are, within what is left of the job's time."""
    record = job.record
    command, folder = _command(record, container)
    checkpoints = Checkpoints(job, container)
    checkpoints.restore()
    _enter(record, "Training", "Training image download completed. Training in progress.")
    with checkpoints.kept():
        return job.process.run(
            command,
            container.environment(record.get("Environment", {}), _identity(job)),
            folder,
            record["_limit_s"] - (now() - record["TrainingStartTime"]),
            *sinks,
        )


def _command(record: Record, container: Container) -> tuple[list[str], Path]:
    """What runs in the container, and where: the request's own command, or what the image does without one."""
    algorithm = record["AlgorithmSpecification"]
    if entrypoint := algorithm.get("ContainerEntrypoint"):
        return container.command(entrypoint, algorithm.get("ContainerArguments", [])), container.base
    return script_mode.command(record.get("HyperParameters", {}), container)


def _interrupted(record: Record, outcome: Outcome) -> bool:
    """Whether the machine was taken away: here, whether somebody killed the process of a job on spot machines."""
    killed = outcome.exit_code in (128 + signal.SIGKILL, 128 + signal.SIGTERM)
    return record.get("EnableManagedSpotTraining", False) and killed and not outcome.ended_by


def _finish(job: Job, container: Container, outcome: Outcome) -> None:
    record = job.record
    if outcome.exit_code and not outcome.ended_by:
        raise JobFailed(lifecycle.failure_reason(container.read("output/failure"), outcome.exit_code))
    _enter(record, "Uploading", "Uploading generated training model")
    # AWS keeps what a stopped job has left in its model folder, too.
    training_folder.take_artifacts(job, container)
    if outcome.ended_by:
        status = "Stopped" if outcome.ended_by == "stop" else "MaxRuntimeExceeded"
        _enter(record, status, "Training job stopped")
        record["TrainingJobStatus"] = "Stopped"
    else:
        _enter(record, "Completed", "Training job completed")
        record["TrainingJobStatus"] = "Completed"


def _identity(job: Job) -> dict[str, str]:
    region = platform.current().region()
    return {"TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn, "AWS_REGION": region}
