"""The API as botocore describes it: operations, their inputs and their outputs."""

import functools

import botocore.session
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, Shape

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


def shape(name: str) -> Shape:
    """A shape of the API by its name."""
    return service().shape_for(name)
