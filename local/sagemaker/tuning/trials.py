"""The training jobs of a tuning job: what each has found, how they count, which is best, and which are hopeless."""

import re
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from local.sagemaker.store import Record, records

_ENDED = {"Completed": "Completed", "Failed": "NonRetryableError", "Stopped": "Stopped"}
# SageMaker does not say how many earlier jobs its rule takes; a median of fewer says little.
_LEAST_TO_COMPARE = 3


class Objective:
    """What a tuning job goes by.

    Parameters
    ----------
    given
        ``HyperParameterTuningJobObjective``: a metric, and whether more or less of it is better.
    definitions
        The metric definitions of the algorithm, the objective's among them.
    """

    def __init__(self, given: Mapping[str, str], definitions: Sequence[Mapping[str, str]]) -> None:
        self.name = given["MetricName"]
        self.sign = -1 if given["Type"] == "Maximize" else 1
        (pattern,) = [one["Regex"] for one in definitions if one["Name"] == self.name]
        self._pattern = re.compile(pattern)

    def read(self, line: str) -> float | None:
        """The metric in a line of a job's log, if it stands there."""
        match = self._pattern.search(line)
        try:
            return float(match[1]) if match else None
        except ValueError:
            return None


class Trial:
    """One training job.

    Parameters
    ----------
    name
        Of the training job.
    tuned
        The hyperparameters that the search proposed for it.
    objective
        What it is judged by.
    """

    def __init__(self, name: str, tuned: Mapping[str, str], objective: Objective) -> None:
        self.name = name
        self.tuned = dict(tuned)
        #: The objective after each epoch; a sink of the job's lines appends.
        self.curve: list[float] = []
        self._objective = objective

    def read(self, line: str) -> None:
        """Look for the objective in a line of the job's log."""
        value = self._objective.read(line)
        if value is not None:
            self.curve.append(value)

    @property
    def record(self) -> Record:
        """The training job's record; empty when somebody has deleted it."""
        return records.get("TrainingJob", self.name) or {}

    @property
    def running(self) -> bool:
        """Whether the training job goes on."""
        return self.record.get("TrainingJobStatus") in ("InProgress", "Stopping")

    @property
    def loss(self) -> float | None:
        """The last value of the objective, less being better; None while it runs, or where there is none."""
        if self.running or self.record.get("TrainingJobStatus") not in ("Completed", "Stopped") or not self.curve:
            return None
        return self._objective.sign * self.curve[-1]

    def hopeless(self, others: Sequence["Trial"]) -> bool:
        """Whether SageMaker's median rule stops it: worse now than the others were on average up to the same epoch.

        https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html
        """
        epoch, sign = len(self.curve), self._objective.sign
        if not epoch:
            return False
        before = [fmean(one.curve[:epoch]) for one in others if not one.running and len(one.curve) >= epoch]
        if len(before) < _LEAST_TO_COMPARE:
            return False
        return sign * self.curve[-1] > sign * median(before)

    def keep(self) -> None:
        """Write what was found into the training job's record."""
        if self.record:
            self.record["_tuned"] = self.tuned
            found = {"MetricName": self._objective.name, "Value": self.curve[-1]} if self.curve else {}
            self.record["_objective"] = found


def summary(record: Record) -> dict[str, Any]:
    """A training job as the list of a tuning job's shows it."""
    status, found = record["TrainingJobStatus"], record.get("_objective")
    ended = status in _ENDED
    shown = {name: record[name] for name in _SHOWN if name in record}
    shown |= {"TunedHyperParameters": record["_tuned"], "ObjectiveStatus": "Pending"}
    if ended:
        shown["ObjectiveStatus"] = "Succeeded" if found and status != "Failed" else "Failed"
    if ended and found:
        shown["FinalHyperParameterTuningJobObjectiveMetric"] = found
    return shown


_SHOWN = ("TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingStartTime", "TrainingEndTime",
          "TrainingJobStatus", "FailureReason")  # fmt: skip


def counters(summaries: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """How many training jobs, and how many objectives, are in which state."""
    jobs = dict.fromkeys(("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped"), 0)
    objectives = dict.fromkeys(("Succeeded", "Pending", "Failed"), 0)
    for one in summaries:
        jobs[_ENDED.get(one["TrainingJobStatus"], "InProgress")] += 1
        objectives[one["ObjectiveStatus"]] += 1
    return {"TrainingJobStatusCounters": jobs, "ObjectiveStatusCounters": objectives}


def ranked(summaries: Sequence[dict[str, Any]], sign: int) -> list[dict[str, Any]]:
    """Those that have an objective, the best first.

    Parameters
    ----------
    summaries
        Of a tuning job.
    sign
        1 where less is better, -1 where more is.
    """
    metric = "FinalHyperParameterTuningJobObjectiveMetric"
    return sorted((one for one in summaries if metric in one), key=lambda one: sign * one[metric]["Value"])
