"""What `make models` shows."""

import boto3
import pytest
from botocore.stub import Stubber

from operate.models import Version, saving, table, who_is

# What the API's model calls for in every answer about a job.
DESCRIBED = {
    "TrainingJobName": "won", "TrainingJobArn": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/won",
    "ModelArtifacts": {"S3ModelArtifacts": "s3://models/won"}, "TrainingJobStatus": "Completed",
    "SecondaryStatus": "Completed", "AlgorithmSpecification": {"TrainingInputMode": "File"}, "CreationTime": 0,
    "ResourceConfig": {"VolumeSizeInGB": 1}, "StoppingCondition": {},
}  # fmt: skip


def test_the_table_marks_what_is_live_and_says_who_decided_and_why() -> None:
    shown = table([
        Version("a/2", "2026-11-21 12:00", "Approved", "Looks good.", "arn:aws:sts::1:assumed-role/Registrar/ann",
                "2026-11-21T13:00:00+00:00", True, 0.8901, 21.004, 0.7),
        Version("a/1", "2026-11-20 12:00", "Rejected"),
    ])  # fmt: skip
    lines = shown.splitlines()
    assert lines[1].split()[:5] == ["live", "2", "2026-11-21", "12:00", "Approved"]
    assert lines[1].split()[5:] == ["2026-11-21", "13:00", "0.890", "21.00", "70%"]
    assert lines[2].split() == ["1", "2026-11-20", "12:00", "Rejected", "–", "–", "–"]
    assert lines[-1] == "Version 2, Approved (Registrar/ann): Looks good."


def test_people_are_named_by_role_and_session() -> None:
    assert who_is("arn:aws:sts::1:assumed-role/Ops/ann") == "Ops/ann"
    assert who_is("arn:aws:iam::1:user/ann") == "user/ann"
    assert who_is("") == "unknown"


@pytest.mark.parametrize(
    ("facts", "job", "saved"),
    [
        ({"training_seconds": "100", "billable_seconds": "30"}, None, 0.7),
        # A search registers which job won, and no times.
        ({"training_job": "won"}, {"TrainingTimeInSeconds": 50, "BillableTimeInSeconds": 20}, 0.6),
        ({"training_job": "won"}, "Requested resource not found.", None),
        ({}, None, None),
    ],
)
def test_the_saving_is_what_the_job_reports(facts: dict[str, str], job: object, saved: float | None) -> None:
    sagemaker = boto3.client("sagemaker", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(sagemaker) as answers:
        if isinstance(job, str):
            answers.add_client_error("describe_training_job", "ValidationException", job)
        elif job:
            answers.add_response("describe_training_job", {**DESCRIBED, **job}, {"TrainingJobName": "won"})
        found = saving(sagemaker, {"CustomerMetadataProperties": facts})
        answers.assert_no_pending_responses()
    assert found == pytest.approx(saved)
