"""The function that reports on the model in service, against the shapes of SageMaker and S3, which botocore checks."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from jsonschema import Draft202012Validator

from contract import openapi
from ml import live_quality
from ml.champion import Judged
from ml.compare import Predictions
from ml.evaluate import evaluate
from ml.money import Costs
from schema import load_schema
from stacks.components.bundles import bundle
from stacks.components.model_report import SHARED
from tests.unit.functions import LAMBDA, loaded, stubbed

ARN = "arn:aws:sagemaker:eu-west-1:111122223333"
NAME = "churn-test"
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DOCUMENT = openapi.document(load_schema())
LABELS = np.array([1.0, 0, 0, 1, 0, 0])
EVALUATION = evaluate(LABELS, Judged(np.array([0.9, 0.1, 0.3, 0.15, 0.2, 0.05]), 0.2), Costs()) | {
    "model": {"trained_at": "2026-01-02T03:00:00+00:00"},
    "champion": {"name": f"{ARN}:model-package/{NAME}/1"},
}
MEASURES = [
    {"name": "AD", "description": "d", "value": 0.01, "low": -0.1, "high": 0.1, "limit": 0.1, "beyond": False},
    {"name": "DI", "description": "d", "value": None},
]
ENTRY = {"value_or_threshold": "Yes", "customers": 6, "churners": 2, "metrics": MEASURES}
WATCH = {
    "model": {"version": "1", "package": f"{ARN}:model-package/{NAME}/1"},
    "period": {"from": "2026-01-01T00:00:00+00:00", "to": "2026-01-02T00:00:00+00:00"},
    "traffic": {"customers": 812, "scored": 800},
    "attributes": [{"name": "day_mins", "stability_index": 0.4, "drifted": True, "p_value": 0.0001}],
    "verdict": "drifted",
    "quality": {
        "files": ["week-1.csv"],
        **live_quality.judge(
            Predictions(np.tile(LABELS, 10), np.linspace(0, 1, 60)),
            Predictions(np.tile(LABELS, 10), np.tile(LABELS, 10) * 0.8 + 0.1),
            0.2,
            Costs(),
            samples=20,
        ),
    },
}
BIAS = {"post_training_bias_metrics": {"facets": {"intl_plan": [ENTRY]}}}


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    variables = {"ENDPOINT_NAME": NAME, "PACKAGE_GROUP_NAME": NAME, "DATA_BUCKET": "data", "WATCHES": "watch/"}
    folder = bundle({".": LAMBDA / "model_report", **SHARED})
    with loaded("model_report", monkeypatch, folder=folder, **variables) as module:
        # One after the other: a stub takes the calls in their order.
        monkeypatch.setattr(module.report, "ThreadPoolExecutor", Alone)
        yield module


class Alone:
    """A pool of one."""

    def __init__(self, _workers: int) -> None:
        self.map = map

    def __enter__(self) -> "Alone":
        return self

    def __exit__(self, *_: object) -> None:
        return None


@pytest.fixture
def sagemaker(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler.report.sources._sagemaker) as stubber:
        yield stubber


@pytest.fixture
def s3(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler.report.sources._s3) as stubber:
        yield stubber


def package(version: int, folder: str = "s3://data/runs/r{}/evaluation") -> dict[str, Any]:
    def report(name: str) -> dict[str, str]:
        return {"ContentType": "application/json", "S3Uri": f"{folder.format(version)}/{name}.json"}

    return {
        "ModelPackageGroupName": NAME,
        "ModelPackageName": f"{NAME}-{version}",
        "ModelPackageArn": f"{ARN}:model-package/{NAME}/{version}",
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CreationTime": THEN,
        "ModelApprovalStatus": "Approved" if version == 1 else "PendingManualApproval",
        "ModelMetrics": {
            "ModelQuality": {"Statistics": report("evaluation")},
            "Bias": {"PostTrainingReport": report("bias")},
        },
        "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": "s3://m/model.tar.gz"}]},
        "CustomerMetadataProperties": {"execution_role": f"{ARN}:secret"}
        | ({"live_since": "2026-01-02T04:00:00+00:00"} if version == 1 else {}),
    }


def serves(sagemaker: Stubber, version: int | None, described: dict[str, Any] | None = None) -> None:
    if version is None:
        sagemaker.add_client_error("describe_endpoint", "ValidationException", "none", 400)
        return
    times = {"CreationTime": THEN, "LastModifiedTime": THEN}
    endpoint = {"EndpointName": NAME, "EndpointArn": f"{ARN}:endpoint/{NAME}", "EndpointStatus": "InService", **times}
    sagemaker.add_response("describe_endpoint", endpoint | {"EndpointConfigName": "c"}, {"EndpointName": NAME})
    config = {"EndpointConfigName": "c", "EndpointConfigArn": f"{ARN}:endpoint-config/c", "CreationTime": THEN}
    variants = [{"VariantName": "main", "ModelName": "m"}]
    sagemaker.add_response("describe_endpoint_config", config | {"ProductionVariants": variants})
    arn = f"{ARN}:model-package/{NAME}/{version}"
    model = {"ModelName": "m", "ModelArn": f"{ARN}:model/m", "CreationTime": THEN}
    sagemaker.add_response("describe_model", model | {"PrimaryContainer": {"ModelPackageName": arn}})
    sagemaker.add_response("describe_model_package", described or package(version), {"ModelPackageName": arn})


def lists(sagemaker: Stubber, *versions: int, described: tuple[int, ...] | None = None) -> None:
    """What the list tells, and the descriptions that are asked for; that of the version in service is at hand."""
    told = ("ModelPackageArn", "ModelPackageName", "ModelPackageStatus", "ModelApprovalStatus", "CreationTime")
    found = [{key: value for key, value in package(version).items() if key in told} for version in versions]
    sagemaker.add_response("list_model_packages", {"ModelPackageSummaryList": found})
    for version in versions if described is None else described:
        sagemaker.add_response("describe_model_package", package(version))


def holds(s3: Stubber, key: str, document: object) -> None:
    raw = json.dumps(document).encode()
    s3.add_response("get_object", {"Body": StreamingBody(io.BytesIO(raw), len(raw))}, {"Bucket": "data", "Key": key})


def watched(s3: Stubber, *keys: str) -> None:
    """What the list of watches tells: the first is the latest."""
    found = [{"Key": key, "LastModified": THEN - timedelta(days=place)} for place, key in enumerate(keys)]
    s3.add_response("list_objects_v2", {"Contents": found}, {"Bucket": "data", "Prefix": "watch/"})


def ask(handler: ModuleType, **headers: str) -> Any:
    event = {"httpMethod": "GET", "resource": "/model/report", "headers": headers, "requestContext": {"requestId": "r"}}
    return handler.handler(event, None)


def test_the_answer_keeps_the_contract_and_names_nothing_of_aws(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber
) -> None:
    serves(sagemaker, 1)
    lists(sagemaker, 2)
    holds(s3, "runs/r2/evaluation/evaluation.json", EVALUATION)
    holds(s3, "runs/r1/evaluation/evaluation.json", EVALUATION)
    watched(s3, "watch/z/captured.json", "watch/b/report/drift.json", "watch/c/report/drift.json")
    holds(s3, "watch/b/report/drift.json", WATCH)
    holds(s3, "runs/r1/evaluation/bias.json", BIAS)
    made = ask(handler)
    assert made["statusCode"] == 200
    answer = json.loads(made["body"])
    Draft202012Validator({"$ref": "#/components/schemas/ModelReport", **DOCUMENT}).validate(answer)
    assert "arn:" not in made["body"]
    assert "111122223333" not in made["body"]
    assert "s3:" not in made["body"]
    assert answer["missing"] == []
    assert answer["version"] == "1"
    assert answer["trained_at"] == "2026-01-02T03:00:00+00:00"
    assert [(v["version"], v["in_service"], v["approval"]) for v in answer["versions"]] == [
        ("2", False, "PendingManualApproval"),
        ("1", True, "Approved"),
    ]
    assert answer["versions"][0]["registered_at"] == "2026-01-02T03:04:05+00:00"
    assert answer["test"]["threshold"] == 0.2
    assert answer["test"]["costs"] == Costs()._asdict()
    assert answer["test"]["outcomes"] == EVALUATION["outcomes"]
    assert answer["bias"][0]["attribute"] == "intl_plan"
    assert answer["drift"] == {
        "version": "1",
        **WATCH["period"],
        "customers": 812,
        "verdict": "drifted",
        "fields": [{"name": "day_mins", "stability_index": 0.4, "drifted": True}],
    }
    assert "description" not in answer["bias"][0]["measures"][0]
    quality = answer["live_quality"]
    assert (quality["version"], quality["to"]) == ("1", WATCH["period"]["to"])
    assert (quality["customers"], quality["churners"], quality["worse"]) == (60, 20, True)
    assert {one["name"] for one in quality["metrics"]} == set(live_quality.JUDGED)
    assert "week-1.csv" not in made["body"]
    assert [v["live_since"] for v in answer["versions"]] == [None, "2026-01-02T04:00:00+00:00"]


def test_the_copy_at_hand_is_told_from_another_and_sagemaker_is_asked_once_a_minute(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    serves(sagemaker, None)
    lists(sagemaker, 1)
    holds(s3, "runs/r1/evaluation/evaluation.json", EVALUATION)
    watched(s3)
    first = ask(handler)
    tag = first["headers"]["ETag"]
    assert json.loads(first["body"])["version"] is None
    assert json.loads(first["body"])["test"] is None
    assert ask(handler, **{"If-None-Match": f"W/{tag}"})["statusCode"] == 304
    assert ask(handler, **{"If-None-Match": '"other"'})["statusCode"] == 200
    assert first["headers"]["Cache-Control"] == "no-cache"
    now = handler.time.monotonic() + handler.FRESH_S
    monkeypatch.setattr(handler.time, "monotonic", lambda: now)
    serves(sagemaker, None)
    lists(sagemaker, 2, 1)
    # The report of version 1 is known already: a run's files do not change.
    holds(s3, "runs/r2/evaluation/evaluation.json", EVALUATION)
    watched(s3)
    again = ask(handler, **{"If-None-Match": tag})
    assert again["statusCode"] == 200
    assert [v["version"] for v in json.loads(again["body"])["versions"]] == ["2", "1"]


def refuses(s3: Stubber, key: str) -> None:
    """S3 lets the role neither read the object nor list its prefix."""
    s3.add_client_error("get_object", "AccessDenied", "", 403, expected_params={"Bucket": "data", "Key": key})
    s3.add_client_error("list_objects_v2", "AccessDenied", "", 403)


def test_a_version_that_cannot_be_read_costs_no_other_and_is_named(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    serves(sagemaker, 1)
    lists(sagemaker, 9, 8, 7, 6, 5, 4, 3, 1, described=())
    sagemaker.add_client_error("describe_model_package", "AccessDeniedException", f"{ARN} is secret", 400)
    refused = package(8, folder="s3://data/elsewhere")
    unnamed = {name: value for name, value in package(7).items() if name != "ModelMetrics"}
    for described in (refused, unnamed, package(6, folder="s3://other/"), package(5), package(4), package(3)):
        sagemaker.add_response("describe_model_package", described)
    refuses(s3, "elsewhere/evaluation.json")
    s3.add_client_error("get_object", "NoSuchKey", "", 404)
    holds(s3, "runs/r4/evaluation/evaluation.json", [EVALUATION])
    holds(s3, "runs/r3/evaluation/evaluation.json", {"metrics": {"average_precision": 0.9}, "cost": "none"})
    holds(s3, "runs/r1/evaluation/evaluation.json", EVALUATION)
    watched(s3, "watch/a/report/drift.json")
    holds(s3, "watch/a/report/drift.json", WATCH)
    holds(s3, "runs/r1/evaluation/bias.json", BIAS)
    made = ask(handler)
    answer = json.loads(made["body"])
    assert made["statusCode"] == 200
    Draft202012Validator({"$ref": "#/components/schemas/ModelReport", **DOCUMENT}).validate(answer)
    assert {(one["part"], one["version"]): one["why"] for one in answer["missing"]} == {
        ("description", "9"): "refused",
        ("evaluation", "8"): "refused",
        ("evaluation", "7"): "not named",
        ("evaluation", "6"): "elsewhere",
        ("evaluation", "5"): "gone",
        ("evaluation", "4"): "another form",
        ("evaluation", "3"): "another form",
    }
    versions = {one["version"]: one for one in answer["versions"]}
    assert versions["9"]["approval"] == "PendingManualApproval"
    assert [one["average_precision"] for one in answer["versions"][:-1]] == [None] * 7
    assert versions["1"]["average_precision"] == EVALUATION["metrics"]["average_precision"]
    assert answer["test"]
    assert answer["bias"]
    assert answer["drift"]
    assert answer["live_quality"]
    told = json.loads(capsys.readouterr().out)["missing"]
    assert "description 9 refused AccessDeniedException" in told
    assert "evaluation 3 another form TypeError" in told
    assert "secret" not in str(made) + str(told)


def test_of_a_version_in_service_without_any_report_the_answer_tells_what_the_registry_knows(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber
) -> None:
    serves(sagemaker, 1, package(1, folder="s3://of-somebody-else"))
    lists(sagemaker)
    watched(s3)
    answer = json.loads(ask(handler)["body"])
    assert answer["version"] == "1"
    assert answer["drift"] is None
    assert answer["test"] is None
    assert answer["bias"] == []
    assert [(one["version"], one["approval"]) for one in answer["versions"]] == [("1", "Approved")]
    assert answer["missing"] == [
        {"part": "bias", "version": "1", "why": "elsewhere"},
        {"part": "evaluation", "version": "1", "why": "elsewhere"},
    ]


@pytest.mark.parametrize(
    ("evaluation", "bias", "watch"),
    [
        ({}, {"facets": {}}, {"verdict": "calm", "message": "fine"}),
        ({**EVALUATION, "curves": None}, {"post_training_bias_metrics": {"facets": [ENTRY]}}, {**WATCH, "period": {}}),
        ({**EVALUATION, "cost": float("nan")}, "text", {**WATCH, "quality": {"metrics": {}}}),
    ],
)
def test_documents_in_another_form_leave_gaps(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber, evaluation: Any, bias: Any, watch: Any
) -> None:
    """An earlier version's, or somebody's own: what stands in them is not known, so nothing of them is told."""
    serves(sagemaker, 1)
    lists(sagemaker, 1, described=())
    holds(s3, "runs/r1/evaluation/evaluation.json", evaluation)
    watched(s3, "watch/a/report/drift.json")
    holds(s3, "watch/a/report/drift.json", watch)
    holds(s3, "runs/r1/evaluation/bias.json", bias)
    answer = json.loads(ask(handler)["body"])
    Draft202012Validator({"$ref": "#/components/schemas/ModelReport", **DOCUMENT}).validate(answer)
    assert answer["test"] is None
    assert answer["bias"] == []
    assert {(one["part"], one["why"]) for one in answer["missing"]} == {
        (part, "another form") for part in ("evaluation", "bias", "watch")
    }


def test_a_watch_that_may_not_be_looked_for_costs_nothing_else(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber
) -> None:
    serves(sagemaker, None)
    lists(sagemaker)
    s3.add_client_error("list_objects_v2", "SlowDown", "", 503)
    assert json.loads(ask(handler)["body"])["missing"] == [{"part": "watch", "version": None, "why": "no answer"}]


@pytest.mark.parametrize(
    ("code", "http", "status"),
    [("ThrottlingException", 400, 503), ("InternalFailure", 500, 503), ("AccessDeniedException", 400, 500)],
)
def test_what_sagemaker_refuses_becomes_a_problem_without_its_words(
    handler: ModuleType, sagemaker: Stubber, code: str, http: int, status: int
) -> None:
    sagemaker.add_client_error("describe_endpoint", code, f"{ARN} is secret", http)
    made = ask(handler)
    assert made["statusCode"] == status
    assert "secret" not in made["body"]
    assert ("Retry-After" in made["headers"]) is (status == 503)
    assert json.loads(made["body"])["request_id"] == "r"


def test_silence_is_worth_another_try(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(**_: str) -> None:
        raise ReadTimeoutError(endpoint_url="https://example.com")

    monkeypatch.setattr(handler.report.sources._sagemaker, "describe_endpoint", silent)
    assert ask(handler)["statusCode"] == 503


@pytest.mark.parametrize("there", [True, False])
def test_what_s3_refuses_is_gone_if_it_is_not_there(handler: ModuleType, s3: Stubber, there: bool) -> None:
    """S3 answers 403 for what is missing to whoever may not list the bucket."""
    key = "runs/r1/evaluation/bias.json"
    s3.add_client_error("get_object", "AccessDenied", "", 403)
    listed = {"Contents": [{"Key": key}]} if there else {"Contents": [{"Key": f"{key}.other"}]}
    s3.add_response("list_objects_v2", listed, {"Bucket": "data", "Prefix": key, "MaxKeys": 1})
    gaps = handler.report.Gaps()
    assert gaps.filled("bias", "1", lambda: handler.report.sources.read(key), None) is None
    assert gaps.causes == ["bias 1 refused AccessDenied" if there else "bias 1 gone"]


def test_a_fault_of_our_own_is_no_gap(handler: ModuleType) -> None:
    def wrong() -> None:
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        handler.report.Gaps().filled("bias", "1", wrong, None)
