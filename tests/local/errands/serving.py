"""A model and an endpoint of it."""

import contextlib
import json
import re
from typing import Any

from botocore.exceptions import ClientError

from tests.local.errands.common import ENDPOINT, Failed, done, until
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
            if not until(lambda: self._logged(f"/aws/sagemaker/Endpoints/{name}"), within_s=4):
                raise Failed("the endpoint has no log")
            self._capture(name, capture["DestinationS3Uri"])
            self._replace(name)

    def _capture(self, name: str, place: str) -> None:
        """Ask the endpoint, and find the question captured."""
        self.deployment.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"{}")
        prefix = f"{place.removeprefix(f's3://{self.data}/')}/{name}/"

        def captured() -> list[str]:
            found = self.s3.list_objects_v2(Bucket=self.data, Prefix=prefix).get("Contents", [])
            return [one["Key"] for one in found]

        if not until(captured, within_s=6):
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

    def _logged(self, group: str) -> bool:
        try:
            return bool(self.deployment.log_lines(group))
        except ClientError:
            return False


def endpoint_of(statements: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The same statements about the log of another endpoint: each writes to its own."""
    text = re.sub(rf"Endpoints/{ENDPOINT}\b", f"Endpoints/{name}", json.dumps(statements))
    renamed: list[dict[str, Any]] = json.loads(text)
    return renamed
