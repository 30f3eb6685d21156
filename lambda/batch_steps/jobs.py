"""The transform job of a batch: the model that the endpoint serves, over the parts of the file."""

from __future__ import annotations

from typing import Any

from objects import Batch

ONGOING, DONE = ("InProgress", "Stopping"), "Completed"
# A request of the endpoint's container may hold 6 MB; smaller ones keep its answers well within a minute.
PAYLOAD_MB = 1
# The container runs a worker for each of the two processors of the default machine.
AT_ONCE = 2
TIMEOUT_S, RETRIES = 120, 3
LINES = "application/jsonlines"
Client = Any


class NoMachine(Exception):
    """The account runs as many transform jobs as it may, or SageMaker is asked too often."""


class NoModel(Exception):
    """The endpoint serves none."""


def job_name(name: str, batch: Batch) -> str:
    """The name of a batch's job: the same batch starts one job only."""
    return f"{name}-{batch.id}"


def start(client: Client, batch: Batch, *, name: str, machine: dict[str, Any]) -> None:
    """Start the job, unless it is there already.

    Raises
    ------
    NoMachine, NoModel
    """
    request = {
        "TransformJobName": job_name(name, batch),
        "ModelName": _live_model(client, name),
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": PAYLOAD_MB,
        "MaxConcurrentTransforms": AT_ONCE,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": TIMEOUT_S, "InvocationsMaxRetries": RETRIES},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": batch.uri(batch.inputs)}},
            "ContentType": LINES,
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": batch.uri(batch.outputs.rstrip("/")),
            "Accept": LINES,
            "AssembleWith": "Line",
            "KmsKeyId": machine["VolumeKmsKeyId"],
        },
        "TransformResources": machine,
    }
    try:
        client.create_transform_job(**request)
    except client.exceptions.ClientError as exc:
        code = exc.response["Error"]["Code"]
        if code == "ResourceInUse":
            return
        if code == "ResourceLimitExceeded" or "Throttl" in code:
            raise NoMachine from exc
        raise


def _live_model(client: Client, endpoint: str) -> str:
    """The model that the endpoint serves: the very one that answers single customers."""
    try:
        described = client.describe_endpoint(EndpointName=endpoint)
    except client.exceptions.ClientError as exc:
        # SageMaker has no exception of its own for what is not there.
        if exc.response["Error"]["Code"] == "ValidationException":
            raise NoModel from exc
        raise
    if "ProductionVariants" not in described:
        raise NoModel
    config = client.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    model: str = config["ProductionVariants"][0]["ModelName"]
    return model


def status(client: Client, batch: Batch, *, name: str) -> str:
    """How the job stands."""
    found: str = client.describe_transform_job(TransformJobName=job_name(name, batch))["TransformJobStatus"]
    return found


def stop(client: Client, batch: Batch, *, name: str) -> None:
    """End the job."""
    client.stop_transform_job(TransformJobName=job_name(name, batch))
