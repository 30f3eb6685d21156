"""Errors as the SageMaker API words them."""


class ServiceError(Exception):
    """An error answer of the API.

    Parameters
    ----------
    code
        The error type that SDKs turn into an exception class, such as ``ValidationException``.
    message
        What the caller reads.
    status
        The HTTP status; SageMaker answers nearly all errors with 400.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ServiceError:
    """A ``ValidationException``."""
    return ServiceError("ValidationException", message)


def not_found(message: str) -> ServiceError:
    """A ``ResourceNotFound``, which pipelines answer for a name they do not know."""
    return ServiceError("ResourceNotFound", message)


def conflict(message: str) -> ServiceError:
    """A ``ConflictException``."""
    return ServiceError("ConflictException", message)


def in_use(message: str) -> ServiceError:
    """A ``ResourceInUse``: the name is taken by another resource."""
    return ServiceError("ResourceInUse", message)


def denied(message: str) -> ServiceError:
    """An ``AccessDeniedException``."""
    return ServiceError("AccessDeniedException", message)
