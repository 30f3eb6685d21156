"""Which package a deployment serves, over everything that may have happened to it."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from tests.unit.functions import loaded, stubbed

PIPELINE = "churn-test"
EXECUTION = f"arn:aws:sagemaker:eu-west-1:111122223333:pipeline/{PIPELINE}/execution/run1"
OWN, OTHER = (f"arn:aws:sagemaker:eu-west-1:111122223333:model-package/{PIPELINE}/{n}" for n in (7, 4))
INPUTS = {"Definition": "d" * 64, "RawData": "r" * 64}
TRAINED = {
    "StepName": "Train",
    "Metadata": {
        "TrainingJob": {"Arn": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/pipelines-run1-Train-x"}
    },
}
MODEL = "s3://models/runs/run1/model/pipelines-run1-Train-x/output/model.tar.gz"


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with loaded("run_pipeline", monkeypatch, OWN_ROLE="deployer") as module:
        yield module


@pytest.fixture
def sagemaker(handler: ModuleType) -> Iterator[Stubber]:
    with stubbed(handler._sagemaker) as stubber:
        yield stubber


def properties(handler: ModuleType, *, approval: str = "gate", rollout: str = "") -> Any:
    """Properties of the same inputs; in the rollout, "these" stands for their hash."""
    given = {"PipelineName": PIPELINE, "EndpointName": PIPELINE, "Inputs": INPUTS, "Approval": approval}
    own = handler.Properties.read({**given, "Rollout": ""}).inputs_hash
    return handler.Properties.read({**given, "Rollout": rollout.replace("these", own)})


def package(arn: str, approval: str, *, model: str = MODEL, run: str = EXECUTION) -> dict[str, Any]:
    return {
        "InferenceSpecification": {"Containers": [{"Image": "image", "ModelDataUrl": model}]},
        "MetadataProperties": {"GeneratedBy": run},
        "ModelApprovalStatus": approval,
        "ModelPackageName": PIPELINE,
        "ModelPackageArn": arn,
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
    }


def described(sagemaker: Stubber, answer: dict[str, Any]) -> None:
    sagemaker.add_response("describe_model_package", answer, {"ModelPackageName": answer["ModelPackageArn"]})


def steps(sagemaker: Stubber, registered: str, times: int = 1) -> None:
    register = {"StepName": "Register", "Metadata": {"RegisterModel": {"Arn": registered}}}
    for _ in range(times):
        sagemaker.add_response(
            "list_pipeline_execution_steps",
            {"PipelineExecutionSteps": [TRAINED, register]},
            {"PipelineExecutionArn": EXECUTION},
        )


@pytest.mark.parametrize("approval", ["gate", "person"])
def test_a_rollout_of_these_inputs_needs_no_run_and_is_served(
    handler: ModuleType, sagemaker: Stubber, approval: str
) -> None:
    given = properties(handler, approval=approval, rollout=f"these {OTHER}")
    assert not handler.choice.wants_run(given, rolls_back=False)
    described(sagemaker, package(OTHER, "Approved"))
    steps(sagemaker, OTHER, times=2)
    assert handler.choice.served(sagemaker.client, given, "", None, rolls_back=False) == OTHER


def test_other_inputs_end_a_rollout_where_the_gate_decides(handler: ModuleType, sagemaker: Stubber) -> None:
    given = properties(handler, rollout=f"{'0' * 32} {OTHER}")
    assert handler.choice.wants_run(given, rolls_back=False)
    described(sagemaker, package(OWN, "Approved"))
    steps(sagemaker, OWN)
    assert handler.choice.served(sagemaker.client, given, EXECUTION, OWN, rolls_back=False) == OWN


def test_other_inputs_train_and_change_nothing_that_is_served_where_a_person_decides(
    handler: ModuleType, sagemaker: Stubber
) -> None:
    given = properties(handler, approval="person", rollout=f"{'0' * 32} {OTHER}")
    assert handler.choice.wants_run(given, rolls_back=False)
    # The stub refuses an approval of the run's own package.
    described(sagemaker, package(OTHER, "Approved"))
    steps(sagemaker, OTHER, times=2)
    assert handler.choice.served(sagemaker.client, given, EXECUTION, OWN, rolls_back=False) == OTHER


@pytest.mark.parametrize("there", [False, True])
def test_a_person_s_first_deployment_approves_its_own_model_and_no_later_one_does(
    handler: ModuleType, sagemaker: Stubber, there: bool
) -> None:
    given = properties(handler, approval="person")
    described(sagemaker, package(OWN, "PendingManualApproval"))
    if there:
        sagemaker.add_response(
            "describe_endpoint",
            {
                "EndpointName": PIPELINE,
                "EndpointArn": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn-test",
                "EndpointStatus": "InService",
                "CreationTime": 0,
                "LastModifiedTime": 0,
            },
            {"EndpointName": PIPELINE},
        )
        with pytest.raises(handler.runs.packages.NotServable, match=f"Approve {OWN}, and deploy again"):
            handler.choice.served(sagemaker.client, given, EXECUTION, OWN, rolls_back=False)
        return
    sagemaker.add_client_error("describe_endpoint", "ValidationException", "Could not find endpoint")
    described(sagemaker, package(OWN, "PendingManualApproval"))
    steps(sagemaker, OWN)
    sagemaker.add_response(
        "update_model_package",
        {"ModelPackageArn": OWN},
        {"ModelPackageArn": OWN, "ModelApprovalStatus": "Approved", "ApprovalDescription": ANY},
    )
    assert handler.choice.served(sagemaker.client, given, EXECUTION, OWN, rolls_back=False) == OWN


def test_a_person_s_deployment_that_is_tried_again_takes_its_approved_model(
    handler: ModuleType, sagemaker: Stubber
) -> None:
    given = properties(handler, approval="person")
    for _ in range(2):
        described(sagemaker, package(OWN, "Approved"))
    steps(sagemaker, OWN)
    assert handler.choice.served(sagemaker.client, given, EXECUTION, OWN, rolls_back=False) == OWN


@pytest.mark.parametrize("approval", ["gate", "person"])
@pytest.mark.parametrize(
    ("answer", "registered", "why"),
    [
        (package(OTHER, "PendingManualApproval"), OTHER, "nobody has approved it"),
        (package(OTHER, "Rejected") | {"ApprovalDescription": "Too old."}, OTHER, "was rejected. Too old."),
        (package(OTHER, "Approved", model="s3://models/mine.tar.gz"), OTHER, "another model than its run"),
        (package(OTHER, "Approved"), OWN, "not what a run of the pipeline has registered"),
        (package(OTHER, "Approved", run=""), "", "not what a run of the pipeline has registered"),
    ],
)
def test_a_rollout_serves_nothing_that_nobody_approved(
    handler: ModuleType, sagemaker: Stubber, approval: str, answer: dict[str, Any], registered: str, why: str
) -> None:
    given = properties(handler, approval=approval, rollout=f"these {OTHER}")
    described(sagemaker, answer)
    if registered:
        steps(sagemaker, registered, times=2 if registered == OTHER else 1)
    with pytest.raises(handler.runs.packages.NotServable, match=why):
        handler.choice.served(sagemaker.client, given, "", None, rolls_back=False)


def test_the_way_back_asks_nobody_and_trains_nothing(handler: ModuleType, sagemaker: Stubber) -> None:
    """A package rejected while it was served must not keep CloudFormation from going back to it."""
    for approval in ("gate", "person"):
        given = properties(handler, approval=approval, rollout=f"these {OTHER}")
        assert handler.choice.served(sagemaker.client, given, "", None, rolls_back=True) == OTHER
    given = properties(handler, approval="person", rollout=f"{'0' * 32} {OTHER}")
    assert not handler.choice.wants_run(given, rolls_back=True)
    assert handler.choice.served(sagemaker.client, given, "", None, rolls_back=True) == OTHER
    given = properties(handler)
    assert handler.choice.wants_run(given, rolls_back=True)
    assert handler.choice.served(sagemaker.client, given, EXECUTION, OWN, rolls_back=True) == OWN


@pytest.mark.parametrize(
    ("status", "back"),
    [
        ("UPDATE_IN_PROGRESS", False),
        ("CREATE_IN_PROGRESS", False),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", False),
        ("UPDATE_ROLLBACK_IN_PROGRESS", True),
        ("UPDATE_ROLLBACK_FAILED", True),
        ("ROLLBACK_IN_PROGRESS", True),
        ("UPDATE_ROLLBACK_COMPLETE", False),
    ],
)
def test_the_way_back_is_known_by_the_stack(handler: ModuleType, status: str, back: bool) -> None:
    with Stubber(handler._cloudformation) as stubber:
        state = {"StackName": "s", "CreationTime": 0, "StackStatus": status}
        stubber.add_response("describe_stacks", {"Stacks": [state]}, {"StackName": "s"})
        assert handler.choice.rolls_back(handler._cloudformation, "s") is back
