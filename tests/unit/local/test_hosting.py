"""Endpoints: real processes that serve a user module, blue/green updates, and the runtime's errors."""

import io
import json
import tarfile
from typing import Any

import pytest

from local.sagemaker import cloudformation, operations, runtime, service
from local.sagemaker.errors import ServiceError
from tests.unit.local.conftest import ROLE, TestPlatform

MODULE = """
import json
from helper import double

def model_fn(model_dir):
    return int(open(model_dir + "/xgboost-model").read())

def input_fn(body, content_type):
    if content_type != "application/json":
        raise ValueError("row 2: minutes must be a number")
    return json.loads(body)["value"]

def predict_fn(data, model):
    return double(data) + model

def output_fn(prediction, accept):
    return json.dumps({"prediction": prediction}), accept
"""


def _artifact(number: str = "1", module: str = MODULE) -> bytes:
    files = {
        "xgboost-model": number,
        "code/inference.py": module,
        "code/helper.py": "def double(x):\n    return 2 * x\n",
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def _register(host: TestPlatform, key: str, artifact: bytes, approval: str = "Approved") -> str:
    host.s3.put_object(Bucket="models", Key=key, Body=artifact)
    container = {
        "Image": "image",
        "ModelDataUrl": f"s3://models/{key}",
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        },
    }
    request = {
        "ModelPackageGroupName": "churn",
        "ModelApprovalStatus": approval,
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    }
    return operations.call("CreateModelPackage", request)["ModelPackageArn"]


def _config(package: str, name: str) -> str:
    props = {"Containers": [{"ModelPackageName": package}], "ExecutionRoleArn": ROLE}
    _, model = cloudformation.TYPES["AWS::SageMaker::Model"].create(f"model-{name}", props)
    variant = {
        "VariantName": "main",
        "ModelName": model["ModelName"],
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": "1",
    }
    kind = cloudformation.TYPES["AWS::SageMaker::EndpointConfig"]
    _, config = kind.create(f"config-{name}", {"ProductionVariants": [variant]})
    return config["EndpointConfigName"]


@pytest.fixture
def group(host: TestPlatform) -> TestPlatform:
    """A host with an empty package group."""
    operations.call("CreateModelPackageGroup", {"ModelPackageGroupName": "churn"})
    return host


ENDPOINT = cloudformation.TYPES["AWS::SageMaker::Endpoint"]


def _invoke(value: Any = 5, content_type: str = "application/json") -> tuple[int, Any]:
    body = json.dumps({"value": value}).encode()
    status, _, answer = service.handle("POST", "/endpoints/churn/invocations", {"content-type": content_type}, body)
    return status, json.loads(answer)


def test_an_endpoint_serves_its_user_module(group: TestPlatform) -> None:
    config = _config(_register(group, "one.tar.gz", _artifact()), "one")
    arn, attributes = ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    assert arn == "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn"
    assert attributes["EndpointName"] == "churn"
    assert _invoke() == (200, {"prediction": 11})
    described = operations.call("DescribeEndpoint", {"EndpointName": "churn"})
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_an_exception_of_the_module_is_a_model_error(group: TestPlatform) -> None:
    config = _config(_register(group, "one.tar.gz", _artifact()), "one")
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    status, error = _invoke(content_type="text/csv")
    assert status == 424
    assert error["OriginalStatusCode"] == 500
    assert error["OriginalMessage"].startswith("row 2: minutes must be a number\nTraceback")


def test_a_body_over_6_mb_is_refused_with_413(group: TestPlatform) -> None:
    config = _config(_register(group, "one.tar.gz", _artifact()), "one")
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    status, error = _invoke("x" * (6 * 1024 * 1024 + 1))
    assert (status, error["OriginalStatusCode"]) == (424, 413)


def test_an_update_serves_the_new_model(group: TestPlatform) -> None:
    one = _config(_register(group, "one.tar.gz", _artifact("1")), "one")
    two = _config(_register(group, "two.tar.gz", _artifact("2")), "two")
    old = {"EndpointName": "churn", "EndpointConfigName": one}
    arn, _ = ENDPOINT.create("", old)
    ENDPOINT.update(
        arn, old, {"EndpointName": "churn", "EndpointConfigName": two, "RetainAllVariantProperties": "true"}
    )
    assert _invoke() == (200, {"prediction": 12})
    assert operations.call("DescribeEndpoint", {"EndpointName": "churn"})["EndpointConfigName"] == two


def test_a_model_that_does_not_come_up_leaves_the_old_one_serving(group: TestPlatform) -> None:
    one = _config(_register(group, "one.tar.gz", _artifact("1")), "one")
    bad = _config(_register(group, "bad.tar.gz", _artifact("1", "import nothing_of_this_name")), "bad")
    old = {"EndpointName": "churn", "EndpointConfigName": one}
    arn, _ = ENDPOINT.create("", old)
    with pytest.raises(cloudformation.ResourceFailed, match="did not pass the ping health check"):
        ENDPOINT.update(arn, old, {"EndpointName": "churn", "EndpointConfigName": bad})
    assert _invoke() == (200, {"prediction": 11})
    described = operations.call("DescribeEndpoint", {"EndpointName": "churn"})
    assert (described["EndpointConfigName"], described["EndpointStatus"]) == (one, "InService")
    # The reason is where AWS would have one look for it.
    lines = [line for stream in group.logs.lines.values() for line in stream]
    assert any("nothing_of_this_name" in line for line in lines)


def test_an_endpoint_that_cannot_be_created_is_removed(group: TestPlatform) -> None:
    bad = _config(_register(group, "bad.tar.gz", _artifact("no number")), "bad")
    with pytest.raises(cloudformation.ResourceFailed, match="ping health check"):
        ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": bad})
    assert operations.call("ListEndpoints", {})["Endpoints"] == []


def test_after_a_restart_the_first_request_starts_the_endpoint(group: TestPlatform) -> None:
    config = _config(_register(group, "one.tar.gz", _artifact()), "one")
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    kept = json.loads(json.dumps(service.state()))
    service.reset()
    assert _invoke()[0] == 400
    service.restore(kept)
    assert _invoke() == (200, {"prediction": 11})


def test_a_missing_artifact_names_its_place(group: TestPlatform) -> None:
    package = _register(group, "one.tar.gz", _artifact())
    config = _config(package, "one")
    group.s3.objects.clear()
    with pytest.raises(cloudformation.ResourceFailed, match=r"s3://models/one\.tar\.gz"):
        ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})


def test_only_an_approved_package_becomes_a_model(group: TestPlatform) -> None:
    package = _register(group, "one.tar.gz", _artifact(), "PendingManualApproval")
    with pytest.raises(ServiceError, match="PendingManualApproval"):
        _config(package, "one")


def test_an_unknown_endpoint(host: TestPlatform) -> None:
    with pytest.raises(ServiceError, match=r"Endpoint nowhere of account 111122223333 not found\."):
        runtime.invoke("nowhere", {}, b"")


def test_a_group_with_versions_is_not_deleted(group: TestPlatform) -> None:
    package = _register(group, "one.tar.gz", _artifact())
    with pytest.raises(ServiceError, match="still contains Model Packages"):
        operations.call("DeleteModelPackageGroup", {"ModelPackageGroupName": "churn"})
    operations.call("DeleteModelPackage", {"ModelPackageName": package})
    operations.call("DeleteModelPackageGroup", {"ModelPackageGroupName": "churn"})


def test_what_replaces_a_resource_follows_cloudformation() -> None:
    config = cloudformation.TYPES["AWS::SageMaker::EndpointConfig"]
    assert config.replaces({"ProductionVariants": [1]}, {"ProductionVariants": [2]})
    assert not config.replaces({"Tags": [1]}, {"Tags": [2]})
    assert not ENDPOINT.replaces({"EndpointConfigName": "a"}, {"EndpointConfigName": "b"})
    assert ENDPOINT.replaces({"EndpointName": "a"}, {"EndpointName": "b"})


def test_ref_answers_what_cloudformation_says(group: TestPlatform) -> None:
    pipeline = cloudformation.TYPES["AWS::SageMaker::Pipeline"]
    steps = [{"Name": "A", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]
    body = json.dumps({"Version": "2020-12-01", "Steps": steps})
    props = {"RoleArn": ROLE, "PipelineDefinition": {"PipelineDefinitionBody": body}}
    assert pipeline.create("Stack-Pipeline-1", props) == ("Stack-Pipeline-1", {})
    changed = props | {"PipelineDescription": "new"}
    assert pipeline.update("Stack-Pipeline-1", props, changed) == ("Stack-Pipeline-1", {})
    described = operations.call("DescribePipeline", {"PipelineName": "Stack-Pipeline-1"})
    assert described["PipelineDescription"] == "new"
    pipeline.delete("Stack-Pipeline-1")
    assert operations.call("ListPipelines", {})["PipelineSummaries"] == []
