"""Deploying again, stopping, coming back, being killed, and leaving nothing behind."""

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
    if not deployment.ours:
        pytest.skip("the run belongs to somebody")
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
    deadline = time.monotonic() + 40
    while any(map(_alive, family)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in family if _alive(pid)]


def _descendants(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(line.split()[0]): int(line.split()[1]) for line in listed.splitlines()}
    found = [pid]
    for candidate in sorted(parents):
        if parents[candidate] in found:
            found.append(candidate)
    return found[1:]


def _alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return processes.alive(pid) and not state.stdout.startswith("Z")


@pytest.mark.ends_deployment
def test_destroy_leaves_an_empty_account(deployment: Deployment) -> None:
    if not deployment.ours:
        pytest.skip("the run belongs to somebody")
    deployment.cdk().destroy()
    left = _left(deployment)
    assert left == {}, left


def _left(deployment: Deployment) -> dict[str, list[str]]:
    """What is left, service by service, beside the bootstrap stack and what AWS itself keeps."""
    client = deployment.client
    sagemaker, ec2 = client("sagemaker"), client("ec2")
    keys = [k["KeyId"] for k in client("kms").list_keys()["Keys"]]
    states = {k: client("kms").describe_key(KeyId=k)["KeyMetadata"]["KeyState"] for k in keys}
    found = {
        "stacks": [s["StackName"] for s in client("cloudformation").describe_stacks()["Stacks"]],
        "buckets": [b["Name"] for b in client("s3").list_buckets()["Buckets"]],
        "roles": [r["RoleName"] for r in client("iam").list_roles()["Roles"]],
        "functions": [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]],
        "apis": [a["name"] for a in client("apigateway").get_rest_apis()["items"]],
        "machines": [m["name"] for m in client("stepfunctions").list_state_machines()["stateMachines"]],
        "keys": [k for k, state in states.items() if state != "PendingDeletion"],
        "models": [m["ModelName"] for m in sagemaker.list_models()["Models"]],
        "configs": [c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        "endpoints": [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]],
        "pipelines": [p["PipelineName"] for p in sagemaker.list_pipelines()["PipelineSummaries"]],
        "groups": [
            g["ModelPackageGroupName"] for g in sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        ],
        "packages": [p["ModelPackageArn"] for p in sagemaker.list_model_packages()["ModelPackageSummaryList"]],
        "endpoint services": [e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"]],
        "networks": [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v.get("IsDefault")],
        "distributions": [
            d["Id"] for d in client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
        ],
    }
    bootstrap = ("CDKToolkit", "cdk-hnb659fds-")
    kept = {name: [v for v in values if not v.startswith(bootstrap)] for name, values in found.items()}
    return {name: values for name, values in kept.items() if values}


@pytest.mark.ends_deployment
def test_a_killed_emulator_means_starting_over(deployment: Deployment) -> None:
    if not deployment.ours:
        pytest.skip("the run belongs to somebody")
    state = State(deployment.settings)
    for pid in _descendants(os.getpid()):
        command = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if "-m local.emulator.server" in command.stdout and "supervise" not in command.stdout:
            os.kill(pid, signal.SIGKILL)
    deployment.stop()
    assert state.kept()
    assert not state.usable()
