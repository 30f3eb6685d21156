"""IAM is evaluated: roles may do their job and nothing beside it."""

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.settings import ACCOUNT, REGION, ROOT
from tests.local.deployment import Deployment

BODY = json.dumps({"instances": [json.loads((ROOT / "schema" / "examples.json").read_text())["loyal"]]})


def _role(deployment: Deployment, stack: str, part: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{deployment.resource(stack, 'AWS::IAM::Role', part)}"


def _denied(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] in ("AccessDenied", "AccessDeniedException"), error
    return str(error["Message"])


def test_the_invoker_may_call_its_endpoint_and_no_other(deployment: Deployment) -> None:
    runtime = deployment.client("sagemaker-runtime", _role(deployment, "Api", "InvokerRole"))
    answer = runtime.invoke_endpoint(EndpointName="churn-local", ContentType="application/json", Body=BODY)
    assert json.load(answer["Body"])["predictions"]
    message = _denied(runtime.invoke_endpoint, EndpointName="other", ContentType="application/json", Body=BODY)
    assert "sagemaker:InvokeEndpoint" in message


def test_the_invoker_may_neither_look_nor_read(deployment: Deployment) -> None:
    role = _role(deployment, "Api", "InvokerRole")
    sagemaker, s3 = deployment.client("sagemaker", role), deployment.client("s3", role)
    bucket = deployment.resource("Storage", "AWS::S3::Bucket", "Data")
    assert "sagemaker:DescribeEndpoint" in _denied(sagemaker.describe_endpoint, EndpointName="churn-local")
    _denied(s3.get_object, Bucket=bucket, Key="raw/churn.csv")


def _pipeline_role(deployment: Deployment) -> str:
    role: str = deployment.client("sagemaker").describe_pipeline(PipelineName="churn-local")["RoleArn"]
    return role


def test_the_pipelines_role_may_hand_over_only_its_own_jobs_roles(deployment: Deployment) -> None:
    sagemaker = deployment.client("sagemaker", _pipeline_role(deployment))
    root = deployment.client("sagemaker")
    (job,) = root.list_processing_jobs(NameContains="Prepare", MaxResults=1, SortOrder="Ascending")[
        "ProcessingJobSummaries"
    ]
    described = root.describe_processing_job(ProcessingJobName=job["ProcessingJobName"])
    members = (
        "ProcessingResources",
        "AppSpecification",
        "NetworkConfig",
        "ProcessingOutputConfig",
        "StoppingCondition",
    )
    request = {member: described[member] for member in members if member in described}
    message = _denied(
        sagemaker.create_processing_job,
        ProcessingJobName=f"pipelines-test-{uuid.uuid4().hex[:8]}",
        RoleArn=_role(deployment, "Api", "InvokerRole"),
        **request,
    )
    assert "iam:PassRole" in message


def test_who_trains_cannot_approve(deployment: Deployment) -> None:
    root = deployment.client("sagemaker")
    (package,) = root.list_model_packages(ModelPackageGroupName="churn-local", MaxResults=1)["ModelPackageSummaryList"]
    (job,) = root.list_training_jobs(MaxResults=1, SortOrder="Ascending")["TrainingJobSummaries"]
    trainer = root.describe_training_job(TrainingJobName=job["TrainingJobName"])["RoleArn"]
    message = _denied(
        deployment.client("sagemaker", trainer).update_model_package,
        ModelPackageArn=package["ModelPackageArn"],
        ModelApprovalStatus="Approved",
    )
    assert "sagemaker:UpdateModelPackage" in message


def test_a_wrong_secret_is_refused(deployment: Deployment) -> None:
    sagemaker = deployment.client("sagemaker", _role(deployment, "Api", "InvokerRole"))
    good = sagemaker._request_signer._credentials
    stranger = boto3.client(
        "sagemaker",
        region_name=REGION,
        endpoint_url=deployment.settings.endpoint,
        aws_access_key_id=good.access_key,
        aws_secret_access_key="guess",
        aws_session_token=good.token,
    )
    with pytest.raises(ClientError, match="signature"):
        stranger.list_models()
