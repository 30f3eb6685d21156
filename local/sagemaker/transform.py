"""Batch transform jobs: files are cut into requests to a model's container, and its answers put together again.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
"""

import concurrent.futures
import copy
import os
from collections.abc import Iterator

from local.sagemaker import duties, listing, tags
from local.sagemaker.errors import in_use, invalid
from local.sagemaker.hosting.served import NotHealthy, Served
from local.sagemaker.jobs import lifecycle, s3
from local.sagemaker.jobs.lifecycle import Job, JobFailed
from local.sagemaker.models import require
from local.sagemaker.naming import arn, identifier, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records

_KIND = "TransformJob"
# AWS's defaults, in the words of CreateTransformJob: 6 MB, 600 s, one request at a time.
_PAYLOAD_MB, _TIMEOUT_S, _AT_ONCE = 6, 600, 1
_MB = 1024 * 1024


@operation("CreateTransformJob")
def _create(request: Request) -> Answer:
    name = request["TransformJobName"]
    if records.get(_KIND, name):
        raise in_use(
            f"Job name must be unique within an AWS account and region, and a job with this name already exists "
            f"({arn(_KIND, name)})"
        )
    model = require("Model", request["ModelName"])
    if request.get("BatchStrategy") == "MultiRecord" and request["TransformInput"].get("SplitType", "None") == "None":
        raise invalid("BatchStrategy MultiRecord requires a SplitType other than None.")
    for member in ("DataProcessing", "DataCaptureConfig"):
        if member in request:
            raise invalid(f"The laptop run knows no {member}.")
    record = copy.deepcopy(request) | {
        "TransformJobArn": arn(_KIND, name),
        "TransformJobStatus": "InProgress",
        "CreationTime": now(),
        "LastModifiedTime": now(),
    }
    tags.keep(record["TransformJobArn"], request)
    records.put(_KIND, name, record)
    Job(_KIND, record, model["ExecutionRoleArn"]).start(lambda job: _run(job, model))
    return record


def _run(job: Job, model: Record) -> None:
    record = job.record
    source, target = record["TransformInput"], record["TransformOutput"]
    instance = f"i-{identifier(17)}"
    container = Served(
        model,
        folder=f"jobs/{job.name}",
        log_group=f"/aws/sagemaker/{_KIND}s",
        log_stream=f"{job.name}/{instance}",
        keys={"volume_key": record["TransformResources"].get("VolumeKmsKeyId"), "output_key": target.get("KmsKeyId")},
        told={"SAGEMAKER_BATCH": "true"},
    )
    record["TransformStartTime"] = now()
    try:
        container.start()
        # No container is measured here: the machine's load stands for its own, in per cent of one processor.
        host = {"Host": f"{job.name}/{instance}"}
        duties.measure(job.role, f"/aws/sagemaker/{_KIND}s", host, {"CPUUtilization": 100 * os.getloadavg()[0]})
        for uri, relative in _objects(job, source["DataSource"]["S3DataSource"]):
            if record["TransformJobStatus"] == "Stopping":
                record["TransformJobStatus"] = "Stopped"
                return
            answers = _transformed(job, container, uri)
            bucket, prefix = s3.split(target["S3OutputPath"])
            key = f"{prefix.rstrip('/')}/{relative}.out".lstrip("/")
            s3.upload(job.client("s3"), answers, bucket, key, target.get("KmsKeyId"))
    except NotHealthy as exc:
        raise JobFailed(str(exc)) from exc
    finally:
        container.stop()
        record["TransformEndTime"] = now()
    record["TransformJobStatus"] = "Completed"


def _objects(job: Job, source: Record) -> Iterator[tuple[str, str]]:
    """The objects to transform, with the name that each has below the prefix."""
    if source["S3DataType"] != "S3Prefix":
        raise JobFailed("ClientError: the laptop run knows S3Prefix only")
    found = list(s3.listed(job.client("s3"), source["S3Uri"]))
    if not found:
        raise JobFailed(f"ClientError: No objects found at {source['S3Uri']}")
    yield from found


def _transformed(job: Job, container: Served, uri: str) -> bytes:
    """The answers to all records of an object, in order."""
    record = job.record
    headers = {
        "Content-Type": record["TransformInput"].get("ContentType", "application/octet-stream"),
        "Accept": record["TransformOutput"].get("Accept", "*/*"),
    }
    timeout_s = record.get("ModelClientConfig", {}).get("InvocationsTimeoutInSeconds", _TIMEOUT_S)

    def ask(body: bytes) -> bytes:
        try:
            status, _, answer = container.invoke(body, headers, timeout_s)
        except OSError as exc:
            raise JobFailed(f"InternalServerError: the container went away: {exc}") from exc
        if status >= 400:
            raise JobFailed(f"ClientError: {uri} got {status} from the model. See job logs for more information.")
        return answer

    with concurrent.futures.ThreadPoolExecutor(record.get("MaxConcurrentTransforms") or _AT_ONCE) as pool:
        answers = list(pool.map(ask, _payloads(record, s3.read(job.client("s3"), uri))))
    if record["TransformOutput"].get("AssembleWith", "None") == "Line":
        return b"".join(answer if answer.endswith(b"\n") else answer + b"\n" for answer in answers)
    return b"".join(answers)


def _payloads(record: Record, body: bytes) -> Iterator[bytes]:
    """What goes to the container in one request: all of it, a line, or as many lines as fit."""
    most = record.get("MaxPayloadInMB", _PAYLOAD_MB) * _MB or len(body) + 1
    if record["TransformInput"].get("SplitType", "None") == "None":
        yield body
        return
    one_by_one = record.get("BatchStrategy", "MultiRecord") == "SingleRecord"
    gathered: list[bytes] = []
    size = 0
    for line in body.splitlines(keepends=True):
        if len(line) > most:
            raise JobFailed("ClientError: A record is larger than MaxPayloadInMB.")
        if gathered and (one_by_one or size + len(line) > most):
            yield b"".join(gathered)
            gathered, size = [], 0
        gathered.append(line)
        size += len(line)
    if gathered:
        yield b"".join(gathered)


@operation("DescribeTransformJob")
def _describe(request: Request) -> Answer:
    return lifecycle.require(_KIND, request["TransformJobName"])


@operation("ListTransformJobs")
def _list(request: Request) -> Answer:
    return listing.page(
        "ListTransformJobs",
        request,
        records.all(_KIND),
        member="TransformJobSummaries",
        name="TransformJobName",
        status="TransformJobStatus",
    )


@operation("StopTransformJob")
def _stop(request: Request) -> Answer:
    lifecycle.request_stop(_KIND, request["TransformJobName"])
    return {}
