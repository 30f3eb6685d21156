"""A model that fails under real traffic: its errors make a metric, the metric an alarm, and the endpoint goes back."""

import contextlib
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.deployment import Deployment
from tests.local.errands.common import ENDPOINT, done, until
from tests.local.errands.model import INFERENCE, model_of

NAME = f"rollback-{uuid.uuid4().hex[:8]}"
# Of the names that the model's role may look at.
ALARM = f"Churn-local-Serving-{NAME}"
FAILING = INFERENCE.replace("return data", "raise RuntimeError('not today')")
BAKE_S = 240


class Endpoint:
    """An endpoint of two machines, with the deployed model's role."""

    def __init__(self, deployment: Deployment) -> None:
        self.sagemaker, self.s3 = deployment.client("sagemaker"), deployment.client("s3")
        self.runtime = deployment.client("sagemaker-runtime")
        self.models = deployment.resource("Storage", "AWS::S3::Bucket", "Models")
        config = self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"]
        (variant,) = self.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        deployed = self.sagemaker.describe_model(ModelName=variant["ModelName"])
        self.role = deployed["ExecutionRoleArn"]

    def config(self, name: str, module: str, after: contextlib.ExitStack) -> None:
        """A model whose module does what it is told, and a configuration of it, under one name."""
        key = f"runs/{name}/model.tar.gz"
        self.s3.put_object(Bucket=self.models, Key=key, Body=model_of(module))
        environment = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
        container = {"Image": "local", "ModelDataUrl": f"s3://{self.models}/{key}", "Environment": environment}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=self.role, PrimaryContainer=container)
        after.callback(self.sagemaker.delete_model, ModelName=name)
        variant = {"VariantName": "main", "ModelName": name, "InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        after.callback(self.sagemaker.delete_endpoint_config, EndpointConfigName=name)

    def describe(self) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=NAME)
        return found

    def answers(self) -> bool:
        body, kind = b"{}", "application/json"
        return done(self.runtime.invoke_endpoint, EndpointName=NAME, Body=body, ContentType=kind)


@pytest.fixture
def endpoint(deployment: Deployment) -> Iterator[Endpoint]:
    found, cloudwatch = Endpoint(deployment), deployment.client("cloudwatch")
    with contextlib.ExitStack() as after:
        found.config(f"{NAME}-good", INFERENCE, after)
        found.config(f"{NAME}-bad", FAILING, after)
        cloudwatch.put_metric_alarm(
            AlarmName=ALARM,
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Dimensions=[{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "main"}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=3,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
        after.callback(cloudwatch.delete_alarms, AlarmNames=[ALARM])
        found.sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=f"{NAME}-good")
        until(lambda: found.describe()["EndpointStatus"] != "Creating")
        after.callback(found.sagemaker.delete_endpoint, EndpointName=NAME)
        yield found


def test_errors_of_a_canary_bring_the_old_model_back(endpoint: Endpoint) -> None:
    assert endpoint.answers()
    one = {"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": BAKE_S}
    endpoint.sagemaker.update_endpoint(
        EndpointName=NAME,
        EndpointConfigName=f"{NAME}-bad",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": one},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]},
        },
    )
    started, seen, answered = time.monotonic(), set(), []
    while (found := endpoint.describe())["EndpointStatus"] != "InService":
        seen.add(found["EndpointStatus"])
        answered.append(endpoint.answers())
        assert time.monotonic() - started < BAKE_S, found
    # Half of the requests met the canary, and no more of them than it takes to notice.
    assert {True, False} == set(answered)
    assert "Updating" in seen
    assert found["EndpointConfigName"] == f"{NAME}-good"
    assert ALARM in found["FailureReason"]
    assert all(endpoint.answers() for _ in range(20))


def test_another_alarm_is_none_of_the_models_business(endpoint: Endpoint) -> None:
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    endpoint.sagemaker.update_endpoint(
        EndpointName=NAME,
        EndpointConfigName=f"{NAME}-good",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "somebody-elses"}]},
        },
    )
    until(lambda: endpoint.describe()["EndpointStatus"] == "InService")
    assert "is not authorized to perform: cloudwatch:DescribeAlarms" in endpoint.describe()["FailureReason"]
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        endpoint.sagemaker.update_endpoint(EndpointName=NAME, EndpointConfigName="none")
