"""The operations that the service answers, and the one way to call them."""

from collections.abc import Callable
from typing import Any

from local.sagemaker import model, shapes
from local.sagemaker.errors import ServiceError, invalid

Request = dict[str, Any]
Answer = dict[str, Any]


class WrongAnswer(Exception):
    """An answer that AWS would never give: a fault of this service, which must be loud."""


_handlers: dict[str, Callable[[Request], Answer]] = {}


def operation(name: str) -> Callable[[Callable[[Request], Answer]], Callable[[Request], Answer]]:
    """Register a function as the handler of an API operation."""

    def register(handler: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
        _handlers[name] = handler
        return handler

    return register


def answered() -> list[str]:
    """The names of all operations that have a handler."""
    return sorted(_handlers)


def call(name: str, request: Request) -> Answer:
    """Answer a request: check it, handle it, check the answer.

    Raises
    ------
    ServiceError
        What the API would answer: an unknown operation, a request that breaks the model, or the
        handler's own refusal.
    WrongAnswer
        When the answer is not in the shape of the API.
    """
    model.operation(name)
    handler = _handlers.get(name)
    if handler is None:
        raise ServiceError("UnknownOperationException", f"The laptop run does not answer {name} (AWS does)")
    check(name, request)
    answer = handler(request)
    shape = model.output_shape(name)
    if shape is None:
        return {}
    answer = shapes.project(shape, answer)
    wrong = shapes.problems(shape, answer)
    if wrong:
        raise WrongAnswer(f"{name} answered what its shape does not allow: {'; '.join(wrong)}")
    return answer


def check(name: str, request: Request) -> None:
    """Refuse a request that botocore's model does not allow.

    Parameters
    ----------
    name
        The operation.
    request
        Its input, as parsed from JSON.
    """
    found = shapes.problems(model.input_shape(name), request)
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise invalid(f"{len(found)} validation {noun} detected: {'; '.join(found)}")
