"""Processing jobs."""

import copy

from local.sagemaker import duties, listing, platform, roles, tags
from local.sagemaker.errors import in_use, invalid
from local.sagemaker.jobs import lifecycle, s3
from local.sagemaker.jobs.container import Container
from local.sagemaker.jobs.lifecycle import Job, JobFailed
from local.sagemaker.naming import arn, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import records

_KIND = "ProcessingJob"
# AWS's default is a day.
_LIMIT_S = 86400


@operation("CreateProcessingJob")
def _create(request: Request) -> Answer:
    name = request["ProcessingJobName"]
    if records.get(_KIND, name):
        raise in_use(
            f"Job name must be unique within an AWS account and region, and a job with this "
            f"name already exists ({arn(_KIND, name)})"
        )
    for item in [*request.get("ProcessingInputs", []), *_outputs(request)]:
        local = (item.get("S3Input") or item.get("S3Output") or {}).get("LocalPath", "")
        if local and not local.startswith("/opt/ml/processing"):
            raise invalid(f"LocalPath {local} must be below /opt/ml/processing.")
    roles.hand_over(request["RoleArn"])
    record = copy.deepcopy(request) | {
        "ProcessingJobArn": arn(_KIND, name),
        "ProcessingJobStatus": "InProgress",
        "CreationTime": now(),
        "LastModifiedTime": now(),
    }
    record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": _LIMIT_S})
    tags.keep(record["ProcessingJobArn"], request)
    records.put(_KIND, name, record)
    Job(_KIND, record).start(_run)
    return record


def _outputs(request: Request) -> list[dict]:
    return request.get("ProcessingOutputConfig", {}).get("Outputs", [])


def _run(job: Job) -> None:
    record = job.record
    app = record["AppSpecification"]
    duties.prepare(
        record["RoleArn"],
        image=app["ImageUri"],
        vpc=record.get("NetworkConfig", {}).get("VpcConfig"),
        volume_key=record["ProcessingResources"]["ClusterConfig"].get("VolumeKmsKeyId"),
        output_key=record.get("ProcessingOutputConfig", {}).get("KmsKeyId"),
    )
    container = job.container()
    _bring_inputs(job, container)
    for output in _outputs(record):
        container.path(output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
    described = {k: v for k, v in record.items() if k not in ("CreationTime", "LastModifiedTime")}
    container.write_config("processingjobconfig.json", described, "config")
    container.write_config("resourceconfig.json", _hosts(), "config")
    if not app.get("ContainerEntrypoint"):
        raise JobFailed("ClientError: the laptop run has no images: name a ContainerEntrypoint")
    record["ProcessingStartTime"] = now()
    with job.log_stream() as log:
        outcome = job.process.run(
            container.command(app["ContainerEntrypoint"], app.get("ContainerArguments", [])),
            container.environment(record.get("Environment", {}), _identity(job)),
            container.base,
            record["StoppingCondition"]["MaxRuntimeInSeconds"],
            log.put,
        )
    record["ProcessingEndTime"] = now()
    job.measure(record["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"])
    message = container.read("output/message")
    if message:
        record["ExitMessage"] = message
    if outcome.ended_by:
        record["ProcessingJobStatus"] = "Stopped"
        if outcome.ended_by == "time":
            record["FailureReason"] = "ClientError: The job exceeded MaxRuntimeInSeconds."
    elif outcome.exit_code:
        raise JobFailed(lifecycle.failure_reason(message, outcome.exit_code))
    else:
        _take_outputs(job, container)
        record["ProcessingJobStatus"] = "Completed"


def _hosts() -> dict:
    return {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}


def _identity(job: Job) -> dict[str, str]:
    region = platform.current().region()
    return {"PROCESSING_JOB_NAME": job.name, "PROCESSING_JOB_ARN": job.arn, "AWS_REGION": region}


def _bring_inputs(job: Job, container: Container) -> None:
    client = job.client("s3")
    for item in job.record.get("ProcessingInputs", []):
        source = item.get("S3Input")
        if source is None:
            raise JobFailed("ClientError: the laptop run knows S3 inputs only")
        folder = container.path(source["LocalPath"])
        folder.mkdir(parents=True, exist_ok=True)
        fetch = s3.download_listed if source.get("S3DataType") == "ManifestFile" else s3.download
        fetch(client, source["S3Uri"], folder)


def _take_outputs(job: Job, container: Container) -> None:
    client = job.client("s3")
    key = job.record.get("ProcessingOutputConfig", {}).get("KmsKeyId")
    for output in _outputs(job.record):
        target = output["S3Output"]
        s3.upload_folder(client, container.path(target["LocalPath"]), target["S3Uri"], key)


@operation("DescribeProcessingJob")
def _describe(request: Request) -> Answer:
    return lifecycle.require(_KIND, request["ProcessingJobName"])


@operation("ListProcessingJobs")
def _list(request: Request) -> Answer:
    return listing.page(
        "ListProcessingJobs",
        request,
        records.all(_KIND),
        member="ProcessingJobSummaries",
        name="ProcessingJobName",
        status="ProcessingJobStatus",
    )


@operation("StopProcessingJob")
def _stop(request: Request) -> Answer:
    lifecycle.request_stop(_KIND, request["ProcessingJobName"])
    return {}


@operation("DeleteProcessingJob")
def _delete(request: Request) -> Answer:
    lifecycle.delete(_KIND, request["ProcessingJobName"])
    return {}
