"""The watch's two steps around its job, against the shapes of the services' APIs (botocore checks every call)."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from tests.unit.functions import LAMBDA, loaded

ARN = "arn:aws:sagemaker:eu-west-1:111122223333"
PACKAGE = f"{ARN}:model-package/churn-test/3"
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
MADE = datetime(2026, 2, 1, tzinfo=UTC)
EVALUATION = "s3://data/runs/r1/evaluation"
CAPTURES = "capture/churn-test/main/"
VARIABLES = {
    "ENDPOINT_NAME": "churn-test",
    "DATA_BUCKET": "data",
    "CAPTURES": CAPTURES,
    "LABELS": "labels/",
    "RUNS": "watch/",
    "QUARANTINE": "quarantine/labels/",
    "LABELS_DAYS": "90",
    "NAMESPACE": "Churn/test",
}
BASELINE = {"ModelDataQuality": {"Statistics": {"ContentType": "a", "S3Uri": f"{EVALUATION}/baseline.json"}}}


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(LAMBDA / "find_champion"))  # the bundle holds its champion.py
    with loaded("watch", monkeypatch, **VARIABLES) as module:
        yield module


class Clients:
    """The handler's clients: every expected call must come, in order, and no other."""

    def __init__(self, handler: ModuleType) -> None:
        self.sagemaker, self.s3 = Stubber(handler._sagemaker), Stubber(handler._s3)
        self.cloudwatch = Stubber(handler._cloudwatch)
        self.written: dict[str, Any] = {}

    def serves(self, **package: Any) -> None:
        when = {"CreationTime": MADE, "LastModifiedTime": MADE}
        about = {"EndpointName": "churn-test", "EndpointArn": f"{ARN}:endpoint/churn-test", "EndpointConfigName": "c"}
        self.sagemaker.add_response("describe_endpoint", {**about, "EndpointStatus": "InService", **when})
        variants = [{"VariantName": "main", "ModelName": "m"}]
        config = {"EndpointConfigName": "c", "EndpointConfigArn": f"{ARN}:endpoint-config/c", "CreationTime": MADE}
        self.sagemaker.add_response("describe_endpoint_config", {**config, "ProductionVariants": variants})
        model = {"ModelName": "m", "ModelArn": f"{ARN}:model/m", "CreationTime": MADE}
        self.sagemaker.add_response("describe_model", {**model, "Containers": [{"ModelPackageName": PACKAGE}]})
        container = {"Image": "image", "ModelDataUrl": "s3://models/runs/r1/model.tar.gz"}
        answer = {
            "ModelPackageName": "churn-test",
            "ModelPackageArn": PACKAGE,
            "CreationTime": MADE,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "InferenceSpecification": {"Containers": [container]},
            **package,
        }
        self.sagemaker.add_response("describe_model_package", answer, {"ModelPackageName": PACKAGE})

    def lists(self, prefix: str, **found: datetime) -> None:
        objects = [{"Key": key, "LastModified": when} for key, when in found.items()]
        self.s3.add_response("list_objects_v2", {"Contents": objects}, {"Bucket": "data", "Prefix": prefix})

    def takes(self, key: str) -> None:
        self.s3.add_response("put_object", {}, {"Bucket": "data", "Key": key, "Body": ANY})


@pytest.fixture
def clients(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    class Frozen(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return NOW

    monkeypatch.setattr(handler, "datetime", Frozen)
    found = Clients(handler)
    put = handler._s3.put_object

    def put_object(**request: Any) -> Any:
        found.written[request["Key"]] = request["Body"]
        return put(**request)

    monkeypatch.setattr(handler._s3, "put_object", put_object)
    with found.sagemaker, found.s3, found.cloudwatch:
        yield found
        for stubber in (found.sagemaker, found.s3, found.cloudwatch):
            stubber.assert_no_pending_responses()


def live(handler: ModuleType, hours: float = 24.0) -> dict[str, str]:
    answer: dict[str, str] = handler.handler({"Step": "Live", "Run": "r9", "PeriodHours": hours}, None)
    return answer


def test_everything_there_is_to_look_at_is_named(handler: ModuleType, clients: Clients) -> None:
    clients.serves(DriftCheckBaselines=BASELINE)
    old = MADE - timedelta(seconds=1)
    clients.lists(
        "labels/",
        **{"labels/new.csv": NOW, "labels/first.csv": MADE + timedelta(days=1), "labels/before.csv": old},
        **{"labels/notes.txt": NOW, "labels/deeper/down.csv": NOW},
    )
    clients.takes("watch/r9/period.json")
    hours = ("2026/03/01/00", "2026/03/01/01", "2026/03/01/23")
    clients.lists(f"{CAPTURES}2026/03/01/", **{f"{CAPTURES}{hour}/a.jsonl": NOW for hour in hours})
    clients.lists(f"{CAPTURES}2026/03/02/", **{f"{CAPTURES}2026/03/02/01/b.jsonl": NOW})
    clients.takes("watch/r9/inputs.manifest")
    assert live(handler) == {
        "ModelUri": "s3://models/runs/r1/model.tar.gz",
        "EvaluationUri": f"{EVALUATION}/",
        "WatchedUri": "s3://data/watch/r9/inputs.manifest",
    }
    period = json.loads(clients.written["watch/r9/period.json"])
    assert period == {
        "from": "2026-03-01T01:30:00+00:00",
        "to": "2026-03-02T01:30:00+00:00",
        "package": PACKAGE,
        # What the model may have learnt from is left out; the latest is the last.
        "labels": ["first.csv", "new.csv"],
    }
    assert json.loads(clients.written["watch/r9/inputs.manifest"]) == [
        {"prefix": "s3://data/"},
        "watch/r9/period.json",
        # The hour in which the period begins counts whole; the one before it does not.
        *(f"{CAPTURES}{hour}/a.jsonl" for hour in hours[1:]),
        f"{CAPTURES}2026/03/02/01/b.jsonl",
        "labels/first.csv",
        "labels/new.csv",
    ]


def test_without_traffic_there_is_still_an_input(handler: ModuleType, clients: Clients) -> None:
    clients.serves(DriftCheckBaselines=BASELINE)
    clients.lists("labels/")
    clients.takes("watch/r9/period.json")
    clients.lists(f"{CAPTURES}2026/03/02/")
    clients.takes("watch/r9/inputs.manifest")
    live(handler, hours=1)
    manifest = json.loads(clients.written["watch/r9/inputs.manifest"])
    assert manifest == [{"prefix": "s3://data/"}, "watch/r9/period.json"]


def test_labels_stop_counting(handler: ModuleType, clients: Clients) -> None:
    clients.serves(DriftCheckBaselines=BASELINE, CreationTime=NOW - timedelta(days=200))
    late, early = NOW - timedelta(days=89), NOW - timedelta(days=91)
    clients.lists("labels/", **{"labels/late.csv": late, "labels/early.csv": early})
    clients.takes("watch/r9/period.json")
    clients.lists(f"{CAPTURES}2026/03/02/")
    clients.takes("watch/r9/inputs.manifest")
    live(handler, hours=1)
    assert json.loads(clients.written["watch/r9/period.json"])["labels"] == ["late.csv"]


def test_without_a_model_it_says_why(handler: ModuleType, clients: Clients) -> None:
    clients.sagemaker.add_client_error("describe_endpoint", "ValidationException", "Could not find endpoint.")
    with pytest.raises(Exception, match="nothing to compare with: the endpoint churn-test serves none yet"):
        live(handler)


def test_without_a_baseline_it_says_so(handler: ModuleType, clients: Clients) -> None:
    clients.serves()
    with pytest.raises(Exception, match="model-package/churn-test/3 was registered without a baseline"):
        live(handler)


def finds(clients: Clients, **more: Any) -> None:
    report = {
        "verdict": "calm",
        "message": "Calm.",
        "period": {"to": "2026-03-02T01:30:00+00:00"},
        "metrics": {"WatchedCustomers": 300, "DriftedAttributes": 0},
        "refused_labels": {},
        **more,
    }
    body = json.dumps(report).encode()
    answer = {"Body": StreamingBody(io.BytesIO(body), len(body))}
    clients.s3.add_response("get_object", answer, {"Bucket": "data", "Key": "watch/r9/report/drift.json"})


def publish(handler: ModuleType) -> dict[str, str]:
    answer: dict[str, str] = handler.handler({"Step": "Publish", "ReportUri": "s3://data/watch/r9/report"}, None)
    return answer


def tells(clients: Clients) -> None:
    told = [{"MetricName": "WatchedCustomers", "Value": 300}, {"MetricName": "DriftedAttributes", "Value": 0}]
    clients.cloudwatch.add_response("put_metric_data", {}, {"Namespace": "Churn/test", "MetricData": told})


def test_what_was_found_becomes_metrics(handler: ModuleType, clients: Clients) -> None:
    finds(clients)
    tells(clients)
    assert publish(handler) == {
        "Verdict": "calm",
        "Message": "Calm.",
        "Report": "s3://data/watch/r9/report/drift.html",
    }


def copies(clients: Clients, name: str) -> dict[str, Any]:
    return {
        "Bucket": "data",
        "Key": f"quarantine/labels/{name}",
        "CopySource": {"Bucket": "data", "Key": f"labels/{name}"},
        "CopySourceIfUnmodifiedSince": "2026-03-02T01:30:00+00:00",
    }


def test_a_refused_label_file_is_set_aside_with_its_reasons(handler: ModuleType, clients: Clients) -> None:
    finds(clients, refused_labels={"bad.csv": "bad.csv has 2 problem(s)"})
    clients.s3.add_response("copy_object", {}, copies(clients, "bad.csv"))
    clients.takes("quarantine/labels/bad.csv.reasons.txt")
    clients.s3.add_response("delete_object", {}, {"Bucket": "data", "Key": "labels/bad.csv"})
    tells(clients)
    publish(handler)
    assert clients.written["quarantine/labels/bad.csv.reasons.txt"] == b"bad.csv has 2 problem(s)\n"


@pytest.mark.parametrize("code", ["NoSuchKey", "PreconditionFailed"])
def test_a_file_that_was_replaced_or_taken_since_stays_where_it_is(
    handler: ModuleType, clients: Clients, code: str
) -> None:
    finds(clients, refused_labels={"bad.csv": "why"})
    clients.s3.add_client_error("copy_object", code)
    tells(clients)
    publish(handler)
    assert not clients.written


def test_not_being_allowed_to_set_aside_is_told(handler: ModuleType, clients: Clients) -> None:
    finds(clients, refused_labels={"bad.csv": "why"})
    clients.s3.add_client_error("copy_object", "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        publish(handler)
