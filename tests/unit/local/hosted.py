"""Endpoints for tests: artifacts with a module of a few lines, packages, configurations, requests."""

import io
import json
import tarfile
from typing import Any

from local.sagemaker import cloudformation, operations, service
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
ENDPOINT = cloudformation.TYPES["AWS::SageMaker::Endpoint"]


def artifact(number: str = "1", module: str = MODULE) -> bytes:
    """A model that answers twice the value and a number."""
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


def register(host: TestPlatform, key: str, packed: bytes, approval: str = "Approved") -> str:
    """Put an artifact into its bucket and register it."""
    host.s3.put_object(Bucket="models", Key=key, Body=packed)
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
    return str(operations.call("CreateModelPackage", request)["ModelPackageArn"])


def configure(package: str, name: str, count: int = 1, **more: Any) -> str:
    """Make a model and an endpoint configuration of a package; numbers are texts, as CloudFormation may give them."""
    props = {"Containers": [{"ModelPackageName": package}], "ExecutionRoleArn": ROLE}
    _, model = cloudformation.TYPES["AWS::SageMaker::Model"].create(f"model-{name}", props)
    variant = {
        "VariantName": "main",
        "ModelName": model["ModelName"],
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": str(count),
    }
    kind = cloudformation.TYPES["AWS::SageMaker::EndpointConfig"]
    _, config = kind.create(f"config-{name}", {"ProductionVariants": [variant], **more})
    return config["EndpointConfigName"]


def invoke(value: Any = 5, content_type: str = "application/json", **headers: str) -> tuple[int, Any]:
    """Send one request to the endpoint ``churn``: status and parsed answer."""
    body = json.dumps({"value": value}).encode()
    given = {"content-type": content_type, **headers}
    status, _, answer = service.handle("POST", "/endpoints/churn/invocations", given, body)
    return status, json.loads(answer)


def describe() -> dict[str, Any]:
    """What DescribeEndpoint says of it."""
    return operations.call("DescribeEndpoint", {"EndpointName": "churn"})
