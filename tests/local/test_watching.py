"""The watch on the deployed system: real predictions are captured, a drifted week raises the alarm, labels judge."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.settings import ROOT
from ml import raw_file
from ml.captured import PROBE
from schema import load_schema
from tests.local.deployment import Deployment
from tests.local.errands.common import ENDPOINT, until

SCHEMA = load_schema()
WATCH = f"{ENDPOINT}-watch"
AT_ONCE = 50
Watch = Callable[[], tuple[int, str]]


@pytest.fixture(scope="module")
def customers() -> list[dict[str, Any]]:
    """As many as it takes, from all over the raw data: they are like those that the model learnt from."""
    rows = raw_file.customers(raw_file.read_text(ROOT / "build" / "data" / "churn.csv"), SCHEMA)
    return [row.record for row in rows[:: len(rows) // 300][:300]]


@pytest.fixture(scope="module")
def bucket(deployment: Deployment) -> str:
    return deployment.resource("Storage", "AWS::S3::Bucket", "Data")


@pytest.fixture(scope="module")
def watched(deployment: Deployment, bucket: str) -> Iterator[Deployment]:
    """The system with nothing captured; alarms that go off retrain nothing, and tests of others find them calm."""
    events, s3 = deployment.client("events"), deployment.client("s3")
    rules = [r["Name"] for r in events.list_rules()["Rules"] if "CloudWatch Alarm State Change" in str(r)]
    assert rules, "nothing would retrain on drift: this test would hold back nothing"
    for rule in rules:
        events.disable_rule(Name=rule)
    _empty(s3, bucket)
    yield deployment
    _empty(s3, bucket)
    cloudwatch = deployment.client("cloudwatch")
    for name in _alarms(deployment):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="the tests are over")
    for rule in rules:
        events.enable_rule(Name=rule)


def _empty(s3: Any, bucket: str) -> None:
    for prefix in ("capture/", "labels/", "quarantine/labels/"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=found["Key"])


def _alarms(deployment: Deployment) -> dict[str, str]:
    """The watch's alarms and their states."""
    found = deployment.client("cloudwatch").describe_alarms(AlarmNamePrefix="Churn-local-Watching-")["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}


def raised(deployment: Deployment) -> set[str]:
    """What the raised alarms are about."""
    about = ("AttributesDrifted", "PredictionsDrifted", "QualityWorse", "LabelsRefused", "WatchFailed")
    names = [name for name, state in _alarms(deployment).items() if state == "ALARM"]
    return {one for one in about for name in names if f"Alarms{one}" in name}


@pytest.fixture
def look(watched: Deployment) -> Watch:
    """Run ``make watch ENV=local``: its exit code and what it printed."""

    def run() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "operate.watch", "--env", "local"],
            cwd=ROOT,
            env={"CHURN_LOCAL_DIR": str(watched.settings.directory), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def send(deployment: Deployment, customers: list[dict[str, Any]], **more: Any) -> None:
    """Ask for predictions as the page does, some customers at a time."""
    for at in range(0, len(customers), AT_ONCE):
        asked = [{a.name: one[a.name] for a in SCHEMA.inputs} for one in customers[at : at + AT_ONCE]]
        status, answer = deployment.post("api/predictions", {"customers": asked, **more})
        assert status == 200, answer


def wait_for_captures(deployment: Deployment, bucket: str, count: int) -> None:
    """Wait until so many requests are captured, beside those that check the endpoint each minute."""
    s3 = deployment.client("s3")

    def captured() -> int:
        keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="capture/").get("Contents", [])]
        lines = [line for key in keys for line in s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()]
        ids = [str(json.loads(line)["eventMetadata"].get("inferenceId", "")) for line in lines]
        return sum(not one.startswith(PROBE) for one in ids)

    assert until(lambda: captured() >= count, within_s=120, every_s=0.5), f"{captured()} requests are captured"


@pytest.fixture(scope="module")
def notices(watched: Deployment) -> Iterator[Callable[[str], str]]:
    """A queue that is subscribed to the notices; gives the first whose text has a word in it."""
    sqs, sns = watched.client("sqs"), watched.client("sns")
    topic = watched.output("Notices", "NoticesTopicArn")
    url = sqs.create_queue(QueueName=f"notices-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    seen: list[str] = []

    def first(word: str) -> str:
        def arrived() -> str:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                seen.append(json.loads(message["Body"])["Message"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return next((text for text in seen if word in text), "")

        found: str = until(arrived, within_s=240, every_s=0.5)
        assert found, f"no notice of {word} among {seen}"
        return found

    yield first
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


def report(watched: Deployment) -> str:
    return (Path(watched.settings.directory) / "reports" / "drift.html").read_text()


def test_without_traffic_there_is_nothing_to_compare(look: Watch) -> None:
    code, printed = look()
    assert code == 0, printed
    assert "TOO FEW  Too few customers to compare: 0 of the 200 that it takes." in printed


def test_customers_like_those_of_training_are_calm(
    watched: Deployment, look: Watch, customers: list[dict[str, Any]], bucket: str
) -> None:
    send(watched, customers)
    # Offers are tried on a customer that was asked about before: neither it nor its variants are new customers.
    send(watched, customers[:1], offers=True)
    wait_for_captures(watched, bucket, 7)
    code, printed = look()
    assert code == 0, printed
    assert "CALM  Calm: nothing has moved among 300 customers." in printed
    # Alarms look at a minute, in which a watch of the tests before may have found something.
    assert until(lambda: raised(watched) == set(), within_s=150), raised(watched)
    assert "<h1>Model watch</h1>" in report(watched)


def test_a_drifted_week_raises_the_alarm_and_people_hear_of_it(
    watched: Deployment,
    look: Watch,
    customers: list[dict[str, Any]],
    bucket: str,
    notices: Callable[[str], str],
) -> None:
    week = [{**one, "day_mins": min(one["day_mins"] + 90, 350), "intl_plan": True} for one in customers]
    send(watched, week)
    wait_for_captures(watched, bucket, 13)
    code, printed = look()
    assert code == 3, printed
    assert "DRIFTED  Drifted, with the stability index of each: " in printed
    assert until(lambda: raised(watched) == {"AttributesDrifted", "PredictionsDrifted"}, within_s=120), raised(watched)
    notice = json.loads(notices("AttributesDrifted"))
    assert (notice["NewStateValue"], notice["Trigger"]["MetricName"]) == ("ALARM", "DriftedAttributes")


def test_labels_that_arrive_start_the_watch_and_a_bad_file_is_set_aside(
    watched: Deployment, look: Watch, bucket: str, notices: Callable[[str], str]
) -> None:
    s3, sagemaker = watched.client("s3"), watched.client("sagemaker")

    def runs() -> dict[str, str]:
        listed = sagemaker.list_pipeline_executions(PipelineName=WATCH, MaxResults=100)
        found = listed["PipelineExecutionSummaries"]
        return {run["PipelineExecutionArn"]: run["PipelineExecutionStatus"] for run in found}

    before = set(runs())

    def started() -> list[str]:
        return [status for arn, status in runs().items() if arn not in before]

    header, *rows = (ROOT / "build" / "data" / "churn.csv").read_text().splitlines()
    s3.put_object(Bucket=bucket, Key="labels/bad.csv", Body="\n".join([header, rows[0], rows[0]]).encode())
    s3.put_object(Bucket=bucket, Key="labels/week.csv", Body="\n".join([header, *rows[:400]]).encode())
    assert until(lambda: len(started()) == 2, within_s=120), "the files started nothing"
    assert until(lambda: started() == ["Succeeded"] * 2, within_s=600), started()
    reasons = s3.get_object(Bucket=bucket, Key="quarantine/labels/bad.csv.reasons.txt")["Body"].read().decode()
    assert "bad.csv has 1 problem(s) in 2 rows" in reasons
    left = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="labels/")["Contents"]]
    assert left == ["labels/week.csv"]
    assert json.loads(notices("LabelsRefused"))["NewStateValue"] == "ALARM"
    _, printed = look()
    assert "Live quality is" in printed
    assert "week.csv" in report(watched)


def test_a_watch_that_fails_is_told(watched: Deployment, notices: Callable[[str], str]) -> None:
    sagemaker = watched.client("sagemaker")
    execution = sagemaker.start_pipeline_execution(
        PipelineName=WATCH,
        PipelineParameters=[{"Name": "PeriodHours", "Value": "NaN"}],
        ClientRequestToken=uuid.uuid4().hex,
    )["PipelineExecutionArn"]

    def status() -> str:
        found: str = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]
        return found

    assert until(lambda: status() == "Failed", within_s=240), status()
    assert json.loads(notices("WatchFailed"))["NewStateValue"] == "ALARM"


def test_captures_are_encrypted_with_the_key_of_data(watched: Deployment, bucket: str) -> None:
    s3 = watched.client("s3")
    (one, *_) = s3.list_objects_v2(Bucket=bucket, Prefix=f"capture/{ENDPOINT}/main/{time.strftime('%Y')}")["Contents"]
    key = watched.resource("Keys", "AWS::KMS::Key", "Data")
    assert s3.head_object(Bucket=bucket, Key=one["Key"])["SSEKMSKeyId"].endswith(key)
