"""Pipeline runs that must fail, and say why."""

import time
import uuid
from typing import Any

import pytest

from tests.local.deployment import Deployment

PIPELINE = "churn-local"


def _run(deployment: Deployment, **parameters: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    sagemaker = deployment.client("sagemaker")
    execution = sagemaker.start_pipeline_execution(
        PipelineName=PIPELINE,
        ClientRequestToken=uuid.uuid4().hex,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )["PipelineExecutionArn"]
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        if described["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution, MaxResults=100)
            return described, {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}
        time.sleep(0.5)
    pytest.fail("the run does not end")


def test_a_model_that_misses_the_gate_is_refused_with_the_numbers(deployment: Deployment) -> None:
    packages = deployment.client("sagemaker").list_model_packages(ModelPackageGroupName=PIPELINE)
    described, steps = _run(deployment, MinimumAveragePrecision="0.9999")
    assert described["PipelineExecutionStatus"] == "Failed"
    assert described["FailureReason"] == "Step failure: One or multiple steps failed."
    assert steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert "Register" not in steps
    assert "0.9999" in steps["Refuse"]["FailureReason"]
    after = deployment.client("sagemaker").list_model_packages(ModelPackageGroupName=PIPELINE)
    assert len(after["ModelPackageSummaryList"]) == len(packages["ModelPackageSummaryList"])


def test_a_bad_file_fails_with_its_rows(deployment: Deployment) -> None:
    bucket = deployment.resource("Storage", "AWS::S3::Bucket", "Data")
    s3 = deployment.client("s3")
    good = s3.get_object(Bucket=bucket, Key="raw/churn.csv")["Body"].read().decode().splitlines()
    broken = good[2].split(",")
    # The seventh column of the raw file holds the day minutes.
    broken[7] = "-5"
    rows = [*good[:2], ",".join(broken), *good[3:500]]
    s3.put_object(Bucket=bucket, Key="raw/bad.csv", Body="\n".join(rows).encode())
    described, steps = _run(deployment, RawDataUri=f"s3://{bucket}/raw/bad.csv")
    assert described["PipelineExecutionStatus"] == "Failed"
    reason = steps["Prepare"]["FailureReason"]
    assert reason.startswith("ClientError: AlgorithmError:")
    assert "row" in reason.lower()
    assert list(steps) == ["Prepare"]
    name = steps["Prepare"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[-1]
    job = deployment.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    assert job["ExitMessage"]
    assert job["ExitMessage"][:100] in reason


def test_a_file_that_is_not_there_is_said_to_be_missing(deployment: Deployment) -> None:
    bucket = deployment.resource("Storage", "AWS::S3::Bucket", "Data")
    _, steps = _run(deployment, RawDataUri=f"s3://{bucket}/raw/none.csv")
    assert "none.csv matched no files on s3" in steps["Prepare"]["FailureReason"]
