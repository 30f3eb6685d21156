"""Endpoints: the operations of the API."""

from local.sagemaker import endpoint_changes as changes
from local.sagemaker import listing, models, platform, tags
from local.sagemaker.endpoint_changes import BUSY, KIND
from local.sagemaker.errors import invalid
from local.sagemaker.hosting import shifting
from local.sagemaker.hosting.fleet import fleet
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import records


@operation("CreateEndpoint")
def _create(request: Request) -> Answer:
    if "DeploymentConfig" in request:
        shifting.check(request["DeploymentConfig"])
    record = changes.begin_create(request)
    platform.current().background(f"endpoint {record['EndpointName']}", lambda: changes.finish_create(record))
    return record


@operation("UpdateEndpoint")
def _update(request: Request) -> Answer:
    record, shift = changes.begin_update(request)

    def finish() -> None:
        changes.finish_update(record, shift)

    platform.current().background(f"endpoint {record['EndpointName']}", finish)
    return record


@operation("UpdateEndpointWeightsAndCapacities")
def _scale(request: Request) -> Answer:
    record = changes.begin_scaling(request)
    platform.current().background(f"endpoint {record['EndpointName']}", lambda: changes.finish_scaling(record))
    return record


@operation("DescribeEndpoint")
def _describe(request: Request) -> Answer:
    return models.require(KIND, request["EndpointName"])


@operation("ListEndpoints")
def _list(request: Request) -> Answer:
    return listing.page(
        "ListEndpoints",
        request,
        records.all(KIND),
        member="Endpoints",
        name="EndpointName",
        status="EndpointStatus",
    )


@operation("DeleteEndpoint")
def _delete(request: Request) -> Answer:
    record = models.require(KIND, request["EndpointName"])
    if record["EndpointStatus"] in BUSY:
        raise invalid(f'Cannot delete in-progress endpoint "{record["EndpointArn"]}".')
    fleet.remove(record["EndpointName"])
    records.remove(KIND, record["EndpointName"])
    tags.forget(record["EndpointArn"])
    return {}


def settle() -> None:
    """After a restart: what was under way stays with what it had; processes start at the first call."""
    for _, _, record in records.everywhere(KIND):
        if record["EndpointStatus"] in BUSY:
            served = "ProductionVariants" in record
            record.pop("PendingDeploymentSummary", None)
            record["EndpointStatus"] = "InService" if served else "Failed"
            record["FailureReason"] = "The laptop run was stopped while the endpoint was changing."
