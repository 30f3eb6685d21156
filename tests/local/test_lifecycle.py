"""Deploying again, stopping, coming back, and being killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local import processes
from local.driver import verify
from local.driver.state import State
from local.settings import ROOT, free_port
from tests.local.deployment import Deployment


def _training_jobs(deployment: Deployment) -> int:
    jobs = deployment.client("sagemaker").list_training_jobs(MaxResults=100)["TrainingJobSummaries"]
    return len(jobs)


def test_deploying_again_without_changes_trains_nothing(deployment: Deployment) -> None:
    before = _training_jobs(deployment)
    described = deployment.client("sagemaker").describe_endpoint(EndpointName="churn-local")
    deployment.cdk().deploy()
    assert _training_jobs(deployment) == before
    after = deployment.client("sagemaker").describe_endpoint(EndpointName="churn-local")
    assert after["LastModifiedTime"] == described["LastModifiedTime"]


def test_a_stop_keeps_everything(deployment: Deployment) -> None:
    deployment.must_be_ours()
    before = _training_jobs(deployment)
    deployment.stop()
    assert State(deployment.settings).usable()
    started = time.monotonic()
    deployment.start()
    assert time.monotonic() - started < 120
    assert _training_jobs(deployment) == before
    probability, _ = verify.predict(deployment.settings)
    assert probability > 0.5
    assert "taking up the state of the last run" in deployment.log.read_text()


def test_a_killed_driver_leaves_no_process(tmp_path: Path) -> None:
    environment = os.environ | {
        "CHURN_LOCAL_DIR": str(tmp_path / "run"),
        "CHURN_LOCAL_PORT": str(free_port()),
        "CHURN_LOCAL_WEB_PORT": str(free_port()),
    }
    driver = subprocess.Popen(
        [sys.executable, "-m", "local", "up"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout is not None
    while "emulator answers" not in driver.stdout.readline():
        assert driver.poll() is None
    family = _descendants(driver.pid)
    assert len(family) >= 2
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    deadline = time.monotonic() + 240
    while any(map(_alive, family)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in family if _alive(pid)]


def _descendants(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(line.split()[0]): int(line.split()[1]) for line in listed.splitlines()}
    found: list[int] = []
    # Generation by generation: ids begin anew when all were given once, and a child's may be the smaller one.
    generation = {pid}
    while generation := {child for child, parent in parents.items() if parent in generation}:
        found += generation
    return found


def _alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return processes.alive(pid) and not state.stdout.startswith("Z")


@pytest.mark.ends_deployment
def test_a_killed_emulator_means_starting_over(deployment: Deployment) -> None:
    deployment.must_be_ours()
    state = State(deployment.settings)
    for pid in _descendants(os.getpid()):
        command = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if "-m local.emulator.server" in command.stdout and "supervise" not in command.stdout:
            os.kill(pid, signal.SIGKILL)
    deployment.stop()
    assert state.kept()
    assert not state.usable()
