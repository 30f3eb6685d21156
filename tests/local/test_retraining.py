"""The intake of new data on the deployed system: what becomes of files, who is told, and what else starts a run."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.local.deployment import Deployment
from tests.local.errands import ENDPOINT, GROUP, NO_FILE, PIPELINE
from tests.local.raw_files import hardly_a_churner_to_learn_from
from tests.local.terminal import make, subscribed

LIMIT_S = 600
Told = Callable[..., str]


class Intake:
    """What a test does with the intake, as the account's root."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.s3, self.sagemaker = deployment.client("s3"), deployment.client("sagemaker")
        self.states = deployment.client("stepfunctions")
        self.machine = deployment.output("Retraining", "IntakeArn")
        self.bucket = deployment.output("Storage", "DataBucketName")
        # What was dropped before, under the same names perhaps.
        self._before = {one["executionArn"] for one in self._executions()}
        self.good = self.s3.get_object(Bucket=self.bucket, Key="raw/churn.csv")["Body"].read().decode()

    def _executions(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.states.list_executions(stateMachineArn=self.machine)["executions"]
        return listed

    def drop(self, name: str, body: str) -> tuple[str, str]:
        """Put a file where new data are dropped: its key and its ETag."""
        key = f"raw/incoming/{name}"
        etag = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode())["ETag"].strip('"')
        return key, etag

    def end_of(self, *files: tuple[str, str]) -> list[dict[str, Any]]:
        """What the executions that the files have started ended with, in the files' order."""
        deadline = time.monotonic() + LIMIT_S
        found: dict[tuple[str, str], dict[str, Any]] = {}
        while time.monotonic() < deadline:
            for one in self._executions():
                if one["executionArn"] in self._before:
                    continue
                described = self.states.describe_execution(executionArn=one["executionArn"])
                told = json.loads(described["input"]).get("detail", {}).get("object", {})
                if described["status"] != "RUNNING":
                    found[told.get("key"), told.get("etag")] = described
            if set(files) <= set(found):
                assert {found[file]["status"] for file in files} == {"SUCCEEDED"}, found
                return [json.loads(found[file]["output"]) for file in files]
            time.sleep(0.5)
        pytest.fail(f"not all of these have ended: {files}")

    def end(self, event: dict[str, Any]) -> dict[str, Any]:
        """What an execution that is started by hand ends with."""
        arn = self.states.start_execution(stateMachineArn=self.machine, input=json.dumps(event))["executionArn"]
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            described: dict[str, Any] = self.states.describe_execution(executionArn=arn)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.5)
        pytest.fail("the execution does not end")

    def keys(self, prefix: str) -> list[str]:
        """The objects under a prefix."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [one["Key"] for one in listed]

    def set_aside(self, name: str) -> str:
        """The folder of a file that was set aside, the latest of its name."""
        folders = {key.rpartition("/")[0] + "/" for key in self.keys("quarantine/")}
        return max(folder for folder in folders if folder.endswith(f"-{name}/"))

    def read(self, key: str) -> str:
        """An object's text."""
        text: str = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()
        return text

    def accepted(self) -> dict[str, str] | None:
        """Which file is the current raw data."""
        found = self.keys("raw/accepted.json")
        document: dict[str, str] | None = json.loads(self.read(found[0])) if found else None
        return document

    def packages(self) -> list[dict[str, Any]]:
        """The registered versions, the latest first."""
        listed: list[dict[str, Any]] = self.sagemaker.list_model_packages(
            ModelPackageGroupName=GROUP, SortBy="CreationTime", SortOrder="Descending", MaxResults=100
        )["ModelPackageSummaryList"]
        return listed

    def stop_run(self, cause: str) -> None:
        """Stop the run that goes on for some cause, as soon as there is one."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            for one in self.runs():
                name, run = one["PipelineExecutionDisplayName"], one["PipelineExecutionArn"]
                if name.startswith(f"retraining-{cause}-") and one["PipelineExecutionStatus"] == "Executing":
                    self.sagemaker.stop_pipeline_execution(
                        PipelineExecutionArn=run, ClientRequestToken=uuid.uuid4().hex
                    )
                    return
            time.sleep(0.2)
        pytest.fail(f"no run has started for a {cause}")

    def runs(self) -> list[dict[str, Any]]:
        """The latest runs of the pipeline that the intake started."""
        listed = self.sagemaker.list_pipeline_executions(
            PipelineName=PIPELINE, SortBy="CreationTime", SortOrder="Descending", MaxResults=100
        )["PipelineExecutionSummaries"]
        return [one for one in listed if one["PipelineExecutionDisplayName"].startswith("retraining-")]

    def served(self) -> str:
        """What the endpoint serves, once no rollout of a model that was trained before goes on."""
        self.deployment.settle()
        name: str = self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"]
        return name


@pytest.fixture(scope="module")
def intake(deployment: Deployment) -> Iterator[Intake]:
    made = Intake(deployment)
    before = made.accepted()
    yield made
    if before is None:
        made.s3.delete_object(Bucket=made.bucket, Key="raw/accepted.json")


@pytest.fixture(scope="module")
def told(deployment: Deployment) -> Iterator[Told]:
    """Wait for a notice that holds some words, as who subscribes to the topic gets it."""
    with subscribed(deployment) as mailbox:
        yield mailbox.wait


def test_of_several_files_the_newest_leads_to_one_run_and_becomes_the_raw_data(intake: Intake, told: Told) -> None:
    runs = len(intake.runs())
    older = intake.drop("january.csv", "whatever this holds, nobody looks at it\n")
    # S3 tells times in seconds: a file of the same second is the newer one by its name.
    newer = intake.drop("march.csv", intake.good)
    replaced, trained = intake.end_of(older, newer)
    assert "outcome" not in replaced
    assert "january.csv was replaced by march.csv before it was used" in replaced["told"]
    assert trained["outcome"] == "trained"
    assert len(intake.runs()) == runs + 1
    assert not intake.keys("raw/incoming/")
    accepted = intake.accepted()
    assert accepted is not None
    assert accepted["name"] == "march.csv"
    assert intake.read(accepted["key"]) == intake.good
    package = intake.sagemaker.describe_model_package(ModelPackageName=intake.packages()[0]["ModelPackageArn"])
    assert package["CustomerMetadataProperties"]["raw_data"] == accepted["uri"]
    assert package["MetadataProperties"]["GeneratedBy"] == trained["run"]
    reasons = intake.set_aside("january.csv") + "reasons.json"
    assert json.loads(intake.read(reasons))["reasons"] == [
        "march.csv came after it, before it was used. It was not looked at."
    ]
    assert intake.keys(reasons.replace("reasons.json", "january.csv"))
    notice = told("New data arrived. Trained on: march.csv")
    assert notice.startswith("Churn local: a new model is registered\n")
    assert package["ModelPackageArn"] in notice


def test_a_bad_file_is_set_aside_with_its_reasons_and_changes_nothing(intake: Intake, told: Told) -> None:
    accepted, served, packages = intake.accepted(), intake.served(), len(intake.packages())
    lines = intake.good.splitlines()
    broken = lines[2].split(",")
    # The eighth column of the raw file holds the day minutes.
    broken[7] = "-5"
    (ended,) = intake.end_of(intake.drop("april.csv", "\n".join([*lines[:2], ",".join(broken), *lines[3:400]])))
    assert ended["outcome"] == "unusable"
    assert (intake.accepted(), intake.served(), len(intake.packages())) == (accepted, served, packages)
    place = intake.set_aside("april.csv")
    assert intake.read(place + "april.csv").splitlines()[2] == ",".join(broken)
    report = json.loads(intake.read(place + "reasons.json"))
    assert (report["file"], report["run"]) == ("april.csv", ended["run"])
    assert any("Day Mins" in reason and "line 3" in reason for reason in report["reasons"]), report
    assert report["job"].startswith("arn:aws:sagemaker:")
    taken = {key for key in intake.keys("raw/taken/") if report["sha256"][:12] in key}
    assert not taken, "a bad file lies among those that runs may name"
    notice = told("april.csv cannot be used as it is")
    assert "line 3" in notice
    assert place in notice
    assert "make retrain ENV=local FILE=" in notice


def test_a_file_whose_model_the_gate_refuses_stays_the_raw_data_and_people_are_told_why(
    intake: Intake, told: Told
) -> None:
    served, packages = intake.served(), len(intake.packages())
    (ended,) = intake.end_of(intake.drop("may.csv", hardly_a_churner_to_learn_from(intake.good)))
    assert ended["outcome"] == "refused"
    accepted = intake.accepted()
    assert accepted is not None
    assert accepted["name"] == "may.csv"
    assert (intake.served(), len(intake.packages())) == (served, packages)
    assert "The model is refused on the test customers: " in told("Trained on: may.csv")


def test_a_data_owner_brings_a_file_by_the_make_target_and_sees_it_through(
    deployment: Deployment, intake: Intake, tmp_path: Path
) -> None:
    file = tmp_path / "june.csv"
    file.write_text(intake.good)
    code, output = make(deployment, "retrain", "--file", str(file))
    assert code == 0, output
    for line in ("uploaded june.csv", "step Prepare succeeded", "step Register succeeded", "Trained on: june.csv"):
        assert line in output
    accepted = intake.accepted()
    assert accepted is not None
    assert accepted["name"] == "june.csv"


def test_an_alarm_of_the_watch_makes_a_new_model_of_the_latest_accepted_data(
    deployment: Deployment, intake: Intake, told: Told
) -> None:
    accepted, packages = intake.accepted(), len(intake.packages())
    assert accepted is not None
    cloudwatch = deployment.client("cloudwatch")
    alarm = deployment.resource("Watching", "AWS::CloudWatch::Alarm", "AttributesDrifted")
    # Any of them would keep up what they say together, of which only a change is an event.
    left = cloudwatch.describe_alarms(AlarmNamePrefix="Churn-local-Watching-", StateValue="ALARM")["MetricAlarms"]
    for one in left:
        cloudwatch.set_alarm_state(AlarmName=one["AlarmName"], StateValue="OK", StateReason="a test begins")
    try:
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test says so")
        notice = told("An alarm of the watch asked for a new model.", within_s=LIMIT_S)
    finally:
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="the test is over")
    assert f"Trained on: {accepted['name']} ({accepted['uri']})." in notice
    assert intake.packages()[0]["ModelPackageArn"] in notice
    assert (intake.accepted(), len(intake.packages())) == (accepted, packages + 1)


def test_a_person_may_ask_for_it_and_is_told_when_somebody_stops_the_run(
    deployment: Deployment, intake: Intake
) -> None:
    accepted = intake.accepted()
    assert accepted is not None
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(make, deployment, "retrain")
        intake.stop_run("person")
        code, output = asked.result()
    assert code == 1, output
    assert f"A person asked for a new model. Trained on: {accepted['name']} ({accepted['uri']})." in output
    assert "Somebody stopped the run." in output


def test_a_file_that_is_not_there_begins_nothing(deployment: Deployment) -> None:
    code, output = make(deployment, "retrain", "--file", "/nonexistent.csv")
    assert (code, output) == (2, "/nonexistent.csv cannot be read (No such file or directory). Check the path.\n")


def test_the_schedule_starts_the_intake(deployment: Deployment, intake: Intake) -> None:
    events = deployment.client("events")
    rule = events.describe_rule(Name=deployment.resource("Retraining", "AWS::Events::Rule", "Schedule"))
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(30 days)", "ENABLED")
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == intake.machine
    # What such a rule sends has this source; the run itself is that of the test above.
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(intake.end, {"source": "aws.events"})
        intake.stop_run("schedule")
        ended = json.loads(asked.result()["output"])
    assert ended["outcome"] == "failed"
    assert "The schedule asked for a new model." in ended["told"]


def test_a_file_that_is_gone_needs_no_run(intake: Intake) -> None:
    ended = intake.end(NO_FILE)
    assert ended["status"] == "SUCCEEDED"
    assert "not there any more" in json.loads(ended["output"])["told"]


def test_an_intake_that_fails_itself_tells_people(intake: Intake, told: Told) -> None:
    ended = intake.end({"source": "nobody's"})
    assert (ended["status"], ended["error"]) == ("FAILED", "IntakeFailed")
    notice = told("The intake itself failed")
    assert notice.startswith("Churn local: the intake of new data failed\n")
    assert ended["executionArn"] in notice
    assert "starts nothing here" in notice
