"""An update of an endpoint shifts the traffic in steps, watches alarms, and goes back; capacity survives it."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.sagemaker import cloudformation, operations
from local.sagemaker.errors import ServiceError
from local.sagemaker.hosting import shifting
from tests.unit.local.conftest import TestPlatform
from tests.unit.local.hosted import ENDPOINT, artifact, configure, describe, invoke, register

ALARM = "churn-errors"


def _policy(wait_s: int, last_s: int = 0, **routing: Any) -> dict[str, Any]:
    half = {"Type": "CAPACITY_PERCENT", "Value": 50}
    routing = {"Type": "CANARY", "CanarySize": half, **routing, "WaitIntervalInSeconds": wait_s}
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": last_s},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]},
    }


def _two(host: TestPlatform, count: int = 2) -> tuple[str, str]:
    """An endpoint that adds 1, and the configuration of a model that adds 2."""
    one, two = (configure(register(host, f"{n}.tar.gz", artifact(n)), n, count) for n in "12")
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": one})
    host.events.clear()
    return one, two


def _update(config: str, **more: Any) -> None:
    operations.call("UpdateEndpoint", {"EndpointName": "churn", "EndpointConfigName": config, **more})


def _until(reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while not reached(found := describe()):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def _stage(found: dict[str, Any]) -> str:
    pending = found.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
    return str(pending[0].get("VariantStatus", [{"Status": ""}])[0]["Status"])


@pytest.mark.parametrize(
    ("routing", "count", "wanted"),
    [
        ({"Type": "ALL_AT_ONCE"}, 3, [3]),
        ({"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}}, 4, [1, 4]),
        ({"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}}, 4, [2, 4]),
        ({"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 25}}, 4, [1, 2, 3, 4]),
        ({"Type": "LINEAR", "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 2}}, 5, [2, 4, 5]),
        ({"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}}, 1, [1]),
    ],
)
def test_the_steps_of_a_policy(routing: dict[str, Any], count: int, wanted: list[int]) -> None:
    assert shifting.batches(routing, count) == wanted


def test_a_canary_shares_the_traffic_until_it_is_trusted(group: TestPlatform) -> None:
    one, two = _two(group)
    _update(two, DeploymentConfig=_policy(wait_s=4))
    found = _until(lambda found: _stage(found) == "Baking")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("Updating", one)
    pending = found["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == two
    (variant,) = pending["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 2)
    assert variant["VariantStatus"][0]["StatusMessage"] == (
        "Baking for 4 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s)."
    )
    answers = [invoke()[1]["prediction"] for _ in range(40)]
    assert set(answers) == {11, 12}
    found = _until(lambda found: found["EndpointStatus"] == "InService")
    assert found["EndpointConfigName"] == two
    assert "PendingDeploymentSummary" not in found
    assert {invoke()[1]["prediction"] for _ in range(10)} == {12}
    told = [detail for kind, detail in group.events if kind == "SageMaker Endpoint Deployment State Change"]
    stages = [one["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"] for one in told]
    assert stages == ["Creating", "ActivatingTraffic", "Baking", "ActivatingTraffic", "Deleting"]
    assert found["LastDeploymentConfig"] == _policy(wait_s=4)


def test_an_alarm_brings_the_old_model_back(group: TestPlatform) -> None:
    one, two = _two(group)
    _update(two, DeploymentConfig=_policy(wait_s=30))
    _until(lambda found: _stage(found) == "Baking")
    group.ringing.add(ALARM)
    found = _until(lambda found: found["EndpointStatus"] == "InService")
    assert found["EndpointConfigName"] == one
    assert f"The alarm(s) {ALARM} went off" in found["FailureReason"]
    assert "PendingDeploymentSummary" not in found
    assert {invoke()[1]["prediction"] for _ in range(10)} == {11}
    states = [detail["EndpointStatus"] for kind, detail in group.events if kind == "SageMaker Endpoint State Change"]
    assert states == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]


def test_an_alarm_during_the_last_wait_brings_it_back_too(group: TestPlatform) -> None:
    one, two = _two(group)
    _update(two, DeploymentConfig=_policy(wait_s=0, last_s=30))
    _until(lambda found: _stage(found) == "Baking")
    assert {invoke()[1]["prediction"] for _ in range(10)} == {12}
    group.ringing.add(ALARM)
    assert _until(lambda found: found["EndpointStatus"] == "InService")["EndpointConfigName"] == one
    assert invoke()[1] == {"prediction": 11}


def test_an_update_that_takes_too_long_goes_back(group: TestPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = _two(group)
    monkeypatch.setattr(shifting, "_LIMIT_S", 1)
    _update(two, DeploymentConfig=_policy(wait_s=30))
    found = _until(lambda found: found["EndpointStatus"] == "InService")
    assert (found["EndpointConfigName"], invoke()[1]) == (one, {"prediction": 11})
    assert "took longer than MaximumExecutionTimeoutInSeconds" in found["FailureReason"]


def test_cloudformation_fails_an_update_that_went_back(group: TestPlatform) -> None:
    one, two = _two(group)
    group.ringing.add(ALARM)
    old = {"EndpointName": "churn", "EndpointConfigName": one}
    with pytest.raises(cloudformation.ResourceFailed, match="churn-errors went off"):
        ENDPOINT.update(
            describe()["EndpointArn"], old, {**old, "EndpointConfigName": two, "DeploymentConfig": _policy(5)}
        )


def test_the_models_role_must_be_allowed_to_look_at_the_alarms(group: TestPlatform) -> None:
    one, two = _two(group)
    group.forbidden.add("cloudwatch:DescribeAlarms")
    _update(two, DeploymentConfig=_policy(wait_s=1))
    found = _until(lambda found: found["EndpointStatus"] == "InService")
    assert found["EndpointConfigName"] == one
    assert "cloudwatch:DescribeAlarms" in found["FailureReason"]
    assert ("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{ALARM}") in group.checked


def test_an_endpoint_takes_one_update_at_a_time(group: TestPlatform) -> None:
    one, two = _two(group)
    _update(two, DeploymentConfig=_policy(wait_s=30))
    _until(lambda found: _stage(found) == "Baking")
    with pytest.raises(ServiceError, match="Cannot update in-progress endpoint"):
        _update(two)
    group.ringing.add(ALARM)
    assert _until(lambda found: found["EndpointStatus"] == "InService")["EndpointConfigName"] == one


@pytest.mark.parametrize(
    ("routing", "reason"),
    [
        ({"Type": "LINEAR"}, "LinearStepSize is required"),
        ({"CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 60}}, "at most 50 percent"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(group: TestPlatform, routing: dict[str, Any], reason: str) -> None:
    _, two = _two(group)
    with pytest.raises(ServiceError, match=reason):
        _update(two, DeploymentConfig=_policy(1, **routing))
    assert describe()["EndpointStatus"] == "InService"


def test_what_was_scaled_survives_an_update_that_retains_it(group: TestPlatform) -> None:
    _, two = _two(group)
    desired = [{"VariantName": "main", "DesiredInstanceCount": 3}]
    request = {"EndpointName": "churn", "DesiredWeightsAndCapacities": desired}
    operations.call("UpdateEndpointWeightsAndCapacities", request)
    group.wait()
    assert describe()["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    _update(two, RetainAllVariantProperties=True)
    group.wait()
    found = describe()
    assert (found["EndpointConfigName"], found["ProductionVariants"][0]["CurrentInstanceCount"]) == (two, 3)
    excluded = [{"VariantPropertyType": "DesiredInstanceCount"}]
    _update(two, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded)
    group.wait()
    assert describe()["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    operations.call("UpdateEndpointWeightsAndCapacities", request)
    group.wait()
    _update(two)
    group.wait()
    assert describe()["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_a_variant_that_is_not_there_is_not_scaled(group: TestPlatform) -> None:
    _two(group)
    desired = [{"VariantName": "other", "DesiredInstanceCount": 3}]
    request = {"EndpointName": "churn", "DesiredWeightsAndCapacities": desired}
    with pytest.raises(ServiceError, match="Variant other of endpoint"):
        operations.call("UpdateEndpointWeightsAndCapacities", request)


def test_metrics_are_gathered_and_tell_the_fleets_apart(group: TestPlatform) -> None:
    one, _ = _two(group)
    group.metrics.clear()
    for _ in range(3):
        invoke()
    invoke(content_type="text/csv")
    group.wait()
    found: dict[tuple[str, bool], list[float]] = {}
    for call in group.metrics:
        for datum in call["MetricData"] if call["Namespace"] == "AWS/SageMaker" else []:
            series = {one["Name"]: one["Value"] for one in datum["Dimensions"]}
            assert {"EndpointName": "churn", "VariantName": "main"}.items() <= series.items()
            assert series.get("EndpointConfigName", one) == one
            key = datum["MetricName"], "EndpointConfigName" in series
            found[key] = found.get(key, []) + datum["Values"]
    for apart in (False, True):
        assert sorted(found["Invocation5XXErrors", apart]) == [0, 0, 0, 1]
        assert found["Invocations", apart] == [1, 1, 1, 1]
        assert found["Invocation4XXErrors", apart] == [0, 0, 0, 0]
        assert min(found["ModelLatency", apart]) > min(found["OverheadLatency", apart]) > 0


def _captured(host: TestPlatform) -> dict[str, list[dict[str, Any]]]:
    return {
        key: [json.loads(line) for line in body.splitlines()]
        for (bucket, key), body in host.s3.objects.items()
        if bucket == "data"
    }


def _capture(percent: int = 100) -> dict[str, Any]:
    return {
        "EnableCapture": "true",
        "InitialSamplingPercentage": str(percent),
        "DestinationS3Uri": "s3://data/captured",
        "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/1",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]},
    }


def test_traffic_is_captured_as_sagemaker_writes_it(group: TestPlatform) -> None:
    package = register(group, "one.tar.gz", artifact())
    config = configure(package, "one", DataCaptureConfig=_capture())
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    assert describe()["DataCaptureConfig"]["CaptureStatus"] == "Started"
    # As for any output: SageMaker's documentation names Encrypt, and S3 the other two.
    asked = {action for action, resource in group.checked if resource == _capture()["KmsKeyId"]}
    assert asked == {"kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"}
    hours = {time.strftime("%Y/%m/%d/%H", time.gmtime())}
    invoke(5, **{"x-amzn-sagemaker-inference-id": "agent-7"})
    invoke(6)
    invoke(content_type="text/csv")
    operations.call("DeleteEndpoint", {"EndpointName": "churn"})
    files = _captured(group)
    hours.add(time.strftime("%Y/%m/%d/%H", time.gmtime()))
    places = tuple(f"captured/churn/main/{hour}/" for hour in hours)
    assert all(key.startswith(places) and key.endswith(".jsonl") for key in files)
    assert {group.s3.keys_used["data", key] for key in files} == {_capture()["KmsKeyId"]}
    first, second = sorted(
        (one for lines in files.values() for one in lines), key=lambda one: len(one["eventMetadata"]), reverse=True
    )
    assert first["eventVersion"] == "0"
    assert first["captureData"] == {
        "endpointInput": {
            "observedContentType": "application/json", "mode": "INPUT", "data": '{"value": 5}', "encoding": "JSON",
        },
        "endpointOutput": {
            "observedContentType": "application/json",
            "mode": "OUTPUT", "data": '{"prediction": 11}', "encoding": "JSON",
        },
    }  # fmt: skip
    assert first["eventMetadata"]["inferenceId"] == "agent-7"
    assert set(second["eventMetadata"]) == {"eventId", "inferenceTime"}


def test_what_no_header_names_is_captured_in_base64_and_a_sample_of_none_is_none(group: TestPlatform) -> None:
    package = register(group, "one.tar.gz", artifact())
    plain = {k: v for k, v in _capture().items() if k != "CaptureContentTypeHeader"}
    config = configure(package, "one", DataCaptureConfig=plain)
    ENDPOINT.create("", {"EndpointName": "churn", "EndpointConfigName": config})
    invoke()
    other = configure(package, "two", DataCaptureConfig=_capture(0))
    _update(other)
    _until(lambda found: found["EndpointConfigName"] == other)
    invoke()
    operations.call("DeleteEndpoint", {"EndpointName": "churn"})
    ((line,),) = _captured(group).values()
    assert line["captureData"]["endpointInput"]["encoding"] == "BASE64"
    assert line["captureData"]["endpointInput"]["data"] == "eyJ2YWx1ZSI6IDV9"
