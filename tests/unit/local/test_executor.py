"""Pipelines run from their definitions, with real processes and the API's own answers."""

import json
import re
import time
import uuid
from typing import Any

import pytest

from local.sagemaker import operations
from local.sagemaker.errors import ServiceError
from tests.unit.local.conftest import ROLE, TestPlatform, processing_request, python, training_request

PACKAGE = {
    "ModelPackageGroupName": "churn",
    "ModelApprovalStatus": {"Get": "Parameters.Approval"},
    "InferenceSpecification": {
        "Containers": [{"Image": "image", "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}}],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    },
}


def _processing(name: str, code: str, output: str | None = None, **more: Any) -> dict[str, Any]:
    arguments = processing_request(python(code))
    del arguments["ProcessingJobName"]
    if output:
        place = {"S3UploadMode": "EndOfJob", "LocalPath": f"/opt/ml/processing/output/{output}"}
        uri = {"Std:Join": {"On": "/", "Values": ["s3://data", {"Get": "Execution.PipelineExecutionId"}, output]}}
        outputs = [{"OutputName": output, "S3Output": place | {"S3Uri": uri}}]
        arguments["ProcessingOutputConfig"] = {"Outputs": outputs}
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **more}


def _train(code: str, **more: Any) -> dict[str, Any]:
    arguments = training_request(python(code))
    del arguments["TrainingJobName"]
    return {"Name": "Train", "Type": "Training", "Arguments": arguments, **more}


def _write(text: str, output: str) -> str:
    return f"open('/opt/ml/processing/output/{output}/{output}.json', 'w').write({text!r})"


def _start(host: TestPlatform, *steps: dict[str, Any], parallel: int = 0, **parameters: str) -> str:
    declared = [{"Name": "Approval", "Type": "String", "DefaultValue": "PendingManualApproval"}]
    body = {"Version": "2020-12-01", "Parameters": declared, "Steps": list(steps)}
    request: dict[str, Any] = {
        "PipelineName": "churn",
        "RoleArn": ROLE,
        "PipelineDefinition": json.dumps(body),
        "ClientRequestToken": uuid.uuid4().hex,
    }
    if parallel:
        request["ParallelismConfiguration"] = {"MaxParallelExecutionSteps": parallel}
    operations.call("CreatePipeline", request)
    given = [{"Name": k, "Value": v} for k, v in parameters.items()]
    answer = operations.call(
        "StartPipelineExecution",
        {"PipelineName": "churn", "ClientRequestToken": uuid.uuid4().hex, "PipelineParameters": given},
    )
    return answer["PipelineExecutionArn"]


def _finish(host: TestPlatform, execution: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    host.wait(60)
    described = operations.call("DescribePipelineExecution", {"PipelineExecutionArn": execution})
    listed = operations.call("ListPipelineExecutionSteps", {"PipelineExecutionArn": execution, "MaxResults": 100})
    return described, {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}


def _gate(least: float) -> dict[str, Any]:
    auc = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "auc"}}
    message = {"Std:Join": {"On": " ", "Values": ["AUC", auc, "is below", least]}}
    return {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": least}],
            "IfSteps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": PACKAGE}],
            "ElseSteps": [{"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": message}}],
        },
    }


def _whole(least: float) -> tuple[dict[str, Any], ...]:
    evaluate = _processing(
        "Evaluate",
        _write('{"auc": 0.91}', "report"),
        "report",
        DependsOn=["Train"],
        PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "report.json"}],
    )
    return _train("open('/opt/ml/model/xgboost-model', 'w').write('model')"), evaluate, _gate(least)


@pytest.mark.parametrize(
    ("code", "ended"), [("pass", "ExecutionSucceeded"), ("raise SystemExit(1)", "ExecutionFailed")]
)
def test_how_a_run_ended_is_counted(host: TestPlatform, code: str, ended: str) -> None:
    _finish(host, _start(host, _processing("One", code)))
    namespace = "AWS/Sagemaker/ModelBuildingPipeline"
    counted = [one["MetricData"] for one in host.metrics if one["Namespace"] == namespace]
    of = [{"Name": "PipelineName", "Value": "churn"}]
    assert counted == [[{"MetricName": ended, "Dimensions": of, "Value": 1, "Unit": "Count"}]]


def test_a_run_that_passes_the_gate_registers_its_model(host: TestPlatform) -> None:
    operations.call("CreateModelPackageGroup", {"ModelPackageGroupName": "churn"})
    execution = _start(host, *_whole(0.9), Approval="Approved")
    described, steps = _finish(host, execution)
    assert described["PipelineExecutionStatus"] == "Succeeded", steps
    assert "Refuse" not in steps
    assert steps["Gate"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    arn = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    assert arn.endswith(":model-package/churn/1")
    package = operations.call("DescribeModelPackage", {"ModelPackageName": arn})
    assert package["ModelApprovalStatus"] == "Approved"
    (container,) = package["InferenceSpecification"]["Containers"]
    assert ("models", container["ModelDataUrl"].removeprefix("s3://models/")) in host.s3.objects
    job = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]
    identity = execution.rsplit("/", 1)[-1]
    assert job.startswith(f"pipelines-{identity}-Train-")


def test_a_refused_model_fails_the_run_with_the_numbers(host: TestPlatform) -> None:
    operations.call("CreateModelPackageGroup", {"ModelPackageGroupName": "churn"})
    described, steps = _finish(host, _start(host, *_whole(0.95)))
    assert described["PipelineExecutionStatus"] == "Failed"
    assert described["FailureReason"] == "Step failure: One or multiple steps failed."
    assert steps["Refuse"]["FailureReason"] == "AUC 0.91 is below 0.95"
    assert steps["Refuse"]["Metadata"] == {"Fail": {"ErrorMessage": "AUC 0.91 is below 0.95"}}
    assert "Register" not in steps


def _ask(**more: Any) -> dict[str, Any]:
    """A step that calls a function."""
    return {
        "Name": "Ask",
        "Type": "Lambda",
        "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:ask",
        "Arguments": {"EndpointName": "churn", "Run": {"Get": "Execution.PipelineExecutionId"}},
        "OutputParameters": [{"OutputName": "ModelUri", "OutputType": "String"}],
        **more,
    }


def test_a_functions_answer_reaches_later_steps(host: TestPlatform) -> None:
    host.functions["ask"] = lambda event: {"ModelUri": f"s3://models/{event['EndpointName']}", "Other": event["Run"]}
    tell = {"Std:Join": {"On": " ", "Values": ["It is", {"Get": "Steps.Ask.OutputParameters['ModelUri']"}]}}
    execution = _start(host, _ask(), {"Name": "Tell", "Type": "Fail", "Arguments": {"ErrorMessage": tell}})
    _, steps = _finish(host, execution)
    assert steps["Tell"]["FailureReason"] == "It is s3://models/churn"
    assert steps["Ask"]["Metadata"]["Lambda"] == {
        "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:ask",
        "OutputParameters": [{"Name": "ModelUri", "Value": "s3://models/churn"}],
    }
    assert host.events_of_functions == [{"EndpointName": "churn", "Run": execution.rsplit("/", 1)[-1]}]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"Other": "x"}, "The Lambda function's answer lacks ModelUri"),
        (None, "The Lambda function's answer lacks ModelUri"),
        (RuntimeError("no such endpoint"), "The Lambda function returned an error: .*no such endpoint"),
        (
            PermissionError("not authorized to perform: lambda:InvokeFunction"),
            "Failed to invoke lambda:InvokeFunction. Error Details: not authorized",
        ),
    ],
)
def test_a_function_that_does_not_answer_fails_its_step(host: TestPlatform, answer: Any, told: str) -> None:
    def ask(_: dict[str, Any]) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    host.functions["ask"] = ask
    described, steps = _finish(host, _start(host, _ask()))
    assert described["PipelineExecutionStatus"] == "Failed"
    assert re.search(told, steps["Ask"]["FailureReason"])


def test_a_failed_step_keeps_later_ones_from_starting(host: TestPlatform) -> None:
    bad = _processing("Prepare", "open('/opt/ml/output/message', 'w').write('row 2 is bad'); raise SystemExit(1)")
    described, steps = _finish(host, _start(host, bad, _processing("Next", "pass", DependsOn=["Prepare"])))
    assert described["PipelineExecutionStatus"] == "Failed"
    assert steps["Prepare"]["FailureReason"] == "ClientError: AlgorithmError: row 2 is bad, exit code: 1"
    assert list(steps) == ["Prepare"]


def test_independent_steps_run_at_the_same_time(host: TestPlatform) -> None:
    nap = "import time; time.sleep(1)"
    _, steps = _finish(host, _start(host, _processing("A", nap), _processing("B", nap)))
    assert steps["B"]["StartTime"] < steps["A"]["EndTime"]
    assert steps["A"]["StartTime"] < steps["B"]["EndTime"]


def test_parallelism_is_limited(host: TestPlatform) -> None:
    _, steps = _finish(host, _start(host, _processing("A", "pass"), _processing("B", "pass"), parallel=1))
    assert steps["B"]["StartTime"] >= steps["A"]["EndTime"]


def test_the_pipelines_role_needs_the_permission(host: TestPlatform) -> None:
    host.forbidden = {"CreateProcessingJob"}
    _, steps = _finish(host, _start(host, _processing("A", "pass")))
    assert steps["A"]["FailureReason"].startswith(
        "ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details: User: test is not authorized"
    )


def test_a_run_can_be_stopped(host: TestPlatform) -> None:
    execution = _start(host, _processing("A", "import time; time.sleep(60)"), _processing("B", "pass", DependsOn=["A"]))
    deadline = time.monotonic() + 50
    while not operations.call("ListPipelineExecutionSteps", {"PipelineExecutionArn": execution})[
        "PipelineExecutionSteps"
    ]:
        assert time.monotonic() < deadline, "no step begins"
        time.sleep(0.05)
    request = {"PipelineExecutionArn": execution, "ClientRequestToken": uuid.uuid4().hex}
    operations.call("StopPipelineExecution", request)
    described, steps = _finish(host, execution)
    assert described["PipelineExecutionStatus"] == "Stopped"
    assert (steps["A"]["StepStatus"], list(steps)) == ("Stopped", ["A"])
    with pytest.raises(ServiceError, match="Only pipelines with Executing status can be stopped"):
        operations.call("StopPipelineExecution", request)


def test_the_same_token_starts_one_run(host: TestPlatform) -> None:
    first = _start(host, _processing("A", "pass"))
    token = uuid.uuid4().hex
    request = {"PipelineName": "churn", "ClientRequestToken": token}
    answers = [operations.call("StartPipelineExecution", request)["PipelineExecutionArn"] for _ in range(2)]
    assert answers[0] == answers[1] != first


def test_a_definition_that_aws_would_refuse_is_refused(host: TestPlatform) -> None:
    step = _processing("A", "pass")
    step["Arguments"]["Colour"] = "red"
    with pytest.raises(ServiceError, match="Step A has unknown arguments: Colour"):
        _start(host, step)


def test_what_a_step_sends_is_validated(host: TestPlatform) -> None:
    step = _processing("A", "pass")
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = "ml.huge"
    _, steps = _finish(host, _start(host, step))
    assert "enum value set" in steps["A"]["FailureReason"]


def test_a_pipeline_with_a_running_execution_is_not_deleted(host: TestPlatform) -> None:
    _start(host, _processing("A", "import time; time.sleep(1)"))
    request = {"PipelineName": "churn", "ClientRequestToken": uuid.uuid4().hex}
    with pytest.raises(ServiceError, match="running executions"):
        operations.call("DeletePipeline", request)
    host.wait()
    operations.call("DeletePipeline", request)
    with pytest.raises(ServiceError, match="does not exist"):
        operations.call("DescribePipeline", {"PipelineName": "churn"})
