"""Endpoints: creation, blue/green update, deletion."""

import copy
import logging
from typing import Any

from local.sagemaker import events, listing, models, platform, tags
from local.sagemaker.errors import ServiceError, invalid
from local.sagemaker.hosting.fleet import fleet
from local.sagemaker.hosting.variant import NotHealthy
from local.sagemaker.naming import arn, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records

_KIND = "Endpoint"
_log = logging.getLogger("sagemaker.endpoints")


def _summary(config: Record) -> list[dict[str, Any]]:
    summaries = []
    for variant in config["ProductionVariants"]:
        image = models.containers(models.require("Model", variant["ModelName"]))[0].get("Image", "local")
        summary = {
            "VariantName": variant["VariantName"],
            "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now()}],
            "CurrentWeight": variant.get("InitialVariantWeight", 1.0),
            "DesiredWeight": variant.get("InitialVariantWeight", 1.0),
        }
        if "ServerlessConfig" in variant:
            summary["CurrentServerlessConfig"] = variant["ServerlessConfig"]
        else:
            count = variant.get("InitialInstanceCount", 1)
            summary |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
        summaries.append(summary)
    return summaries


def _set(record: Record, status: str, **more: Any) -> None:
    record |= {**more, "EndpointStatus": status, "LastModifiedTime": now()}
    events.endpoint(record)


def begin_create(request: Request) -> Record:
    """Make the record of a new endpoint, in status Creating."""
    name = request["EndpointName"]
    models.refuse_existing(_KIND, name)
    models.require("EndpointConfig", request["EndpointConfigName"])
    record = copy.deepcopy(request) | {"EndpointArn": arn(_KIND, name), "CreationTime": now()}
    tags.keep(record["EndpointArn"], request)
    records.put(_KIND, name, record)
    _set(record, "Creating")
    return record


def finish_create(record: Record) -> None:
    """Start its processes; the record ends InService or Failed."""
    try:
        config = models.require("EndpointConfig", record["EndpointConfigName"])
        fleet.deploy(record["EndpointName"], config)
        _set(record, "InService", ProductionVariants=_summary(config))
    except (NotHealthy, ServiceError) as exc:
        _set(record, "Failed", FailureReason=str(exc))
    except Exception as exc:
        _log.exception("endpoint %s", record["EndpointName"])
        _set(record, "Failed", FailureReason=f"InternalServerError: {exc}")


def begin_update(request: Request) -> tuple[Record, Record]:
    """Put an endpoint in status Updating.

    Returns
    -------
    tuple of (Record, Record)
        The endpoint and the configuration to go to.
    """
    record = models.require(_KIND, request["EndpointName"])
    config = models.require("EndpointConfig", request["EndpointConfigName"])
    with records.lock:
        if record["EndpointStatus"] not in ("InService", "Failed"):
            raise invalid(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
        record.pop("FailureReason", None)
        _set(record, "Updating")
    if "DeploymentConfig" in request:
        record["LastDeploymentConfig"] = copy.deepcopy(request["DeploymentConfig"])
    return record, config


def finish_update(record: Record, config: Record) -> None:
    """Go to the new configuration, or stay with the old one when it does not come up."""
    try:
        fleet.deploy(record["EndpointName"], config)
        _set(
            record,
            "InService",
            EndpointConfigName=config["EndpointConfigName"],
            ProductionVariants=_summary(config),
        )
    except Exception as exc:
        if not isinstance(exc, (NotHealthy, ServiceError)):
            _log.exception("endpoint %s", record["EndpointName"])
        had = "ProductionVariants" in record
        _set(record, "InService" if had else "Failed", FailureReason=str(exc))


@operation("CreateEndpoint")
def _create(request: Request) -> Answer:
    record = begin_create(request)
    platform.current().background(f"endpoint {record['EndpointName']}", lambda: finish_create(record))
    return record


@operation("UpdateEndpoint")
def _update(request: Request) -> Answer:
    record, config = begin_update(request)
    platform.current().background(f"endpoint {record['EndpointName']}", lambda: finish_update(record, config))
    return record


@operation("DescribeEndpoint")
def _describe(request: Request) -> Answer:
    return models.require(_KIND, request["EndpointName"])


@operation("ListEndpoints")
def _list(request: Request) -> Answer:
    return listing.page(
        "ListEndpoints",
        request,
        records.all(_KIND),
        member="Endpoints",
        name="EndpointName",
        status="EndpointStatus",
    )


@operation("DeleteEndpoint")
def _delete(request: Request) -> Answer:
    record = models.require(_KIND, request["EndpointName"])
    if record["EndpointStatus"] in ("Creating", "Updating"):
        raise invalid(f'Cannot delete in-progress endpoint "{record["EndpointArn"]}".')
    fleet.remove(record["EndpointName"])
    records.remove(_KIND, record["EndpointName"])
    tags.forget(record["EndpointArn"])
    return {}


def settle() -> None:
    """After a restart: what was under way stays with what it had; processes start at the first call."""
    for _, _, record in records.everywhere(_KIND):
        if record["EndpointStatus"] in ("Creating", "Updating", "Deleting"):
            served = "ProductionVariants" in record
            record["EndpointStatus"] = "InService" if served else "Failed"
            record["FailureReason"] = "The laptop run was stopped while the endpoint was changing."
