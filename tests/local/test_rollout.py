"""Approved models come into service, bad ones go back, and people can go back too: on one deployed system."""

import dataclasses
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.settings import ACCOUNT, ROOT
from tests.local.deployment import Deployment
from tests.local.terminal import Mailbox, subscribed

NAME = "churn-local"
SERVING = "Churn-local-Serving-"
LIMIT_S = 900


@dataclasses.dataclass
class Registry:
    """What a test looks at: packages, rollouts, the endpoint, and the notices."""

    deployment: Deployment

    def __post_init__(self) -> None:
        self.sagemaker = self.deployment.client("sagemaker")
        self.states = self.deployment.client("stepfunctions")
        self.cloudwatch = self.deployment.client("cloudwatch")
        self.machine = self.deployment.output("Rollout", "RolloutMachineArn")

    def live(self) -> str:
        config = self.sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
        (variant,) = self.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        (container,) = self.sagemaker.describe_model(ModelName=variant["ModelName"])["Containers"]
        package: str = container["ModelPackageName"]
        return package

    def package(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_model_package(ModelPackageName=arn)
        return found

    def trained(self, **parameters: str) -> str:
        """The package of a run that somebody started."""
        execution = self.sagemaker.start_pipeline_execution(
            PipelineName=NAME,
            ClientRequestToken=uuid.uuid4().hex,
            PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
        )["PipelineExecutionArn"]
        self.until(
            lambda: (
                self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]
                not in ("Executing", "Stopping")
            )
        )
        steps = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution, MaxResults=100)
        (register,) = [one for one in steps["PipelineExecutionSteps"] if one["StepName"] == "Register"]
        package: str = register["Metadata"]["RegisterModel"]["Arn"]
        return package

    def raise_alarms(self) -> set[str]:
        """Let the model in service fail, as far as its metrics tell, and wait until its alarms on that are on."""
        config = self.sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
        of = {"Name": "EndpointConfigName", "Value": config}
        served = [{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "main"}, of]
        for namespace, metric, dimensions in (
            ("AWS/SageMaker", "Invocation5XXErrors", served),
            ("Churn/local", "GoldenMismatches", [of]),
        ):
            self.cloudwatch.put_metric_data(
                Namespace=namespace, MetricData=[{"MetricName": metric, "Dimensions": dimensions, "Value": 9}]
            )
        failing = {name for kind, name in self.alarms_of_the_live().items() if kind != "Latency"}
        self.until(lambda: failing <= self.raised())
        return failing

    def alarms_of_the_live(self) -> dict[str, str]:
        """The names of the alarms that SageMaker was given with what it serves, by what they watch."""
        described = self.sagemaker.describe_endpoint(EndpointName=NAME)
        given = described["LastDeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
        assert all(one["AlarmName"].endswith(described["EndpointConfigName"]) for one in given)
        return {one["AlarmName"].removeprefix(SERVING).partition("-")[0]: one["AlarmName"] for one in given}

    def alarms(self, **more: str) -> set[str]:
        found = self.cloudwatch.describe_alarms(AlarmNamePrefix=SERVING, **more)["MetricAlarms"]
        return {one["AlarmName"] for one in found}

    def raised(self) -> set[str]:
        return self.alarms(StateValue="ALARM")

    def rollout_of(self, package: str) -> dict[str, Any]:
        """The latest rollout of a package, once it has ended."""

        def ended() -> dict[str, Any] | None:
            for one in self.states.list_executions(stateMachineArn=self.machine)["executions"]:
                described: dict[str, Any] = self.states.describe_execution(executionArn=one["executionArn"])
                if json.loads(described["input"])["package"] == package:
                    return described if described["status"] != "RUNNING" else None
            return None

        found: dict[str, Any] = self.until(ended)
        return found

    @staticmethod
    def until(look: Any) -> Any:
        deadline = time.monotonic() + LIMIT_S
        while not (found := look()):
            assert time.monotonic() < deadline, "it takes too long"
            time.sleep(0.5)
        return found

    def make(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What `make <command> ENV=local` runs."""
        environment = os.environ | {"CHURN_LOCAL_DIR": str(self.deployment.settings.directory)}
        return subprocess.run(
            [sys.executable, "-m", f"operate.{command}", "--env", "local", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )


@pytest.fixture(scope="module")
def registry(deployment: Deployment) -> Registry:
    return Registry(deployment)


@pytest.fixture
def mailbox(deployment: Deployment) -> Iterator[Mailbox]:
    with subscribed(deployment) as found:
        yield found


def test_an_ordinary_run_s_model_replaces_the_one_in_service_and_a_rollback_brings_that_back(
    registry: Registry,
) -> None:
    """The rollback goes away from a model whose alarms are on, and stay on: they watch its own machines."""
    before = registry.live()
    new = registry.trained()
    assert registry.rollout_of(new)["status"] == "SUCCEEDED"
    assert registry.live() == new
    found = registry.package(new)
    assert found["ModelApprovalStatus"] == "Approved"
    assert found["ApprovalDescription"].startswith("By the gate")
    facts = found["CustomerMetadataProperties"]
    assert facts["live_config"] == registry.sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
    assert "PipelineRunOnRun" in facts["approved_by"]
    (stack,) = registry.deployment.client("cloudformation").describe_stacks(StackName="Churn-local-Serving")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    (rolled_out,) = [o["ParameterValue"] for o in stack["Parameters"] if o["ParameterKey"] == "Rollout"]
    assert rolled_out.endswith(f" {new}")

    listed = registry.make("models")
    assert listed.returncode == 0, listed.stderr
    (live,) = [line.split() for line in listed.stdout.splitlines() if line.startswith("live")]
    assert live[1] == new.rpartition("/")[2]

    refused = registry.make("rollback")
    assert refused.returncode == 2
    assert "Say why" in refused.stderr
    failing = registry.raise_alarms()
    done = registry.make("rollback", "--reason", "it forgot what it knew")
    assert done.returncode == 0, done.stdout + done.stderr
    assert registry.live() == before
    assert not registry.alarms() & failing, "they went with the model that they watched"
    assert set(registry.alarms_of_the_live()) == {"Errors", "Golden", "Latency"}
    assert not registry.raised()
    rejected = registry.package(new)
    assert rejected["ModelApprovalStatus"] == "Rejected"
    assert rejected["ApprovalDescription"].endswith(": it forgot what it knew")
    assert f"{ACCOUNT}:root" in rejected["ApprovalDescription"] or "root" in rejected["ApprovalDescription"]


def test_a_run_with_another_gate_waits_for_a_person_who_hears_of_it(registry: Registry, mailbox: Mailbox) -> None:
    live = registry.live()
    package = registry.trained(MinimumAveragePrecision="0.1")
    notice = mailbox.wait(f"churn-local: version {package.rpartition('/')[2]} waits for approval")
    assert "because it was started with another MinimumAveragePrecision" in notice
    assert f"--model-package-arn {package}" in notice
    assert registry.package(package)["ModelApprovalStatus"] == "PendingManualApproval"
    assert registry.live() == live


def test_people_hear_of_an_execution_that_somebody_stops(registry: Registry, mailbox: Mailbox) -> None:
    """Of the intake, which waits for newer files first."""
    intake = registry.deployment.output("Retraining", "IntakeArn")
    event = json.dumps({"source": "aws.s3", "detail": {}})
    started = registry.states.start_execution(stateMachineArn=intake, input=event)["executionArn"]
    registry.states.stop_execution(executionArn=started)
    assert registry.states.describe_execution(executionArn=started)["status"] == "ABORTED"
    assert "an execution was stopped by somebody" in mailbox.wait("MachineAborted")
