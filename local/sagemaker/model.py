"""The API as botocore describes it: operations, their inputs and their outputs."""

import functools

import botocore.session
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, StructureShape

from local.sagemaker.errors import ServiceError


@functools.cache
def service() -> ServiceModel:
    """botocore's model of the ``sagemaker`` service (a second to load, once)."""
    return botocore.session.get_session().get_service_model("sagemaker")


def operation(name: str) -> OperationModel:
    """An operation of the API.

    Raises
    ------
    ServiceError
        ``UnknownOperationException`` when AWS has no such operation.
    """
    try:
        return service().operation_model(name)
    except OperationNotFoundError as exc:
        raise ServiceError("UnknownOperationException", f"Unknown operation {name}") from exc


def input_shape(name: str) -> StructureShape:
    """What an operation takes."""
    shape = operation(name).input_shape
    if shape is None:
        raise ServiceError("UnknownOperationException", f"Operation {name} takes nothing")
    return shape


def output_shape(name: str) -> StructureShape | None:
    """What an operation answers; None when it answers nothing."""
    shape: StructureShape | None = operation(name).output_shape
    return shape
