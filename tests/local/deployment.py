"""The whole system, deployed once for all tests that need it: a pytest plugin, loaded by tests/conftest.py.

``CHURN_TEST_RUN`` may name the folder of a laptop run that is up: the tests then use that one and leave it up.
"""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from xdist.scheduler import LoadScopeScheduling

from local import processes
from local.driver import people
from local.driver.console import Console
from local.driver.deploy import Cdk
from local.driver.run import Run
from local.settings import ACCOUNT, REGION, ROOT, Settings, free_port

# A function that is told of a run's end has to start, on a machine that may be busy.
AFTERMATH_S = 6
_CONFIG = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={})


@dataclasses.dataclass
class Deployment:
    """A deployed system.

    Attributes
    ----------
    settings
        Its ports and folders.
    ours
        Whether this test run started it, and may stop or destroy it.
    log
        Where the driver's progress lines go.
    """

    settings: Settings
    ours: bool
    log: Path
    run: Run | None = None
    _tokens: dict[str, tuple[float, dict[str, Any]]] = dataclasses.field(default_factory=dict)

    @property
    def site_url(self) -> str:
        """The public address."""
        return self.settings.page

    @property
    def templates(self) -> list[Path]:
        """The synthesised templates that were deployed."""
        return sorted((self.settings.directory / "cdk.out").glob("*.template.json"))

    def client(self, service: str, role: str | None = None, session: str = "test") -> Any:
        """A client as the account's root, or as a role, in a session of some name."""
        credentials = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "test"}
        if role is not None:
            answer = self.credentials(role, session)
            credentials = {
                "aws_access_key_id": answer["AccessKeyId"],
                "aws_secret_access_key": answer["SecretAccessKey"],
                "aws_session_token": answer["SessionToken"],
            }
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.settings.endpoint, config=_CONFIG, **credentials
        )

    def credentials(self, role: str, session: str = "test") -> dict[str, str]:
        """Credentials of a role that trusts only a service: the account's root is let in for a moment."""
        iam, name = self.client("iam"), role.rsplit("/", 1)[-1]
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        let_in = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        opened = trust | {"Statement": [*trust["Statement"], let_in]}
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(opened))
        try:
            answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName=session)
            credentials: dict[str, str] = answer["Credentials"]
            return credentials
        finally:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))

    def signed(self) -> dict[str, str]:
        """Headers of a request that the API lets in, whatever it asks for: all that is sent to it bears them."""
        return {"Authorization": f"Bearer {self.tokens('analyst')['access_token']}"}

    def tokens(self, group: str) -> dict[str, Any]:
        """The tokens of the person of a group, who signs in anew before they end."""
        signed_in_at, found = self._tokens.get(group, (0.0, {}))
        if time.monotonic() - signed_in_at > found.get("expires_in", 0) / 2:
            found = people.sign_in(self.settings, group)
            self._tokens[group] = time.monotonic(), found
        return found

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """GET through the public address: status and parsed answer."""
        return self._send(urllib.request.Request(self.site_url + path, headers=self.signed()))

    def post(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        """POST through the public address: status and parsed answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.signed()}
        return self._send(urllib.request.Request(self.site_url + path, data, headers, method="POST"))

    def _send(self, request: urllib.request.Request) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def must_be_ours(self) -> None:
        """Skip a test that stops or deletes the system when ``CHURN_TEST_RUN`` lent somebody's run to the tests."""
        if not self.ours:
            pytest.skip("stops or deletes the run, and the one that CHURN_TEST_RUN names is to stay up; unset it")

    def resource(self, stack: str, resource_type: str, logical: str = "") -> str:
        """The physical id of a stack's resource, by its type and a part of its logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        for page in pages.paginate(StackName=f"Churn-local-{stack}"):
            for found in page["StackResourceSummaries"]:
                if found["ResourceType"] == resource_type and logical in found["LogicalResourceId"]:
                    identity: str = found["PhysicalResourceId"]
                    return identity
        raise LookupError(f"{stack} has no {resource_type} {logical}")

    def logical_ids(self, resource_type: str) -> Iterator[tuple[str, str]]:
        """Stack and logical id of every resource of a type, the bootstrap's left out."""
        client = self.client("cloudformation")
        for described in client.describe_stacks()["Stacks"]:
            prefix, _, stack = described["StackName"].rpartition("-")
            if prefix != "Churn-local":
                continue
            pages = client.get_paginator("list_stack_resources").paginate(StackName=described["StackName"])
            for found in (found for page in pages for found in page["StackResourceSummaries"]):
                if found["ResourceType"] == resource_type:
                    yield stack, found["LogicalResourceId"]

    def output(self, stack: str, key: str) -> str:
        """An output of a stack."""
        (found,) = self.client("cloudformation").describe_stacks(StackName=f"Churn-local-{stack}")["Stacks"]
        values: dict[str, str] = {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}
        return values[key]

    def log_lines(self, group: str) -> list[str]:
        """All messages of a log group, of however many streams."""
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]

    def serving_processes(self) -> list[int]:
        """The processes of this run's endpoints, and of no other run's: they work in its folder."""
        return processes.working_in(self.settings.run_dir / "endpoints", "hosting/serve.py")

    def settle(self, limit_s: float = 600) -> None:
        """Wait until nothing goes on by itself: no run of a pipeline, no intake, no rollout of what a run has made."""
        deadline, calm = time.monotonic() + limit_s, 0
        # An event is delivered within moments: calm has to last.
        while calm < 4:
            time.sleep(0.5)
            busy = self._busy()
            assert time.monotonic() < deadline, f"this does not end: {busy}"
            calm = 0 if busy else calm + 1

    def _busy(self) -> list[str]:
        """The executions that go on, of state machines and of pipelines."""
        states, sagemaker = self.client("stepfunctions"), self.client("sagemaker")
        machines = [one["stateMachineArn"] for one in states.list_state_machines()["stateMachines"]]
        found = [
            execution["executionArn"]
            for machine in machines
            for execution in states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
        ]
        for page in sagemaker.get_paginator("list_pipelines").paginate():
            for pipeline in page["PipelineSummaries"]:
                # Some dozens of runs may have been started after one that still goes on.
                listed = sagemaker.list_pipeline_executions(PipelineName=pipeline["PipelineName"], MaxResults=100)
                runs = {
                    run["PipelineExecutionArn"]: run["PipelineExecutionStatus"]
                    for run in listed["PipelineExecutionSummaries"]
                }
                found += [run for run, status in runs.items() if status in ("Executing", "Stopping")]
                if "Succeeded" in list(runs.values())[:1]:
                    found += self._just_ended(next(iter(runs)))
        return found

    def _just_ended(self, run: str) -> list[str]:
        """The run, where what it leads to may only just begin: a function that approves its package, and a rollout."""
        described = self.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=run)
        return [run] if time.time() - described["LastModifiedTime"].timestamp() < AFTERMATH_S else []

    @contextlib.contextmanager
    def quiet(self, *stacks: str) -> Iterator[None]:
        """Switch the rules of some stacks off: what a test does then starts nothing by itself."""
        events = self.client("events")
        ours = tuple(f"Churn-local-{stack}-" for stack in stacks)
        listed = events.list_rules()["Rules"]
        rules = [one for one in listed if one["Name"].startswith(ours) and one["State"] == "ENABLED"]
        if not rules:
            raise LookupError(f"no rule of {stacks} is on")
        for rule in rules:
            events.disable_rule(Name=rule["Name"])
        try:
            yield
        finally:
            for rule in rules:
                events.enable_rule(Name=rule["Name"])

    def cdk(self) -> Cdk:
        """The CDK command line against this system."""
        return Cdk(self.settings, Console(self.log.open("a")))

    def start(self) -> None:
        """Bring it up, or up again."""
        self.run = Run(self.settings, Console(self.log.open("a")))
        self.run.claim()
        self.run.bring_up()

    def stop(self) -> None:
        """Stop it; its state is kept."""
        if self.run is not None:
            self.run.take_down()
            self.run = None


def _running(folder: Path) -> Deployment:
    found = json.loads((folder / "running.json").read_text())
    settings = Settings(folder, found["gateway_port"], found["web_port"], found.get("mlflow_port"))
    return Deployment(settings, ours=False, log=folder / "logs" / "tests.log")


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The deployed system, on ports and in a folder of its own."""
    named = os.environ.get("CHURN_TEST_RUN")
    if named:
        yield _running(Path(named))
        return
    if not (ROOT / "build" / "data" / "source.json").exists():
        subprocess.run([sys.executable, "-m", "tools.data"], cwd=ROOT, check=True)
    folder = tmp_path_factory.mktemp("laptop-run")
    system = Deployment(Settings(folder, free_port(), free_port(), free_port()), ours=True, log=folder / "progress.log")
    try:
        system.start()
    except BaseException:
        if system.run is not None:
            system.run.take_down()
        print(system.log.read_text(), file=sys.stderr)
        raise
    yield system
    system.stop()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "ends_deployment: runs after all others, and leaves no system behind")


# The modules in which models come and go. Two laptop runs share the tests of the deployed system, and these have one.
LIFE = {
    *("test_capacity", "test_changes", "test_destroy", "test_lifecycle", "test_pipeline_runs", "test_preflight"),
    *("test_retraining", "test_rollback", "test_rollout", "test_story", "test_watching"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that end the deployment last, browser tests included."""
    items.sort(key=lambda item: item.get_closest_marker("ends_deployment") is not None)


class Groups(LoadScopeScheduling):
    """Gives each process of `make test` whole groups of tests.

    Those that share what is dear to make stay together: the two deployed systems, the synthesised templates,
    the trained models of tests/unit/ml. (pytest-xdist's own groups go by a name that pytest 9.2 no longer reads.)
    """

    def _split_scope(self, nodeid: str) -> str:
        _, kind, name, *_ = nodeid.partition("::")[0].split("/")
        if kind == "unit":
            return name
        if kind == "synth":
            return kind
        # A run that was lent is one: it stands for both.
        return "life" if name.removesuffix(".py") in LIFE or os.environ.get("CHURN_TEST_RUN") else "reach"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Answer pytest-xdist's question who runs what."""
    return Groups(config, log)
