"""The function that writes model cards: from the real reports of a real evaluation, against SageMaker's own shapes."""

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from sagemaker.core.shapes.model_card_shapes import ModelCardContent

from config import ModelCardSettings
from local.sagemaker import card_content
from ml import evaluate
from tests.unit.functions import LAMBDA, loaded, stubbed
from tests.unit.local.test_cards import oracle
from tests.unit.ml.conftest import base, encoded, made_up, prepared, trained  # noqa: F401 - fixtures

PACKAGE = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn-test/3"
RUN = "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn-test/execution/abc"
CARD, KEY = "churn-test-3", "arn:aws:kms:eu-west-1:111122223333:key/data"
ARN = f"arn:aws:sagemaker:eu-west-1:111122223333:model-card/{CARD}"
THEN = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0"
CONTAINER = {"Image": IMAGE, "ModelDataUrl": "s3://models/runs/abc/model/job/output/model.tar.gz"}
DESCRIBED: dict[str, Any] = {
    "ModelPackageName": "churn-test",
    "ModelPackageGroupName": "churn-test",
    "ModelPackageVersion": 3,
    "ModelPackageArn": PACKAGE,
    "ModelPackageStatus": "Completed",
    "ModelApprovalStatus": "PendingManualApproval",
    "ModelPackageStatusDetails": {"ValidationStatuses": []},
    "CreationTime": THEN,
    "InferenceSpecification": {"Containers": [CONTAINER]},
    "ModelMetrics": {
        "ModelQuality": {
            "Statistics": {"ContentType": "application/json", "S3Uri": "s3://data/runs/abc/evaluation/evaluation.json"}
        }
    },
    "MetadataProperties": {"GeneratedBy": RUN},
    "CustomerMetadataProperties": {
        "schema_hash": "5c", "code_hash": "c0", "raw_data": "s3://data/raw/churn.csv", "run": "abc",
        "live_since": "later",
    },
}  # fmt: skip


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The function's folder, with the texts that its stack puts beside it."""
    folder = tmp_path / "bundle"
    shutil.copytree(LAMBDA / "model_card", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "texts.json").write_text(json.dumps(vars(ModelCardSettings(owner="Retention team"))))
    return folder


@pytest.fixture
def handler(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with loaded("model_card", monkeypatch, folder=bundle, KEY_ARN=KEY) as module:
        yield module


@pytest.fixture
def sagemaker(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler._sagemaker) as stubber:
        yield stubber


@pytest.fixture
def s3(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler._s3) as stubber:
        yield stubber


@pytest.fixture
def run(trained: tuple[Path, str], prepared: Path, tmp_path: Path, base: Path) -> Path:  # noqa: F811
    """The folder of a run's evaluation that was compared with a model in production: itself."""
    packed = tmp_path / "packed"
    packed.mkdir()
    with tarfile.open(packed / "model.tar.gz", "w:gz") as tar:
        for entry in sorted(trained[0].iterdir()):
            tar.add(entry, entry.name)
    out = tmp_path / "out"
    there = ["--champion", str(packed), "--champion-is", PACKAGE.replace("/3", "/2")]
    assert evaluate.main(["--model", str(packed), "--prepared", str(prepared), "--output-dir", str(out), *there]) == 0
    return out


def reads(s3: Stubber, run: Path) -> None:
    for name in ("evaluation", "bias", "explainability"):
        body = (run / f"{name}.json").read_bytes()
        answer = {"Body": StreamingBody(io.BytesIO(body), len(body))}
        s3.add_response("get_object", answer, {"Bucket": "data", "Key": f"runs/abc/evaluation/{name}.json"})


def write(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber, run: Path, there: Any = None, package: Any = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Call the function; `there` is the content of the card that exists. What was written, and the page."""
    sagemaker.add_response("describe_model_package", package or DESCRIBED, {"ModelPackageName": PACKAGE})
    reads(s3, run)
    written: dict[str, Any] = {}
    page: dict[str, Any] = {}
    if there is None:
        sagemaker.add_client_error(
            "describe_model_card", "ResourceNotFound", "no such card", 400, None, {"ModelCardName": CARD}
        )
        sagemaker.add_response("create_model_card", {"ModelCardArn": ARN}, None)
    else:
        found = {
            "ModelCardArn": ARN, "ModelCardName": CARD, "ModelCardVersion": 1, "Content": json.dumps(there),
            "ModelCardStatus": "Approved", "CreationTime": THEN, "CreatedBy": {},
        }  # fmt: skip
        sagemaker.add_response("describe_model_card", found, {"ModelCardName": CARD})
    handler._sagemaker.meta.events.register(
        "provide-client-params.sagemaker.CreateModelCard", lambda params, **_: written.update(params)
    )
    handler._s3.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: page.update(params))
    s3.add_response("put_object", {}, None)
    assert handler.handler({"Package": PACKAGE}, None) == {"Card": CARD, "Page": "s3://data/runs/abc/card/card.html"}
    return written, page


@pytest.fixture
def content(handler: ModuleType, sagemaker: Stubber, s3: Stubber, run: Path) -> dict[str, Any]:
    written, page = write(handler, sagemaker, s3, run)
    assert written["ModelCardStatus"] == "PendingReview"
    assert written["SecurityConfig"] == {"KmsKeyId": KEY}
    assert (page["Bucket"], page["Key"]) == ("data", "runs/abc/card/card.html")
    found: dict[str, Any] = json.loads(written["Content"])
    assert len(written["Content"]) < 100_000
    return found


def metrics(content: dict[str, Any], evaluation: str) -> dict[str, Any]:
    (detail,) = [one for one in content["evaluation_details"] if one["name"] == evaluation]
    return {metric["name"]: metric for group in detail["metric_groups"] for metric in group["metric_data"]}


def test_the_content_follows_the_schema_of_model_cards(content: dict[str, Any]) -> None:
    """Three readings of it: CloudFormation's, the SDK's typed one, and the laptop's, which has the guide's limits."""
    assert not list(oracle().iter_errors(content))
    assert not card_content.problems(json.dumps(content))
    # The SDK's class is that of a package's own, simpler card: it has a function where the schema has an object.
    training = content["training_details"]
    simpler = training | {"objective_function": training["objective_function"]["function"]}
    typed = ModelCardContent.model_validate(content | {"training_details": simpler})
    assert typed.evaluation_details is not None
    assert len(typed.evaluation_details) == 4


def test_the_card_says_what_the_reports_say(content: dict[str, Any], run: Path) -> None:
    evaluation = json.loads((run / "evaluation.json").read_text())
    held_out = metrics(content, "Held-out customers")
    for name, value in evaluation["metrics"].items():
        assert held_out[name]["value"] == value
    assert held_out["expected_cost_per_customer"]["value"] == evaluation["cost"]["expected_cost_per_customer"]
    low = evaluation["intervals"]["average_precision"]["low"]
    assert held_out["average_precision"]["notes"].startswith(f"95% interval {low:.4g} to")
    c = evaluation["confusion_matrix"]
    assert held_out["confusion matrix"]["value"] == [[c["tp"], c["fn"]], [c["fp"], c["tn"]]]
    other = metrics(content, "Against the model in production")
    assert other["average precision: this model less the other"]["value"] == 0
    post = json.loads((run / "bias.json").read_text())["post_training_bias_metrics"]["facets"]
    expected = [
        metric["value"]
        for entries in post.values()
        for entry in entries
        for metric in entry["metrics"]
        if metric["name"] in ("AD", "RD") and metric["value"] is not None
    ]
    assert [one["value"] for one in metrics(content, "Bias").values()] == expected
    job = content["training_details"]["training_job_details"]
    assert {one["name"]: float(one["value"]) for one in job["user_provided_hyper_parameters"]} == pytest.approx(
        evaluation["model"]["hyperparameters"]
    )
    facts = content["additional_information"]["custom_details"]
    assert facts["data_sha256"] == evaluation["data"]["raw_sha256"]
    assert facts["code_hash"] == "c0"
    assert facts["gate"] == evaluation["gate"]["message"]
    assert "live_since" not in facts


def test_the_card_says_what_the_settings_say(content: dict[str, Any]) -> None:
    assert content["model_overview"]["model_owner"] == "Retention team"
    assert content["model_overview"]["model_id"] == PACKAGE
    assert "Not for prices" in content["intended_uses"]["intended_uses"]
    assert "A missed churner costs 500 USD" in content["business_details"]["business_problem"]


def test_done_again_it_changes_nothing(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber, run: Path, content: dict[str, Any]
) -> None:
    write(handler, sagemaker, s3, run, there=content)


def test_a_card_that_says_something_else_is_brought_up_to_date(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber, run: Path, content: dict[str, Any]
) -> None:
    other = content | {"business_details": {"line_of_business": "another"}}
    sagemaker.add_response("describe_model_package", DESCRIBED, {"ModelPackageName": PACKAGE})
    reads(s3, run)
    found = {
        "ModelCardArn": ARN, "ModelCardName": CARD, "ModelCardVersion": 1, "Content": json.dumps(other),
        "ModelCardStatus": "Approved", "CreationTime": THEN, "CreatedBy": {},
    }  # fmt: skip
    sagemaker.add_response("describe_model_card", found, {"ModelCardName": CARD})
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    # The status is left to whoever decides it: SageMaker takes one of the two in a call.
    sagemaker.add_response("update_model_card", {"ModelCardArn": ARN}, {"ModelCardName": CARD, "Content": text})
    s3.add_response("put_object", {}, None)
    handler.handler({"Package": PACKAGE}, None)


@pytest.mark.parametrize(
    ("package", "card"),
    [("Approved", "Approved"), ("Rejected", "Archived"), ("PendingManualApproval", "PendingReview")],
)
def test_a_decision_about_the_package_is_the_cards_status(
    handler: ModuleType, sagemaker: Stubber, package: str, card: str
) -> None:
    decided = DESCRIBED | {"ModelApprovalStatus": package}
    sagemaker.add_response("describe_model_package", decided, {"ModelPackageName": PACKAGE})
    # The content is left as it is: SageMaker takes one of the two in a call.
    sagemaker.add_response("update_model_card", {"ModelCardArn": ARN}, {"ModelCardName": CARD, "ModelCardStatus": card})
    assert handler.handler({"Decided": PACKAGE}, None) == {"Card": CARD}


def test_a_decision_before_there_is_a_card_is_left_to_the_run_that_writes_it(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber, run: Path
) -> None:
    approved = DESCRIBED | {"ModelApprovalStatus": "Approved"}
    sagemaker.add_response("describe_model_package", approved)
    sagemaker.add_client_error("update_model_card", "ResourceNotFound")
    handler.handler({"Decided": PACKAGE}, None)
    created, _ = write(handler, sagemaker, s3, run, package=approved)
    assert created["ModelCardStatus"] == "Approved"


def test_an_archived_card_is_not_edited(handler: ModuleType, sagemaker: Stubber) -> None:
    found = {
        "ModelCardArn": ARN, "ModelCardName": CARD, "ModelCardVersion": 1, "Content": "{}",
        "ModelCardStatus": "Archived", "CreationTime": THEN, "CreatedBy": {},
    }  # fmt: skip
    sagemaker.add_response("describe_model_card", found, {"ModelCardName": CARD})
    assert handler.cards.put(handler._sagemaker, DESCRIBED, {"text": "x"}, key=KEY) == CARD


def test_content_that_does_not_fit_says_so(handler: ModuleType, sagemaker: Stubber) -> None:
    with pytest.raises(
        handler.cards.TooLong, match=r"churn-test-3 has 100,0\d\d characters, and SageMaker takes 100,000"
    ):
        handler.cards.put(handler._sagemaker, DESCRIBED, {"text": "x" * 100_000}, key=KEY)


def test_without_a_model_in_production_the_card_says_why(handler: ModuleType) -> None:
    import sys

    detail = sys.modules["findings"]._against({"name": "none", "not_compared": "the endpoint serves none yet"})
    assert detail["evaluation_observation"] == "Not compared: the endpoint serves none yet."
    assert detail["metric_groups"] == []


def test_the_page_is_self_contained_and_shows_every_section(
    handler: ModuleType, sagemaker: Stubber, s3: Stubber, run: Path
) -> None:
    _, page = write(handler, sagemaker, s3, run)
    html = page["Body"].decode()
    for told in ("Model card churn-test-3", "Retention team", "Not for prices", "confusion matrix", "5c", "Bias"):
        assert told in html
    assert html.count("<svg") == 2
    assert "<script" not in html
    assert "http://" not in html
