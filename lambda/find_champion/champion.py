"""The model in production is the one that the endpoint serves, whatever was approved or registered since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

# A creation that goes on or failed serves nothing; an update serves the old model until the new one is up.
SERVING = ("InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed")
# SageMaker has no exception of its own for what is not there.
NOT_THERE = ("ResourceNotFound", "ValidationException")
Client = Any


class Champion(NamedTuple):
    """Where the model lies, what it is called, and the description of its package, if it has one; without a model, no
    address, and why there is none.
    """

    uri: str
    told: str
    package: dict[str, Any] | None = None


def find(client: Client, endpoint_name: str) -> Champion:
    """Find what an endpoint serves."""
    endpoint = _described(client, client.describe_endpoint, EndpointName=endpoint_name)
    if endpoint is None or endpoint["EndpointStatus"] not in SERVING:
        return Champion("", f"the endpoint {endpoint_name} serves none yet")
    config = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = client.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    (container,) = model.get("Containers") or [model["PrimaryContainer"]]
    name = container.get("ModelPackageName")
    if name is None:
        return Champion(container["ModelDataUrl"], model["ModelName"])
    package = _described(client, client.describe_model_package, ModelPackageName=name)
    if package is None:
        return Champion("", f"its package {name} is gone")
    return Champion(package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"], name, package)


def _described(client: Client, describe: Callable[..., dict[str, Any]], **named: str) -> dict[str, Any] | None:
    """Describe something, or give None where it is not there."""
    try:
        return describe(**named)
    except client.exceptions.ClientError as exc:
        if exc.response["Error"]["Code"] in NOT_THERE:
            return None
        raise
