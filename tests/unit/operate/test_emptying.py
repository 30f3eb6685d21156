"""What is deleted call by call, checked against the services' own shapes."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from operate import emptying, interfaces
from operate.account import OperateError
from operate.inventory import Job

Stub = Callable[[str], Stubber]
BUCKET = "churn-dev-data"
PAGE = {"Bucket": BUCKET, "MaxKeys": 1000}


def nobody(_: str) -> None:
    """Hear nothing."""


def no_uploads(s3: Stubber) -> None:
    s3.add_response("list_multipart_uploads", {}, {"Bucket": BUCKET})


def test_a_bucket_loses_versions_markers_and_unfinished_uploads(stub: Stub) -> None:
    s3 = stub("s3")
    s3.add_response("list_multipart_uploads", {"Uploads": [{"Key": "big", "UploadId": "u1"}]}, {"Bucket": BUCKET})
    s3.add_response("abort_multipart_upload", {}, {"Bucket": BUCKET, "Key": "big", "UploadId": "u1"})
    page = {"Versions": [{"Key": "a", "VersionId": "1"}], "DeleteMarkers": [{"Key": "a", "VersionId": "2"}]}
    objects = [{"Key": "a", "VersionId": "1"}, {"Key": "a", "VersionId": "2"}]
    s3.add_response("list_object_versions", page, PAGE)
    s3.add_response("delete_objects", {}, {"Bucket": BUCKET, "Delete": {"Objects": objects, "Quiet": True}})
    # From the start again, until there is nothing.
    s3.add_response("list_object_versions", {}, PAGE)
    assert emptying.empty_bucket(s3.client, BUCKET, nobody) == 2


def test_an_object_that_s3_does_not_delete_is_an_error_with_its_reason(stub: Stub) -> None:
    s3 = stub("s3")
    no_uploads(s3)
    s3.add_response("list_object_versions", {"Versions": [{"Key": "a", "VersionId": "1"}]}, PAGE)
    refusal = {"Errors": [{"Key": "a", "Code": "AccessDenied", "Message": "Access Denied because object protected"}]}
    s3.add_response("delete_objects", refusal)
    with pytest.raises(OperateError, match="1 objects of churn-dev-data: Access Denied because object protected"):
        emptying.empty_bucket(s3.client, BUCKET, nobody)


def test_a_bucket_that_is_gone_is_empty(stub: Stub) -> None:
    s3 = stub("s3")
    s3.add_client_error("list_multipart_uploads", "NoSuchBucket")
    s3.add_client_error("list_object_versions", "NoSuchBucket")
    assert emptying.empty_bucket(s3.client, BUCKET, nobody) == 0


def test_a_refused_look_is_not_taken_for_emptiness(stub: Stub) -> None:
    s3 = stub("s3")
    s3.add_client_error("list_multipart_uploads", "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        emptying.empty_bucket(s3.client, BUCKET, nobody)


def test_a_refusal_that_talks_of_absence_is_still_a_refusal(stub: Stub) -> None:
    sagemaker = stub("sagemaker")
    sagemaker.add_client_error("delete_model_package", "AccessDeniedException", "The policy does not exist")
    with pytest.raises(ClientError, match="AccessDenied"):
        emptying.delete_packages(sagemaker.client, ["arn:aws:sagemaker:eu-west-1:111122223333:model-package/a/1"])


def test_a_card_that_is_gone_already_counts_as_deleted(stub: Stub) -> None:
    sagemaker = stub("sagemaker")
    sagemaker.add_client_error("delete_model_card", "ResourceNotFound", "gone", 400, None, {"ModelCardName": "c-1"})
    sagemaker.add_response("delete_model_card", {}, {"ModelCardName": "c-2"})
    assert emptying.delete_cards(sagemaker.client, ["c-1", "c-2"]) == 2


def test_progress_is_said_each_ten_thousand(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emptying, "SHOW_EVERY", 4)
    s3, said = stub("s3"), list[str]()
    no_uploads(s3)
    for _ in range(3):
        versions = [{"Key": "a", "VersionId": str(number)} for number in range(3)]
        s3.add_response("list_object_versions", {"Versions": versions}, PAGE)
        s3.add_response("delete_objects", {})
    s3.add_response("list_object_versions", {}, PAGE)
    assert emptying.empty_bucket(s3.client, BUCKET, said.append) == 9
    assert said == [f"{BUCKET}: 6 versions deleted so far", f"{BUCKET}: 9 versions deleted so far"]


def test_a_job_goes_after_its_own_streams(stub: Stub) -> None:
    group = "/aws/sagemaker/TrainingJobs"
    logs, sagemaker = stub("logs"), stub("sagemaker")
    # With the slash: "job-1" must not take the streams of "job-10" along.
    asked = {"logGroupName": group, "logStreamNamePrefix": "job-1/"}
    logs.add_response("describe_log_streams", {"logStreams": [{"logStreamName": "job-1/algo-1-5"}]}, asked)
    logs.add_response("delete_log_stream", {}, {"logGroupName": group, "logStreamName": "job-1/algo-1-5"})
    sagemaker.add_response("delete_training_job", {}, {"TrainingJobName": "job-1"})
    # A tuning job has none: its training jobs do, and come along as such.
    sagemaker.add_response("delete_hyper_parameter_tuning_job", {}, {"HyperParameterTuningJobName": "search"})
    jobs = [Job("TrainingJob", "job-1", running=False), Job("HyperParameterTuningJob", "search", running=False)]
    assert emptying.delete_jobs(sagemaker.client, logs.client, jobs) == 2


@pytest.mark.parametrize(
    ("group", "streams"),
    [
        ({"kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k"}, []),
        ({"retentionInDays": 30}, []),
        ({}, [{"logStreamName": "others/algo-1-1"}]),
    ],
)
def test_a_shared_group_that_somebody_uses_or_set_up_stays(
    stub: Stub, group: dict[str, object], streams: list[dict[str, str]]
) -> None:
    logs = stub("logs")
    name = "/aws/sagemaker/TrainingJobs"
    logs.add_response("describe_log_groups", {"logGroups": [{"logGroupName": name, **group}]})
    logs.add_response("describe_log_streams", {"logStreams": streams})
    assert emptying.delete_if_unused(logs.client, name) is False


def test_an_unused_shared_group_goes_and_its_namesake_stays(stub: Stub) -> None:
    logs = stub("logs")
    name = "/aws/sagemaker/TrainingJobs"
    groups = [{"logGroupName": f"{name}-archive", "retentionInDays": 7}, {"logGroupName": name}]
    logs.add_response("describe_log_groups", {"logGroups": groups})
    logs.add_response("describe_log_streams", {"logStreams": []}, {"logGroupName": name, "limit": 1})
    logs.add_response("delete_log_group", {}, {"logGroupName": name})
    assert emptying.delete_if_unused(logs.client, name) is True


def interface(number: int, status: str, description: str = "AWS Lambda VPC ENI-churn") -> dict[str, str]:
    return {"NetworkInterfaceId": f"eni-{number}", "Status": status, "Description": description}


def test_lambdas_free_interfaces_are_deleted_and_busy_ones_counted(stub: Stub) -> None:
    ec2 = stub("ec2")
    found = [
        interface(1, "available"),
        interface(2, "in-use"),
        interface(3, "in-use", "VPC Endpoint Interface vpce-1"),
    ]
    asked = {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]}
    ec2.add_response("describe_network_interfaces", {"NetworkInterfaces": found}, asked)
    ec2.add_response("delete_network_interface", {}, {"NetworkInterfaceId": "eni-1"})
    assert interfaces.release(ec2.client, ["vpc-1"]) == 1


def test_without_a_vpc_of_ours_nobodys_interfaces_are_looked_at(stub: Stub) -> None:
    assert interfaces.release(stub("ec2").client, []) == 0
