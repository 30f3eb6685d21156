"""The account that is worked on: which one it is, and clients for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from config import load_settings
from operate import laptop

# Adaptive: clearing an account makes many calls of one kind, and AWS answers those with throttling.
_RETRIES = {"mode": "adaptive", "total_max_attempts": 8}
# How the services say that something is not there; those without a code of their own say so in words.
_ABSENT = {
    *("NoSuchBucket", "ResourceNotFound", "ResourceNotFoundException"),
    *("StateMachineDoesNotExist", "ExecutionDoesNotExist"),
}
_ABSENT_WORDS = ("does not exist", "Could not find", "Requested resource not found")
Client = Any


def _config() -> Config:
    path_style = {"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL") else {}
    return Config(connect_timeout=10, read_timeout=60, retries=_RETRIES, s3=path_style)


class OperateError(Exception):
    """Something that the person at the terminal must decide or mend; the message says what."""


@dataclass(frozen=True)
class Account:
    """An AWS account in one region, or the laptop's stand-in for one.

    Attributes
    ----------
    session : boto3.Session
        Credentials and region, from the default chain.
    number : str
        Its 12 digits.
    """

    session: boto3.Session
    number: str

    @classmethod
    def current(cls) -> Account:
        """Find the account that the default credentials belong to.

        Raises
        ------
        OperateError
            If there are no credentials, or no region.
        """
        # The CDK reads AWS_REGION first, boto3 does not read it at all.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        if session.region_name is None:
            raise OperateError("No region is set: set AWS_REGION to the region that the environment is deployed in.")
        try:
            number = session.client("sts", config=_config()).get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as exc:
            raise OperateError(f"AWS cannot be asked who you are: {exc}. Sign in, or set AWS_PROFILE.") from exc
        return cls(session, number)

    @classmethod
    def of(cls, environment: str) -> Account:
        """Find the account that an environment is in: the laptop run by its settings, else that of the credentials.

        Raises
        ------
        OperateError
            If the laptop run is not up, or as `current` does.
        """
        if load_settings(environment).deployment.on_this_machine:
            try:
                laptop.enter()
            except laptop.NotUp as exc:
                raise OperateError(str(exc)) from exc
        return cls.current()

    @property
    def region(self) -> str:
        """The region's name, such as ``eu-west-1``."""
        return str(self.session.region_name)

    @property
    def label(self) -> str:
        """How to show it to a person."""
        address = os.environ.get("AWS_ENDPOINT_URL")
        return f"account {self.number}, {self.region}" + (f", at {address}" if address else "")

    def client(self, service: str) -> Client:
        """Make a client of a service."""
        return self.session.client(service, config=_config())


def is_absent(exc: ClientError) -> bool:
    """Whether an error says that what was asked for is not there."""
    error = exc.response["Error"]
    if error["Code"] in _ABSENT:
        return True
    return error["Code"] in ("ValidationError", "ValidationException") and any(
        word in error.get("Message", "") for word in _ABSENT_WORDS
    )


def unless_absent(call: Callable[..., object], **request: Any) -> None:
    """Call; what is gone already is fine."""
    try:
        call(**request)
    except ClientError as exc:
        if not is_absent(exc):
            raise


def pages(client: Client, operation: str, member: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Go through all entries of a list; a list of something that is not there is empty."""
    try:
        for page in client.get_paginator(operation).paginate(**request):
            yield from page.get(member, [])
    except ClientError as exc:
        if not is_absent(exc):
            raise
