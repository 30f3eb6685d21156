"""Training jobs: the API."""

from local.sagemaker import listing, roles, tags
from local.sagemaker.errors import in_use, invalid
from local.sagemaker.jobs import lifecycle, training_run
from local.sagemaker.jobs.metrics import definitions_of
from local.sagemaker.naming import arn
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import records

_KIND = "TrainingJob"


@operation("CreateTrainingJob")
def _create(request: Request) -> Answer:
    check(request)
    roles.hand_over(request["RoleArn"])
    tags.keep(arn(_KIND, request["TrainingJobName"]), request)
    return training_run.begin(request)


def check(request: Request) -> None:
    """Refuse a request for a job that cannot be.

    Raises
    ------
    ServiceError
        What the API would answer.
    """
    name = request["TrainingJobName"]
    if records.get(_KIND, name):
        raise in_use(
            f"Training job names must be unique within an AWS account and region, and a "
            f"training job with this name already exists ({arn(_KIND, name)})"
        )
    definitions_of(request["AlgorithmSpecification"])
    _check_wait(request)


def _check_wait(request: Request) -> None:
    """Refuse, as AWS does, a wait that is for spot machines only, or that is shorter than the training itself."""
    stopping = request.get("StoppingCondition", {})
    wait_s = stopping.get("MaxWaitTimeInSeconds")
    spot = request.get("EnableManagedSpotTraining", False)
    if wait_s is not None and not spot:
        raise invalid(
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
        )
    if spot and (wait_s is None or wait_s < stopping.get("MaxRuntimeInSeconds", training_run.LIMIT_S)):
        raise invalid("Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntime")


@operation("DescribeTrainingJob")
def _describe(request: Request) -> Answer:
    return lifecycle.require(_KIND, request["TrainingJobName"])


@operation("ListTrainingJobs")
def _list(request: Request) -> Answer:
    return listing.page(
        "ListTrainingJobs",
        request,
        records.all(_KIND),
        member="TrainingJobSummaries",
        name="TrainingJobName",
        status="TrainingJobStatus",
    )


@operation("StopTrainingJob")
def _stop(request: Request) -> Answer:
    lifecycle.request_stop(_KIND, request["TrainingJobName"])
    return {}


@operation("DeleteTrainingJob")
def _delete(request: Request) -> Answer:
    lifecycle.delete(_KIND, request["TrainingJobName"])
    return {}
