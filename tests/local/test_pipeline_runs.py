"""Pipeline runs beside those of a deployment: those that must fail, and say why, and what a good one leaves."""

import contextlib
import io
import json
import os
import signal
import tarfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.local.deployment import Deployment

PIPELINE = "churn-local"


def run_pipeline(
    deployment: Deployment, *, role: str | None = None, name: str = "test", **parameters: str
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    sagemaker = deployment.client("sagemaker", role)
    execution = sagemaker.start_pipeline_execution(
        PipelineName=PIPELINE,
        PipelineExecutionDisplayName=name,
        ClientRequestToken=uuid.uuid4().hex,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )["PipelineExecutionArn"]
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        if described["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution, MaxResults=100)
            return described, {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}
        time.sleep(0.5)
    pytest.fail("the run does not end")


def test_a_model_that_misses_the_gate_is_refused_with_the_numbers(deployment: Deployment) -> None:
    packages = deployment.client("sagemaker").list_model_packages(ModelPackageGroupName=PIPELINE, MaxResults=100)
    described, steps = run_pipeline(deployment, MinimumAveragePrecision="0.9999")
    assert described["PipelineExecutionStatus"] == "Failed"
    assert described["FailureReason"] == "Step failure: One or multiple steps failed."
    assert steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert "Register" not in steps
    assert "0.9999" in steps["Refuse"]["FailureReason"]
    after = deployment.client("sagemaker").list_model_packages(ModelPackageGroupName=PIPELINE, MaxResults=100)
    assert len(after["ModelPackageSummaryList"]) == len(packages["ModelPackageSummaryList"])


def test_a_package_keeps_reports_that_are_there(deployment: Deployment) -> None:
    sagemaker, s3 = deployment.client("sagemaker"), deployment.client("s3")
    described, steps = run_pipeline(deployment)
    assert described["PipelineExecutionStatus"] == "Succeeded", steps
    package = sagemaker.describe_model_package(ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"])

    def addresses(node: Any) -> list[str]:
        return [node["S3Uri"]] if "S3Uri" in node else [uri for inner in node.values() for uri in addresses(inner)]

    found = addresses(package["ModelMetrics"]) + addresses(package["DriftCheckBaselines"])
    assert len(found) == 10
    for uri in found:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        assert json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    bucket, _, key = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].removeprefix("s3://").partition("/")
    evaluation = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert evaluation["gate"]["verdict"] == "passed"
    # What is in production by now is for other tests to say; whichever it is, this model has been held against it.
    outputs = {one["Name"]: one["Value"] for one in steps["Champion"]["Metadata"]["Lambda"]["OutputParameters"]}
    assert evaluation["champion"]["name"] == outputs["Champion"].split("/", 1)[1]
    assert evaluation["champion"]["n_customers"] == evaluation["n_customers"]
    facts = package["CustomerMetadataProperties"]
    assert facts["run"] == described["PipelineExecutionArn"].rsplit("/", 1)[-1]
    assert facts["raw_data"].endswith("/raw/churn.csv")
    job = sagemaker.describe_training_job(TrainingJobName=facts["training_job"])
    assert job["TrainingJobArn"] == steps["Train"]["Metadata"]["TrainingJob"]["Arn"]
    assert int(facts["training_seconds"]) == job["TrainingTimeInSeconds"]
    assert 0 < int(facts["billable_seconds"]) == job["BillableTimeInSeconds"] <= job["TrainingTimeInSeconds"]
    assert package["MetadataProperties"]["GeneratedBy"] == described["PipelineExecutionArn"]


def _model(deployment: Deployment, steps: dict[str, dict[str, Any]]) -> bytes:
    """The model of a run, as it lies in its artifact."""
    name = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]
    job = deployment.client("sagemaker").describe_training_job(TrainingJobName=name)
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    archive = deployment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = tar.extractfile("xgboost-model")
        assert found is not None
        return found.read()


def _kill_training_once(deployment: Deployment, killed: list[int]) -> None:
    """Wait for the first checkpoint of a training job and kill its process, as if the machine were taken away."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        files = deployment.settings.run_dir.glob("jobs/*/ml/checkpoints/checkpoint-*.json")
        bases = {os.path.realpath(file.parent.parent) for file in files}
        # Not by `ps`, which takes a while to come on a machine that is busy.
        for pid in filter(str.isdigit, os.listdir("/proc") if bases else ()):
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                ours = command.endswith(b"-m\0ml.train\0") and b"supervise" not in command
                if ours and os.path.realpath(f"/proc/{pid}/cwd") in bases:
                    os.kill(int(pid), signal.SIGKILL)
                    killed.append(int(pid))
                    return
        time.sleep(0.01)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc here (macOS): a process's folder cannot be told")
def test_a_training_job_that_loses_its_machine_ends_with_the_same_model(deployment: Deployment) -> None:
    described, undisturbed = run_pipeline(deployment)
    assert described["PipelineExecutionStatus"] == "Succeeded", undisturbed
    killed: list[int] = []
    thread = threading.Thread(target=_kill_training_once, args=(deployment, killed))
    thread.start()
    described, disturbed = run_pipeline(deployment)
    thread.join()
    assert killed, "the job was faster than the test"
    assert described["PipelineExecutionStatus"] == "Succeeded", disturbed
    name = disturbed["Train"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]
    job = deployment.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert "Interrupted" in [one["Status"] for one in job["SecondaryStatusTransitions"]]
    assert job["EnableManagedSpotTraining"]
    assert _model(deployment, disturbed) == _model(deployment, undisturbed)


def test_a_bad_file_fails_with_its_rows(deployment: Deployment) -> None:
    bucket = deployment.resource("Storage", "AWS::S3::Bucket", "Data")
    s3 = deployment.client("s3")
    good = s3.get_object(Bucket=bucket, Key="raw/churn.csv")["Body"].read().decode().splitlines()
    broken = good[2].split(",")
    # The seventh column of the raw file holds the day minutes.
    broken[7] = "-5"
    rows = [*good[:2], ",".join(broken), *good[3:500]]
    s3.put_object(Bucket=bucket, Key="raw/bad.csv", Body="\n".join(rows).encode())
    described, steps = run_pipeline(deployment, RawDataUri=f"s3://{bucket}/raw/bad.csv")
    assert described["PipelineExecutionStatus"] == "Failed"
    reason = steps["Prepare"]["FailureReason"]
    assert reason.startswith("ClientError: AlgorithmError:")
    assert "row" in reason.lower()
    assert set(steps) == {"Prepare", "Champion"}  # which wait for nothing, and of which the second is done
    name = steps["Prepare"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[-1]
    job = deployment.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    assert job["ExitMessage"]
    assert job["ExitMessage"][:100] in reason


def test_a_file_that_is_not_there_is_said_to_be_missing(deployment: Deployment) -> None:
    bucket = deployment.resource("Storage", "AWS::S3::Bucket", "Data")
    _, steps = run_pipeline(deployment, RawDataUri=f"s3://{bucket}/raw/none.csv")
    assert "none.csv matched no files on s3" in steps["Prepare"]["FailureReason"]


def _asked_for_a_run(deployment: Deployment) -> str:
    """The run that the deployer gives CloudFormation for what is deployed."""
    resources = [r for t in deployment.templates for r in json.loads(t.read_text())["Resources"].values()]
    (run,) = [r["Properties"] for r in resources if r["Type"] == "Custom::PipelineRun"]
    event = {
        "RequestType": "Update",
        "RequestId": uuid.uuid4().hex,
        "PhysicalResourceId": f"{PIPELINE}-run",
        "StackId": deployment.client("cloudformation").describe_stacks(StackName="Churn-local-Serving")["Stacks"][0][
            "StackId"
        ],
        "ResourceProperties": run | {"PipelineName": PIPELINE, "Rollout": ""},
    }
    answer = deployment.client("lambda").invoke(
        FunctionName=deployment.resource("Rollout", "AWS::Lambda::Function", "PipelineRunOnEvent"),
        Payload=json.dumps(event),
    )
    told = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    execution: str = told["Data"]["ExecutionArn"]
    return execution


def test_a_data_scientists_run_of_the_same_name_is_not_taken_for_the_deployments(deployment: Deployment) -> None:
    """Not even when a registrar has approved its package: nobody looked whether it had the deployment's parameters."""
    sagemaker, own = deployment.client("sagemaker"), _asked_for_a_run(deployment)
    name = sagemaker.describe_pipeline_execution(PipelineExecutionArn=own)["PipelineExecutionDisplayName"]
    scientist = deployment.output("Studio", "DataScientistRoleArn")
    described, steps = run_pipeline(deployment, role=scientist, name=name, MinimumAveragePrecision="0")
    assert described["PipelineExecutionDisplayName"] == name
    assert f":assumed-role/{scientist.rsplit('/', 1)[-1]}/" in described["CreatedBy"]["IamIdentity"]["Arn"]
    package = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    # Nor is it rolled out here, where what comes after would find it in service.
    with deployment.quiet("Rollout"):
        sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        try:
            assert _asked_for_a_run(deployment) == own
        finally:
            sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
