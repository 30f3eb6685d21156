"""What IAM evaluates a request on."""

from typing import Any

import pytest

from local.sagemaker import authorization, operations
from tests.unit.local.conftest import TestPlatform, processing_request, python

BASE = "arn:aws:sagemaker:eu-west-1:111122223333"


@pytest.mark.parametrize(
    ("action", "request_", "expected"),
    [
        ("CreateModel", {"ModelName": "m"}, f"{BASE}:model/m"),
        ("DescribeEndpoint", {"EndpointName": "Churn"}, f"{BASE}:endpoint/churn"),
        ("UpdateEndpointWeightsAndCapacities", {"EndpointName": "c"}, f"{BASE}:endpoint/c"),
        ("CreateTrainingJob", {"TrainingJobName": "T-1"}, f"{BASE}:training-job/T-1"),
        ("StartPipelineExecution", {"PipelineName": "p"}, f"{BASE}:pipeline/p"),
        ("ListPipelineExecutions", {"PipelineName": f"{BASE}:pipeline/p"}, f"{BASE}:pipeline/p"),
        ("StopPipelineExecution", {"PipelineExecutionArn": f"{BASE}:pipeline/p/execution/x"},
         f"{BASE}:pipeline/p/execution/x"),
        ("UpdateModelPackage", {"ModelPackageArn": f"{BASE}:model-package/g/3"}, f"{BASE}:model-package/g/3"),
        ("ListModels", {}, "*"),
        ("CreateModel", {"ModelName": 5}, "*"),
    ],
)  # fmt: skip
def test_the_resource_of_a_request(host: TestPlatform, action: str, request_: dict[str, Any], expected: str) -> None:
    assert authorization.resource(action, "/", request_) == expected


def test_an_invocation_is_on_its_endpoint(host: TestPlatform) -> None:
    assert authorization.resource("", "/endpoints/Churn/invocations", {}) == f"{BASE}:endpoint/churn"


def test_a_package_is_created_on_the_version_it_will_be(host: TestPlatform) -> None:
    operations.call("CreateModelPackageGroup", {"ModelPackageGroupName": "g"})
    found = authorization.resource("CreateModelPackage", "/", {"ModelPackageGroupName": "g"})
    assert found == f"{BASE}:model-package/g/1"


def test_condition_keys_come_from_the_request() -> None:
    vpc = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    request = processing_request(
        python("pass"),
        NetworkConfig={
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": False,
            "VpcConfig": vpc,
        },
        ProcessingOutputConfig={"Outputs": [], "KmsKeyId": "out"},
    )
    request["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] = "volume"
    assert authorization.condition_keys(request) == {
        "sagemaker:VpcSubnets": ["subnet-1"],
        "sagemaker:VpcSecurityGroupIds": ["sg-1"],
        "sagemaker:VolumeKmsKey": "volume",
        "sagemaker:OutputKmsKey": "out",
        "sagemaker:InstanceTypes": ["ml.m5.large"],
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:InterContainerTrafficEncryption": "false",
    }


def test_a_shell_into_a_training_container_is_seen() -> None:
    assert authorization.condition_keys({"RemoteDebugConfig": {"EnableRemoteDebug": True}}) == {
        "sagemaker:EnableRemoteDebug": "true"
    }


def test_keys_that_a_request_does_not_set_are_absent() -> None:
    assert authorization.condition_keys({"ModelApprovalStatus": "Approved"}) == {
        "sagemaker:ModelApprovalStatus": "Approved"
    }


def test_tags_need_their_own_permission(host: TestPlatform) -> None:
    request = {"ModelPackageGroupName": "g", "Tags": [{"Key": "k", "Value": "v"}]}
    arn = operations.call("CreateModelPackageGroup", request)["ModelPackageGroupArn"]
    assert ("sagemaker:AddTags", arn) in host.checked
    assert operations.call("ListTags", {"ResourceArn": arn})["Tags"] == [{"Key": "k", "Value": "v"}]
    operations.call("AddTags", {"ResourceArn": arn, "Tags": [{"Key": "k", "Value": "w"}]})
    operations.call("DeleteTags", {"ResourceArn": arn, "TagKeys": ["x"]})
    assert operations.call("ListTags", {"ResourceArn": arn})["Tags"] == [{"Key": "k", "Value": "w"}]


def test_lists_are_filtered_ordered_and_paged(host: TestPlatform) -> None:
    for name in ("a-1", "a-2", "b-1", "a-3"):
        operations.call("CreateModelPackageGroup", {"ModelPackageGroupName": name})
    query = {"NameContains": "a-", "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}
    first = operations.call("ListModelPackageGroups", query)
    second = operations.call("ListModelPackageGroups", query | {"NextToken": first["NextToken"]})
    found = [*first["ModelPackageGroupSummaryList"], *second["ModelPackageGroupSummaryList"]]
    assert [g["ModelPackageGroupName"] for g in found] == ["a-1", "a-2", "a-3"]
    assert "NextToken" not in second
