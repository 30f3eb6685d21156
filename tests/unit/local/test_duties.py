"""What SageMaker does with a role before a container starts, and what becomes of a job whose role may not."""

from typing import Any

import pytest

from local.sagemaker import duties, operations
from local.sagemaker.errors import ServiceError
from tests.unit.local.conftest import ROLE, TestPlatform, processing_request, python, training_request

IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0"
REPOSITORY = "arn:aws:ecr:eu-west-1:141502667606:repository/sagemaker-xgboost"
VPC = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
EC2 = "arn:aws:ec2:eu-west-1:111122223333"


def _prepare(**more: Any) -> None:
    duties.prepare(ROLE, **{"image": IMAGE, "vpc": VPC, "volume_key": "disk", "output_key": "out"} | more)


def test_what_is_documented_is_asked_for(host: TestPlatform) -> None:
    _prepare()
    asked = set(host.checked)
    for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"):
        assert (f"ecr:{action}", REPOSITORY) in asked
    assert ("ecr:GetAuthorizationToken", "*") in asked
    for resource in ("network-interface/*", "subnet/subnet-1", "security-group/sg-1"):
        assert ("ec2:CreateNetworkInterface", f"{EC2}:{resource}") in asked
    key = "arn:aws:kms:eu-west-1:111122223333:key"
    assert ("kms:CreateGrant", f"{key}/disk") in asked
    assert {a for a, r in asked if r == f"{key}/out"} == {"kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"}


def test_what_a_request_does_not_name_is_not_asked_for(host: TestPlatform) -> None:
    _prepare(image="local", vpc=None, volume_key=None, output_key=None)
    assert host.checked == []


def test_an_alias_and_an_arn_are_keys_too(host: TestPlatform) -> None:
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1"
    _prepare(image="local", vpc=None, volume_key=arn, output_key="alias/out")
    assert {r for _, r in host.checked} == {arn, "arn:aws:kms:eu-west-1:111122223333:alias/out"}


@pytest.mark.parametrize("action", ["ecr:BatchGetImage", "ec2:CreateNetworkInterface", "kms:CreateGrant"])
def test_a_job_whose_role_may_not_fails_with_the_act(host: TestPlatform, action: str) -> None:
    host.forbidden.add(action)
    request = processing_request(python("pass"), NetworkConfig={"VpcConfig": VPC})
    request["AppSpecification"]["ImageUri"] = IMAGE
    request["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] = "disk"
    operations.call("CreateProcessingJob", request)
    request = training_request(python("pass"), VpcConfig=VPC, algorithm={"TrainingImage": IMAGE})
    request["ResourceConfig"]["VolumeKmsKeyId"] = "disk"
    operations.call("CreateTrainingJob", request)
    host.wait()
    processing = operations.call("DescribeProcessingJob", {"ProcessingJobName": "job"})
    training = operations.call("DescribeTrainingJob", {"TrainingJobName": "job"})
    for status, job in (("ProcessingJobStatus", processing), ("TrainingJobStatus", training)):
        assert job[status] == "Failed"
        assert job["FailureReason"].startswith("ClientError: ")
        assert action.partition(":")[2] in job["FailureReason"]


def test_a_role_without_metrics_leaves_a_job_without_metrics(host: TestPlatform) -> None:
    host.forbidden.add("cloudwatch:PutMetricData")
    operations.call("CreateProcessingJob", processing_request(python("pass")))
    host.wait()
    job = operations.call("DescribeProcessingJob", {"ProcessingJobName": "job"})
    assert job["ProcessingJobStatus"] == "Completed"
    assert host.metrics == []


def test_a_job_leaves_metrics_under_its_name(host: TestPlatform) -> None:
    operations.call("CreateProcessingJob", processing_request(python("pass")))
    host.wait()
    (metric,) = host.metrics
    assert metric["Namespace"] == "/aws/sagemaker/ProcessingJobs"
    (data,) = metric["MetricData"]
    assert data["Dimensions"] == [{"Name": "Host", "Value": "job/algo-1"}]
    assert 0 < data["Value"] < 100


def test_a_model_whose_role_may_not_read_the_artifact_is_not_made(host: TestPlatform) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/none.tar.gz"}
    request = {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": container}
    with pytest.raises(ServiceError, match=r"Could not access model data at s3://models/none\.tar\.gz"):
        operations.call("CreateModel", request)


def test_whoever_registers_must_be_allowed_to_look_at_image_and_artifact(host: TestPlatform) -> None:
    host.s3.put_object(Bucket="models", Key="a.tar.gz", Body=b"", SSEKMSKeyId="key")
    operations.call("CreateModelPackageGroup", {"ModelPackageGroupName": "g"})
    inference = {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://models/a.tar.gz"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    request = {"ModelPackageGroupName": "g", "InferenceSpecification": inference}
    operations.call("CreateModelPackage", request)
    asked = {action for action, _ in host.checked}
    assert {"ecr:BatchGetImage", "ecr:DescribeImages", "s3:GetObject", "kms:Decrypt"} <= asked
    host.forbidden.add("s3:GetObject")
    with pytest.raises(ServiceError, match="s3:GetObject"):
        operations.call("CreateModelPackage", request)
