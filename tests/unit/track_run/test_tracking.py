"""The function that logs runs to MLflow: real requests to a server of the test, real reports of a real evaluation."""

# ruff: noqa: F811 (fixtures that other files have made)

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tests.unit.functions import loaded, stubbed
from tests.unit.ml.conftest import base, encoded, made_up, prepared, trained  # noqa: F401 - fixtures
from tests.unit.model_card.test_card import run  # noqa: F401 - a run's evaluation

APP = "arn:aws:sagemaker:eu-west-1:111122223333:mlflow-app/app-ABC"
EVENT = {
    "Experiment": "churn-test",
    "Run": "abc",
    "RunArn": "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn-test/execution/abc",
    "Reports": "s3://data/runs/abc/evaluation",
    "RawData": "s3://data/raw/churn.csv",
    "CodeHash": "c0de",
}
PACKAGE = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn-test/3"


class Server:
    """Answers like MLflow, as far as the function asks, and keeps what it was told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.runs: list[dict[str, Any]] = []
        self.experiments: list[dict[str, Any]] = []
        self.status = 200
        self.artifacts = "s3://data/mlflow/churn-test"
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                answer = server.answer(self.path.removeprefix("/api/2.0/mlflow/"), json.loads(body))
                self.send_response(server.status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.status != 200:
            return {"error_code": "INTERNAL_ERROR", "message": "the database is gone"}
        if path == "experiments/search":
            return {"experiments": self.experiments} if self.experiments else {}
        if path == "experiments/create":
            self.experiments.append({"experiment_id": "7", "name": body["name"]})
            return {"experiment_id": "7"}
        if path == "runs/search":
            return {"runs": self.runs} if self.runs else {}
        if path == "runs/create":
            info = {"run_id": "r1", "artifact_uri": f"{self.artifacts}/r1/artifacts"}
            self.runs.append({"info": info})
            return {"run": self.runs[-1]}
        return {}

    def told(self, path: str) -> list[dict[str, Any]]:
        return [json.loads(body) for asked, _, body in self.requests if asked.endswith(path)]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def handler(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    variables = {"MLFLOW_APP_ARN": APP, "AWS_ENDPOINT_URL": server.url, "no_proxy": "*"}
    with loaded("track_run", monkeypatch, **variables) as module:
        yield module


@pytest.fixture
def s3(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler._s3) as stubber:
        yield stubber


def reads(s3: Stubber, run: Path) -> None:
    for name in ("evaluation", "bias"):
        body = (run / f"{name}.json").read_bytes()
        answer = {"Body": StreamingBody(io.BytesIO(body), len(body))}
        s3.add_response("get_object", answer, {"Bucket": "data", "Key": f"runs/abc/evaluation/{name}.json"})


def copies(s3: Stubber) -> None:
    for name in ("evaluation.html", "evaluation.json", "bias.json", "explainability.json"):
        source = {"Bucket": "data", "Key": f"runs/abc/evaluation/{name}"}
        to = {"Bucket": "data", "Key": f"mlflow/churn-test/r1/artifacts/{name}", "CopySource": source}
        s3.add_response("copy_object", {}, to)


@pytest.fixture
def tracked(handler: ModuleType, server: Server, s3: Stubber, run: Path) -> dict[str, Any]:
    """The evaluation of a run that was logged."""
    reads(s3, run)
    copies(s3)
    assert handler.handler(EVENT, None) == {"Tracked": "r1", "Note": ""}
    found: dict[str, Any] = json.loads((run / "evaluation.json").read_text())
    return found


def test_every_figure_of_the_evaluation_is_logged(tracked: dict[str, Any], server: Server) -> None:
    (batch,) = server.told("runs/log-batch")
    figures = {one["key"]: one["value"] for one in batch["metrics"] if one["key"] != "cost_by_threshold"}
    assert tracked["metrics"].items() <= figures.items()
    assert figures["expected_cost_per_customer"] == tracked["cost"]["expected_cost_per_customer"]
    assert figures["average_precision.low"] == tracked["intervals"]["average_precision"]["low"]
    assert figures["validation.auc"] == tracked["model"]["metrics"]["validation"]["auc"]
    assert figures["champion.average_precision.difference"] == 0
    assert [one for one in figures if one.startswith("bias.")]
    curve = {one["step"]: one["value"] for one in batch["metrics"] if one["key"] == "cost_by_threshold"}
    assert curve == {round(100 * point["threshold"]): point["cost"] for point in tracked["cost"]["curve"]}
    assert all(one["timestamp"] > 1e12 for one in batch["metrics"])


def test_the_parameters_are_those_that_were_used(tracked: dict[str, Any], server: Server) -> None:
    (batch,) = server.told("runs/log-batch")
    parameters = {one["key"]: one["value"] for one in batch["params"]}
    used = tracked["model"]["hyperparameters"]
    assert {name: float(parameters[name]) for name in used} == pytest.approx(used)
    assert float(parameters["threshold"]) == tracked["cost"]["threshold"]
    tags = {one["key"]: one["value"] for one in batch["tags"]}
    assert tags["gate"] == tracked["gate"]["verdict"]
    assert tags["mlflow.note.content"] == tracked["gate"]["message"]
    assert tags["code_hash"] == "c0de"
    ((data,),) = [one["datasets"] for one in server.told("runs/log-inputs")]
    assert tracked["data"]["raw_sha256"].startswith(data["dataset"]["digest"])
    assert server.told("runs/update")[0]["status"] == "FINISHED"


def test_each_request_names_the_app_and_is_signed_as_sagemakers(tracked: dict[str, Any], server: Server) -> None:
    for path, headers, body in server.requests:
        assert headers["x-sm-mlflow-app-arn"] == APP
        date, credentials = headers["x-amz-date"], Credentials("test", "test")
        signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        assert {"x-sm-mlflow-app-arn", "x-amz-content-sha256", "host"} <= {*signed}
        assert "/eu-west-1/sagemaker/aws4_request" in headers["authorization"]
        # Signed again from what has arrived: nothing was changed on the way.
        again = AWSRequest("POST", server.url + path, data=body, headers={name: headers[name] for name in signed})
        again.context["timestamp"] = date
        signer = SigV4Auth(credentials, "sagemaker", "eu-west-1")
        canonical = signer.string_to_sign(again, signer.canonical_request(again))
        assert headers["authorization"].endswith(signer.signature(canonical, again))


def test_a_step_that_is_tried_again_makes_no_second_run(
    tracked: dict[str, Any],
    handler: ModuleType,
    server: Server,
    s3: Stubber,
    run: Path,
) -> None:
    reads(s3, run)
    copies(s3)
    assert handler.handler(EVENT, None)["Tracked"] == "r1"
    assert len(server.told("runs/create")) == len(server.told("experiments/create")) == 1
    assert server.told("runs/search")[-1]["filter"] == "tags.pipeline_run = 'abc'"


def test_the_run_is_told_its_package(tracked: dict[str, Any], handler: ModuleType, server: Server) -> None:
    event = {"Experiment": "churn-test", "Run": "abc", "Package": PACKAGE}
    assert handler.handler(event, None) == {"Tracked": "r1", "Note": ""}
    assert server.told("runs/log-batch")[-1]["tags"] == [{"key": "package", "value": PACKAGE}]


@pytest.mark.parametrize("code", [500, 403, 503])
def test_a_refusal_is_a_note_and_no_failure(
    handler: ModuleType,
    server: Server,
    s3: Stubber,
    run: Path,
    code: int,
) -> None:
    reads(s3, run)
    server.status = code
    answer = handler.handler(EVENT, None)
    assert answer["Tracked"] == ""
    assert f"MLflow answered experiments/search with {code}" in answer["Note"]
    assert answer["Note"].endswith(": the database is gone")


def test_a_server_that_is_gone_is_a_note_and_no_failure(
    handler: ModuleType,
    server: Server,
    s3: Stubber,
    run: Path,
) -> None:
    reads(s3, run)
    server.close()
    assert "MLflow did not answer experiments/search" in handler.handler(EVENT, None)["Note"]


def test_time_that_runs_out_is_a_note_and_no_failure(
    handler: ModuleType,
    s3: Stubber,
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads(s3, run)
    monkeypatch.setattr(handler, "BUDGET_S", 0.0)
    assert "No time was left for experiments/search" in handler.handler(EVENT, None)["Note"]


def test_reports_that_are_not_there_are_a_note_and_no_failure(handler: ModuleType, s3: Stubber) -> None:
    s3.add_client_error("get_object", "NoSuchKey")
    assert "NoSuchKey" in handler.handler(EVENT, None)["Note"]


def test_artifacts_outside_s3_are_a_note_and_no_failure(
    handler: ModuleType,
    server: Server,
    s3: Stubber,
    run: Path,
) -> None:
    reads(s3, run)
    server.artifacts = "mlflow-artifacts:/7"
    assert "only S3 is written to" in handler.handler(EVENT, None)["Note"]


def test_on_aws_it_asks_the_regions_address(handler: ModuleType) -> None:
    found = handler._connect({"AWS_REGION": "eu-west-1", "MLFLOW_APP_ARN": APP})
    assert found._url == "https://mlflow.sagemaker.eu-west-1.app.aws"
