"""Runs in MLflow: every run of the deployed pipeline, passed or refused, with the figures of its own evaluation."""

import json
import urllib.request
import uuid
from typing import Any

import pytest

from tests.local.deployment import Deployment
from tests.local.test_pipeline_runs import PIPELINE, run_pipeline


@pytest.fixture(scope="module")
def mlflow(deployment: Deployment) -> str:
    """MLflow's address; a run that was lent to the tests may be without."""
    if not deployment.settings.mlflow_port:
        pytest.skip("the run that CHURN_TEST_RUN names has no MLflow: start it with MLFLOW=1")
    return deployment.settings.experiments_page


def ask(mlflow: str, path: str, **body: Any) -> dict[str, Any]:
    """Ask MLflow's REST API, as its pages do."""
    request = urllib.request.Request(
        f"{mlflow}api/2.0/mlflow/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def logged(mlflow: str, execution: str) -> dict[str, Any]:
    """The one run of MLflow that an execution of the pipeline has left."""
    (experiment,) = ask(mlflow, "experiments/search", filter=f"name = '{PIPELINE}'", max_results=5)["experiments"]
    wanted = f"tags.pipeline_run = '{execution.rsplit('/', 1)[-1]}'"
    (run,) = ask(mlflow, "runs/search", experiment_ids=[experiment["experiment_id"]], filter=wanted)["runs"]
    found: dict[str, Any] = run
    return found


def pairs(run: dict[str, Any], member: str) -> dict[str, Any]:
    return {one["key"]: one["value"] for one in run["data"].get(member, [])}


def evaluation_of(deployment: Deployment, execution: str) -> dict[str, Any]:
    key = f"runs/{execution.rsplit('/', 1)[-1]}/evaluation/evaluation.json"
    bucket = deployment.resource("Storage", "AWS::S3::Bucket", "Data")
    found: dict[str, Any] = json.loads(deployment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return found


def test_two_runs_can_be_compared_the_refused_one_too(deployment: Deployment, mlflow: str) -> None:
    for parameters, verdict in (
        ({"CostMissedChurner": "450"}, "passed"),
        ({"MinimumAveragePrecision": "0.9999"}, "refused"),
    ):
        described, steps = run_pipeline(deployment, name=f"test-{uuid.uuid4().hex[:8]}", **parameters)
        execution = described["PipelineExecutionArn"]
        assert steps["Track"]["StepStatus"] == "Succeeded"
        evaluation, run = evaluation_of(deployment, execution), logged(mlflow, execution)
        metrics, tags = pairs(run, "metrics"), pairs(run, "tags")
        assert evaluation["metrics"].items() <= metrics.items()
        assert metrics["expected_cost_per_customer"] == evaluation["cost"]["expected_cost_per_customer"]
        used = {
            name: float(value)
            for name, value in pairs(run, "params").items()
            if name in evaluation["model"]["hyperparameters"]
        }
        assert used == pytest.approx(evaluation["model"]["hyperparameters"])
        assert tags["gate"] == evaluation["gate"]["verdict"] == verdict
        assert ("package" in tags) == (verdict == "passed")
        assert run["info"]["status"] == "FINISHED"


def test_the_pages_show_a_runs_report(deployment: Deployment, mlflow: str) -> None:
    """What its artifact viewer asks for comes from the data bucket, through MLflow."""
    run = ask(mlflow, "runs/search", experiment_ids=["1"], max_results=1)["runs"][0]["info"]
    bucket = deployment.resource("Storage", "AWS::S3::Bucket", "Data")
    assert run["artifact_uri"].startswith(f"s3://{bucket}/mlflow/{PIPELINE}/")
    address = f"{mlflow}get-artifact?path=evaluation.html&run_uuid={run['run_id']}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert b"Model evaluation" in answer.read()
