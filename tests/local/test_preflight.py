"""`make deploy` of a second environment into the account that the laptop's system is deployed in."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from local.driver import environment
from local.settings import ROOT
from operate import names
from tests.local.deployment import Deployment

ENDPOINT_LOG = "/aws/sagemaker/Endpoints/churn-prod"
BUCKET = "churn-prod-storage-left"
SHARED = {
    "/aws/sagemaker/ProcessingJobs": "Churn-local-Training",
    "/aws/sagemaker/TrainingJobs": "Churn-local-Training",
    "/aws/sagemaker/TransformJobs": "Churn-local-Training",
    "/aws/sagemaker/studio": "Churn-local-Studio",
}


def _run(system: Deployment, *command: str) -> tuple[int, str]:
    variables = environment.deployment(system.settings)
    variables["PATH"] = os.pathsep.join([str(ROOT / "node_modules" / ".bin"), variables["PATH"]])
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=600)
    return done.returncode, done.stdout + done.stderr


def _preflight(system: Deployment, *arguments: str) -> tuple[int, str]:
    return _run(system, sys.executable, "-m", "operate.preflight", *arguments)


def _stacks(system: Deployment) -> dict[str, str]:
    stacks = system.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in stacks}


@pytest.fixture(scope="module")
def strangers(deployment: Deployment) -> Iterator[None]:
    """What an earlier prod may have left: the endpoint's log, the models' registry, people, and a bucket."""
    logs, sagemaker = deployment.client("logs"), deployment.client("sagemaker")
    cognito, s3 = deployment.client("cognito-idp"), deployment.client("s3")
    pool = cognito.create_user_pool(PoolName="churn-prod")["UserPool"]["Id"]
    s3.create_bucket(Bucket=BUCKET)
    logs.create_log_group(logGroupName=ENDPOINT_LOG)
    sagemaker.create_model_package_group(ModelPackageGroupName="churn-prod")
    yield
    s3.delete_bucket(Bucket=BUCKET)
    cognito.delete_user_pool(UserPoolId=pool)
    sagemaker.delete_model_package_group(ModelPackageGroupName="churn-prod")
    logs.delete_log_group(logGroupName=ENDPOINT_LOG)


@pytest.fixture(scope="module")
def refused(deployment: Deployment, strangers: None) -> str:
    """What `make deploy ENV=prod` says, which deploys nothing; its cdk.out is left for the others."""
    before = _stacks(deployment)
    # The data is there already, or the system would not be.
    code, said = _run(deployment, "make", "--assume-old=data", "deploy", "ENV=prod")
    assert code != 0, said
    assert "prod was not deployed" in said
    assert _stacks(deployment) == before
    return said


def test_all_that_is_in_the_way_is_named_at_once_with_its_stack_and_the_setting(refused: str) -> None:
    for group, stack in SHARED.items():
        assert f"log group {group}: of the stack {stack}\n    set storage.owns_job_logs of prod to False" in refused
    assert "of the stack Churn-local-Api\n    set api.manages_log_role of prod to False" in refused


def test_what_no_stack_has_is_named_with_what_to_do(refused: str) -> None:
    assert f"log group {ENDPOINT_LOG}: in no stack\n    make deploy ENV=prod ADOPT=1 takes it over; or" in refused
    assert "model package group churn-prod: in no stack\n    import it or delete it with its versions" in refused
    assert f"bucket {BUCKET}: in no stack\n    make deploy ENV=prod ANEW=1 makes an empty one beside it" in refused
    assert ": in no stack\n    make deploy ENV=prod ANEW=1 makes another beside it, with nobody in it" in refused


def test_nothing_else_is_in_the_way(refused: str) -> None:
    """Names that are free, as the pipeline's or the domain's, are looked for and not found."""
    looked_for = names.read(ROOT / "cdk.out")
    free = {names.PIPELINE, names.ENDPOINT, names.DOMAIN, names.LIFECYCLE_CONFIG, names.COMPOSITE_ALARM, names.CARDS}
    assert {one.type for one in looked_for} >= free
    labels = [line for line in refused.splitlines() if line.startswith("  ") and (": of" in line or ": in no" in line)]
    assert len(labels) == len(SHARED) + len(("role", "log of the endpoint", "packages", "people", "bucket"))
    assert "warning" not in refused


def test_what_is_taken_over_is_no_longer_in_the_way(deployment: Deployment, refused: str) -> None:
    code, said = _preflight(deployment, "--env", "prod", "--adopt", "--anew")
    assert code == 2
    _, said = said.split("prod was not deployed")
    assert ENDPOINT_LOG not in said
    assert BUCKET not in said
    assert "/aws/sagemaker/studio: of the stack" in said


def test_an_environment_is_not_in_its_own_way(deployment: Deployment, strangers: None) -> None:
    app = deployment.settings.directory / "cdk.out"
    code, said = _preflight(deployment, "--env", "local", "--app", str(app))
    assert (code, "warning" in said) == (0, False), said
