"""Which runs' packages the gate approves by itself: those that are as the pipeline was deployed."""

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from tests.unit.functions import loaded, stubbed

PIPELINE = "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn-test"
EXECUTION = f"{PIPELINE}/execution/run1"
PACKAGE = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn-test/3"
DEFINITION = {
    "Version": "2020-12-01",
    "Parameters": [
        {"Name": "RawDataUri", "Type": "String", "DefaultValue": "s3://data/raw/churn.csv"},
        {"Name": "CostMissedChurner", "Type": "Float", "DefaultValue": 500.0},
        {"Name": "MinimumAveragePrecision", "Type": "Float", "DefaultValue": 0.8},
        {"Name": "Word", "Type": "String", "DefaultValue": "a"},
    ],
    "Steps": [],
}
USUAL = {
    "RawDataUri": "s3://data/raw/churn.csv",
    "CostMissedChurner": "500.0",
    "MinimumAveragePrecision": "0.8",
    "Word": "a",
}
TOPIC = "arn:aws:sns:eu-west-1:111122223333:notices"
EVENT = {"detail": {"pipelineExecutionArn": EXECUTION, "currentPipelineExecutionStatus": "Succeeded"}}


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    told = {"APPROVAL": "gate", "ENDPOINT": "churn-test", "TOPIC": TOPIC}
    with loaded("run_pipeline", monkeypatch, **told) as module:
        yield module


@pytest.fixture(autouse=True)
def sns(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Where people are told; the stub refuses whatever is not expected."""
    client = boto3.client("sns", region_name="eu-west-1")
    monkeypatch.setattr(handler, "_sns", lambda: client)
    with stubbed(client) as stubber:
        yield stubber


def told(sns: Stubber) -> None:
    subject = "churn-test: version 3 waits for approval"
    sns.add_response("publish", {"MessageId": "1"}, {"TopicArn": TOPIC, "Subject": subject, "Message": ANY})


@pytest.fixture
def sagemaker(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler._sagemaker) as stubber:
        yield stubber


def ran(sagemaker: Stubber, *, ran: Any = DEFINITION, given: dict[str, str] | None = None, **described: Any) -> None:
    sagemaker.add_response("describe_pipeline_execution", {"PipelineArn": PIPELINE, **described})
    if "SelectiveExecutionConfig" in described:
        return
    sagemaker.add_response(
        "describe_pipeline", {"PipelineDefinition": json.dumps(DEFINITION)}, {"PipelineName": PIPELINE}
    )
    definition = {"PipelineDefinition": json.dumps(ran, indent=1)}
    sagemaker.add_response("describe_pipeline_definition_for_execution", definition)
    if ran == DEFINITION:
        listed = [{"Name": name, "Value": value} for name, value in (USUAL | (given or {})).items()]
        sagemaker.add_response("list_pipeline_parameters_for_execution", {"PipelineParameters": listed})


def ended(sagemaker: Stubber, approval: str, *, judged: bool = True) -> None:
    register = {"StepName": "Register", "Metadata": {"RegisterModel": {"Arn": PACKAGE}}}
    job = {"Arn": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/pipelines-run1-Train-x"}
    steps = {"PipelineExecutionSteps": [{"StepName": "Train", "Metadata": {"TrainingJob": job}}, register]}
    sagemaker.add_response("describe_pipeline_execution", {"PipelineExecutionStatus": "Succeeded"})
    sagemaker.add_response("list_pipeline_execution_steps", steps)
    model = "s3://models/runs/run1/model/pipelines-run1-Train-x/output/model.tar.gz"
    package = {
        "InferenceSpecification": {"Containers": [{"Image": "image", "ModelDataUrl": model}]},
        "ModelApprovalStatus": approval,
        "ModelPackageName": "churn-test",
        "ModelPackageArn": PACKAGE,
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
    }
    sagemaker.add_response("describe_model_package", package)
    if judged:
        sagemaker.add_response("list_pipeline_execution_steps", steps)


@pytest.mark.parametrize(
    "given", [{}, {"RawDataUri": "s3://data/raw/accepted/2026-11.csv"}, {"CostMissedChurner": "500"}]
)
def test_an_ordinary_run_s_package_is_approved_by_the_gate(
    handler: ModuleType, sagemaker: Stubber, given: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    ran(sagemaker, given=given)
    ended(sagemaker, "PendingManualApproval")
    sagemaker.add_response(
        "update_model_package",
        {"ModelPackageArn": PACKAGE},
        {"ModelPackageArn": PACKAGE, "ModelApprovalStatus": "Approved", "ApprovalDescription": ANY},
    )
    handler.on_run(EVENT, None)
    assert f"Approved by the gate: {PACKAGE}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MinimumAveragePrecision", "0"),
        ("MinimumAveragePrecision", "0.79"),
        ("MinimumAveragePrecision", "nan"),
        ("CostMissedChurner", "much"),
        ("Word", "b"),
        ("Unknown", "1"),
        ("RawDataUri", "s3://data/experiments/mine.csv"),
        ("RawDataUri", "s3://data/raw-mine/churn.csv"),
        ("RawDataUri", "s3://mine/raw/churn.csv"),
    ],
)
def test_whoever_moves_the_gate_or_the_data_waits_for_a_person(
    handler: ModuleType, sagemaker: Stubber, sns: Stubber, name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # The stub refuses every other call, an approval first of all.
    ran(sagemaker, given={name: value})
    ended(sagemaker, "PendingManualApproval", judged=False)
    told(sns)
    handler.on_run(EVENT, None)
    says = f"churn-test: version 3 waits for approval, because it was started with another {name}."
    assert says in capsys.readouterr().out


def test_a_run_of_another_definition_waits_for_a_person(
    handler: ModuleType, sagemaker: Stubber, sns: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(sagemaker, ran=DEFINITION | {"Steps": [{"Name": "Register"}]})
    ended(sagemaker, "PendingManualApproval", judged=False)
    told(sns)
    handler.on_run(EVENT, None)
    assert "another definition" in capsys.readouterr().out


def test_a_run_of_selected_steps_waits_for_a_person(
    handler: ModuleType, sagemaker: Stubber, sns: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(sagemaker, SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "Register"}]})
    ended(sagemaker, "PendingManualApproval", judged=False)
    told(sns)
    handler.on_run(EVENT, None)
    assert "selected steps" in capsys.readouterr().out


def test_what_a_person_rejected_meanwhile_stays_rejected(
    handler: ModuleType, sagemaker: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(sagemaker)
    ended(sagemaker, "Rejected")
    handler.on_run(EVENT, None)
    assert "Left as it is: The model package was rejected." in capsys.readouterr().out


@pytest.mark.parametrize("approval", ["Approved", "Rejected"])
def test_what_somebody_decided_on_meanwhile_waits_no_more(
    handler: ModuleType, sagemaker: Stubber, approval: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(sagemaker, given={"Word": "b"})
    ended(sagemaker, approval, judged=False)
    handler.on_run(EVENT, None)
    assert "Nothing waits any more" in capsys.readouterr().out


def test_a_run_that_registered_nothing_leaves_nothing_waiting(
    handler: ModuleType, sagemaker: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(sagemaker, SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "Train"}]})
    sagemaker.add_response("describe_pipeline_execution", {"PipelineExecutionStatus": "Succeeded"})
    sagemaker.add_response("list_pipeline_execution_steps", {"PipelineExecutionSteps": []})
    handler.on_run(EVENT, None)
    assert "Nothing waits: The pipeline run ended without registering a model" in capsys.readouterr().out


def test_where_a_person_decides_each_run_s_package_waits_once_something_is_served(
    handler: ModuleType, sagemaker: Stubber, sns: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPROVAL", "person")
    # The very first model is approved by its deployment.
    sagemaker.add_client_error("describe_endpoint", "ValidationException")
    handler.on_run(EVENT, None)
    endpoint = {
        "EndpointName": "churn-test",
        "EndpointArn": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn-test",
        "EndpointStatus": "InService",
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    sagemaker.add_response("describe_endpoint", endpoint, {"EndpointName": "churn-test"})
    ended(sagemaker, "PendingManualApproval", judged=False)
    told(sns)
    handler.on_run(EVENT, None)
