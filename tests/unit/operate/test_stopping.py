"""What begins by itself is off before anything is emptied, and what goes on is stopped."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from config import load_settings
from operate import emptying, stopping, survey
from operate.account import Account
from operate.destruction import Destruction
from operate.inventory import Inventory, Job, Resource
from operate.progress import Progress
from tests.unit.operate.conftest import no_transforms

Stub = Callable[[str], Stubber]
RULE = Resource(stopping.RULE, "Churn-dev-Rollout-EveryMinute-x", kept=False)
MACHINE_ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:intake"
MACHINE = Resource(stopping.MACHINE, MACHINE_ARN, kept=False)
EXECUTION_ARN = "arn:aws:states:eu-west-1:111122223333:execution:intake:a"
# What is left of transforms: their streams, by the environment's name.
TRANSFORMS = {"logGroupName": "/aws/sagemaker/TransformJobs", "logStreamNamePrefix": "churn-dev-"}


def listed(states: Stubber) -> None:
    """One execution goes on."""
    execution = {
        "executionArn": EXECUTION_ARN,
        "stateMachineArn": MACHINE_ARN,
        "name": "a",
        "status": "RUNNING",
        "startDate": "2026-01-01T00:00:00Z",
    }
    asked = {"stateMachineArn": MACHINE_ARN, "statusFilter": "RUNNING"}
    states.add_response("list_executions", {"executions": [execution]}, asked)


def test_nothing_starts_by_itself_any_more_when_buckets_are_emptied(
    account: Account, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probe asks the endpoint each minute, and the endpoint keeps what it is asked in a bucket."""
    there = Inventory(resources=(RULE, MACHINE), buckets=("churn-dev-data-x",))
    monkeypatch.setattr(survey, "look", lambda *_, **__: there)
    no_transforms(stub("sagemaker"), "churn-dev")
    stub("events").add_response("disable_rule", {}, {"Name": RULE.name})
    states = stub("stepfunctions")
    listed(states)
    stopped = {"stopDate": "2026-01-01T00:00:00Z"}
    states.add_response("stop_execution", stopped, {"executionArn": EXECUTION_ARN, "cause": ANY})
    emptied = list[str]()

    def empty(_client: object, bucket: str, _say: object) -> int:
        for service in ("events", "stepfunctions"):
            stub(service).assert_no_pending_responses()
        emptied.append(bucket)
        return 0

    monkeypatch.setattr(emptying, "empty_bucket", empty)
    stub("s3").add_response("delete_bucket", {}, {"Bucket": "churn-dev-data-x"})
    stub("logs").add_response("describe_log_streams", {"logStreams": []}, TRANSFORMS)
    for _ in range(4):
        stub("logs").add_response("describe_log_groups", {"logGroups": []})
    Destruction(account, load_settings("dev"), there, Progress()).run()
    assert emptied == ["churn-dev-data-x"]


def test_what_a_failed_destruction_has_deleted_already_need_not_be_stopped(stub: Stub) -> None:
    stub("events").add_client_error("disable_rule", "ResourceNotFoundException")
    stopping.switch_off(stub("events").client, [RULE.name])
    states = stub("stepfunctions")
    states.add_client_error("list_executions", "StateMachineDoesNotExist")
    assert stopping.stop_machines(states.client, [MACHINE_ARN]) == 0
    listed(states)
    states.add_client_error("stop_execution", "ExecutionDoesNotExist")
    assert stopping.stop_machines(states.client, [MACHINE_ARN]) == 1


def test_a_job_that_has_ended_meanwhile_need_not_be_stopped(stub: Stub) -> None:
    sagemaker = stub("sagemaker")
    sagemaker.add_client_error("stop_processing_job", "ValidationException", "is in status Completed")
    sagemaker.add_client_error("stop_processing_job", "AccessDeniedException")
    job = Job("ProcessingJob", "job-1", running=True)
    stopping.stop_jobs(sagemaker.client, [job])
    with pytest.raises(ClientError, match="AccessDenied"):
        stopping.stop_jobs(sagemaker.client, [job])


def test_of_jobs_that_score_files_the_environments_that_go_on_are_stopped(account: Account, stub: Stub) -> None:
    sagemaker = stub("sagemaker")

    def listed(**status: str) -> None:
        found = [
            {
                "TransformJobName": name.replace("_", "-"),
                "TransformJobArn": "arn:aws:sagemaker:eu-west-1:111122223333:transform-job/x",
                "CreationTime": "2026-01-01T00:00:00Z",
                "TransformJobStatus": status,
            }
            for name, status in status.items()
        ]
        sagemaker.add_response("list_transform_jobs", {"TransformJobSummaries": found}, {"NameContains": "churn-dev-"})

    listed(churn_dev_1="InProgress", churn_dev_2="Completed", not_churn_dev_3="InProgress")
    sagemaker.add_response("stop_transform_job", {}, {"TransformJobName": "churn-dev-1"})
    listed(churn_dev_1="Stopped", churn_dev_2="Completed", not_churn_dev_3="InProgress")
    stopping.stop_all(
        account,
        Inventory(),
        Progress(),
        jobs=lambda: stopping.running_transforms(sagemaker.client, "churn-dev"),
    )


def test_only_runs_that_go_on_are_stopped(stub: Stub) -> None:
    sagemaker = stub("sagemaker")
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn-dev/execution/run"
    runs = [
        {"PipelineExecutionArn": f"{arn}{number}", "PipelineExecutionStatus": status}
        for number, status in enumerate(("Executing", "Succeeded", "Stopping", "Failed"))
    ]
    sagemaker.add_response(
        "list_pipeline_executions", {"PipelineExecutionSummaries": runs}, {"PipelineName": "churn-dev"}
    )
    running = stopping.running_executions(sagemaker.client, "churn-dev")
    assert running == [f"{arn}0", f"{arn}2"]
    sagemaker.add_response(
        "stop_pipeline_execution",
        {"PipelineExecutionArn": f"{arn}0"},
        {"PipelineExecutionArn": f"{arn}0", "ClientRequestToken": ANY},
    )
    stopping.stop_executions(sagemaker.client, running[:1])
