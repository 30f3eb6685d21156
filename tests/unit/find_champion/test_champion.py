"""The function that says what is in production, against SageMaker's own API shapes (botocore checks every call)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tests.unit.functions import loaded, stubbed

ARN = "arn:aws:sagemaker:eu-west-1:111122223333"
PACKAGE = f"{ARN}:model-package/churn-test/3"
EVENT = {"EndpointName": "churn-test", "Otherwise": "s3://data/code/abc/ml/no_model/"}
THEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with loaded("find_champion", monkeypatch) as module:
        yield module


@pytest.fixture
def sagemaker(handler: ModuleType) -> Iterator[Stubber]:
    """The handler's client: every expected call must come, in order, and no other."""
    with stubbed(handler._sagemaker) as stubber:
        yield stubber


def endpoint(sagemaker: Stubber, status: str) -> None:
    answer = {
        "EndpointName": "churn-test",
        "EndpointArn": f"{ARN}:endpoint/churn-test",
        "EndpointConfigName": "config-1",
        "EndpointStatus": status,
        "CreationTime": THEN,
        "LastModifiedTime": THEN,
    }
    sagemaker.add_response("describe_endpoint", answer, {"EndpointName": "churn-test"})


def config(sagemaker: Stubber) -> None:
    answer = {
        "EndpointConfigName": "config-1",
        "EndpointConfigArn": f"{ARN}:endpoint-config/config-1",
        "ProductionVariants": [{"VariantName": "main", "ModelName": "model-1"}],
        "CreationTime": THEN,
    }
    sagemaker.add_response("describe_endpoint_config", answer, {"EndpointConfigName": "config-1"})


def model(sagemaker: Stubber, **more: Any) -> None:
    answer = {"ModelName": "model-1", "ModelArn": f"{ARN}:model/model-1", "CreationTime": THEN, **more}
    sagemaker.add_response("describe_model", answer, {"ModelName": "model-1"})


def package(sagemaker: Stubber) -> None:
    container = {"Image": "image", "ModelDataUrl": "s3://models/runs/r1/model/job/output/model.tar.gz"}
    answer = {
        "ModelPackageName": "churn-test",
        "ModelPackageArn": PACKAGE,
        "CreationTime": THEN,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "InferenceSpecification": {"Containers": [container]},
    }
    sagemaker.add_response("describe_model_package", answer, {"ModelPackageName": PACKAGE})


@pytest.mark.parametrize("status", ["InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"])
@pytest.mark.parametrize("members", ["Containers", "PrimaryContainer"])
def test_it_follows_the_endpoint_to_its_package(
    handler: ModuleType, sagemaker: Stubber, status: str, members: str
) -> None:
    endpoint(sagemaker, status)
    config(sagemaker)
    named = {"ModelPackageName": PACKAGE}
    model(sagemaker, **{members: named if members == "PrimaryContainer" else [named]})
    package(sagemaker)
    assert handler.handler(EVENT, None) == {
        "ModelUri": "s3://models/runs/r1/model/job/output/model.tar.gz",
        "Champion": PACKAGE,
    }


def test_a_model_without_a_package_is_known_by_its_own_name(handler: ModuleType, sagemaker: Stubber) -> None:
    endpoint(sagemaker, "InService")
    config(sagemaker)
    model(sagemaker, PrimaryContainer={"Image": "image", "ModelDataUrl": "s3://models/by-hand.tar.gz"})
    assert handler.handler(EVENT, None) == {"ModelUri": "s3://models/by-hand.tar.gz", "Champion": "model-1"}


@pytest.mark.parametrize("status", ["Creating", "Failed", "Deleting", "OutOfService"])
def test_an_endpoint_that_serves_nothing_has_no_champion(handler: ModuleType, sagemaker: Stubber, status: str) -> None:
    endpoint(sagemaker, status)
    assert handler.handler(EVENT, None) == {
        "ModelUri": EVENT["Otherwise"],
        "Champion": "the endpoint churn-test serves none yet",
    }


def test_without_an_endpoint_there_is_none(handler: ModuleType, sagemaker: Stubber) -> None:
    sagemaker.add_client_error("describe_endpoint", "ValidationException", 'Could not find endpoint "churn-test".')
    assert handler.handler(EVENT, None)["ModelUri"] == EVENT["Otherwise"]


def test_a_package_that_is_gone_is_told(handler: ModuleType, sagemaker: Stubber) -> None:
    endpoint(sagemaker, "InService")
    config(sagemaker)
    model(sagemaker, Containers=[{"ModelPackageName": PACKAGE}])
    sagemaker.add_client_error("describe_model_package", "ValidationException", "ModelPackage does not exist.")
    assert handler.handler(EVENT, None) == {
        "ModelUri": EVENT["Otherwise"],
        "Champion": f"its package {PACKAGE} is gone",
    }


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_not_being_allowed_to_look_is_no_answer(handler: ModuleType, sagemaker: Stubber, code: str) -> None:
    sagemaker.add_client_error("describe_endpoint", code, "no")
    with pytest.raises(ClientError, match=code):
        handler.handler(EVENT, None)
