"""The credentials of the function's role, for whoever signs a request now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

# Where a process that was restored from a snapshot asks for them.
CONTAINER = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


class Variables(NamedTuple):
    """The three variables that Lambda documents: as a rule they live as long as the process."""

    access_key: str
    secret_key: str
    token: str | None


def of_role(env: Mapping[str, str]) -> Callable[[], Any]:
    """Return what gives the credentials of the moment.

    A process of SnapStart has no such variables, as it may be restored long after those would have ended: it asks
    Lambda, by botocore's own provider, which renews what it got before that ends. Nothing is read before the first
    request, so that a snapshot, which every process begins with, holds no credentials.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html#snapstart-credentials
    """
    renewed: list[Any] = []

    def now() -> Any:
        if CONTAINER not in env:
            return Variables(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN"))
        if not renewed:
            from botocore.credentials import ContainerProvider

            renewed.append(ContainerProvider().load())
        return renewed[0].get_frozen_credentials()

    return now
