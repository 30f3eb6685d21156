"""The deployed system from outside: page, predictions, errors, logs."""

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config import load_settings
from local.settings import ROOT
from tests.local.deployment import Deployment

EXAMPLES: dict[str, dict[str, Any]] = json.loads((ROOT / "schema" / "examples.json").read_text())


def _eventually(check: Any, within_s: float = 120) -> Any:
    """What a check answers once it answers something: logs are written beside the requests, not before them."""
    deadline = time.monotonic() + within_s
    while not (found := check()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def test_customers_are_scored_in_their_order(deployment: Deployment) -> None:
    status, answer = deployment.post("api/predictions", {"customers": [EXAMPLES["loyal"], EXAMPLES["at_risk"]]})
    assert status == 200, answer
    loyal, at_risk = answer["predictions"]
    assert (loyal["id"], at_risk["id"]) == (0, 1)
    assert loyal["probability"] < 0.2 < 0.8 < at_risk["probability"]
    assert (loyal["churn"], at_risk["churn"]) == (False, True)
    assert at_risk["reasons"][0]["text"]


def test_the_page_comes_with_its_security_headers(deployment: Deployment) -> None:
    with urllib.request.urlopen(deployment.site_url, timeout=30) as page:
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy
        assert b"<title>" in page.read()


def test_a_field_that_breaks_a_rule_is_named(deployment: Deployment) -> None:
    customer = EXAMPLES["loyal"] | {"day_mins": -1}
    status, problem = deployment.post("api/predictions", {"customers": [customer]})
    assert status == 400
    (error,) = problem["errors"]
    assert (error["customer"], error["field"]) == (0, "day_mins")
    assert error["rule"]
    assert error["remedy"]


@pytest.mark.parametrize("body", [b"{", b'{"customers": []}', b'{"people": [{}]}'])
def test_a_body_of_another_shape_is_refused_by_the_gateway(deployment: Deployment, body: bytes) -> None:
    status, problem = deployment.post("api/predictions", body)
    assert (status, problem["status"]) == (400, 400)
    assert problem["title"]


def test_each_request_has_a_line_in_the_access_log(deployment: Deployment) -> None:
    group = deployment.resource("Api", "AWS::Logs::LogGroup", "AccessLog")
    _, problem = deployment.post("api/predictions", {"customers": [{}]})

    def line() -> dict[str, Any] | None:
        entries = [json.loads(text) for text in deployment.log_lines(group)]
        return next((e for e in entries if e["requestId"] == problem["request_id"]), None)

    found = _eventually(line)
    assert found, "no line carries the request's id"
    assert (found["httpMethod"], found["resourcePath"], found["status"]) == ("POST", "/predictions", "400")
    assert json.dumps(EXAMPLES["loyal"]["day_mins"]) not in json.dumps(found)


def test_a_refused_body_never_reached_the_function(deployment: Deployment) -> None:
    group = deployment.resource("Api", "AWS::Logs::LogGroup", "AccessLog")
    _, problem = deployment.post("api/predictions", b"{")

    def line() -> str | None:
        return next((text for text in deployment.log_lines(group) if problem["request_id"] in text), None)

    found = json.loads(_eventually(line))
    assert found["integrationStatus"] == "-"


def test_the_function_logs_its_calls_though_nobody_signed_them(deployment: Deployment) -> None:
    group = deployment.resource("Api", "AWS::Logs::LogGroup", "InvokerLog")
    _, problem = deployment.post("api/predictions", {"customers": [{}]})
    wanted = {"logGroupName": group, "filterPattern": f'"{problem["request_id"]}"'}
    (event,) = _eventually(lambda: deployment.client("logs").filter_log_events(**wanted)["events"])
    line = json.loads(event["message"])
    assert (line["status"], line["error"], line["problems"]) == (400, "InvalidCustomers", 15)


def test_the_functions_lines_become_metrics(deployment: Deployment) -> None:
    dimensions = [{"Name": "Endpoint", "Value": "churn-local"}, {"Name": "Resource", "Value": "/predictions"}]
    since = datetime.now(UTC) - timedelta(minutes=10)

    def hours() -> list[dict[str, float]]:
        """The scores of the last minutes, by the hour: two where one has just begun."""
        found: list[dict[str, float]] = deployment.client("cloudwatch").get_metric_statistics(
            Namespace="Churn/Api",
            MetricName="Score",
            Dimensions=dimensions,
            StartTime=since,
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=3600,
            Statistics=["Minimum", "Maximum", "SampleCount"],
        )["Datapoints"]
        return found

    def scores() -> float:
        return sum(one["SampleCount"] for one in hours())

    before = scores()
    deployment.post("api/predictions", {"customers": [EXAMPLES["loyal"], EXAMPLES["at_risk"]]})
    assert _eventually(lambda: scores() >= before + 2), "the scores of two customers do not become metrics"
    assert 0 <= min(one["Minimum"] for one in hours()) < 0.2
    assert 0.8 < max(one["Maximum"] for one in hours()) <= 1


def test_the_model_and_its_version_are_those_of_the_registry(deployment: Deployment) -> None:
    _, told = deployment.get("api/model")
    sagemaker = deployment.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName="churn-local")["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    (container,) = sagemaker.describe_model(ModelName=variant["ModelName"])["Containers"]
    package = sagemaker.describe_model_package(ModelPackageName=container["ModelPackageName"])
    assert told["version"] == str(package["ModelPackageVersion"])
    assert set(told["costs"]) == {"missed_churner", "wasted_incentive", "saved_customer"}


def test_the_endpoint_logs_and_counts_its_calls(deployment: Deployment) -> None:
    deployment.post("api/predictions", {"customers": [EXAMPLES["loyal"]]})
    group = "/aws/sagemaker/Endpoints/churn-local"
    assert _eventually(lambda: [t for t in deployment.log_lines(group) if '"POST /invocations HTTP/1.1" 200' in t])
    metrics = deployment.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker")["Metrics"]
    assert {"Invocations", "ModelLatency"} <= {m["MetricName"] for m in metrics}


def test_the_first_run_left_everything_where_aws_would(deployment: Deployment) -> None:
    sagemaker = deployment.client("sagemaker")
    (job,) = sagemaker.list_training_jobs(NameContains="Train", SortOrder="Ascending", MaxResults=1)[
        "TrainingJobSummaries"
    ]
    described = sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
    metrics = {m["MetricName"]: m["Value"] for m in described["FinalMetricDataList"]}
    assert metrics, "no metric definition matched the log"
    assert described["ModelArtifacts"]["S3ModelArtifacts"].endswith(f"/{job['TrainingJobName']}/output/model.tar.gz")
    lines = deployment.log_lines("/aws/sagemaker/TrainingJobs")
    assert any("#011validation-" in line for line in lines)


def test_every_log_group_there_is_has_the_key_of_logs_and_an_end(deployment: Deployment) -> None:
    """Those too that a service would make by itself, had no stack made them before its first line."""
    logs = deployment.client("logs")
    groups = [g for page in logs.get_paginator("describe_log_groups").paginate() for g in page["logGroups"]]
    written = {
        g["logGroupName"] for g in groups if logs.describe_log_streams(logGroupName=g["logGroupName"])["logStreams"]
    }
    assert {"/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs"} <= written
    key = deployment.resource("Keys", "AWS::KMS::Key", "Logs")
    for group in groups:
        assert group.get("kmsKeyId", "").endswith(key), f"{group['logGroupName']} was made by a service"
        assert group.get("retentionInDays") == load_settings("local").storage.log_retention_days


def test_the_emulator_knows_every_type_of_the_templates(deployment: Deployment) -> None:
    from tests.unit.local.test_contract import _emulator

    listed = _emulator("from local.emulator import patches; patches.install(); print(patches.known_resource_types())")
    known: set[str] = eval(listed.stdout.splitlines()[-1])  # noqa: S307 (our own set, printed by Python)
    used = {
        resource["Type"]
        for template in deployment.templates
        for resource in json.loads(Path(template).read_text())["Resources"].values()
    }
    assert used
    assert {name for name in used if not name.startswith("Custom::")} <= known
