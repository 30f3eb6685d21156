"""Settings that no environment has today still give what they promise, cdk-nag included."""

import inspect
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import app as churn_app
from config import ENVIRONMENTS, OfferSettings, Settings, SettingsError, load_settings
from stacks.components.offers import check_offers

from .conftest import Environment, Resource, Synthesised

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


def test_who_is_to_be_told_is_subscribed_to_every_notice(synthesise: Synthesise) -> None:
    addresses = ("model-owners@example.org", "on-call@example.org")
    found = synthesise(changed("operations", notify_emails=addresses))
    topic = found.one("AWS::SNS::Topic")
    told = {s.properties["Endpoint"]: s.properties for s in found.resources("AWS::SNS::Subscription")}
    assert set(told) == set(addresses)
    for subscription in told.values():
        assert subscription["Protocol"] == "email"
        assert subscription["TopicArn"] == {"Ref": topic.logical_id}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_offers_of_every_environment_fit_the_schema(name: str) -> None:
    check_offers(load_settings(name).api)
    assert "check_offers(settings.api)" in inspect.getsource(churn_app.main)


def test_an_offer_that_the_schema_does_not_know_is_refused_before_anything_is_deployed() -> None:
    unknown = OfferSettings(name="socks", text="Socks", cost_usd=5.0, changes=(("shoe_size", "set", 44),))
    with pytest.raises(SettingsError) as caught:
        check_offers(replace(load_settings("dev").api, offers=(unknown,)))
    assert str(caught.value).startswith("api.offers is ('socks',): must fit the schema: offer socks: shoe_size is no")
    assert "config/offers.py" in str(caught.value)


def test_a_serverless_endpoint_has_no_machines_network_or_key(synthesise: Synthesise) -> None:
    unwatched = changed("watching", schedule="")
    without = {"in_vpc": False, "network_isolated": False, "data_capture_percent": 0}
    serving = replace(unwatched.serving, serverless=True, serverless_memory_mb=3072, **without)
    found = synthesise(replace(unwatched, serving=serving))
    (variant,) = found.one("AWS::SageMaker::EndpointConfig").properties["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MaxConcurrency": 5, "MemorySizeInMB": 3072}
    assert not {"InstanceType", "InitialInstanceCount"} & set(variant)
    assert "KmsKeyId" not in found.one("AWS::SageMaker::EndpointConfig").properties
    model = found.one("AWS::SageMaker::Model").properties
    assert "VpcConfig" not in model
    assert model["EnableNetworkIsolation"] is False


def test_a_canary_shifts_its_share_and_rolls_back_by_alarms(synthesise: Synthesise) -> None:
    found = synthesise(changed("serving", instance_count=4, canary_percent=25, canary_bake_s=240))
    deployment = found.one("AWS::SageMaker::Endpoint").properties["DeploymentConfig"]
    routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {
        "Type": "CANARY",
        "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
        "WaitIntervalInSeconds": 240,
    }
    alarms = {a.logical_id: a.properties for a in found.resources("AWS::CloudWatch::Alarm") if a.stack == "Serving"}
    watched = deployment["AutoRollbackConfiguration"]["Alarms"]
    assert watched == [{"AlarmName": {"Ref": name}} for name in alarms]
    (variant,) = found.one("AWS::SageMaker::EndpointConfig").properties["ProductionVariants"]
    # Of the new machines: what the model in service does, which is to go, is no reason to keep it.
    config = {"EndpointConfigName": deployed(found)}
    served = {"EndpointName": "churn-dev", "VariantName": variant["VariantName"], **config}
    told = {
        alarm["MetricName"]: (alarm["Namespace"], {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])})
        for alarm in alarms.values()
    }
    assert told == {
        "Invocation5XXErrors": ("AWS/SageMaker", served),
        "ModelLatency": ("AWS/SageMaker", served),
        "GoldenMismatches": ("Churn/dev", config),
    }
    (slow,) = [alarm for alarm in alarms.values() if alarm["MetricName"] == "ModelLatency"]
    assert (slow["ExtendedStatistic"], slow["Threshold"]) == ("p99", 1_000_000), "of microseconds"
    assert {alarm["MetricName"]: alarm["EvaluationPeriods"] for alarm in alarms.values()} == {
        "Invocation5XXErrors": 1,
        "ModelLatency": 2,
        "GoldenMismatches": 1,
    }
    # Another configuration has other alarms, which are in no state yet; and the role may look at them by their names.
    for alarm in alarms.values():
        stack, _, config_name = alarm["AlarmName"]["Fn::Join"][1]
        assert (stack, config_name) == ({"Ref": "AWS::StackName"}, config["EndpointConfigName"])
    assert len({str(alarm["AlarmName"]) for alarm in alarms.values()}) == len(alarms)
    # What happens beside an update, people hear of.
    assert all("-Notices:" in str(alarm["AlarmActions"]) for alarm in alarms.values())


def deployed(found: Environment) -> Any:
    """The endpoint config as the endpoint refers to it."""
    return found.one("AWS::SageMaker::Endpoint").properties["EndpointConfigName"]


def test_the_model_may_look_at_the_alarms_that_bring_an_update_back(synthesise: Synthesise) -> None:
    def looks(found: Environment) -> list[Any]:
        (grants,) = (
            p for p in found.resources("AWS::IAM::ManagedPolicy") if p.logical_id.startswith("ModelRoleGrants")
        )
        statements = grants.properties["PolicyDocument"]["Statement"]
        return [s["Resource"] for s in statements if s["Action"] == "cloudwatch:DescribeAlarms"]

    (resource,) = looks(synthesise(changed("serving", instance_count=2, canary_percent=50)))
    # What CloudFormation makes up begins with the name of the stack.
    assert resource["Fn::Join"][1][-1].endswith(":alarm:Churn-dev-Serving-*")
    assert not looks(synthesise(changed("serving", canary_percent=0, instance_count=1)))


def test_capacity_follows_the_traffic_and_survives_an_update(synthesise: Synthesise) -> None:
    fixed = synthesise(changed("serving", instance_count=2))
    assert not [one for one in fixed.resources() if "AutoScaling" in one.type]
    assert fixed.one("AWS::SageMaker::Endpoint").properties["RetainAllVariantProperties"] is False
    found = synthesise(
        changed("serving", instance_count=2, autoscaling_max_count=5, autoscaling_invocations_per_instance=900)
    )
    endpoint = found.one("AWS::SageMaker::Endpoint")
    assert endpoint.properties["RetainAllVariantProperties"] is True
    assert "ExcludeRetainedVariantProperties" not in endpoint.properties
    target = found.one("AWS::ApplicationAutoScaling::ScalableTarget")
    (variant,) = found.one("AWS::SageMaker::EndpointConfig").properties["ProductionVariants"]
    name = {"Fn::GetAtt": [endpoint.logical_id, "EndpointName"]}
    assert target.properties["ResourceId"]["Fn::Join"][1] == ["endpoint/", name, f"/variant/{variant['VariantName']}"]
    assert (target.properties["MinCapacity"], target.properties["MaxCapacity"]) == (2, 5)
    # The service's own role, which it makes itself.
    assert "RoleARN" not in target.properties
    policy = found.one("AWS::ApplicationAutoScaling::ScalingPolicy").properties
    assert policy["ScalingTargetId"] == {"Ref": target.logical_id}
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["TargetValue"] == 900
    metric = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert metric == "SageMakerVariantInvocationsPerInstance"


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
    closed = {"api": replace(dev.api, in_vpc=False), "studio": replace(dev.studio, enabled=False)}
    found = synthesise(replace(dev, network=network, **closed))
    assert found.one("AWS::EC2::VPCEndpoint").properties["VpcEndpointType"] == "Gateway"


def test_the_invoker_can_stay_outside_the_network(synthesise: Synthesise) -> None:
    settings = changed("api", in_vpc=False)
    found = synthesise(replace(settings, studio=replace(settings.studio, enabled=False)))
    assert not [f for f in found.resources("AWS::Lambda::Function") if "VpcConfig" in f.properties]
    assert "sagemaker.runtime" not in str([e.properties for e in found.resources("AWS::EC2::VPCEndpoint")])


def invoker_of(found: Environment) -> Resource:
    (function,) = [f for f in found.resources("AWS::Lambda::Function") if f.logical_id.startswith("Invoker")]
    return function


def called(found: Environment) -> set[str]:
    """What the methods of the API call, as text."""
    uris = [m.properties["Integration"]["Uri"] for m in found.resources("AWS::ApiGateway::Method")]
    return {str(uri) for uri in uris if "ModelReport" not in str(uri) and "Batches" not in str(uri)}


@pytest.mark.parametrize("reserve", [0, 7])
def test_the_invoker_has_the_share_of_the_account_s_processes_that_the_settings_say(
    synthesise: Synthesise, reserve: int
) -> None:
    found = synthesise(changed("api", reserved_concurrency=reserve))
    reserves = {
        f.logical_id: f.properties["ReservedConcurrentExecutions"]
        for f in found.resources("AWS::Lambda::Function")
        if "ReservedConcurrentExecutions" in f.properties
    }
    assert reserves == ({invoker_of(found).logical_id: reserve} if reserve else {})


def test_a_snapshot_is_of_a_published_version_which_alone_may_be_called(
    synthesise: Synthesise, synthesised: Synthesised, tmp_path: Path
) -> None:
    found = synthesise(changed("api", snap_start=True))
    function = invoker_of(found)
    assert function.properties["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    # Neither a larger disk nor a file system: SnapStart knows none.
    assert not {"EphemeralStorage", "FileSystemConfigs"} & set(function.properties)
    version, alias = found.one("AWS::Lambda::Version"), found.one("AWS::Lambda::Alias")
    assert version.properties["FunctionName"] == {"Ref": function.logical_id}
    assert alias.properties["FunctionVersion"] == {"Fn::GetAtt": [version.logical_id, "Version"]}
    # One that is kept is paid for.
    assert version.body.get("DeletionPolicy", "Delete") == "Delete"
    by_alias = {"Ref": alias.logical_id}
    assert all(str(by_alias) in uri for uri in called(found))
    invokers = [p for p in found.resources("AWS::Lambda::Permission") if alias.logical_id in str(p.properties)]
    assert invokers
    assert not [p for p in found.resources("AWS::Lambda::Permission") if function.logical_id in str(p.properties)]
    without = synthesised.environments["dev"]
    assert "SnapStart" not in invoker_of(without).properties
    assert not {"AWS::Lambda::Version", "AWS::Lambda::Alias"} & {one.type for one in without.resources()}
    assert all(invoker_of(without).logical_id in uri for uri in called(without))
    template = tmp_path / "Api.template.json"
    template.write_text(json.dumps(found.templates["Api"]))
    linted = subprocess.run(["cfn-lint", str(template)], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_archives_under_a_key_of_the_account_can_be_unpacked(synthesise: Synthesise, synthesised: Synthesised) -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/11112222-3333-4444-5555-666677778888"

    def decrypts(environment: Environment) -> dict[str, list[Any]]:
        policies = environment.resources("AWS::IAM::ManagedPolicy")
        return {
            p.logical_id: [s for s in p.properties["PolicyDocument"]["Statement"] if s["Resource"] == key]
            for p in policies
            if p.logical_id.startswith(("InputsRoleGrants", "PageRoleGrants"))
        }

    found = decrypts(synthesise(changed("deployment", assets_key_arn=key)))
    assert len(found) == 2
    for (statement,) in found.values():
        assert statement["Action"] == "kms:Decrypt"
        assert "s3." in str(statement["Condition"]["StringEquals"]["kms:ViaService"])
    assert not any(decrypts(synthesised.environments["dev"]).values())


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


def test_a_second_deployment_leaves_the_account_s_job_logs_alone(
    synthesise: Synthesise, synthesised: Synthesised
) -> None:
    shared = {f"/aws/sagemaker/{name}" for name in ("ProcessingJobs", "TrainingJobs", "studio")}

    def made(environment: Environment) -> set[str]:
        return {str(g.properties.get("LogGroupName")) for g in environment.resources("AWS::Logs::LogGroup")} & shared

    assert made(synthesised.environments["dev"]) == shared
    assert not made(synthesise(changed("storage", owns_job_logs=False)))


def test_hyperparameters_of_the_settings_reach_the_training_job(synthesise: Synthesise) -> None:
    found = synthesise(changed("training", hyperparameters=(("max_depth", "3"),)))
    train = next(step for step in found.pipeline_definition()["Steps"] if step["Name"] == "Train")
    assert train["Arguments"]["HyperParameters"]["max_depth"] == "3"


OWNERS = ("arn:aws:iam::111122223333:role/ModelOwners", "arn:aws:iam::444455556666:user/ci/release")


def registrar_of(found: Environment) -> dict[str, Any]:
    (role,) = [r for r in found.resources("AWS::IAM::Role") if r.logical_id.startswith("RegistrarRole")]
    return role.properties


def test_the_settings_name_who_approves_models_and_for_how_long(synthesise: Synthesise) -> None:
    role = registrar_of(synthesise(changed("identity", registrars=OWNERS, registrar_session_s=7200)))
    statements = role["AssumeRolePolicyDocument"]["Statement"]
    assert {s["Action"] for s in statements} == {"sts:AssumeRole"}
    principals = [s["Principal"]["AWS"] for s in statements]
    assert sorted(p for one in principals for p in (one if isinstance(one, list) else [one])) == sorted(OWNERS)
    assert role["MaxSessionDuration"] == 7200


def test_unless_they_do_the_account_decides_who_approves(synthesise: Synthesise) -> None:
    (statement,) = registrar_of(synthesise(load_settings("dev")))["AssumeRolePolicyDocument"]["Statement"]
    root = ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"]]
    assert statement["Principal"] == {"AWS": {"Fn::Join": root}}


def test_a_permissions_boundary_bounds_every_role_those_of_the_cdk_included(synthesise: Synthesise) -> None:
    found = synthesise(changed("identity", permissions_boundary="teams/Boundary"))
    roles = found.resources("AWS::IAM::Role")
    assert {role.stack for role in roles} >= {"Api", "Network", "Rollout", "Training", "Web"}
    for role in roles:
        assert "iam::${AWS::AccountId}:policy/teams/Boundary" in spelt(role.properties["PermissionsBoundary"])


def spelt(value: Any) -> str:
    """Write a join with references as the text of an `Fn::Sub`."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return "".join(spelt(part) for part in value["Fn::Join"][1])
    return str(value.get("Fn::Sub") or "${" + value["Ref"] + "}")


def test_without_one_no_role_has_a_boundary(synthesise: Synthesise) -> None:
    assert not [r for r in synthesise(load_settings("dev")).resources("AWS::IAM::Role") if "Boundary" in str(r.body)]


def test_the_account_s_access_can_be_analysed(synthesise: Synthesise) -> None:
    analyzer = synthesise(changed("identity", access_analyzer=True)).one("AWS::AccessAnalyzer::Analyzer")
    assert analyzer.properties["Type"] == "ACCOUNT"


def test_unless_asked_nothing_analyses_it(synthesise: Synthesise) -> None:
    kinds = {resource.type for resource in synthesise(load_settings("dev")).resources()}
    assert "AWS::AccessAnalyzer::Analyzer" not in kinds
