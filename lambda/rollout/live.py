"""What an endpoint serves, asked from the endpoint: whatever was approved, deployed or rolled back."""

from __future__ import annotations

from typing import Any, NamedTuple

# SageMaker has no exception of its own for what is not there.
NOT_THERE = ("ResourceNotFound", "ValidationException")
IN_SERVICE = "InService"
Client = Any


class Live(NamedTuple):
    """What is served.

    Attributes
    ----------
    status : str
        The endpoint's; empty when it is not there.
    config, package : str
        The endpoint config that is live, and the package of its model; empty when there is none.
    coming_config, coming : str
        The endpoint config that an update is about to bring, and the package of its model; empty when there is none.
    failure : str
        Why the last change failed, as SageMaker says.
    """

    status: str = ""
    config: str = ""
    package: str = ""
    coming_config: str = ""
    coming: str = ""
    failure: str = ""


def look(client: Client, endpoint: str) -> Live:
    """Ask an endpoint what it serves."""
    try:
        found = client.describe_endpoint(EndpointName=endpoint)
    except client.exceptions.ClientError as exc:
        if exc.response["Error"]["Code"] in NOT_THERE:
            return Live()
        raise
    config = found.get("EndpointConfigName", "")
    pending = found.get("PendingDeploymentSummary", {}).get("EndpointConfigName", "")
    coming = pending if pending != config else ""
    return Live(
        status=found["EndpointStatus"],
        config=config,
        package=_package(client, config),
        coming_config=coming,
        coming=_package(client, coming),
        failure=found.get("FailureReason", ""),
    )


def _package(client: Client, config: str) -> str:
    """Name the package behind an endpoint config; one that an update has taken away meanwhile has none."""
    if not config:
        return ""
    try:
        variants = client.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        model = client.describe_model(ModelName=variants[0]["ModelName"])
    except client.exceptions.ClientError as exc:
        if exc.response["Error"]["Code"] in NOT_THERE:
            return ""
        raise
    (container,) = model.get("Containers") or [model["PrimaryContainer"]]
    package: str = container.get("ModelPackageName", "")
    return package


def version(package: str) -> str:
    """Name a package to people: its version, without the account that it lies in."""
    return f"version {package.rpartition('/')[2]}" if package else "no model"
