"""The life of a tuning job: proposals, training jobs at the same time, early ends, and the best of them."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.sagemaker import events, platform, tags
from local.sagemaker.jobs import lifecycle, script_mode, training_run
from local.sagemaker.jobs.metrics import definitions_of
from local.sagemaker.naming import identifier, now
from local.sagemaker.store import Record
from local.sagemaker.tuning.ranges import Ranges
from local.sagemaker.tuning.trials import Objective, Trial, ranked, summary

KIND = "HyperParameterTuningJob"
_POLL_S = 0.1
_SEARCH = Path(__file__).with_name("search.py")
_running: dict[str, "Tuning"] = {}


class Tuning:
    """One run of a tuning job.

    Parameters
    ----------
    record
        Its record, which this object keeps up to date; ``_jobs`` are the names of its training jobs.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.closing = threading.Event()
        config, self._definition = record["HyperParameterTuningJobConfig"], record["TrainingJobDefinition"]
        self._ranges = Ranges(config["ParameterRanges"])
        self._objective = Objective(
            config["HyperParameterTuningJobObjective"], definitions_of(self._definition["AlgorithmSpecification"])
        )
        self._limits = config["ResourceLimits"]
        self._stops_early = config.get("TrainingJobEarlyStoppingType") == "Auto"
        self._seed: int = config.get("RandomSeed", int.from_bytes(os.urandom(4), "big"))
        self._bayesian = config["Strategy"] == "Bayesian"
        self._trials: list[Trial] = []

    def start(self) -> None:
        """Run it on a thread of its own."""
        _running[self.record[f"{KIND}Arn"]] = self
        events.job(KIND, self.record)
        platform.current().background(f"tuning {self.record[f'{KIND}Name']}", self._run)

    def _run(self) -> None:
        status, reason = "Failed", ""
        try:
            with _Search(self._ranges.dimensions, self._seed, bayesian=self._bayesian) as search:
                self._loop(search)
            self._stop_trials()
            status, reason = self._outcome()
        except Exception as exc:
            reason = f"InternalServerError: {exc}"
        finally:
            self._stop_trials()
            _running.pop(self.record[f"{KIND}Arn"], None)
        if reason:
            self.record["FailureReason"] = reason[:1024]
        seconds = round(now() - self.record["CreationTime"])
        self.record |= {
            f"{KIND}Status": status,
            "HyperParameterTuningEndTime": now(),
            "LastModifiedTime": now(),
            "ConsumedResources": {"RuntimeInSeconds": seconds},
        }
        events.job(KIND, self.record)

    def _loop(self, search: "_Search") -> None:
        """Keep as many training jobs at work as the limits and this machine's cores allow, until there were enough."""
        at_once = min(self._limits["MaxParallelTrainingJobs"], os.cpu_count() or 1)
        most = self._limits.get("MaxNumberOfTrainingJobs", 1)
        while not self.closing.is_set() and not self._over():
            working = [trial for trial in self._trials if trial.running]
            for trial in self._trials:
                trial.keep()
            if len(self._trials) >= most and not working:
                return
            if len(self._trials) < most and len(working) < at_once:
                self._begin(search)
                continue
            if self._stops_early:
                self._stop_the_hopeless(working)
            time.sleep(_POLL_S)

    def _over(self) -> bool:
        if self.record[f"{KIND}Status"] == "Stopping":
            return True
        limit_s = self._limits.get("MaxRuntimeInSeconds")
        return limit_s is not None and now() - self.record["CreationTime"] > limit_s

    def _begin(self, search: "_Search") -> None:
        ended = [(trial, trial.loss) for trial in self._trials if trial.loss is not None]
        tuned = self._ranges.values(
            search.propose(
                tried=[self._ranges.point(trial.tuned) for trial, _ in ended],
                values=[loss for _, loss in ended],
                running=[self._ranges.point(trial.tuned) for trial in self._trials if trial.running],
                launched=len(self._trials),
            )
        )
        name = f"{self.record[f'{KIND}Name']}-{len(self._trials) + 1:03d}-{identifier(8)}"
        trial = Trial(name, tuned, self._objective)
        request = {k: v for k, v in self._definition.items() if k not in ("StaticHyperParameters", "DefinitionName")}
        request["TrainingJobName"] = name
        request["HyperParameters"] = self._definition["StaticHyperParameters"] | tuned
        started = training_run.begin(request, [trial.read], TuningJobArn=self.record[f"{KIND}Arn"], _tuned=tuned)
        tags.replace(started["TrainingJobArn"], tags.of(self.record[f"{KIND}Arn"]))
        self._trials.append(trial)
        self.record["_jobs"].append(name)

    def _stop_the_hopeless(self, working: Sequence[Trial]) -> None:
        for trial in working:
            if trial.record["TrainingJobStatus"] == "InProgress" and trial.hopeless(self._trials):
                lifecycle.request_stop("TrainingJob", trial.name)

    def _stop_trials(self) -> None:
        """Stop what still runs, and wait for it."""
        for trial in self._trials:
            if trial.record.get("TrainingJobStatus") == "InProgress":
                lifecycle.request_stop("TrainingJob", trial.name)
        while any(trial.running for trial in self._trials):
            time.sleep(_POLL_S)
        for trial in self._trials:
            trial.keep()

    def _outcome(self) -> tuple[str, str]:
        """The status that it ends in, and the reason of a failure."""
        if self.record[f"{KIND}Status"] == "Stopping" or self.closing.is_set():
            return "Stopped", ""
        completed = [trial.record for trial in self._trials if trial.record.get("TrainingJobStatus") == "Completed"]
        if not ranked([summary(one) for one in completed], self._objective.sign):
            told = "All training jobs failed. Please take a look at the training jobs failures to get more details."
            return "Failed", told
        return "Completed", ""


class _Search:
    """The process that proposes; see `search.py`. It ends with its standard input: with this process at the latest."""

    def __init__(self, dimensions: int, seed: int, *, bayesian: bool) -> None:
        self._fixed = {"dimensions": dimensions, "seed": seed, "bayesian": bayesian}
        # One thread: the training jobs need the cores.
        environment = {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [platform.current().ml_python, "-I", str(_SEARCH)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> "_Search":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def propose(self, **found: Any) -> list[float]:
        """Ask for the next point."""
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise ValueError("the process was started without pipes")
        asked.write(json.dumps({**self._fixed, **found}) + "\n")
        asked.flush()
        line = answers.readline()
        if not line:
            raise RuntimeError("the search has ended; the emulator's log says why")
        point: list[float] = json.loads(line)
        return point


def stop_all() -> None:
    """End every tuning job: the service is going away. Its training jobs end with it."""
    for tuning in list(_running.values()):
        tuning.closing.set()


def with_objective(definition: Record, metric: str) -> Record:
    """A training job's definition with what SageMaker adds to its hyperparameters."""
    static = definition.get("StaticHyperParameters", {})
    return {**definition, "StaticHyperParameters": {**static, script_mode.OBJECTIVE: metric}}
