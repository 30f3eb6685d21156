"""Batch transforms of the laptop run: files in, a real container, answers out in the order of the lines."""

import json
from typing import Any

import pytest

from local.sagemaker import operations, service
from local.sagemaker.errors import ServiceError
from tests.unit.local.conftest import TestPlatform
from tests.unit.local.hosted import artifact, configure, register

MODULE = """
import json

def model_fn(model_dir):
    return int(open(model_dir + "/xgboost-model").read())

def input_fn(body, content_type):
    lines = body.decode().splitlines()
    if "bad" in lines:
        raise ValueError("row 2: minutes must be a number")
    return [int(line) for line in lines]

def predict_fn(data, model):
    return [value + model for value in data]

def output_fn(prediction, accept):
    return "".join(f"{value} of {len(prediction)}\\n" for value in prediction), accept
"""


@pytest.fixture
def model(group: TestPlatform) -> str:
    package = register(group, "m.tar.gz", artifact("1", MODULE))
    configure(package, "one")
    return str(operations.call("ListModels", {})["Models"][0]["ModelName"])


def transform(host: TestPlatform, model: str, **changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/in/"}}
    request = {
        "TransformJobName": "job-1",
        "ModelName": model,
        "BatchStrategy": "MultiRecord",
        "TransformInput": {"DataSource": source, "ContentType": "text/plain", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://data/out", "AssembleWith": "Line", "KmsKeyId": "key-1"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": "key-2"},
        **changes,
    }
    assert operations.call("CreateTransformJob", request)["TransformJobArn"].endswith(":transform-job/job-1")
    host.wait()
    return operations.call("DescribeTransformJob", {"TransformJobName": "job-1"})


def test_each_file_gets_the_answers_to_its_lines_in_order(host: TestPlatform, model: str) -> None:
    host.s3.put_object(Bucket="data", Key="in/a.txt", Body=b"1\n2\n3\n")
    host.s3.put_object(Bucket="data", Key="in/b.txt", Body=b"7")
    described = transform(host, model)
    assert described["TransformJobStatus"] == "Completed", described.get("FailureReason")
    assert host.s3.objects["data", "out/a.txt.out"] == b"2 of 3\n3 of 3\n4 of 3\n"
    assert host.s3.objects["data", "out/b.txt.out"] == b"8 of 1\n"
    assert host.s3.keys_used["data", "out/a.txt.out"] == "key-1"
    kinds = [detail["TransformJobStatus"] for kind, detail in host.events if "Transform Job State Change" in kind]
    assert kinds == ["InProgress", "Completed"]
    listed = operations.call("ListTransformJobs", {"StatusEquals": "Completed"})["TransformJobSummaries"]
    assert [one["TransformJobName"] for one in listed] == ["job-1"]
    # What CreateModel's role is asked for, it is asked for again: the disk's key is lent, the output's used.
    assert {action for action, _ in host.checked} >= {"kms:CreateGrant", "kms:GenerateDataKey"}


def test_a_request_holds_as_many_lines_as_the_payload(host: TestPlatform, model: str) -> None:
    line = b"1" + b" " * 400_000 + b"\n"
    host.s3.put_object(Bucket="data", Key="in/a.txt", Body=line * 5)
    assert transform(host, model, MaxPayloadInMB=1)["TransformJobStatus"] == "Completed"
    assert host.s3.objects["data", "out/a.txt.out"] == b"2 of 2\n" * 4 + b"2 of 1\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [(b"1\nbad\n", "got 500 from the model"), (b"1" * 1_100_000, "larger than MaxPayloadInMB"), (None, "No objects")],
)
def test_what_cannot_be_transformed_fails_the_job(
    host: TestPlatform, model: str, body: bytes | None, told: str
) -> None:
    if body:
        host.s3.put_object(Bucket="data", Key="in/a.txt", Body=body)
    described = transform(host, model, MaxPayloadInMB=1)
    assert described["TransformJobStatus"] == "Failed"
    assert told in described["FailureReason"]
    assert not [key for _, key in host.s3.objects if key.startswith("out/")]


def test_a_wrong_request_is_refused_in_awss_words(host: TestPlatform, model: str) -> None:
    host.s3.put_object(Bucket="data", Key="in/a.txt", Body=b"1\n")
    transform(host, model)
    with pytest.raises(AssertionError, match="job with this name already exists"):
        _create(host, model)
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/in/"}}}
    with pytest.raises(AssertionError, match="SplitType"):
        _create(host, model, TransformJobName="job-2", TransformInput=source)
    with pytest.raises(AssertionError, match="Could not find model"):
        _create(host, "none", TransformJobName="job-2")


def _create(host: TestPlatform, model: str, **changes: Any) -> None:
    try:
        transform(host, model, **changes)
    except ServiceError as exc:
        raise AssertionError(exc.message) from exc


def test_the_job_is_stopped_and_told_by_name(host: TestPlatform, model: str) -> None:
    body = json.dumps({"TransformJobName": "none"}).encode()
    status, _, answer = service.handle("POST", "/", {"x-amz-target": "SageMaker.StopTransformJob"}, body)
    assert status == 400
    assert "Could not find requested job with name: none" in answer.decode()
