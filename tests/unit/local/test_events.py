"""What EventBridge is told, by the shapes in AWS's documentation (see local/sagemaker/events.py)."""

import json
import re
from typing import Any

from local.sagemaker import events, operations
from tests.unit.local.conftest import ROLE, TestPlatform, python, training_request

CONTAINER = {"Image": "image", "ModelDataUrl": "s3://models/model.tar.gz"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PACKAGE = {
    "ModelPackageGroupName": "churn",
    "InferenceSpecification": {
        "Containers": [CONTAINER],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    },
}


def _package(host: TestPlatform) -> str:
    host.s3.put_object(Bucket="models", Key="model.tar.gz", Body=b"")
    operations.call("CreateModelPackageGroup", {"ModelPackageGroupName": "churn"})
    return str(operations.call("CreateModelPackage", PACKAGE)["ModelPackageArn"])


def test_the_approval_of_a_package(host: TestPlatform) -> None:
    arn = _package(host)
    metadata = {"live_since": "today"}
    operations.call(
        "UpdateModelPackage",
        {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved", "CustomerMetadataProperties": metadata},
    )
    (_, made), (kind, detail) = host.events
    assert kind == "SageMaker Model Package State Change"
    assert host.resources == [[arn], [arn]]
    assert (made["ModelApprovalStatus"], detail["ModelApprovalStatus"]) == ("PendingManualApproval", "Approved")
    assert "UpdatedModelPackageFields" not in made
    assert detail["UpdatedModelPackageFields"] == ["CustomerMetadataProperties", "ModelApprovalStatus"]
    assert (detail["ModelPackageArn"], detail["ModelPackageVersion"]) == (arn, 1)
    assert detail["ModelPackageGroupName"] == "churn"
    assert all(MOMENT.fullmatch(detail[name]) for name in ("CreationTime", "LastModifiedTime"))
    documented = {
        "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "CreationTime", "InferenceSpecification",
        "ModelPackageStatus", "ModelPackageStatusDetails", "CertifyForMarketplace", "ModelApprovalStatus",
        "UpdatedModelPackageFields", "LastModifiedTime",
    }  # fmt: skip
    assert set(detail) == documented


def test_a_job(host: TestPlatform) -> None:
    tags = [{"Key": "team", "Value": "retention"}]
    operations.call("CreateTrainingJob", training_request(python("exit(3)"), Tags=tags))
    host.wait()
    (kind, started), (_, ended) = host.events
    assert kind == "SageMaker Training Job State Change"
    assert host.resources[0] == [started["TrainingJobArn"]]
    assert (started["TrainingJobStatus"], ended["TrainingJobStatus"]) == ("InProgress", "Failed")
    assert ended["FailureReason"].startswith("AlgorithmError")
    assert ended["Tags"] == {"team": "retention"}
    assert isinstance(ended["CreationTime"], int)
    assert all(isinstance(one["StartTime"], int) for one in ended["SecondaryStatusTransitions"])
    assert not [name for name in ended if name.startswith("_")]


def test_a_pipeline(host: TestPlatform) -> None:
    training = training_request(python("pass"))
    del training["TrainingJobName"]
    steps: list[dict[str, Any]] = [
        {"Name": "Train", "Type": "Training", "Arguments": training},
        {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}, "DependsOn": ["Train"]},
    ]
    definition = json.dumps({"Version": "2020-12-01", "Steps": steps})
    token = "t" * 32
    request = {"PipelineName": "churn", "RoleArn": ROLE, "PipelineDefinition": definition, "ClientRequestToken": token}
    pipeline = operations.call("CreatePipeline", request)["PipelineArn"]
    start = {"PipelineName": "churn", "ClientRequestToken": token}
    run = operations.call("StartPipelineExecution", start)["PipelineExecutionArn"]
    host.wait()
    told = [(kind.rpartition("Execution ")[2], detail) for kind, detail in host.events if "Pipeline" in kind]
    seen = [
        (detail.get("stepName", ""), detail.get("currentStepStatus") or detail["currentPipelineExecutionStatus"])
        for _, detail in told
    ]
    assert seen == [
        ("", "Executing"),
        ("Train", "Executing"),
        ("Train", "Succeeded"),
        ("Stop", "Executing"),
        ("Stop", "Failed"),
        ("", "Failed"),
    ]
    assert {kind for kind, _ in told} == {"Status Change", "Step Status Change"}
    trained, failed, ended = told[2][1], told[4][1], told[5][1]
    assert set(trained) == {
        "metadata", "stepStartTime", "stepEndTime", "stepName", "stepType", "previousStepStatus", "currentStepStatus",
        "pipelineArn", "pipelineExecutionArn",
    }  # fmt: skip
    assert ":training-job/" in trained["metadata"]["trainingJob"]["arn"]
    assert (trained["stepType"], trained["previousStepStatus"], failed["failureReason"]) == (
        "Training",
        "Executing",
        "no",
    )
    assert ended["previousPipelineExecutionStatus"] == "Executing"
    assert all(MOMENT.fullmatch(ended[name]) for name in ("executionStartTime", "executionEndTime"))
    assert (ended["pipelineArn"], ended["pipelineExecutionArn"]) == (pipeline, run)
    assert host.resources[0] == [pipeline, run]


def test_an_endpoint(host: TestPlatform) -> None:
    record = {
        "EndpointName": "Churn",
        "EndpointArn": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn",
        "EndpointConfigName": "config",
        "EndpointStatus": "RollingBack",
        "CreationTime": 1.5,
        "LastModifiedTime": 2.5,
        "_hidden": 1,
    }
    events.endpoint(record)
    events.deployment(record)
    assert [kind for kind, _ in host.events] == [
        "SageMaker Endpoint State Change",
        "SageMaker Endpoint Deployment State Change",
    ]
    _, detail = host.events[0]
    assert detail == {
        "EndpointName": "Churn",
        "EndpointArn": record["EndpointArn"],
        "EndpointConfigName": "config",
        "EndpointStatus": "ROLLING_BACK",
        "CreationTime": 1500,
        "LastModifiedTime": 2500,
        "Tags": {},
    }
