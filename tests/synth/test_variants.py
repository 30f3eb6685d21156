"""Settings that no environment has today still give what they promise, cdk-nag included."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import app as churn_app
from config import ENVIRONMENTS, Settings, SettingsError, load_settings

from .conftest import Environment

Synthesise = Callable[[Settings], Environment]


def changed(section: str, **changes: Any) -> Settings:
    settings = load_settings("dev")
    values: dict[str, Any] = {section: replace(getattr(settings, section), **changes)}
    return replace(settings, **values)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_hyperparameters_of_every_environment_are_those_that_training_takes(name: str) -> None:
    churn_app.check_hyperparameters(load_settings(name))
    assert "check_hyperparameters(settings)" in inspect.getsource(churn_app.main)


@pytest.mark.parametrize(
    ("pair", "rule"),
    [
        (("etaa", "0.1"), "etaa is no hyperparameter; there are max_depth, eta,"),
        (("eta", "99"), "eta must be a number from 0.001 to 1, not '99'. Correct the pair"),
        (("max_depth", "2.5"), "max_depth must be a whole number from 1 to 15"),
        (("eta", "nan"), "eta must be a number"),
    ],
)
def test_a_hyperparameter_that_training_would_refuse_is_refused_before_anything_is_deployed(
    pair: tuple[str, str], rule: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        churn_app.check_hyperparameters(changed("training", hyperparameters=(pair,)))
    assert "training.hyperparameters is " in str(caught.value)
    assert rule in str(caught.value)


def test_a_serverless_endpoint_has_no_machines_network_or_key(synthesise: Synthesise) -> None:
    found = synthesise(
        changed("serving", serverless=True, in_vpc=False, network_isolated=False, serverless_memory_mb=3072)
    )
    (variant,) = found.one("AWS::SageMaker::EndpointConfig").properties["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MaxConcurrency": 5, "MemorySizeInMB": 3072}
    assert not {"InstanceType", "InitialInstanceCount"} & set(variant)
    assert "KmsKeyId" not in found.one("AWS::SageMaker::EndpointConfig").properties
    model = found.one("AWS::SageMaker::Model").properties
    assert "VpcConfig" not in model
    assert model["EnableNetworkIsolation"] is False


def test_a_canary_shifts_its_share_and_rolls_back_on_errors(synthesise: Synthesise) -> None:
    found = synthesise(changed("serving", instance_count=4, canary_percent=25, canary_bake_s=240))
    deployment = found.one("AWS::SageMaker::Endpoint").properties["DeploymentConfig"]
    routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
        "WaitIntervalInSeconds": 240,
    }
    alarm = found.one("AWS::CloudWatch::Alarm")
    (watched,) = deployment["AutoRollbackConfiguration"]["Alarms"]
    assert watched == {"AlarmName": {"Ref": alarm.logical_id}}
    dimensions = {one["Name"]: one["Value"] for one in alarm.properties["Dimensions"]}
    (variant,) = found.one("AWS::SageMaker::EndpointConfig").properties["ProductionVariants"]
    assert dimensions == {"EndpointName": "churn-dev", "VariantName": variant["VariantName"]}


def test_captured_data_is_encrypted_and_the_model_may_write_it(synthesise: Synthesise) -> None:
    found = synthesise(changed("serving", data_capture_percent=20))
    capture = found.one("AWS::SageMaker::EndpointConfig").properties["DataCaptureConfig"]
    assert capture["EnableCapture"] is True
    assert capture["InitialSamplingPercentage"] == 20
    assert capture["KmsKeyId"]
    assert [option["CaptureMode"] for option in capture["CaptureOptions"]] == ["Input", "Output"]
    policy = next(p for p in found.resources("AWS::IAM::ManagedPolicy") if p.logical_id.startswith("ModelRoleGrants"))
    statements = policy.properties["PolicyDocument"]["Statement"]
    writes = [s for s in statements if s["Action"] == "s3:PutObject"]
    assert len(writes) == 1
    assert "/capture/*" in str(writes[0]["Resource"])


def test_without_interface_endpoints_only_s3_is_reachable(synthesise: Synthesise) -> None:
    dev = load_settings("dev")
    network = replace(dev.network, interface_endpoints_enabled=False)
    found = synthesise(replace(dev, network=network, api=replace(dev.api, in_vpc=False)))
    assert found.one("AWS::EC2::VPCEndpoint").properties["VpcEndpointType"] == "Gateway"


def test_the_invoker_can_stay_outside_the_network(synthesise: Synthesise) -> None:
    found = synthesise(changed("api", in_vpc=False))
    assert not [f for f in found.resources("AWS::Lambda::Function") if "VpcConfig" in f.properties]
    assert "sagemaker.runtime" not in str([e.properties for e in found.resources("AWS::EC2::VPCEndpoint")])


def test_models_can_be_locked(synthesise: Synthesise) -> None:
    settings = load_settings("prod")
    found = synthesise(replace(settings, storage=replace(settings.storage, model_lock_days=90)))
    locked = {
        b.logical_id: b.properties for b in found.resources("AWS::S3::Bucket") if "ObjectLockEnabled" in b.properties
    }
    ((name, properties),) = locked.items()
    assert name.startswith("Models")
    assert properties["ObjectLockEnabled"] is True
    assert properties["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Days": 90, "Mode": "GOVERNANCE"}


def test_a_second_deployment_leaves_the_account_s_log_role_alone(synthesise: Synthesise) -> None:
    found = synthesise(changed("api", manages_log_role=False))
    assert "AWS::ApiGateway::Account" not in {resource.type for resource in found.resources()}


def test_hyperparameters_of_the_settings_reach_the_training_job(synthesise: Synthesise) -> None:
    found = synthesise(changed("training", hyperparameters=(("max_depth", "3"),)))
    train = next(step for step in found.pipeline_definition()["Steps"] if step["Name"] == "Train")
    assert train["Arguments"]["HyperParameters"]["max_depth"] == "3"
