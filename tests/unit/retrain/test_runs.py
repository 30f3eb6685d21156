"""Which run the intake starts, and what it makes of its end, against SageMaker's own API shapes."""

from types import ModuleType
from typing import Any

import pytest
from botocore.stub import Stubber

PIPELINE = "churn-test"
RUN = f"arn:aws:sagemaker:eu-west-1:111122223333:pipeline/{PIPELINE}/execution/run1"
PACKAGE = f"arn:aws:sagemaker:eu-west-1:111122223333:model-package/{PIPELINE}/7"
JOB = "arn:aws:sagemaker:eu-west-1:111122223333:processing-job/pipelines-run1-Prepare-x"


def step(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"StepName": name, "StepStatus": status, **more}


def prepare(status: str) -> dict[str, Any]:
    return step("Prepare", status, Metadata={"ProcessingJob": {"Arn": JOB}})


def ended(sagemaker: Stubber, status: str, *steps: dict[str, Any], message: str | None = None) -> None:
    sagemaker.add_response(
        "describe_pipeline_execution", {"PipelineExecutionStatus": status}, {"PipelineExecutionArn": RUN}
    )
    if status in ("Executing", "Stopping"):
        return
    sagemaker.add_response(
        "list_pipeline_execution_steps", {"PipelineExecutionSteps": [*steps]}, {"PipelineExecutionArn": RUN}
    )
    if any(one["StepName"] == "Prepare" and one["StepStatus"] == "Failed" for one in steps):
        described = {
            "ProcessingJobName": "x",
            "ProcessingJobArn": JOB,
            "ProcessingJobStatus": "Failed",
            "CreationTime": 0,
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.xlarge", "VolumeSizeInGB": 1}
            },
            "AppSpecification": {"ImageUri": "x"},
            **({"ExitMessage": message} if message else {}),
        }
        sagemaker.add_response("describe_processing_job", described, {"ProcessingJobName": JOB.rpartition("/")[2]})


def outcome(handler: ModuleType) -> Any:
    return handler.runs.outcome(handler._sagemaker, RUN)


@pytest.mark.parametrize("status", ["Executing", "Stopping"])
def test_a_run_that_goes_on_has_no_outcome(handler: ModuleType, sagemaker: Stubber, status: str) -> None:
    ended(sagemaker, status)
    assert outcome(handler) is None


def test_a_run_that_registered_a_package_has_trained(handler: ModuleType, sagemaker: Stubber) -> None:
    register = step("Register", "Succeeded", Metadata={"RegisterModel": {"Arn": PACKAGE}})
    ended(sagemaker, "Succeeded", prepare("Succeeded"), register)
    assert outcome(handler) == ("trained", PACKAGE, True, JOB)


def test_a_run_that_the_gate_refused_has_good_data_and_the_gate_s_words(
    handler: ModuleType, sagemaker: Stubber
) -> None:
    refuse = step("Refuse", "Failed", Metadata={"Fail": {"ErrorMessage": "AP 0.5, at least 0.8"}}, FailureReason="x")
    ended(sagemaker, "Failed", prepare("Succeeded"), refuse)
    assert outcome(handler) == ("refused", "AP 0.5, at least 0.8", True, JOB)


def test_data_that_the_first_step_refused_are_unusable_in_its_own_words(
    handler: ModuleType, sagemaker: Stubber
) -> None:
    ended(sagemaker, "Failed", prepare("Failed"), message="State must be one of …: line 3")
    assert outcome(handler) == ("unusable", "State must be one of …: line 3", False, JOB)


def test_a_first_step_that_never_looked_at_the_data_says_nothing_against_them(
    handler: ModuleType, sagemaker: Stubber
) -> None:
    capacity = prepare("Failed") | {"FailureReason": "CapacityError: no machine"}
    ended(sagemaker, "Failed", capacity)
    assert outcome(handler) == ("failed", "Step Prepare: CapacityError: no machine", False, JOB)


def test_a_later_failure_leaves_the_data_good(handler: ModuleType, sagemaker: Stubber) -> None:
    train = step("Train", "Failed", FailureReason="CapacityError: no machine")
    ended(sagemaker, "Failed", prepare("Succeeded"), train)
    assert outcome(handler) == ("failed", "Step Train: CapacityError: no machine", True, JOB)


def test_a_run_that_was_stopped_says_so(handler: ModuleType, sagemaker: Stubber) -> None:
    ended(sagemaker, "Stopped", step("Prepare", "Stopped"))
    assert outcome(handler) == ("failed", "Somebody stopped the run.", False, "")


def test_a_run_is_started_once_for_an_execution_on_its_file(handler: ModuleType, sagemaker: Stubber) -> None:
    sent: list[dict[str, Any]] = []
    sagemaker.client.meta.events.register(
        "before-parameter-build.sagemaker.StartPipelineExecution", lambda params, **_: sent.append(dict(params))
    )
    for _ in range(2):
        sagemaker.add_response("start_pipeline_execution", {"PipelineExecutionArn": RUN})
        chosen = {"cause": "file", "file": {"uri": "s3://data/raw/taken/x.csv"}}
        assert handler.runs.start(handler._sagemaker, PIPELINE, execution="e1", chosen=chosen) == RUN
    sagemaker.add_response("start_pipeline_execution", {"PipelineExecutionArn": RUN})
    handler.runs.start(handler._sagemaker, PIPELINE, execution="e2", chosen={"cause": "schedule", "file": None})
    first, again, other = sent
    assert first == again
    assert first["PipelineParameters"] == [{"Name": "RawDataUri", "Value": "s3://data/raw/taken/x.csv"}]
    assert first["PipelineExecutionDisplayName"] == handler.runs.display_name("file", "e1")
    assert other["PipelineParameters"] == []  # the pipeline's default: the data of the deployment
    assert other["ClientRequestToken"] != first["ClientRequestToken"]


def test_runs_take_turns(handler: ModuleType, sagemaker: Stubber) -> None:
    listing = {"PipelineName": PIPELINE, "SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100}
    for status, going in (("Executing", True), ("Stopping", True), ("Failed", False)):
        answer = {"PipelineExecutionSummaries": [{"PipelineExecutionStatus": status}]}
        sagemaker.add_response("list_pipeline_executions", answer, listing)
        assert handler.runs.going_on(handler._sagemaker, PIPELINE) is going


@pytest.mark.parametrize(
    ("source", "cause"), [("aws.s3", "file"), ("aws.events", "schedule"), ("aws.cloudwatch", "drift"), ("person",) * 2]
)
def test_an_event_s_source_is_the_run_s_cause(handler: ModuleType, source: str, cause: str) -> None:
    assert handler.runs.cause_of({"source": source}) == cause
    with pytest.raises(ValueError, match=r"'aws.ec2' starts nothing here; those of aws.s3"):
        handler.runs.cause_of({"source": "aws.ec2"})
    # SageMaker's limit of a display name, and its pattern.
    name = handler.runs.display_name(cause, "5c1f2a7e-0000-1111-2222-333344445555_a1")
    assert len(name) <= 82
    assert name.replace("-", "").isalnum()
