"""A model and an endpoint of it."""

import contextlib
import json
import re
from typing import Any

from botocore.exceptions import ClientError

from tests.local.errands.common import ENDPOINT, Failed, done, errand_name, soon, until
from tests.local.errands.jobs import Jobs


class Serving(Jobs):
    """The errand of the model's role."""

    def serve(self, role: str, name: str) -> None:
        """A model and an endpoint of it that answers, logs and counts."""
        variant = {"VariantName": "main", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        models_key = self.steps["Train"]["OutputDataConfig"]["KmsKeyId"]
        container = {
            "Image": self.steps["Train"]["AlgorithmSpecification"]["TrainingImage"],
            "ModelDataUrl": f"s3://{self.models}/{self.place}/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
        }
        with contextlib.ExitStack() as after:
            self.sagemaker.create_model(
                ModelName=name,
                ExecutionRoleArn=role,
                PrimaryContainer=container,
                EnableNetworkIsolation=True,
                VpcConfig=self.steps["Train"]["VpcConfig"],
            )
            after.callback(self.sagemaker.delete_model, ModelName=name)
            self._transform(name)
            live = self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"]
            capture = self.sagemaker.describe_endpoint_config(EndpointConfigName=live)["DataCaptureConfig"]
            self.sagemaker.create_endpoint_config(
                EndpointConfigName=name, ProductionVariants=[variant], KmsKeyId=models_key, DataCaptureConfig=capture
            )
            after.callback(self.sagemaker.delete_endpoint_config, EndpointConfigName=name)
            self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
            until(lambda: self._endpoint(name)["EndpointStatus"] != "Creating")
            after.callback(done, self._logs.delete_log_group, logGroupName=f"/aws/sagemaker/Endpoints/{name}")
            after.callback(self.sagemaker.delete_endpoint, EndpointName=name)
            endpoint = self._endpoint(name)
            if endpoint["EndpointStatus"] != "InService":
                raise Failed(endpoint.get("FailureReason", endpoint["EndpointStatus"]))
            self._require_metrics("/aws/sagemaker/Endpoints", {"EndpointName": name, "VariantName": "main"})
            # Its log says that it listens, soon after it does.
            if not soon(lambda: self._logged(f"/aws/sagemaker/Endpoints/{name}")):
                raise Failed("the endpoint has no log")
            self._capture(name, capture["DestinationS3Uri"])
            self._replace(name)

    def _transform(self, name: str) -> None:
        """A batch transform with the model, which answers, logs and counts."""
        bucket = self.deployment.output("Storage", "BatchesBucketName")
        key = self.steps["Train"]["ResourceConfig"]["VolumeKmsKeyId"]
        self.s3.put_object(Bucket=bucket, Key=f"scoring/in/{name}/one", Body=b"{}")
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/scoring/in/{name}/"}}
        job = errand_name()
        self.sagemaker.create_transform_job(
            TransformJobName=job,
            ModelName=name,
            TransformInput={"DataSource": source, "ContentType": "application/json"},
            TransformOutput={"S3OutputPath": f"s3://{bucket}/scoring/out/{name}", "KmsKeyId": key},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": key},
        )
        self._ended("TransformJob", job)
        if not soon(lambda: self._logged("/aws/sagemaker/TransformJobs", job)):
            raise Failed("the transform has no log")
        hosts = self._cloudwatch.list_metrics(Namespace="/aws/sagemaker/TransformJobs")["Metrics"]
        if not any(one["Value"].startswith(job) for metric in hosts for one in metric["Dimensions"]):
            raise Failed("the transform has no metrics")

    def _capture(self, name: str, place: str) -> None:
        """Ask the endpoint, and find the question captured."""
        self.deployment.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"{}")
        prefix = f"{place.removeprefix(f's3://{self.data}/')}/{name}/"

        def captured() -> list[str]:
            found = self.s3.list_objects_v2(Bucket=self.data, Prefix=prefix).get("Contents", [])
            return [one["Key"] for one in found]

        if not soon(captured):
            raise Failed("nothing was captured")
        for key in captured():
            self.s3.delete_object(Bucket=self.data, Key=key)

    def _replace(self, name: str) -> None:
        """Update the endpoint under the eye of an alarm, which SageMaker looks at with the model's role."""
        half = {"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 0}
        alarm = self.deployment.resource("Serving", "AWS::CloudWatch::Alarm")
        self.sagemaker.update_endpoint(
            EndpointName=name,
            EndpointConfigName=name,
            DeploymentConfig={
                "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": half},
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
            },
        )
        until(lambda: self._endpoint(name)["EndpointStatus"] == "InService")
        if reason := self._endpoint(name).get("FailureReason"):
            raise Failed(reason)

    def _endpoint(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return found

    def _logged(self, group: str, stream: str = "") -> bool:
        try:
            if not stream:
                return bool(self.deployment.log_lines(group))
            return bool(self._logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"])
        except ClientError:
            return False


def endpoint_of(statements: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The same statements about the log of another endpoint: each writes to its own."""
    text = re.sub(rf"Endpoints/{ENDPOINT}\b", f"Endpoints/{name}", json.dumps(statements))
    renamed: list[dict[str, Any]] = json.loads(text)
    return renamed
