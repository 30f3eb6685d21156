"""Jobs of a role's own: a processing job, a training job, and both among the experiments."""

import copy
import itertools
import json
import uuid
from typing import Any

from tests.local.deployment import Deployment
from tests.local.errands.common import LOYAL, PIPELINE, PREPARE, TRAIN, Failed, done, errand_name, python, until
from tests.local.errands.model import tiny_model
from tests.local.roles import Roles

# Where errands leave things under their mark, beside the places of runs.
MARKED = ("experiments", "raw/incoming", "raw/taken", "quarantine", "mlflow")


class Jobs:
    """A deployed system, and the errands of jobs on it.

    Parameters
    ----------
    deployment
        The system.
    roles
        Its roles.
    """

    def __init__(self, deployment: Deployment, roles: Roles) -> None:
        self.deployment = deployment
        self.roles = roles
        self.sagemaker, self.s3 = deployment.client("sagemaker"), deployment.client("s3")
        self._logs, self._lambda = deployment.client("logs"), deployment.client("lambda")
        self._cloudwatch = deployment.client("cloudwatch")
        self.data, self.models = (deployment.resource("Storage", "AWS::S3::Bucket", n) for n in ("Data", "Models"))
        described = self.sagemaker.describe_pipeline(PipelineName=PIPELINE)
        self.definition: dict[str, Any] = json.loads(described["PipelineDefinition"])
        self.steps = {step["Name"]: step["Arguments"] for step in self.definition["Steps"]}
        self._code = self.steps["Train"]["InputDataConfig"][-1]["DataSource"]["S3DataSource"]["S3Uri"]
        self.loyal = json.dumps({"instances": [LOYAL]})
        self.mark = f"errands-{uuid.uuid4().hex[:8]}"
        self.place = f"runs/{self.mark}"
        self.s3.put_object(Bucket=self.data, Key=f"{self.place}/train.csv", Body=b"1")
        self.s3.put_object(Bucket=self.models, Key=f"{self.place}/model.tar.gz", Body=tiny_model())
        self.kept = f"checkpoints/{self.mark}"
        self.s3.put_object(Bucket=self.models, Key=f"{self.kept}/step", Body=b"1")

    def clean_up(self) -> None:
        """Take away what errands have left in the buckets."""
        marked = [f"{place}/{self.mark}" for place in MARKED]
        places = itertools.product((self.data, self.models), (self.place, self.kept, *marked))
        for bucket, prefix in places:
            self.remove(bucket, prefix)

    def remove(self, bucket: str, prefix: str) -> None:
        """Delete every version of the objects under a prefix."""
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if keys := [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in found]:
                self.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})

    def experiment(self, role: str) -> None:
        """A job of each kind that reads what the pipeline reads and made, and writes among the experiments."""
        place = f"experiments/{self.mark}"
        self.s3.put_object(Bucket=self.data, Key=f"{place}/train.csv", Body=b"1")
        self.process(role, place)
        self.train(role, place)

    def process(self, role: str, place: str = "") -> None:
        """A processing job that reads what prepare and evaluate read, and writes where they write."""
        place = place or self.place
        name = errand_name()
        inputs = {
            "code": self._code,
            "raw": f"s3://{self.data}/raw/churn.csv",
            "test": f"s3://{self.data}/{self.place}/train.csv",
            "model": f"s3://{self.models}/{self.place}/model.tar.gz",
        }
        request = self.processing_request(inputs=inputs, output=f"s3://{self.data}/{place}/{name}")
        self.sagemaker.create_processing_job(ProcessingJobName=name, RoleArn=role, **request)
        try:
            self._ended("ProcessingJob", name)
            self._require_traces("ProcessingJobs", name)
        finally:
            self.forget("ProcessingJob", name)

    def processing_request(self, *, inputs: dict[str, str], output: str, code: str = PREPARE) -> dict[str, Any]:
        """A request like the pipeline's, without name and role."""
        step = self.steps["Prepare"]
        request = {k: step[k] for k in ("ProcessingResources", "NetworkConfig", "StoppingCondition")}
        given = step["ProcessingInputs"][0]
        target = step["ProcessingOutputConfig"]["Outputs"][0]
        places = {name: {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/input/{name}"} for name, uri in inputs.items()}
        return request | {
            "AppSpecification": {"ImageUri": step["AppSpecification"]["ImageUri"], **python(code)},
            "ProcessingInputs": [
                given | {"InputName": name, "S3Input": given["S3Input"] | place} for name, place in places.items()
            ],
            "ProcessingOutputConfig": step["ProcessingOutputConfig"]
            | {"Outputs": [target | {"S3Output": target["S3Output"] | {"S3Uri": output}}]},
        }

    def train(self, role: str, place: str = "") -> None:
        """A training job that reads code and splits, and writes an artifact; the pipeline's has a checkpoint, too."""
        name = errand_name()
        request = self.training_request()
        if not place:
            place, request["CheckpointConfig"] = self.place, {"S3Uri": f"s3://{self.models}/{self.kept}"}
        request["OutputDataConfig"] = request["OutputDataConfig"] | {"S3OutputPath": f"s3://{self.models}/{place}"}
        self.sagemaker.create_training_job(TrainingJobName=name, RoleArn=role, **request)
        try:
            self._ended("TrainingJob", name)
            self._require_traces("TrainingJobs", name)
        finally:
            self.forget("TrainingJob", name)
        self.s3.head_object(Bucket=self.models, Key=f"{place}/{name}/output/model.tar.gz")

    def training_request(self, code: str = TRAIN) -> dict[str, Any]:
        """A request like the pipeline's, without name and role."""
        step = self.steps["Train"]
        kept = ("ResourceConfig", "VpcConfig", "StoppingCondition", "EnableNetworkIsolation",
                "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining")  # fmt: skip
        channels = copy.deepcopy(step["InputDataConfig"])
        for channel in channels:
            if channel["ChannelName"] != "code":
                channel["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{self.data}/{self.place}/train.csv"
        algorithm = {k: step["AlgorithmSpecification"][k] for k in ("TrainingImage", "TrainingInputMode")}
        return {k: step[k] for k in kept} | {
            "AlgorithmSpecification": algorithm | python(code),
            "InputDataConfig": channels,
            "OutputDataConfig": step["OutputDataConfig"] | {"S3OutputPath": f"s3://{self.models}/{self.place}"},
        }

    def forget(self, kind: str, name: str) -> None:
        """Delete a job and its log: nobody else knows whose they are."""
        delete = self.sagemaker.delete_processing_job if kind == "ProcessingJob" else self.sagemaker.delete_training_job
        until(lambda: done(delete, **{f"{kind}Name": name}))
        group = f"/aws/sagemaker/{kind}s"
        found = self._logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")
        for stream in found["logStreams"]:
            self._logs.delete_log_stream(logGroupName=group, logStreamName=stream["logStreamName"])

    def _ended(self, kind: str, name: str) -> dict[str, Any]:
        describe = getattr(self.sagemaker, f"describe_{kind.removesuffix('Job').lower()}_job")

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = describe(**{f"{kind}Name": name})
            return job if job[f"{kind}Status"] not in ("InProgress", "Stopping") else None

        job: dict[str, Any] = until(look)
        if job[f"{kind}Status"] != "Completed":
            raise Failed(job.get("FailureReason", job[f"{kind}Status"]))
        return job

    def _require_traces(self, group: str, name: str) -> None:
        """A job's log and its metrics: a role that may not write them leaves a job without."""
        found = self._logs.describe_log_streams(logGroupName=f"/aws/sagemaker/{group}", logStreamNamePrefix=f"{name}/")
        lines = [
            event["message"]
            for stream in found["logStreams"]
            for event in self._logs.get_log_events(
                logGroupName=f"/aws/sagemaker/{group}", logStreamName=stream["logStreamName"]
            )["events"]
        ]
        if "done" not in lines:
            raise Failed("the job has no log")
        self._require_metrics(f"/aws/sagemaker/{group}", {"Host": f"{name}/algo-1"})

    def _require_metrics(self, namespace: str, of: dict[str, str]) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
        if not self._cloudwatch.list_metrics(Namespace=namespace, Dimensions=dimensions)["Metrics"]:
            raise Failed("there are no metrics")
