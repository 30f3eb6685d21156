"""Calls of AWS whose failure passes by itself: what is worth another try is told so, and when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from problems import EndpointUnavailable

RETRY_AFTER_S = 5


def is_busy(exc: ClientError) -> bool:
    """Whether a refusal is worth another try: a throttle, or a fault of AWS's own."""
    return "Throttl" in exc.response["Error"]["Code"] or exc.response["ResponseMetadata"]["HTTPStatusCode"] >= 500


@contextmanager
def worth_another_try(message: str) -> Iterator[None]:
    """Tell what is worth another try, and a missing answer, as 503; whatever else fails stays a fault of ours.

    Parameters
    ----------
    message : str
        For the caller: what does not answer.
    """
    try:
        yield
    except ClientError as exc:
        if not is_busy(exc):
            raise
        raise EndpointUnavailable(message, cause=exc.response["Error"]["Code"], retry_after_s=RETRY_AFTER_S) from exc
    except BotoCoreError as exc:
        raise EndpointUnavailable(message, cause=type(exc).__name__, retry_after_s=RETRY_AFTER_S) from exc
