"""How an endpoint changes: creation, blue/green update, capacity; each has a begin, which answers, and an end."""

import copy
import logging
from typing import Any

from local.sagemaker import events, models, tags
from local.sagemaker.errors import ServiceError, invalid
from local.sagemaker.hosting import shifting
from local.sagemaker.hosting.fleet import fleet
from local.sagemaker.hosting.group import Group
from local.sagemaker.hosting.shifting import RolledBack, Shift
from local.sagemaker.hosting.variant import NotHealthy
from local.sagemaker.naming import arn, now
from local.sagemaker.operations import Request
from local.sagemaker.store import Record, records

KIND = "Endpoint"
#: States in which an endpoint takes no other change.
BUSY = ("Creating", "Updating", "RollingBack", "Deleting")
# What an update may keep of a variant, by the word that excludes it.
_RETAINED = {
    "DesiredInstanceCount": ("CurrentInstanceCount", "DesiredInstanceCount"),
    "DesiredWeight": ("CurrentWeight", "DesiredWeight"),
}
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


def _retain(record: Record, request: Request, summaries: list[Record]) -> list[Record]:
    """Keep counts and weights that the endpoint has now, where ``RetainAllVariantProperties`` asks for it."""
    if not request.get("RetainAllVariantProperties"):
        return summaries
    excluded = {one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties", [])}
    kept = [member for word, members in _RETAINED.items() if word not in excluded for member in members]
    have = {one["VariantName"]: one for one in record.get("ProductionVariants", [])}
    return [one | {k: v for k, v in have.get(one["VariantName"], {}).items() if k in kept} for one in summaries]


def _set(record: Record, status: str, **more: Any) -> None:
    record |= {**more, "EndpointStatus": status, "LastModifiedTime": now()}
    events.endpoint(record)


def _serve(record: Record, config: Record, summaries: list[Record]) -> None:
    """Make a configuration the one that serves."""
    record.pop("PendingDeploymentSummary", None)
    record.pop("DataCaptureConfig", None)
    capture = config.get("DataCaptureConfig")
    if capture:
        shown = {k: v for k, v in capture.items() if k in ("DestinationS3Uri", "KmsKeyId")}
        enabled = capture.get("EnableCapture", True)
        record["DataCaptureConfig"] = shown | {
            "EnableCapture": enabled,
            "CaptureStatus": "Started" if enabled else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    name = config["EndpointConfigName"]
    _set(record, "InService", EndpointConfigName=name, ProductionVariants=summaries)


def begin_create(request: Request) -> Record:
    """Make the record of a new endpoint, in status Creating."""
    name = request["EndpointName"]
    models.refuse_existing(KIND, name)
    models.require("EndpointConfig", request["EndpointConfigName"])
    record = copy.deepcopy(request) | {"EndpointArn": arn(KIND, name), "CreationTime": now()}
    if "DeploymentConfig" in record:
        record["LastDeploymentConfig"] = record.pop("DeploymentConfig")
    tags.keep(record["EndpointArn"], request)
    records.put(KIND, name, record)
    _set(record, "Creating")
    return record


def finish_create(record: Record) -> None:
    """Start its processes; the record ends InService or Failed."""
    try:
        config = models.require("EndpointConfig", record["EndpointConfigName"])
        group = Group(record["EndpointName"], config).start()
        fleet.keep(record["EndpointName"], group)
        _serve(record, config, _summary(config))
    except (NotHealthy, ServiceError) as exc:
        _set(record, "Failed", FailureReason=str(exc))
    except Exception as exc:
        _log.exception("endpoint %s", record["EndpointName"])
        _set(record, "Failed", FailureReason=f"InternalServerError: {exc}")


def begin_update(request: Request) -> tuple[Record, Shift]:
    """Put an endpoint in status Updating.

    Returns
    -------
    tuple of (Record, Shift)
        The endpoint and the way to its new configuration.
    """
    record = models.require(KIND, request["EndpointName"])
    config = models.require("EndpointConfig", request["EndpointConfigName"])
    deployment = copy.deepcopy(request.get("DeploymentConfig", {}))
    if request.get("RetainDeploymentConfig"):
        deployment = record.get("LastDeploymentConfig", {})
    if deployment:
        shifting.check(deployment)
    _begin_change(record)
    if deployment:
        record["LastDeploymentConfig"] = deployment
    else:
        record.pop("LastDeploymentConfig", None)
    return record, Shift(record, config, _retain(record, request, _summary(config)), deployment)


def _begin_change(record: Record) -> None:
    with records.lock:
        if record["EndpointStatus"] not in ("InService", "Failed"):
            raise invalid(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
        record.pop("FailureReason", None)
        record["EndpointStatus"] = "Updating"
    _set(record, "Updating")


def finish_update(record: Record, shift: Shift) -> str:
    """Go to the new configuration, or stay with the old one when it does not come up or an alarm goes off.

    Returns
    -------
    str
        Why the endpoint stayed with, or went back to, what it had; empty when it serves the new configuration.
    """
    try:
        shift.run(lambda reason: _set(record, "RollingBack", FailureReason=reason))
    except Exception as exc:
        if not isinstance(exc, (NotHealthy, RolledBack, ServiceError)):
            _log.exception("endpoint %s", record["EndpointName"])
        record.pop("PendingDeploymentSummary", None)
        _set(record, "InService" if "ProductionVariants" in record else "Failed", FailureReason=str(exc))
        return str(exc)
    _serve(record, shift.config, shift.summaries)
    return ""


def begin_scaling(request: Request) -> Record:
    """Note the weights and counts that are desired, in status Updating."""
    record = models.require(KIND, request["EndpointName"])
    variants = {one["VariantName"]: one for one in record.get("ProductionVariants", [])}
    for wanted in request["DesiredWeightsAndCapacities"]:
        if wanted["VariantName"] not in variants:
            raise invalid(f"Variant {wanted['VariantName']} of endpoint {record['EndpointArn']} does not exist.")
    _begin_change(record)
    for wanted in request["DesiredWeightsAndCapacities"]:
        desired = {k: v for k, v in wanted.items() if k in _RETAINED}
        variants[wanted["VariantName"]] |= desired
        if "DesiredInstanceCount" in desired:
            message = f"Scaling desired instance count to {desired['DesiredInstanceCount']}."
            stage = {"Status": "Updating", "StatusMessage": message, "StartTime": now()}
            variants[wanted["VariantName"]]["VariantStatus"] = [stage]
    events.deployment(record)
    return record


def finish_scaling(record: Record) -> None:
    """Bring weights and counts to what is desired; one process stands for all instances, so none is started."""
    for variant in record["ProductionVariants"]:
        variant.pop("VariantStatus", None)
        for word, (current, _) in _RETAINED.items():
            if word in variant:
                variant[current] = variant[word]
    fleet.weigh(record["EndpointName"], record["ProductionVariants"])
    _set(record, "InService")
