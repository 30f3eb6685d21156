"""Hyperparameter tuning jobs, with real training processes and the real search."""

import time
from typing import Any

import pytest

from local.sagemaker import authorization, operations
from local.sagemaker.errors import ServiceError
from local.sagemaker.store import records
from local.sagemaker.tuning.ranges import Ranges
from local.sagemaker.tuning.search import propose
from local.sagemaker.tuning.trials import Objective, Trial
from tests.unit.local.conftest import ROLE, TestPlatform

IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0"
RANGES = {
    "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"}],
    "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "2", "MaxValue": "4"}],
}
# Least at eta 0.3; the script tells a value an epoch, and leaves the last for a model.
LOSS = (
    "import argparse, pathlib\n"
    "parser = argparse.ArgumentParser()\n"
    "for name in ('eta', 'max_depth', 'cost'):\n"
    "    parser.add_argument(f'--{name}', type=float)\n"
    "told = parser.parse_args()\n"
    "loss = (told.eta - 0.3) ** 2\n"
    "for epoch in range(3):\n"
    "    print(f'[{epoch}]\\tvalidation-logloss:{loss + (2 - epoch):.6f}', flush=True)\n"
    "pathlib.Path(os.environ['SAGEMAKER_BASE_DIR'], 'model', 'm').write_text(str(loss))\n"
)


def request(host: TestPlatform, script: str = LOSS, *, name: str = "tune", **config: Any) -> dict[str, Any]:
    """A CreateHyperParameterTuningJob request whose training jobs run a script."""
    host.s3.put_object(Bucket="data", Key="code/job/train.py", Body=f"import os\n{script}".encode())
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/code/"}
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2}
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": config.pop("Strategy", "Bayesian"),
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:logloss"},
            "ResourceLimits": limits | config.pop("limits", {}),
            "ParameterRanges": RANGES,
            "RandomSeed": 7,
            **config,
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "StaticHyperParameters": {
                "cost": "500",
                "sagemaker_program": "job.train",
                "sagemaker_submit_directory": "/opt/ml/input/data/code",
            },
            "InputDataConfig": [{"ChannelName": "code", "DataSource": {"S3DataSource": source}}],
            "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "RoleArn": ROLE,
        },
        "Tags": [{"Key": "team", "Value": "churn"}],
    }


def described(name: str = "tune") -> dict[str, Any]:
    return operations.call("DescribeHyperParameterTuningJob", {"HyperParameterTuningJobName": name})


def listed(name: str = "tune", **more: Any) -> list[dict[str, Any]]:
    asked = {"HyperParameterTuningJobName": name, "MaxResults": 100, **more}
    found: list[dict[str, Any]] = operations.call("ListTrainingJobsForHyperParameterTuningJob", asked)[
        "TrainingJobSummaries"
    ]
    return found


def tuned(host: TestPlatform, **more: Any) -> dict[str, Any]:
    operations.call("CreateHyperParameterTuningJob", request(host, **more))
    host.wait(120)
    return described()


def until(look: Any, within_s: float = 120) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_it_tries_within_its_limits_and_names_the_best(host: TestPlatform) -> None:
    found = tuned(host)
    assert found["HyperParameterTuningJobStatus"] == "Completed", found
    assert found["TrainingJobStatusCounters"]["Completed"] == 4
    assert found["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    by_value = listed(SortBy="FinalObjectiveMetricValue", SortOrder="Ascending")
    values = [one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for one in by_value]
    assert values == sorted(values)
    best = found["BestTrainingJob"]
    assert best == by_value[0]
    assert best["ObjectiveStatus"] == "Succeeded"
    eta = float(best["TunedHyperParameters"]["eta"])
    assert values[0] == pytest.approx((eta - 0.3) ** 2, abs=1e-6)
    assert best["TunedHyperParameters"].keys() == {"eta", "max_depth"}
    job = operations.call("DescribeTrainingJob", {"TrainingJobName": best["TrainingJobName"]})
    assert job["TrainingJobName"].startswith("tune-0")
    assert job["TuningJobArn"].endswith(":hyper-parameter-tuning-job/tune")
    assert job["HyperParameters"]["_tuning_objective_metric"] == "validation:logloss"
    assert job["HyperParameters"]["cost"] == "500"
    assert ("models", f"out/{job['TrainingJobName']}/output/model.tar.gz") in host.s3.objects
    tags = operations.call("ListTags", {"ResourceArn": job["TrainingJobArn"]})
    assert tags["Tags"] == [{"Key": "team", "Value": "churn"}]


def test_its_training_jobs_run_at_the_same_time_and_not_more_of_them(host: TestPlatform) -> None:
    tuned(host, script=f"import time; time.sleep(0.7)\n{LOSS}", limits={"MaxParallelTrainingJobs": 2})
    jobs = sorted(listed(), key=lambda one: one["TrainingStartTime"])
    spans = [(one["TrainingStartTime"], one["TrainingEndTime"]) for one in jobs]
    at_once = [sum(start <= moment < end for start, end in spans) for moment, _ in spans]
    assert max(at_once) == 2


def test_one_after_the_other_a_seed_decides_what_is_tried(host: TestPlatform) -> None:
    tries = []
    for name in ("one", "two"):
        made = request(host, name=name, limits={"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 1})
        operations.call("CreateHyperParameterTuningJob", made)
        host.wait(120)
        tries.append(
            [one["TunedHyperParameters"] for one in listed(name, SortBy="CreationTime", SortOrder="Ascending")]
        )
    assert tries[0] == tries[1]
    assert len({one["eta"] for one in tries[0]}) == 6


def test_a_hopeless_training_job_is_stopped_early(host: TestPlatform) -> None:
    """Half of the range tells ever worse values, and would go on doing so for ten minutes."""
    worse = (
        "import time\n"
        "for epoch in range(3, 6000) if told.eta > 0.5 else ():\n"
        "    print(f'[{epoch}]\\tvalidation-logloss:{epoch}', flush=True)\n"
        "    time.sleep(0.1)\n"
    )
    usual = LOSS.replace("range(3)", "range(3 if told.eta > 0.5 else 60)").replace("(2 - epoch)", "(60 - epoch) / 60")
    limits = {"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 1}
    started = time.monotonic()
    found = tuned(
        host,
        script=usual + worse,
        limits=limits,
        TrainingJobEarlyStoppingType="Auto",
        Strategy="Random",
        RandomSeed=_seed_that_begins_well(),
    )
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    stopped = [one for one in listed() if one["TrainingJobStatus"] == "Stopped"]
    assert stopped
    assert all(float(one["TunedHyperParameters"]["eta"]) > 0.5 for one in stopped)
    assert {one["ObjectiveStatus"] for one in stopped} == {"Succeeded"}
    assert found["TrainingJobStatusCounters"]["Stopped"] == len(stopped)
    assert found["BestTrainingJob"]["TrainingJobStatus"] == "Completed"
    assert time.monotonic() - started < 300


def _seed_that_begins_well() -> int:
    """A seed by which the first three points of a random search are good ones, and the fourth is not."""
    ranges = Ranges(RANGES)

    def etas(seed: int) -> list[float]:
        points = [propose([], [], [], launched=n, dimensions=2, seed=seed, bayesian=False) for n in range(4)]
        return [float(ranges.values(point)["eta"]) for point in points]

    return next(seed for seed in range(1000) if max(etas(seed)[:3]) <= 0.5 < etas(seed)[3])


def test_a_failed_training_job_is_counted_and_the_others_go_on(host: TestPlatform) -> None:
    found = tuned(host, script=f"{LOSS}raise SystemExit(told.eta > 0.5)\n")
    jobs = {one["TrainingJobName"]: one for one in listed()}
    bad = [one for one in jobs.values() if one["TrainingJobStatus"] == "Failed"]
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert 0 < len(bad) < 4
    assert found["TrainingJobStatusCounters"]["NonRetryableError"] == len(bad)
    assert found["ObjectiveStatusCounters"]["Failed"] == len(bad)
    assert all("exit code: 1" in one["FailureReason"] and one["ObjectiveStatus"] == "Failed" for one in bad)


def test_where_all_fail_the_tuning_fails(host: TestPlatform) -> None:
    found = tuned(host, script="raise SystemExit('no')")
    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("All training jobs failed.")
    assert "BestTrainingJob" not in found


def test_it_can_be_stopped_and_its_training_jobs_with_it(host: TestPlatform) -> None:
    operations.call("CreateHyperParameterTuningJob", request(host, script="import time; time.sleep(60)"))
    until(lambda: described()["TrainingJobStatusCounters"]["InProgress"] == 2)
    asked = {"HyperParameterTuningJobName": "tune"}
    with pytest.raises(ServiceError, match="cannot be deleted before it has ended"):
        operations.call("DeleteHyperParameterTuningJob", asked)
    operations.call("StopHyperParameterTuningJob", asked)
    assert described()["HyperParameterTuningJobStatus"] == "Stopping"
    host.wait()
    assert described()["HyperParameterTuningJobStatus"] == "Stopped"
    assert {one["TrainingJobStatus"] for one in listed()} == {"Stopped"}
    with pytest.raises(ServiceError, match="cannot be stopped"):
        operations.call("StopHyperParameterTuningJob", asked)


def test_its_time_has_an_end(host: TestPlatform) -> None:
    operations.call("CreateHyperParameterTuningJob", request(host, script="import time; time.sleep(60)"))
    until(lambda: described()["TrainingJobStatusCounters"]["InProgress"] == 2)
    record = records.get("HyperParameterTuningJob", "tune")
    assert record is not None
    limits = record["HyperParameterTuningJobConfig"]["ResourceLimits"]
    limits["MaxRuntimeInSeconds"] = 1  # the API's least is two minutes
    host.wait()
    del limits["MaxRuntimeInSeconds"]
    assert {one["TrainingJobStatus"] for one in listed()} == {"Stopped"}
    assert described()["HyperParameterTuningJobStatus"] == "Failed", "nothing was completed"


def test_deleting_it_leaves_its_training_jobs(host: TestPlatform) -> None:
    tuned(host, limits={"MaxNumberOfTrainingJobs": 1})
    operations.call("DeleteHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune"})
    with pytest.raises(ServiceError, match="can't find a tuning job"):
        described()
    assert len(operations.call("ListTrainingJobs", {})["TrainingJobSummaries"]) == 1


def test_it_is_listed_and_told_of(host: TestPlatform) -> None:
    tuned(host, limits={"MaxNumberOfTrainingJobs": 1})
    (summary,) = operations.call("ListHyperParameterTuningJobs", {"NameContains": "tun"})[
        "HyperParameterTuningJobSummaries"
    ]
    assert summary["Strategy"] == "Bayesian"
    assert summary["TrainingJobStatusCounters"]["Completed"] == 1
    told = [d["HyperParameterTuningJobStatus"] for kind, d in host.events if "HyperParameter Tuning Job" in kind]
    assert told == ["InProgress", "Completed"]


def _with(made: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    inner = made
    *way, last = path.split(".")
    for step in way:
        inner = inner[step]
    inner[last] = value
    return made


CONFIG, DEFINITION = "HyperParameterTuningJobConfig", "TrainingJobDefinition"


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (
            f"{CONFIG}.HyperParameterTuningJobObjective.MetricName",
            "validation:nonsense",
            "isn't valid for the algorithm",
        ),
        (f"{CONFIG}.ParameterRanges", {}, "at least one hyperparameter range"),
        (
            f"{CONFIG}.ParameterRanges",
            {"IntegerParameterRanges": [{"Name": "num_parallel_tree", "MinValue": "1", "MaxValue": "9"}]},
            r"untunable hyperparameters: \[num_parallel_tree\]",
        ),
        (
            f"{CONFIG}.ParameterRanges",
            {"ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.5", "MaxValue": "0.1"}]},
            "must not exceed its maximum",
        ),
        (
            f"{CONFIG}.ParameterRanges",
            {"ContinuousParameterRanges": [RANGES["ContinuousParameterRanges"][0] | {"ScalingType": "Logarithmic"}]},
            "greater than 0: eta",
        ),
        (f"{DEFINITION}.StaticHyperParameters", {"eta": "0.1"}, r"either static or have one range: \[eta\]"),
        (f"{DEFINITION}.AlgorithmSpecification.MetricDefinitions", [{"Name": "a", "Regex": "b"}], "can't override"),
        (f"{CONFIG}.Strategy", "Grid", "knows the strategies Bayesian, Random"),
        ("WarmStartConfig", {"ParentHyperParameterTuningJobs": [{}], "WarmStartType": "TransferLearning"}, "WarmStart"),
    ],
)
def test_what_could_not_be_is_refused(host: TestPlatform, path: str, value: Any, told: str) -> None:
    with pytest.raises(ServiceError, match=told):
        operations.call("CreateHyperParameterTuningJob", _with(request(host), path, value))


def test_it_needs_to_be_handed_its_role(host: TestPlatform) -> None:
    host.forbidden = {"iam:PassRole"}
    with pytest.raises(ServiceError, match="iam:PassRole"):
        operations.call("CreateHyperParameterTuningJob", request(host))


def test_iam_sees_what_its_training_jobs_will_have(host: TestPlatform) -> None:
    made = request(host)
    made[DEFINITION] |= {"EnableNetworkIsolation": True, "VpcConfig": {"Subnets": ["s"], "SecurityGroupIds": ["g"]}}
    keys = authorization.condition_keys(made)
    assert keys["sagemaker:NetworkIsolation"] == "true"
    assert (keys["sagemaker:VpcSubnets"], keys["sagemaker:InstanceTypes"]) == (["s"], ["ml.m5.large"])
    for action in ("CreateHyperParameterTuningJob", "ListTrainingJobsForHyperParameterTuningJob"):
        assert authorization.resource(action, "/", made).endswith(":hyper-parameter-tuning-job/tune")


@pytest.mark.parametrize("scale", ["Linear", "Logarithmic", "ReverseLogarithmic", "Auto"])
def test_a_point_and_its_values_are_the_same_place(scale: str) -> None:
    ranges = Ranges(
        {
            "ContinuousParameterRanges": [
                {"Name": "eta", "MinValue": "0.01", "MaxValue": "0.9", "ScalingType": scale},
            ],
            "CategoricalParameterRanges": [{"Name": "booster", "Values": ["a", "b", "c"]}],
        }
    )
    assert ranges.dimensions == 4
    for place in (0.0, 0.25, 0.5, 1.0):
        values = ranges.values([place, 0.1, 0.9, 0.2])
        assert values["booster"] == "b"
        assert ranges.point(values) == pytest.approx([place, 0, 1, 0])
    assert [float(ranges.values([end, 0, 0, 0])["eta"]) for end in (0, 1)] == pytest.approx([0.01, 0.9])


def test_whole_numbers_take_equal_parts() -> None:
    ranges = Ranges({"IntegerParameterRanges": [{"Name": "d", "MinValue": "2", "MaxValue": "4"}]})
    found = [ranges.values([(step + 0.5) / 30])["d"] for step in range(30)]
    assert [found.count(value) for value in ("2", "3", "4")] == [10, 10, 10]


def test_the_search_beats_chance() -> None:
    """On a bowl in six dimensions, three of which do not matter; a random search of as many stands beside."""

    def bowl(point: list[float]) -> float:
        return (point[0] - 0.3) ** 2 + 2 * (point[1] - 0.7) ** 2 + 0.1 * point[2]

    for seed in range(2):
        least = {}
        for bayesian in (True, False):
            tried: list[list[float]] = []
            for launched in range(20):
                values = [bowl(point) for point in tried]
                tried.append(propose(tried, values, [], launched=launched, dimensions=6, seed=seed, bayesian=bayesian))
            assert all(0 <= side <= 1 for point in tried for side in point)
            least[bayesian] = min(map(bowl, tried))
        assert least[True] < least[False] / 4


def test_parallel_proposals_do_not_look_in_one_place() -> None:
    tried = [propose([], [], [], launched=n, dimensions=2, seed=3) for n in range(6)]
    values = [(x - 0.3) ** 2 + (y - 0.6) ** 2 for x, y in tried]
    first = propose(tried, values, [], launched=6, dimensions=2, seed=3)
    second = propose(tried, values, [first], launched=7, dimensions=2, seed=3)
    assert max(abs(a - b) for a, b in zip(first, second, strict=True)) > 0.02


@pytest.mark.parametrize(("kind", "worse", "better"), [("Minimize", 0.9, 0.1), ("Maximize", 0.1, 0.9)])
def test_the_median_rule(host: TestPlatform, kind: str, worse: float, better: float) -> None:
    objective = Objective({"Type": kind, "MetricName": "m"}, [{"Name": "m", "Regex": r"m=(\S+)"}])

    def trial(*curve: float) -> Trial:
        made = Trial("none", {}, objective)
        for value in curve:
            made.read(f"epoch m={value}")
        return made

    others = [trial(0.6, 0.4), trial(0.5, 0.5), trial(0.4, 0.6)]
    assert trial(0.5, worse).hopeless(others)
    assert not trial(0.5, better).hopeless(others)
    assert not trial(0.5, worse).hopeless(others[:2]), "a median of two says little"
    assert not trial(0.5, 0.5, worse).hopeless(others), "none of the others has come as far"
    assert not trial().hopeless(others)
