"""What a person sees who starts the watch: each step once, the verdict, or the run's own reason."""

import io
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY

from config import load_settings
from operate.account import OperateError
from operate.progress import Progress
from operate.watch import Watch

from .conftest import Stub, StubbedAccount

RUN = "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn-dev-watch/execution/r1"


class Stubbed(StubbedAccount):
    """An account of the stubs."""

    stub: Stub

    def client(self, service: str) -> Any:
        return self.stub(service).client


@pytest.fixture
def run(stub: Stub) -> Watch:
    account = Stubbed(boto3.Session(region_name="eu-west-1"), "111122223333")
    object.__setattr__(account, "stub", stub)
    return Watch(account, load_settings("dev"), Progress())


def asked(stub: Stub, status: str, *steps: dict[str, Any]) -> None:
    stub("sagemaker").add_response("describe_pipeline_execution", {"PipelineExecutionStatus": status})
    stub("sagemaker").add_response("list_pipeline_execution_steps", {"PipelineExecutionSteps": list(steps)})


def step(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"StepName": name, "StepStatus": status, **more}


def test_it_looks_as_far_back_as_it_is_told(run: Watch, stub: Stub) -> None:
    for given in ([{"Name": "PeriodHours", "Value": "72"}], []):
        expected = {"PipelineName": "churn-dev-watch", "PipelineParameters": given}
        token = {"ClientRequestToken": ANY}
        stub("sagemaker").add_response("start_pipeline_execution", {"PipelineExecutionArn": RUN}, {**expected, **token})
    assert run.start(72) == run.start(None) == RUN


def test_without_a_watch_it_says_what_to_do(run: Watch, stub: Stub) -> None:
    stub("sagemaker").add_client_error("start_pipeline_execution", "ResourceNotFound", http_status_code=400)
    with pytest.raises(OperateError, match=r"There is no pipeline churn-dev-watch in .*: deploy first"):
        run.start(None)


def test_each_step_is_told_once_and_the_last_one_s_words_come_back(
    run: Watch, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(stub, "Executing", step("Live", "Executing"))
    asked(stub, "Executing", step("Live", "Executing"))
    told = {"Lambda": {"Arn": "f", "OutputParameters": [{"Name": "Verdict", "Value": "calm"}]}}
    asked(stub, "Succeeded", step("Live", "Succeeded"), step("Publish", "Succeeded", Metadata=told))
    assert run.follow(RUN, pause_s=0) == {"Verdict": "calm"}
    lines = [line.split("  ")[-1] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["Live: executing", "Live: succeeded", "Publish: succeeded"]


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_run_that_ends_otherwise_gives_its_own_reason(run: Watch, stub: Stub, status: str) -> None:
    asked(stub, status, step("Live", "Failed", FailureReason="There is nothing to compare with."))
    with pytest.raises(OperateError, match=rf"ended as {status}\. There is nothing to compare with\."):
        run.follow(RUN, pause_s=0)


def test_the_alarms_are_the_environment_s_own(run: Watch, stub: Stub) -> None:
    names = ("Churn-dev-Watching-B", "Churn-dev-Watching-A")
    stub("cloudwatch").add_response(
        "describe_alarms",
        {"MetricAlarms": [{"AlarmName": name} for name in names]},
        {"AlarmNamePrefix": "Churn-dev-", "StateValue": "ALARM"},
    )
    assert run.raised() == ["Churn-dev-Watching-A", "Churn-dev-Watching-B"]


def test_the_report_is_copied(run: Watch, stub: Stub, tmp_path: Path) -> None:
    body = {"Body": StreamingBody(io.BytesIO(b"<html>"), 6)}
    stub("s3").add_response("get_object", body, {"Bucket": "data", "Key": "watch/r1/report/drift.html"})
    copied = run.copy("s3://data/watch/r1/report/drift.html", tmp_path / "reports")
    assert copied.read_bytes() == b"<html>"
    assert copied == tmp_path / "reports" / "drift.html"
