"""Checkpoints and spot machines: what a killed job has kept, its next attempt finds."""

import time
from typing import Any

import pytest

from local.sagemaker import operations
from local.sagemaker.errors import ServiceError
from local.sagemaker.jobs import training_run
from tests.unit.local.conftest import TestPlatform, python, training_request

# Counts its attempts in the checkpoints, and is taken away in the first two.
COUNTING = (
    "import pathlib, signal\n"
    "kept = pathlib.Path('/opt/ml/checkpoints/step/attempts')\n"
    "kept.parent.mkdir(exist_ok=True)\n"
    "attempt = int(kept.read_text()) + 1 if kept.exists() else 1\n"
    "kept.write_text(str(attempt))\n"
    "if attempt < 3:\n"
    "    os.kill(os.getpid(), signal.SIGKILL if attempt == 1 else signal.SIGTERM)\n"
    "pathlib.Path('/opt/ml/model/xgboost-model').write_text(f'after {attempt} attempts')\n"
)
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
}
KEPT = {"CheckpointConfig": {"S3Uri": "s3://models/checkpoints/run"}}


def trained(host: TestPlatform, code: str, **more: Any) -> dict[str, Any]:
    operations.call("CreateTrainingJob", training_request(python(code), **more))
    host.wait()
    return operations.call("DescribeTrainingJob", {"TrainingJobName": "job"})


def went_through(described: dict[str, Any]) -> list[str]:
    return [one["Status"] for one in described["SecondaryStatusTransitions"]]


def test_a_job_on_spot_machines_goes_on_from_its_checkpoint(host: TestPlatform) -> None:
    described = trained(host, COUNTING, **SPOT, **KEPT)
    assert described["TrainingJobStatus"] == "Completed", described
    assert host.s3.objects["models", "checkpoints/run/step/attempts"] == b"3"
    again = ["Interrupted", "Starting", "Training"]
    assert went_through(described) == [
        *("Starting", "Downloading", "Training"),
        *again,
        *again,
        *("Uploading", "Completed"),
    ]


def test_waiting_for_another_machine_is_not_billed() -> None:
    """Found at second 10, taken away at 110, another at 400, done at 500."""
    stages = [
        *(("Starting", 0, 10), ("Downloading", 10, 20), ("Training", 20, 110)),
        *(("Interrupted", 110, 111), ("Starting", 111, 400), ("Training", 400, 490)),
        *(("Uploading", 490, 500), ("Completed", 500, 500)),
    ]
    record = {
        "SecondaryStatusTransitions": [{"Status": s, "StartTime": a, "EndTime": b} for s, a, b in stages],
        "TrainingStartTime": 10,
        "TrainingEndTime": 500,
    }
    assert training_run.times(record) == {"TrainingTimeInSeconds": 490, "BillableTimeInSeconds": 200}


def test_a_killed_job_on_machines_of_its_own_has_failed(host: TestPlatform) -> None:
    described = trained(host, COUNTING, **KEPT)
    assert described["TrainingJobStatus"] == "Failed"
    assert "exit code: 137" in described["FailureReason"]
    # What it kept is kept all the same: a job of that address goes on from there.
    assert host.s3.objects["models", "checkpoints/run/step/attempts"] == b"1"


def test_a_failure_of_the_code_is_no_interruption(host: TestPlatform) -> None:
    described = trained(host, "raise SystemExit(1)", **SPOT, **KEPT)
    assert described["TrainingJobStatus"] == "Failed"
    assert "Interrupted" not in went_through(described)


def test_checkpoints_are_copied_while_the_job_runs(host: TestPlatform) -> None:
    code = (
        "import pathlib, time\n"
        "for step in range(1000):\n"
        # By a new name first: what is copied at this moment must not be half a file.
        "    pathlib.Path('/opt/ml/step').write_text(str(step))\n"
        "    pathlib.Path('/opt/ml/step').replace('/opt/ml/checkpoints/step')\n"
        "    time.sleep(0.1)\n"
    )
    operations.call("CreateTrainingJob", training_request(python(code), **KEPT))
    deadline = time.monotonic() + 80
    while ("models", "checkpoints/run/step") not in host.s3.objects and time.monotonic() < deadline:
        time.sleep(0.05)
    assert operations.call("DescribeTrainingJob", {"TrainingJobName": "job"})["TrainingJobStatus"] == "InProgress"
    first = int(host.s3.objects["models", "checkpoints/run/step"])
    written = host.work_dir / "jobs" / "job" / "ml" / "checkpoints" / "step"
    while int(written.read_text()) <= first:
        assert time.monotonic() < deadline, "the job does not go on"
        time.sleep(0.05)
    operations.call("StopTrainingJob", {"TrainingJobName": "job"})
    host.wait()
    assert int(host.s3.objects["models", "checkpoints/run/step"]) > first


def test_another_folder_can_be_named_and_without_a_config_there_is_none(host: TestPlatform) -> None:
    code = "import pathlib; pathlib.Path('/opt/ml/elsewhere/a').write_text('x')"
    config = {"S3Uri": "s3://models/c", "LocalPath": "/opt/ml/elsewhere"}
    assert trained(host, code, CheckpointConfig=config)["TrainingJobStatus"] == "Completed"
    assert host.s3.objects["models", "c/a"] == b"x"
    operations.call("DeleteTrainingJob", {"TrainingJobName": "job"})
    assert trained(host, "assert not os.path.exists('/opt/ml/checkpoints')")["TrainingJobStatus"] == "Completed"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}}, "only supported when"),
        ({"EnableManagedSpotTraining": True}, "greater than or equal"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59},
            },
            "greater than or equal",
        ),
    ],
)
def test_a_wait_that_makes_no_sense_is_refused(host: TestPlatform, more: dict[str, Any], told: str) -> None:
    with pytest.raises(ServiceError, match=told):
        operations.call("CreateTrainingJob", training_request(python("pass"), **more))


def test_a_job_that_is_stopped_while_it_runs_is_not_started_again(host: TestPlatform) -> None:
    operations.call("CreateTrainingJob", training_request(python("import time; time.sleep(60)"), **SPOT, **KEPT))
    deadline = time.monotonic() + 50
    while "Training" not in went_through(operations.call("DescribeTrainingJob", {"TrainingJobName": "job"})):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    operations.call("StopTrainingJob", {"TrainingJobName": "job"})
    host.wait()
    described = operations.call("DescribeTrainingJob", {"TrainingJobName": "job"})
    assert described["TrainingJobStatus"] == "Stopped"
    assert "Interrupted" not in went_through(described)
