"""The deployment's run of the pipeline, against SageMaker's own API shapes (botocore checks every call and answer)."""

import contextlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from tests.unit.functions import loaded, stubbed

PIPELINE = "churn-test"
ARN = f"arn:aws:sagemaker:eu-west-1:111122223333:pipeline/{PIPELINE}"
PACKAGE = f"arn:aws:sagemaker:eu-west-1:111122223333:model-package/{PIPELINE}/1"
RESOURCE = {
    "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:framework",
    "PipelineName": PIPELINE,
    "EndpointName": PIPELINE,
    "Inputs": {"Definition": "d" * 64, "RawData": "r" * 64},
    "Approval": "gate",
    "Rollout": "",
}
STACK = "arn:aws:cloudformation:eu-west-1:111122223333:stack/Churn-test-Serving/5e3a"
ROLE = "deployer"
SESSION = "arn:aws:sts::111122223333:assumed-role"
MODEL = "s3://models/runs/run1/model/pipelines-run1-Train-x/output/model.tar.gz"
LIST = {"PipelineName": PIPELINE, "SortBy": "CreationTime", "SortOrder": "Descending"}


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with loaded("run_pipeline", monkeypatch, OWN_ROLE=ROLE) as module:
        yield module


@pytest.fixture(autouse=True)
def stack(handler: ModuleType) -> Iterator[None]:
    """The stack is being made or updated, whenever it is asked."""
    state = {"StackName": "Churn-test-Serving", "CreationTime": 0, "StackStatus": "UPDATE_IN_PROGRESS"}
    with Stubber(handler._cloudformation) as stubber:
        for _ in range(3):
            stubber.add_response("describe_stacks", {"Stacks": [state]}, {"StackName": STACK})
        yield


@pytest.fixture
def sagemaker(handler: ModuleType) -> Iterator[Stubber]:
    """The handler's client: every expected call must come, in order, and no other."""
    with stubbed(handler._sagemaker) as stubber:
        yield stubber


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "RequestId": "a1b2c3d4-0000-1111-2222-333344445555",
        "StackId": STACK,
        "ResourceProperties": RESOURCE,
        **({"PhysicalResourceId": f"{PIPELINE}-run"} if kind != "Create" else {}),
        **more,
    }


def display_name(handler: ModuleType) -> str:
    name = handler.Properties.read(RESOURCE).display_name
    assert isinstance(name, str)
    return name


def execution(handler: ModuleType, status: str, *, number: int = 1, name: str | None = None) -> dict[str, Any]:
    return {
        "PipelineExecutionArn": f"{ARN}/execution/run{number}",
        "PipelineExecutionStatus": status,
        "PipelineExecutionDisplayName": name or display_name(handler),
    }


def listed(sagemaker: Stubber, *executions: dict[str, Any]) -> None:
    sagemaker.add_response("list_pipeline_executions", {"PipelineExecutionSummaries": list(executions)}, LIST)


def steps(sagemaker: Stubber, *of: dict[str, Any], number: int = 1) -> None:
    sagemaker.add_response(
        "list_pipeline_execution_steps",
        {"PipelineExecutionSteps": list(of)},
        {"PipelineExecutionArn": f"{ARN}/execution/run{number}"},
    )


def started_by(sagemaker: Stubber, arn: str | None) -> None:
    sagemaker.add_response(
        "describe_pipeline_execution",
        {"CreatedBy": {"IamIdentity": {"Arn": arn}} if arn else {}},
        {"PipelineExecutionArn": f"{ARN}/execution/run1"},
    )


TRAINED = {
    "StepName": "Train",
    "StepStatus": "Succeeded",
    "Metadata": {
        "TrainingJob": {"Arn": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/pipelines-run1-Train-x"}
    },
}
REGISTERED = {"StepName": "Register", "StepStatus": "Succeeded", "Metadata": {"RegisterModel": {"Arn": PACKAGE}}}


def test_creation_starts_a_run_named_after_its_inputs_with_the_pipeline_s_own_parameters(
    handler: ModuleType, sagemaker: Stubber
) -> None:
    listed(sagemaker)
    sagemaker.add_response(
        "start_pipeline_execution",
        {"PipelineExecutionArn": f"{ARN}/execution/run1"},
        {
            "PipelineName": PIPELINE,
            "PipelineExecutionDisplayName": display_name(handler),
            "PipelineExecutionDescription": ANY,
            "ClientRequestToken": ANY,
        },
    )
    answer = handler.on_event(event("Create"), None)
    assert answer == {
        "PhysicalResourceId": f"{PIPELINE}-run",
        "Data": {"ExecutionArn": f"{ARN}/execution/run1"},
    }


def test_the_same_request_twice_carries_the_same_token(handler: ModuleType, sagemaker: Stubber) -> None:
    tokens = []
    handler._sagemaker.meta.events.register(
        "provide-client-params.sagemaker.StartPipelineExecution",
        lambda params, **_: tokens.append(params["ClientRequestToken"]),
    )
    for request_id in ("one", "one", "two"):
        listed(sagemaker)
        sagemaker.add_response("start_pipeline_execution", {"PipelineExecutionArn": f"{ARN}/execution/run1"})
        handler.on_event(event("Create", RequestId=request_id), None)
    assert tokens[0] == tokens[1] != tokens[2]


@pytest.mark.parametrize("changed", ["Definition", "RawData"])
def test_other_inputs_are_another_run(handler: ModuleType, changed: str) -> None:
    other = {**RESOURCE, "Inputs": {**RESOURCE["Inputs"], changed: "x" * 64}}  # type: ignore[dict-item]
    assert handler.Properties.read(other).display_name != display_name(handler)


def test_a_run_of_the_same_inputs_whose_package_is_approved_is_taken_again(
    handler: ModuleType, sagemaker: Stubber
) -> None:
    listed(sagemaker, execution(handler, "Succeeded", number=2, name="another"), execution(handler, "Succeeded"))
    started_by(sagemaker, f"{SESSION}/{ROLE}/session")
    steps(sagemaker, REGISTERED)
    sagemaker.add_response("describe_model_package", package("Completed", "Approved"), {"ModelPackageName": PACKAGE})
    answer = handler.on_event(event("Update"), None)
    assert answer["Data"]["ExecutionArn"] == f"{ARN}/execution/run1"
    assert answer["PhysicalResourceId"] == f"{PIPELINE}-run"


@pytest.mark.parametrize(
    ("status", "approval"),
    [("Completed", "Rejected"), ("Completed", "PendingManualApproval"), ("Failed", "Approved")],
)
def test_a_package_that_may_not_be_deployed_is_not_brought_back(
    handler: ModuleType, sagemaker: Stubber, status: str, approval: str
) -> None:
    listed(sagemaker, execution(handler, "Succeeded"))
    started_by(sagemaker, f"{SESSION}/{ROLE}/session")
    steps(sagemaker, REGISTERED)
    sagemaker.add_response("describe_model_package", package(status, approval), {"ModelPackageName": PACKAGE})
    sagemaker.add_response("start_pipeline_execution", {"PipelineExecutionArn": f"{ARN}/execution/run9"})
    assert handler.on_event(event("Update"), None)["Data"]["ExecutionArn"].endswith("run9")


@pytest.mark.parametrize(
    "creator",
    [
        None,
        f"{SESSION}/data-scientist/{ROLE}",
        f"{SESSION}/{ROLE}-of-another/session",
        f"arn:aws:iam::111122223333:user/{ROLE}",
        "arn:aws:iam::111122223333:root",
    ],
)
def test_a_run_of_the_same_name_that_another_started_is_not_taken(
    handler: ModuleType, sagemaker: Stubber, creator: str | None
) -> None:
    # The stub refuses every other call: not even its package is looked at.
    listed(sagemaker, execution(handler, "Succeeded"))
    started_by(sagemaker, creator)
    sagemaker.add_response("start_pipeline_execution", {"PipelineExecutionArn": f"{ARN}/execution/run9"})
    assert handler.on_event(event("Update"), None)["Data"]["ExecutionArn"].endswith("run9")


def package(status: str, approval: str, *, model: str = MODEL, **more: str) -> dict[str, Any]:
    return {
        "InferenceSpecification": {"Containers": [{"Image": "image", "ModelDataUrl": model}]},
        **more,
        "ModelApprovalStatus": approval,
        "ModelPackageName": PIPELINE,
        "ModelPackageArn": PACKAGE,
        "CreationTime": 0,
        "ModelPackageStatus": status,
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
    }


TUNED = "s3://models/runs/run1/model/run1-Tune-AbC"


@pytest.mark.parametrize(
    ("model", "good"),
    [
        (f"{TUNED}-007-702449e1/output/model.tar.gz", True),
        (f"{TUNED.replace('Tune-AbC', 'tune-abc')}-007-702449e1/output/model.tar.gz", True),
        (f"{TUNED}-007-702449e1-more/output/model.tar.gz", False),
        (f"{TUNED}/output/model.tar.gz", False),
        (f"{TUNED.replace('run1-', 'run2-')}-007-702449e1/output/model.tar.gz", False),
        (f"{TUNED}-007-702449e1/output/model.tar.gz/other.tar.gz", False),
    ],
)
def test_a_package_may_hold_the_model_of_a_training_job_that_the_run_s_tuning_made(
    handler: ModuleType, sagemaker: Stubber, model: str, good: bool
) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:hyper-parameter-tuning-job/run1-Tune-AbC"
    tuned = {"StepName": "Tune", "StepStatus": "Succeeded", "Metadata": {"TuningJob": {"Arn": arn}}}
    sagemaker.add_response("describe_model_package", package("Completed", "Approved", model=model))
    steps(sagemaker, tuned, REGISTERED)
    packages = handler.runs.packages
    refused = contextlib.nullcontext() if good else pytest.raises(packages.NotServable, match="holds another model")
    with refused:
        packages.approve(handler._sagemaker, f"{ARN}/execution/run1", PACKAGE, because="test")


def test_a_run_whose_package_is_gone_is_not_taken_again(handler: ModuleType, sagemaker: Stubber) -> None:
    listed(sagemaker, execution(handler, "Succeeded"))
    started_by(sagemaker, f"{SESSION}/{ROLE}/session")
    steps(sagemaker, REGISTERED)
    sagemaker.add_client_error("describe_model_package", "ValidationException", "does not exist")
    sagemaker.add_response("start_pipeline_execution", {"PipelineExecutionArn": f"{ARN}/execution/run9"})
    assert handler.on_event(event("Update"), None)["Data"]["ExecutionArn"].endswith("run9")


def test_a_refused_look_at_the_package_is_not_taken_for_its_absence(handler: ModuleType, sagemaker: Stubber) -> None:
    listed(sagemaker, execution(handler, "Succeeded"))
    started_by(sagemaker, f"{SESSION}/{ROLE}/session")
    steps(sagemaker, REGISTERED)
    sagemaker.add_client_error("describe_model_package", "AccessDeniedException", "no", http_status_code=400)
    with pytest.raises(handler._sagemaker.exceptions.ClientError, match="AccessDenied"):
        handler.on_event(event("Update"), None)


def test_a_failed_run_of_the_same_inputs_is_tried_again(handler: ModuleType, sagemaker: Stubber) -> None:
    listed(sagemaker, execution(handler, "Failed"))
    sagemaker.add_response("start_pipeline_execution", {"PipelineExecutionArn": f"{ARN}/execution/run9"})
    assert handler.on_event(event("Update"), None)["Data"]["ExecutionArn"].endswith("run9")


def test_a_run_that_somebody_else_may_have_given_this_name_is_not_joined(
    handler: ModuleType, sagemaker: Stubber
) -> None:
    # It would be approved when it ends, whatever gate and whatever data it was started with.
    listed(sagemaker, execution(handler, "Executing"))
    sagemaker.add_response("start_pipeline_execution", {"PipelineExecutionArn": f"{ARN}/execution/run9"})
    assert handler.on_event(event("Create"), None)["Data"]["ExecutionArn"].endswith("run9")


def complete(handler: ModuleType) -> dict[str, Any]:
    inputs = handler.Properties.read(RESOURCE).inputs_hash
    return {"IsComplete": True, "Data": {"ModelPackageArn": PACKAGE, "RunInputs": inputs}}


def waiting(kind: str = "Create") -> dict[str, Any]:
    return event(kind, Data={"ExecutionArn": f"{ARN}/execution/run1"})


def described(sagemaker: Stubber, status: str, **more: str) -> None:
    sagemaker.add_response(
        "describe_pipeline_execution",
        {"PipelineExecutionStatus": status, **more},
        {"PipelineExecutionArn": f"{ARN}/execution/run1"},
    )


@pytest.mark.parametrize("status", ["Executing", "Stopping"])
def test_a_run_that_goes_on_is_awaited_without_data(handler: ModuleType, sagemaker: Stubber, status: str) -> None:
    described(sagemaker, status)
    # The framework refuses "Data" with an answer that is not complete.
    assert handler.is_complete(waiting(), None) == {"IsComplete": False}


def ended_with(sagemaker: Stubber, answer: dict[str, Any]) -> None:
    described(sagemaker, "Succeeded")
    steps(sagemaker, TRAINED, REGISTERED)
    sagemaker.add_response("describe_model_package", answer, {"ModelPackageName": PACKAGE})
    if answer["ModelPackageStatus"] == "Completed":
        steps(sagemaker, TRAINED, REGISTERED)


def test_a_run_that_succeeded_has_its_package_approved_and_handed_over(handler: ModuleType, sagemaker: Stubber) -> None:
    ended_with(sagemaker, package("Completed", "PendingManualApproval"))
    sagemaker.add_response(
        "update_model_package",
        {"ModelPackageArn": PACKAGE},
        {
            "ModelPackageArn": PACKAGE,
            "ModelApprovalStatus": "Approved",
            "ApprovalDescription": f"By the deployment whose run made it: {display_name(handler)}",
        },
    )
    assert handler.is_complete(waiting(), None) == complete(handler)


def test_a_package_that_is_approved_already_is_handed_over_as_it_is(handler: ModuleType, sagemaker: Stubber) -> None:
    # The stub refuses every other call.
    ended_with(sagemaker, package("Completed", "Approved"))
    assert handler.is_complete(waiting(), None) == complete(handler)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (package("Completed", "Rejected", ApprovalDescription="Too many\nmissed."), "rejected. Too many; missed. (arn"),
        (package("Completed", "Rejected"), "rejected. No reason was given. (arn"),
        (package("Failed", "PendingManualApproval"), "is Failed and cannot be served"),
        (
            package("Completed", "PendingManualApproval", model=MODEL.replace("run1-Train-x", "run2-Train-y")),
            "holds another model than its run has trained (arn",
        ),
        (package("Completed", "Approved", model="s3://models/other.tar.gz"), "holds another model"),
    ],
)
def test_a_package_that_was_rejected_or_is_broken_fails_the_deployment(
    handler: ModuleType, sagemaker: Stubber, answer: dict[str, Any], message: str
) -> None:
    ended_with(sagemaker, answer)
    with pytest.raises(handler.runs.packages.NotServable) as caught:
        handler.is_complete(waiting(), None)
    assert message in str(caught.value)


def test_a_run_without_a_package_fails_the_deployment(handler: ModuleType, sagemaker: Stubber) -> None:
    described(sagemaker, "Succeeded")
    steps(sagemaker, {"StepName": "Train", "StepStatus": "Succeeded"})
    with pytest.raises(handler.runs.RunFailed, match="without registering a model"):
        handler.is_complete(waiting(), None)


def test_a_failed_step_fails_the_deployment_with_its_own_reason(handler: ModuleType, sagemaker: Stubber) -> None:
    described(sagemaker, "Failed", FailureReason="Step failure: One or multiple steps failed.")
    reason = "AlgorithmError: row 7 has no Churn?, exit code: 1"
    steps(sagemaker, {"StepName": "Prepare", "StepStatus": "Failed", "FailureReason": reason})
    with pytest.raises(handler.runs.RunFailed) as caught:
        handler.is_complete(waiting(), None)
    assert f"Step Prepare: {reason}" in str(caught.value)
    assert "run1" in str(caught.value)


@pytest.mark.parametrize("status", ["Failed", "Succeeded"])
def test_a_refusal_of_the_gate_fails_the_deployment_with_its_message(
    handler: ModuleType, sagemaker: Stubber, status: str
) -> None:
    described(sagemaker, "Failed")
    message = "The model is refused: average precision 0.5 (required: at least 0.8)."
    steps(sagemaker, {"StepName": "Refuse", "StepStatus": status, "Metadata": {"Fail": {"ErrorMessage": message}}})
    with pytest.raises(handler.runs.RunFailed, match=r"required: at least 0\.8"):
        handler.is_complete(waiting(), None)


def test_a_stopped_run_fails_the_deployment(handler: ModuleType, sagemaker: Stubber) -> None:
    described(sagemaker, "Stopped")
    steps(sagemaker)
    with pytest.raises(handler.runs.RunFailed, match=r"has stopped\. No reason was given"):
        handler.is_complete(waiting(), None)


def test_a_long_reason_is_cut_to_what_cloudformation_shows(handler: ModuleType, sagemaker: Stubber) -> None:
    described(sagemaker, "Failed")
    steps(sagemaker, {"StepName": "Train", "StepStatus": "Failed", "FailureReason": "x" * 3000})
    with pytest.raises(handler.runs.RunFailed) as caught:
        handler.is_complete(waiting(), None)
    assert len(str(caught.value)) < 1100


def test_a_reason_of_several_lines_becomes_one_line(handler: ModuleType, sagemaker: Stubber) -> None:
    described(sagemaker, "Failed", FailureReason="Step failure.")
    reason = "AlgorithmError: ExecuteUserScriptError:\nRow 7: day_mins is missing.\r\n\n  Row 9: no number.\n"
    steps(sagemaker, {"StepName": "Prepare", "StepStatus": "Failed", "FailureReason": reason})
    with pytest.raises(handler.runs.RunFailed) as caught:
        handler.is_complete(waiting(), None)
    wanted = "ExecuteUserScriptError:; Row 7: day_mins is missing.; Row 9: no number. (arn:"
    assert wanted in str(caught.value)
    assert "\n" not in str(caught.value)


def test_deletion_stops_what_runs_and_keeps_the_physical_id(handler: ModuleType, sagemaker: Stubber) -> None:
    listed(sagemaker, execution(handler, "Executing"), execution(handler, "Failed", number=2))
    sagemaker.add_response(
        "stop_pipeline_execution",
        {"PipelineExecutionArn": f"{ARN}/execution/run1"},
        {"PipelineExecutionArn": f"{ARN}/execution/run1", "ClientRequestToken": ANY},
    )
    assert handler.on_event(event("Delete"), None) == {"PhysicalResourceId": f"{PIPELINE}-run"}


@pytest.mark.parametrize(("code", "goes_on"), [("ValidationException", True), ("ThrottlingException", False)])
def test_deletion_survives_a_run_that_ends_meanwhile(
    handler: ModuleType, sagemaker: Stubber, code: str, goes_on: bool
) -> None:
    listed(sagemaker, execution(handler, "Executing"))
    sagemaker.add_client_error("stop_pipeline_execution", code)
    if goes_on:
        assert handler.on_event(event("Delete"), None) == {"PhysicalResourceId": f"{PIPELINE}-run"}
    else:
        with pytest.raises(sagemaker.client.exceptions.ClientError):
            handler.on_event(event("Delete"), None)


def test_deletion_waits_for_runs_to_end(handler: ModuleType, sagemaker: Stubber) -> None:
    listed(sagemaker, execution(handler, "Stopping"))
    assert handler.is_complete(event("Delete"), None) == {"IsComplete": False}


def test_deletion_leaves_the_packages_to_the_next_deployment(handler: ModuleType, sagemaker: Stubber) -> None:
    # The stub refuses every other call.
    listed(sagemaker, execution(handler, "Succeeded"))
    assert handler.is_complete(event("Delete"), None) == {"IsComplete": True}


def test_deletion_survives_a_pipeline_that_is_gone(handler: ModuleType, sagemaker: Stubber) -> None:
    for _ in range(2):
        sagemaker.add_client_error("list_pipeline_executions", "ResourceNotFound", "gone")
    assert handler.on_event(event("Delete"), None)["PhysicalResourceId"] == f"{PIPELINE}-run"
    assert handler.is_complete(event("Delete"), None) == {"IsComplete": True}


def test_a_call_that_hangs_ends_before_the_function_does(handler: ModuleType) -> None:
    config = handler._sagemaker.meta.config
    longest_s = config.connect_timeout + config.read_timeout
    assert longest_s * config.retries["total_max_attempts"] <= 60
