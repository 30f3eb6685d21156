"""What can go wrong, and the one table that says which HTTP status it becomes.

The message of an `InvokerError` is written here for the caller to read, so it goes into the
answer. The message of anything else stays inside: it may hold internals or a customer's data.
"""

from __future__ import annotations

from typing import NamedTuple


class InvokerError(Exception):
    """Base of the errors whose message is meant for the caller."""


class NotFound(InvokerError):
    """No such path."""


class MethodNotAllowed(InvokerError):
    """The path exists, the method does not."""


class NotJson(InvokerError):
    """The content type is not JSON."""


class UnreadableBody(InvokerError):
    """The body is not the JSON object that the API asks for."""


class TooMuch(InvokerError):
    """Too many customers or too many bytes in one request."""


class InvalidCustomers(InvokerError):
    """Customers that break a rule of the schema.

    Parameters
    ----------
    errors
        One entry a problem: ``customer`` (index in the request), ``field``, ``rule``, ``remedy``.
    """

    def __init__(self, errors: list[dict[str, object]]) -> None:
        count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
        super().__init__(f"{count} in the customers' fields; nothing was scored.")
        self.errors = errors


class EndpointUnavailable(InvokerError):
    """The model's endpoint is missing, starting, throttled or slow: worth another try.

    Parameters
    ----------
    message
        For the caller.
    cause
        A word for the log: what SageMaker or the connection reported.
    retry_after_s
        Seconds after which another try makes sense.
    """

    def __init__(self, message: str, *, cause: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.cause = cause
        self.retry_after_s = retry_after_s


class ModelFailure(Exception):
    """The endpoint refused or broke, and trying again would not help; the cause is for the log.

    Not an `InvokerError`: its message is not for the caller.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Problem(NamedTuple):
    """Status line of an error."""

    status: int
    title: str


_TABLE: dict[type[BaseException], Problem] = {
    UnreadableBody: Problem(400, "Bad Request"),
    InvalidCustomers: Problem(400, "Bad Request"),
    NotFound: Problem(404, "Not Found"),
    MethodNotAllowed: Problem(405, "Method Not Allowed"),
    TooMuch: Problem(413, "Content Too Large"),
    NotJson: Problem(415, "Unsupported Media Type"),
    EndpointUnavailable: Problem(503, "Service Unavailable"),
    Exception: Problem(500, "Internal Server Error"),
}


def problem_of(exc: BaseException) -> Problem:
    """Find the row for an exception; the nearest base class counts."""
    return next(_TABLE[kind] for kind in type(exc).__mro__ if kind in _TABLE)
