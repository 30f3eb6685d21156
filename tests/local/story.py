"""Who tells the story of a model: what there is to look at, and the table of what happened when."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ml import captured
from schema import load_schema, parse_csv
from tests.local.deployment import Deployment
from tests.local.errands import ENDPOINT, GROUP
from tests.local.terminal import Mailbox, make

STACK = "Churn-local-Serving"
LIMIT_S = 600
# What the API takes at once.
AT_ONCE = 100
Found = dict[str, Any]
T = TypeVar("T")


class Story:
    """The deployed system as the people of the story see it.

    Parameters
    ----------
    mailbox : Mailbox
        Where notices arrive.
    file : Path
        Where the table of events goes.
    """

    def __init__(self, deployment: Deployment, mailbox: Mailbox, file: Path) -> None:
        self.deployment, self.mailbox, self._file = deployment, mailbox, file
        self.sagemaker, self.s3 = deployment.client("sagemaker"), deployment.client("s3")
        self._stacks, self._states = deployment.client("cloudformation"), deployment.client("stepfunctions")
        self._alarms = deployment.client("cloudwatch")
        self.bucket = deployment.output("Storage", "DataBucketName")
        self._began = self._last = time.monotonic()
        self._lines: list[str] = []

    def tell(self, event: str, seen: str) -> None:
        """Add an event to the table: when, what, and what its user saw of it."""
        now = time.monotonic()
        minutes, seconds = divmod(int(now - self._began), 60)
        self._lines.append(f"{minutes}:{seconds:02d}  (+{now - self._last:3.0f} s)  {event}")
        shown = [line[:160] for line in seen.splitlines() if line.strip()][:8]
        self._lines += [" " * 17 + line for line in shown]
        self._last = now
        self._file.write_text("\n".join(self._lines) + "\n")

    def table(self) -> str:
        """The events so far."""
        return "\n".join(self._lines)

    def until(self, look: Callable[[], T | None], what: str) -> T:
        """Look until there is something to see."""
        deadline = time.monotonic() + LIMIT_S
        while not (found := look()):
            assert time.monotonic() < deadline, f"{what}: not within {LIMIT_S} s.\n{self.table()}"
            time.sleep(0.5)
        return found

    def make(self, target: str, *arguments: str) -> tuple[int, str]:
        """Call a make target, as somebody in a terminal does."""
        return make(self.deployment, target, *arguments)

    def models(self) -> str:
        """What ``make models`` shows."""
        code, shown = self.make("models")
        assert code == 0, shown
        return shown

    def package(self, arn: str) -> Found:
        """A package as it is described."""
        found: Found = self.sagemaker.describe_model_package(ModelPackageName=arn)
        return found

    def card(self, package: str) -> str:
        """The status of a package's model card."""
        name = package.rpartition(":model-package/")[2].replace("/", "-")
        status: str = self.sagemaker.describe_model_card(ModelCardName=name)["ModelCardStatus"]
        return status

    def newest(self) -> str:
        """The version that was registered last."""
        (found,) = self.sagemaker.list_model_packages(
            ModelPackageGroupName=GROUP, SortBy="CreationTime", SortOrder="Descending", MaxResults=1
        )["ModelPackageSummaryList"]
        arn: str = found["ModelPackageArn"]
        return arn

    def live(self) -> tuple[str, str]:
        """The endpoint config that serves, and the package of its model, asked from the endpoint."""
        found = self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
        config: str = found["EndpointConfigName"]
        (variant,) = self.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        (container,) = self.sagemaker.describe_model(ModelName=variant["ModelName"])["Containers"]
        return config, container["ModelPackageName"]

    def serves(self, package: str) -> str:
        """Make sure that endpoint, stack and page agree on what is served; say which endpoint config it is."""
        config, found = self.live()
        assert found == package
        assert self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService"
        (stack,) = self._stacks.describe_stacks(StackName=STACK)["Stacks"]
        assert stack["StackStatus"].endswith("_COMPLETE")
        (named,) = [one["ParameterValue"] for one in stack["Parameters"] if one["ParameterKey"] == "Rollout"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        assert named in ("", f"{outputs['RunInputs']} {package}")
        assert outputs["ModelPackageArn"] == package
        status, told = self.deployment.get("api/model")
        assert (status, told["version"]) == (200, version(package))
        return config

    def rolled_out(self, package: str) -> Found:
        """The rollout of a package, once it has ended."""
        machine = self.deployment.output("Rollout", "RolloutMachineArn")

        def ended() -> Found | None:
            for one in self._states.list_executions(stateMachineArn=machine)["executions"]:
                found: Found = self._states.describe_execution(executionArn=one["executionArn"])
                if json.loads(found["input"])["package"] == package:
                    return found if found["status"] != "RUNNING" else None
            return None

        return self.until(ended, f"the rollout of version {version(package)}")

    def raised(self) -> list[str]:
        """The alarms that are raised."""
        found = self._alarms.describe_alarms(AlarmNamePrefix="Churn-local-", StateValue="ALARM")
        return [one["AlarmName"] for one in found["MetricAlarms"]]

    def customers(self) -> list[Found]:
        """The customers of the raw file, without what became of them."""
        text = self.s3.get_object(Bucket=self.bucket, Key="raw/churn.csv")["Body"].read().decode()
        schema = load_schema()
        names = [attribute.name for attribute in schema.inputs]
        return [{name: row.record[name] for name in names} for row in parse_csv(schema, text, whole=True)]

    def ask(self, customers: Sequence[Mapping[str, Any]]) -> None:
        """Have customers predicted by the page's API; capture writes what they asked a moment later."""
        before = self._customers_captured()
        for first in range(0, len(customers), AT_ONCE):
            body = {"customers": customers[first : first + AT_ONCE]}
            status, answer = self.deployment.post("api/predictions", body)
            assert status == 200, answer
        self.until(lambda: self._customers_captured() >= before + len(customers), "all that was asked is captured")

    def _customers_captured(self) -> int:
        """How many customers the watch would read from what is captured."""
        with tempfile.TemporaryDirectory() as folder:
            for number, key in enumerate(self.captured()):
                self.s3.download_file(self.bucket, key, f"{folder}/{number}.jsonl")
            return len(captured.read(Path(folder).glob("*.jsonl"), load_schema(), "").records)

    def captured(self) -> list[str]:
        """The files of captured requests."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="capture/")
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def forget(self) -> None:
        """Take away what was captured and dropped, and let the watch's alarms be calm."""
        for key in (*self.captured(), "raw/few.csv", "raw/accepted.json"):
            self.s3.delete_object(Bucket=self.bucket, Key=key)
        for name in self.raised():
            self._alarms.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="The story begins, or has ended.")


def version(package: str) -> str:
    """A package's version."""
    return package.rpartition("/")[2]
