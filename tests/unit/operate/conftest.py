"""Clients that refuse every call but the expected ones, and an account made of them."""

from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.stub import Stubber

from operate.account import Account

Stub = Callable[[str], Stubber]


class StubbedAccount(Account):
    """An account whose clients are stubs; a service without expectations refuses every call."""

    @property
    def region(self) -> str:
        return "eu-west-1"


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A stubbed client of a service, the same one each time; all that was expected must have been called."""
    stubbers: dict[str, Stubber] = {}

    def of(service: str) -> Stubber:
        if service not in stubbers:
            client = boto3.client(
                service, region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
            )
            stubbers[service] = Stubber(client)
            stubbers[service].activate()
        return stubbers[service]

    yield of
    for stubber in stubbers.values():
        stubber.assert_no_pending_responses()


@pytest.fixture
def account(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account of stubs."""
    monkeypatch.setattr(Account, "client", lambda self, service: stub(service).client)
    return StubbedAccount(boto3.Session(region_name="eu-west-1"), "111122223333")


def no_transforms(sagemaker: Stubber, name: str) -> None:
    """No file of an environment is being scored."""
    sagemaker.add_response("list_transform_jobs", {"TransformJobSummaries": []}, {"NameContains": f"{name}-"})
