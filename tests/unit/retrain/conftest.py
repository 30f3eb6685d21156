"""The function of the intake as Lambda loads it; botocore checks every call and answer."""

from collections.abc import Iterator
from types import ModuleType

import pytest
from botocore.stub import Stubber

from tests.unit.functions import loaded, stubbed


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with loaded(
        "retrain",
        monkeypatch,
        DATA_BUCKET="data",
        PIPELINE="churn-test",
        TOPIC="arn:aws:sns:eu-west-1:111122223333:notices",
        ENVIRONMENT="test",
        MAXIMUM_FILE_MB="1",
        TIME_LIMIT_S="900",
    ) as module:
        yield module


@pytest.fixture
def sagemaker(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler._sagemaker) as stubber:
        yield stubber


@pytest.fixture
def s3(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler._s3) as stubber:
        yield stubber


@pytest.fixture
def sns(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler._sns) as stubber:
        yield stubber
