"""The deployed endpoint's capacity: within the bounds of its scalable target, and kept when its model is replaced."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.deployment import Deployment
from tests.local.errands.common import ENDPOINT

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{ENDPOINT}/variant/main",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
Found = dict[str, Any]


class Endpoint:
    """The deployed endpoint."""

    def __init__(self, deployment: Deployment) -> None:
        self.sagemaker = deployment.client("sagemaker")
        self.scaling = deployment.client("application-autoscaling")

    def describe(self) -> Found:
        found: Found = self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
        return found

    def settled(self, reached: Callable[[Found], bool] = lambda found: found["EndpointStatus"] == "InService") -> Found:
        deadline = time.monotonic() + 240
        while not reached(found := self.describe()):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found

    def count(self) -> int:
        return int(self.settled()["ProductionVariants"][0]["CurrentInstanceCount"])

    def scale(self, count: int) -> None:
        self.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=ENDPOINT, DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": count}]
        )
        self.settled()


@pytest.fixture
def endpoint(deployment: Deployment) -> Iterator[Endpoint]:
    found = Endpoint(deployment)
    (before,) = found.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    yield found
    found.settled()
    bounds = {name: before[name] for name in ("MinCapacity", "MaxCapacity")}
    found.scaling.register_scalable_target(**TARGET, **bounds)
    found.settled()
    found.scale(before["MinCapacity"])


def test_the_deployed_target_has_the_bounds_of_the_settings(endpoint: Endpoint) -> None:
    (target,) = endpoint.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert {name: target[name] for name in TARGET} == TARGET
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    (policy,) = endpoint.scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    tracked = policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]
    assert tracked["PredefinedMetricType"] == "SageMakerVariantInvocationsPerInstance"


def test_what_was_scaled_out_survives_a_new_model(endpoint: Endpoint) -> None:
    before = endpoint.describe()
    endpoint.scale(3)
    # As CloudFormation updates it; the model is the same, and goes through the canary like any other.
    endpoint.sagemaker.update_endpoint(
        EndpointName=ENDPOINT,
        EndpointConfigName=before["EndpointConfigName"],
        RetainAllVariantProperties=True,
        RetainDeploymentConfig=True,
    )
    pending = endpoint.settled(lambda found: "PendingDeploymentSummary" in found)["PendingDeploymentSummary"]
    assert pending["ProductionVariants"][0]["DesiredInstanceCount"] == 3
    assert endpoint.count() == 3
    assert "FailureReason" not in endpoint.describe()


def test_bounds_act_when_they_are_set(endpoint: Endpoint) -> None:
    endpoint.scaling.register_scalable_target(**TARGET, MinCapacity=4)
    assert endpoint.count() == 4
    endpoint.scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=1)
    assert endpoint.count() == 1
    causes = endpoint.scaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    assert {"minimum capacity was set to 4", "maximum capacity was set to 1"} <= {one["Cause"] for one in causes}
    with pytest.raises(ClientError, match="Maximum capacity cannot be less than minimum capacity"):
        endpoint.scaling.register_scalable_target(**TARGET, MinCapacity=3)
