"""Hyperparameter tuning jobs: the API."""

import copy
from typing import Any

from local.sagemaker import listing, roles, tags, training
from local.sagemaker.errors import in_use, invalid, not_found
from local.sagemaker.jobs import lifecycle
from local.sagemaker.jobs.metrics import BUILT_IN_IMAGE, definitions_of
from local.sagemaker.naming import arn, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records
from local.sagemaker.tuning.ranges import Ranges
from local.sagemaker.tuning.run import KIND, Tuning, with_objective
from local.sagemaker.tuning.trials import counters, ranked, summary

_STRATEGIES = ("Bayesian", "Random")
# What AWS has and this run does not: to leave it out silently would be another job than was asked for.
_NOT_HERE = ("TrainingJobDefinitions", "WarmStartConfig", "Autotune")
# What the XGBoost image lets a tuning job vary, its script mode included: `tunable` in
# sagemaker_xgboost_container/algorithm_mode/hyperparameter_validation.py.
_TUNABLE = ("alpha", "colsample_bylevel", "colsample_bynode", "colsample_bytree", "eta", "gamma", "lambda",
            "max_delta_step", "max_depth", "min_child_weight", "num_round", "subsample")  # fmt: skip


@operation("CreateHyperParameterTuningJob")
def _create(request: Request) -> Answer:
    name = request[f"{KIND}Name"]
    if records.get(KIND, name):
        raise in_use(f"Hyperparameter tuning job names must be unique; there is one already: {arn(KIND, name)}")
    config, definition = request["HyperParameterTuningJobConfig"], request.get("TrainingJobDefinition")
    for member in _NOT_HERE:
        if member in request:
            raise invalid(f"The laptop run does not know {member} of a tuning job (AWS does)")
    if config["Strategy"] not in _STRATEGIES or "TuningJobCompletionCriteria" in config:
        raise invalid(f"The laptop run knows the strategies {', '.join(_STRATEGIES)}, without completion criteria")
    if definition is None:
        raise invalid("A tuning job needs a TrainingJobDefinition")
    _check(config, definition)
    roles.hand_over(definition["RoleArn"])
    objective = config["HyperParameterTuningJobObjective"]["MetricName"]
    record: Record = {
        f"{KIND}Name": name,
        f"{KIND}Arn": arn(KIND, name),
        f"{KIND}Status": "InProgress",
        "HyperParameterTuningJobConfig": copy.deepcopy(config),
        "TrainingJobDefinition": with_objective(copy.deepcopy(definition), objective),
        "Strategy": config["Strategy"],
        "ResourceLimits": config["ResourceLimits"],
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "_jobs": [],
    }
    tags.keep(record[f"{KIND}Arn"], request)
    records.put(KIND, name, record)
    record |= _counted(record)
    Tuning(record).start()
    return record


def _check(config: dict[str, Any], definition: dict[str, Any]) -> None:
    """Refuse what no training job could be made of."""
    algorithm = definition["AlgorithmSpecification"]
    image = algorithm.get("TrainingImage", "")
    training.check({**definition, "TrainingJobName": ""})
    objective = config.get("HyperParameterTuningJobObjective", {}).get("MetricName")
    known = [one["Name"] for one in definitions_of(algorithm)]
    if objective not in known:
        raise invalid(
            f"The objective metric for the hyperparameter tuning job, [{objective}], isn't valid for the algorithm "
            f"{image}. Choose a valid objective metric: [{', '.join(known)}]."
        )
    names = Ranges(config.get("ParameterRanges", {})).names
    both = sorted(set(names) & definition.get("StaticHyperParameters", {}).keys())
    if both or len(set(names)) < len(names):
        raise invalid(f"A hyperparameter must be either static or have one range: [{', '.join(both or names)}]")
    fixed = [name for name in names if name not in _TUNABLE]
    if BUILT_IN_IMAGE.search(image) and fixed:
        raise invalid(
            "The hyperparameter tuning job you requested has the following untunable hyperparameters: "
            f"[{', '.join(fixed)}]. For the algorithm, {image}, you can tune only [{', '.join(_TUNABLE)}]. "
            "Delete untunable hyperparameters."
        )


def _require(name: str) -> Record:
    record = records.get(KIND, name)
    if record is None:
        raise not_found(f"Amazon SageMaker can't find a tuning job with the name {name}.")
    return record


def _summaries(record: Record) -> list[dict[str, Any]]:
    """Its training jobs, oldest first, but for those that somebody has deleted."""
    found = [records.get("TrainingJob", name) for name in record["_jobs"]]
    return [summary(one) for one in found if one]


def _sign(record: Record) -> int:
    objective = record["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    return -1 if objective["Type"] == "Maximize" else 1


def _counted(record: Record) -> dict[str, Any]:
    """What is said of a tuning job by looking at its training jobs."""
    found = _summaries(record)
    completed = [one for one in ranked(found, _sign(record)) if one["TrainingJobStatus"] == "Completed"]
    return counters(found) | ({"BestTrainingJob": completed[0]} if completed else {})


@operation("DescribeHyperParameterTuningJob")
def _describe(request: Request) -> Answer:
    record = _require(request[f"{KIND}Name"])
    return record | _counted(record)


@operation("ListHyperParameterTuningJobs")
def _list(request: Request) -> Answer:
    return listing.page(
        "ListHyperParameterTuningJobs",
        request,
        [record | _counted(record) for record in records.all(KIND)],
        member="HyperParameterTuningJobSummaries",
        name=f"{KIND}Name",
        status=f"{KIND}Status",
    )


@operation("ListTrainingJobsForHyperParameterTuningJob")
def _list_training_jobs(request: Request) -> Answer:
    record = _require(request[f"{KIND}Name"])
    found = _summaries(record)
    if request.get("SortBy") == "FinalObjectiveMetricValue":
        # Those without one are left out, says the API.
        metric = "FinalHyperParameterTuningJobObjectiveMetric"
        found = [one | {"_value": one[metric]["Value"]} for one in ranked(found, 1)]
    return listing.page(
        "ListTrainingJobsForHyperParameterTuningJob",
        request,
        found,
        member="TrainingJobSummaries",
        name="TrainingJobName",
        status="TrainingJobStatus",
    )


@operation("StopHyperParameterTuningJob")
def _stop(request: Request) -> Answer:
    record = _require(request[f"{KIND}Name"])
    if record[f"{KIND}Status"] not in ("InProgress", "Stopping"):
        raise invalid(f"The tuning job is in status {record[f'{KIND}Status']} and cannot be stopped.")
    record[f"{KIND}Status"] = "Stopping"
    return {}


@operation("DeleteHyperParameterTuningJob")
def _delete(request: Request) -> Answer:
    """Forget the tuning job; its training jobs and their artifacts stay."""
    _require(request[f"{KIND}Name"])
    lifecycle.delete(KIND, request[f"{KIND}Name"])
    return {}
