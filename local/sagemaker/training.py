"""Training jobs."""

import copy
import signal
from collections.abc import Callable

from local.sagemaker import duties, listing, platform, roles, tags
from local.sagemaker.errors import in_use, invalid
from local.sagemaker.jobs import lifecycle, training_folder
from local.sagemaker.jobs.checkpoints import Checkpoints
from local.sagemaker.jobs.container import Container
from local.sagemaker.jobs.lifecycle import Job, JobFailed
from local.sagemaker.jobs.metrics import MetricReader, definitions_of
from local.sagemaker.jobs.process import Outcome
from local.sagemaker.naming import arn, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records

_KIND = "TrainingJob"
_LIMIT_S = 86400


@operation("CreateTrainingJob")
def _create(request: Request) -> Answer:
    name = request["TrainingJobName"]
    if records.get(_KIND, name):
        raise in_use(
            f"Training job names must be unique within an AWS account and region, and a "
            f"training job with this name already exists ({arn(_KIND, name)})"
        )
    definitions_of(request["AlgorithmSpecification"])
    _check_wait(request)
    roles.hand_over(request["RoleArn"])
    record = copy.deepcopy(request) | {
        "TrainingJobArn": arn(_KIND, name),
        "TrainingJobStatus": "InProgress",
        "ModelArtifacts": {"S3ModelArtifacts": _artifact_uri(request)},
        "CreationTime": now(),
        "SecondaryStatusTransitions": [],
    }
    record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": _LIMIT_S})
    record["_limit_s"] = record["StoppingCondition"].get("MaxRuntimeInSeconds", _LIMIT_S)
    _enter(record, "Starting", "Preparing the instances for training")
    tags.keep(record["TrainingJobArn"], request)
    records.put(_KIND, name, record)
    Job(_KIND, record).start(_run)
    return record


def _check_wait(request: Request) -> None:
    """Refuse, as AWS does, a wait that is for spot machines only, or that is shorter than the training itself."""
    stopping = request.get("StoppingCondition", {})
    wait_s = stopping.get("MaxWaitTimeInSeconds")
    spot = request.get("EnableManagedSpotTraining", False)
    if wait_s is not None and not spot:
        raise invalid(
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
        )
    if spot and (wait_s is None or wait_s < stopping.get("MaxRuntimeInSeconds", _LIMIT_S)):
        raise invalid("Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntime")


def _artifact_uri(request: Request) -> str:
    base = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{base}/{request['TrainingJobName']}/output/model.tar.gz"


def _enter(record: Record, status: str, message: str) -> None:
    transitions = record["SecondaryStatusTransitions"]
    if transitions:
        transitions[-1]["EndTime"] = now()
    transitions.append({"Status": status, "StartTime": now(), "StatusMessage": message})
    record |= {"SecondaryStatus": status, "LastModifiedTime": now()}


def _run(job: Job) -> None:
    try:
        _train(job)
    except Exception:
        _enter(job.record, "Failed", "Training job failed")
        raise
    finally:
        record = job.record
        record["TrainingEndTime"] = now()
        seconds = int(record["TrainingEndTime"] - record.get("TrainingStartTime", now()))
        record |= {"TrainingTimeInSeconds": max(seconds, 1), "BillableTimeInSeconds": max(seconds, 1)}
        record["SecondaryStatusTransitions"][-1].setdefault("EndTime", now())


def _train(job: Job) -> None:
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
    if not algorithm.get("ContainerEntrypoint"):
        raise JobFailed("ClientError: the laptop run has no images: name a ContainerEntrypoint")
    metrics = MetricReader(definitions_of(algorithm))
    with job.log_stream() as log:
        outcome = _attempt(job, container, [log.put, metrics.read])
        while _interrupted(record, outcome):
            _enter(record, "Interrupted", "The managed spot instance was interrupted")
            container = job.container()
            _enter(record, "Starting", "Preparing the instances for training")
            training_folder.fill(job, container)
            outcome = _attempt(job, container, [log.put, metrics.read])
    record["FinalMetricDataList"] = metrics.final()
    job.measure(record["ResourceConfig"]["VolumeSizeInGB"])
    _finish(job, container, outcome)


def _attempt(job: Job, container: Container, sinks: list[Callable[[str], None]]) -> Outcome:
    """Run the container once, from the checkpoints that there are, within what is left of the job's time."""
    record, algorithm = job.record, job.record["AlgorithmSpecification"]
    checkpoints = Checkpoints(job, container)
    checkpoints.restore()
    _enter(record, "Training", "Training image download completed. Training in progress.")
    with checkpoints.kept():
        return job.process.run(
            container.command(algorithm["ContainerEntrypoint"], algorithm.get("ContainerArguments", [])),
            container.environment(record.get("Environment", {}), _identity(job)),
            container.base,
            record["_limit_s"] - (now() - record["TrainingStartTime"]),
            *sinks,
        )


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


@operation("DescribeTrainingJob")
def _describe(request: Request) -> Answer:
    return lifecycle.require(_KIND, request["TrainingJobName"])


@operation("ListTrainingJobs")
def _list(request: Request) -> Answer:
    return listing.page(
        "ListTrainingJobs",
        request,
        records.all(_KIND),
        member="TrainingJobSummaries",
        name="TrainingJobName",
        status="TrainingJobStatus",
    )


@operation("StopTrainingJob")
def _stop(request: Request) -> Answer:
    lifecycle.request_stop(_KIND, request["TrainingJobName"])
    return {}


@operation("DeleteTrainingJob")
def _delete(request: Request) -> Answer:
    lifecycle.delete(_KIND, request["TrainingJobName"])
    return {}
