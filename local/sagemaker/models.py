"""Models and endpoint configurations: descriptions only, nothing runs."""

import copy
from typing import Any

from local.sagemaker import duties, listing, packages, roles, tags
from local.sagemaker.errors import invalid
from local.sagemaker.naming import arn, name_of, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records


def require(kind: str, name: str) -> Record:
    """The record of a model, an endpoint configuration or an endpoint, in AWS's words when missing."""
    name = name_of(kind, name)
    record = records.get(kind, name)
    if record is None:
        words = {"Model": "model", "EndpointConfig": "endpoint configuration", "Endpoint": "endpoint"}
        raise invalid(f'Could not find {words[kind]} "{arn(kind, name)}".')
    return record


def refuse_existing(kind: str, name: str) -> None:
    """Refuse to create what exists already."""
    if records.get(kind, name) is not None:
        words = {"Model": "model", "EndpointConfig": "endpoint configuration", "Endpoint": "endpoint"}
        raise invalid(f'Cannot create already existing {words[kind]} "{arn(kind, name)}".')


def containers(model: Record) -> list[dict[str, Any]]:
    """The containers of a model, with those from model packages resolved.

    Returns
    -------
    list of dict
        ContainerDefinitions that carry Image, ModelDataUrl and the merged Environment.
    """
    given = model.get("Containers") or [model["PrimaryContainer"]]
    resolved = []
    for container in given:
        inner: dict[str, Any] = {}
        if "ModelPackageName" in container:
            package = packages.require(container["ModelPackageName"])
            inner = copy.deepcopy(package["InferenceSpecification"]["Containers"][0])
        environment = {**inner.get("Environment", {}), **container.get("Environment", {})}
        resolved.append({**inner, **container, "Environment": environment})
    return resolved


@operation("CreateModel")
def _create_model(request: Request) -> Answer:
    name = request["ModelName"]
    refuse_existing("Model", name)
    if bool(request.get("PrimaryContainer")) == bool(request.get("Containers")):
        raise invalid("Exactly one of PrimaryContainer or Containers must be specified.")
    for container in request.get("Containers") or [request["PrimaryContainer"]]:
        _check_container(container)
    role = request.get("ExecutionRoleArn")
    roles.hand_over(role)
    for container in containers(request):
        if role and container.get("ModelDataUrl"):
            duties.find_artifact(role, container["ModelDataUrl"])
    record = copy.deepcopy(request) | {"ModelArn": arn("Model", name), "CreationTime": now()}
    record.setdefault("EnableNetworkIsolation", False)
    tags.keep(record["ModelArn"], request)
    records.put("Model", name, record)
    return record


def _check_container(container: dict[str, Any]) -> None:
    if "ModelPackageName" in container:
        package = packages.require(container["ModelPackageName"])
        # Versions in a group wait for approval; AWS refuses to build a model from one that has none.
        if package.get("ModelPackageGroupName") and package.get("ModelApprovalStatus") != "Approved":
            raise invalid(
                f"Model package {package['ModelPackageArn']} cannot be used: its approval status is "
                f"{package.get('ModelApprovalStatus')}, and only Approved packages can be deployed."
            )
    elif "Image" not in container:
        raise invalid("A container needs an Image or a ModelPackageName.")


@operation("DescribeModel")
def _describe_model(request: Request) -> Answer:
    return require("Model", request["ModelName"])


@operation("ListModels")
def _list_models(request: Request) -> Answer:
    return listing.page("ListModels", request, records.all("Model"), member="Models", name="ModelName")


@operation("DeleteModel")
def _delete_model(request: Request) -> Answer:
    record = require("Model", request["ModelName"])
    records.remove("Model", record["ModelName"])
    tags.forget(record["ModelArn"])
    return {}


@operation("CreateEndpointConfig")
def _create_config(request: Request) -> Answer:
    name = request["EndpointConfigName"]
    refuse_existing("EndpointConfig", name)
    seen = set()
    for variant in request["ProductionVariants"]:
        if variant["VariantName"] in seen:
            raise invalid(f"Duplicate variant name {variant['VariantName']}.")
        seen.add(variant["VariantName"])
        if "ModelName" in variant:
            require("Model", variant["ModelName"])
    roles.hand_over(request.get("ExecutionRoleArn"))
    record = copy.deepcopy(request)
    record |= {"EndpointConfigArn": arn("EndpointConfig", name), "CreationTime": now()}
    tags.keep(record["EndpointConfigArn"], request)
    records.put("EndpointConfig", name, record)
    return record


@operation("DescribeEndpointConfig")
def _describe_config(request: Request) -> Answer:
    return require("EndpointConfig", request["EndpointConfigName"])


@operation("ListEndpointConfigs")
def _list_configs(request: Request) -> Answer:
    return listing.page(
        "ListEndpointConfigs",
        request,
        records.all("EndpointConfig"),
        member="EndpointConfigs",
        name="EndpointConfigName",
    )


@operation("DeleteEndpointConfig")
def _delete_config(request: Request) -> Answer:
    record = require("EndpointConfig", request["EndpointConfigName"])
    records.remove("EndpointConfig", record["EndpointConfigName"])
    tags.forget(record["EndpointConfigArn"])
    return {}
