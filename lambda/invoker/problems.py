"""What can go wrong, and the one table that says which HTTP status it becomes.

The message of an `InvokerError` is written here for the caller to read, so it goes into the
answer. The message of anything else stays inside: it may hold internals or a customer's data.
"""

from __future__ import annotations

from collections.abc import Iterable

from contract.rules import STATUSES


class InvokerError(Exception):
    """Base of the errors whose message is meant for the caller."""


class NotFound(InvokerError):
    """No such path."""


class MethodNotAllowed(InvokerError):
    """The path exists, the method does not.

    Parameters
    ----------
    methods
        Those that exist.
    """

    def __init__(self, methods: Iterable[str]) -> None:
        self.allow = ", ".join(methods)
        super().__init__(f"This address answers {self.allow} only.")


class UnsupportedType(InvokerError):
    """The content type is none that the API reads."""


class NotAcceptable(InvokerError):
    """The answer has no form that the caller accepts."""


class UnreadableBody(InvokerError):
    """The body is not what the API asks for."""


class TooMuch(InvokerError):
    """Too many customers or too many bytes in one request."""


class InvalidCustomers(InvokerError):
    """Customers that break a rule of the schema.

    Parameters
    ----------
    errors
        One entry a problem: ``field``, ``rule``, ``remedy``, and where it is: ``customer`` (position in the request,
        in CSV its ``line`` too) or ``change`` (position in what_if).
    """

    def __init__(self, errors: list[dict[str, object]]) -> None:
        count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
        super().__init__(f"{count} in the fields; nothing was scored.")
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


_TABLE: dict[type[BaseException], int] = {
    UnreadableBody: 400,
    InvalidCustomers: 400,
    NotFound: 404,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    TooMuch: 413,
    UnsupportedType: 415,
    EndpointUnavailable: 503,
    Exception: 500,
}


def problem_of(exc: BaseException) -> tuple[int, str]:
    """Return status and title for an exception; the nearest base class counts."""
    status = next(_TABLE[kind] for kind in type(exc).__mro__ if kind in _TABLE)
    return status, STATUSES[status].title
