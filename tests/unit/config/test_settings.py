"""Every rule of the settings: what cannot be is refused, with field, value, rule and remedy."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest

import config
from config import (
    ApiSettings,
    BatchesSettings,
    ClientSettings,
    DeploymentSettings,
    FirewallSettings,
    IdentitySettings,
    NetworkSettings,
    OfferSettings,
    OperationsSettings,
    RetrainingSettings,
    ServingSettings,
    Settings,
    SettingsError,
    SignInSettings,
    StorageSettings,
    StudioSettings,
    TrainingSettings,
    TuningSettings,
    WatchingSettings,
    WebSettings,
    load_settings,
)
from config.section import Section

NETWORK = {"cidr": "10.0.0.0/16"}
STORAGE = {"retain_on_destroy": False, "log_retention_days": 14}
OWNERS = "arn:aws:iam::111122223333:role/ModelOwners"
SERVERLESS = {"serverless": True, "in_vpc": False, "network_isolated": False}


def network(**changes: Any) -> Section:
    return NetworkSettings(**{**NETWORK, **changes})


def storage(**changes: Any) -> Section:
    return StorageSettings(**{**STORAGE, **changes})


def serverless(**changes: Any) -> Section:
    return ServingSettings(**{**SERVERLESS, **changes})


def offer(**changes: Any) -> Section:
    base = {"name": "call", "text": "A call", "cost_usd": 25.0, "changes": (("calls", "at_most", 1),)}
    return OfferSettings(**{**base, **changes})


def system(**changes: Any) -> Any:
    return ClientSettings(**{"name": "crm", **changes})


def settings(**changes: Any) -> Section:
    base = {"name": "test", "network": network(), "storage": storage()}
    return Settings(**{**base, **changes})


# (what makes it, what is changed, the field that the error must name, words of its rule or remedy)
REFUSED: list[tuple[Callable[..., Section], dict[str, Any], str, str]] = [
    (network, {"cidr": "10.0.0.0"}, "network.cidr", "/16 to /24"),
    (network, {"cidr": "10.0.0.1/16"}, "network.cidr", "host bits"),
    (network, {"cidr": "anything"}, "network.cidr", "IPv4 network"),
    (network, {"cidr": "8.8.0.0/16"}, "network.cidr", "private"),
    (network, {"cidr": "fd00::/16"}, "network.cidr", "private IPv4"),
    (network, {"cidr": "10.0.0.0/25"}, "network.cidr", "/16 to /24"),
    (network, {"zone_count": 1}, "network.zone_count", "needs two subnets"),
    (network, {"zone_count": 4}, "network.zone_count", "from 2 to 3"),
    (network, {"endpoint_zone_count": 0}, "network.endpoint_zone_count", "interface_endpoints_enabled"),
    (network, {"endpoint_zone_count": 3}, "network.endpoint_zone_count", "network.zone_count (2)"),
    (storage, {"log_retention_days": 15}, "storage.log_retention_days", "CloudWatch Logs"),
    (storage, {"noncurrent_version_days": 0}, "storage.noncurrent_version_days", "from 1 to 3650"),
    (DeploymentSettings, {"run_timeout_s": 59}, "deployment.run_timeout_s", "from 60 to 3240"),
    (storage, {"model_lock_days": -1}, "storage.model_lock_days", "no lock"),
    (storage, {"model_lock_days": 30}, "storage.model_lock_days", "cannot be deleted"),
    (storage, {"capture_retention_days": 0}, "storage.capture_retention_days", "customers' data"),
    (storage, {"quarantine_retention_days": 0}, "storage.quarantine_retention_days", "customers' data"),
    (DeploymentSettings, {"run_timeout_s": 3600}, "deployment.run_timeout_s", "one hour"),
    (DeploymentSettings, {"run_poll_s": 0}, "deployment.run_poll_s", "from 1 to a tenth"),
    (DeploymentSettings, {"run_timeout_s": 100, "run_poll_s": 11}, "deployment.run_poll_s", "a tenth"),
    (DeploymentSettings, {"assets_key_arn": "alias/cdk"}, "deployment.assets_key_arn", "not of an alias"),
    (
        DeploymentSettings,
        {"assets_key_arn": "arn:aws:kms:eu-west-1:111122223333:alias/cdk"},
        "deployment.assets_key_arn",
        "describe-key",
    ),
    (TrainingSettings, {"image_version": "3.0-5"}, "training.image_version", "'3.2-0'"),
    (TrainingSettings, {"processing_instance_type": "m5.large"}, "training.processing_instance_type", "ml.m5.large"),
    (TrainingSettings, {"training_instance_type": "ml.m5d.large"}, "training.training_instance_type", "NVMe"),
    (TrainingSettings, {"training_instance_type": "ml.g4dn.xlarge"}, "training.training_instance_type", "NVMe"),
    (TrainingSettings, {"volume_gb": 0}, "training.volume_gb", "from 1 to 1024"),
    (TrainingSettings, {"spot_wait_s": -1}, "training.spot_wait_s", "from 0 to 86400"),
    (TrainingSettings, {"tuning": True}, "training.tuning", "of type"),
    (TuningSettings, {"jobs": 0}, "training.tuning.jobs", "from 1 to 750"),
    (TuningSettings, {"parallel": 21}, "training.tuning.parallel", r"at most training.tuning.jobs (20)"),
    (TuningSettings, {"timeout_s": 60}, "training.tuning.timeout_s", "from 120 to 86400"),
    (TuningSettings, {"seed": -1}, "training.tuning.seed", "from 0 to"),
    (TuningSettings, {"objective": "validation:aucpr"}, "training.tuning.objective", "one of"),
    (
        TrainingSettings,
        {"maximum_recall_difference": 1.1},
        "training.maximum_recall_difference",
        "difference of shares",
    ),
    (TrainingSettings, {"maximum_loss_of_precision": -0.1}, "training.maximum_loss_of_precision", "from 0 to 1"),
    (
        TrainingSettings,
        {"maximum_cost_increase_per_customer": -1.0},
        "training.maximum_cost_increase_per_customer",
        "USD per customer",
    ),
    (TrainingSettings, {"maximum_accuracy_difference": -0.1}, "training.maximum_accuracy_difference", "from 0 to 1"),
    (TrainingSettings, {"step_timeout_s": 59}, "training.step_timeout_s", "from 60"),
    (TrainingSettings, {"hyperparameters": (("eta", "1"), ("eta", "2"))}, "training.hyperparameters", "once"),
    (TrainingSettings, {"hyperparameters": (("cost_saved_customer", "9"),)}, "training.hyperparameters", "as a field"),
    (TrainingSettings, {"cost_missed_churner": -1.0}, "training.cost_missed_churner", "USD"),
    (TrainingSettings, {"cost_wasted_incentive": 2e6}, "training.cost_wasted_incentive", "from 0"),
    (TrainingSettings, {"cost_saved_customer": -0.5}, "training.cost_saved_customer", "from 0"),
    (TrainingSettings, {"cost_saved_customer": 500.0}, "training.cost_saved_customer", "nothing to predict"),
    (TrainingSettings, {"minimum_average_precision": 1.01}, "training.minimum_average_precision", "from 0 to 1"),
    (TrainingSettings, {"maximum_cost_per_customer": 0.0}, "training.maximum_cost_per_customer", "above 0"),
    (TrainingSettings, {"maximum_cost_per_customer": 501.0}, "training.maximum_cost_per_customer", "at most"),
    (WatchingSettings, {"schedule": "daily"}, "watching.schedule", "rate(1 day)"),
    (WatchingSettings, {"period_hours": 0}, "watching.period_hours", "from 1 to 720"),
    (WatchingSettings, {"fewest_customers": 49}, "watching.fewest_customers", "looks shifted"),
    (WatchingSettings, {"alarm_attributes": 0}, "watching.alarm_attributes", "from 1 to 100"),
    (WatchingSettings, {"labels_days": 0}, "watching.labels_days", "customers' data"),
    (WatchingSettings, {"report_retention_days": 0}, "watching.report_retention_days", "season"),
    (
        settings,
        {"watching": WatchingSettings(schedule="rate(1 day)")},
        "watching.schedule",
        "data_capture_percent is 0",
    ),
    (
        settings,
        {"watching": WatchingSettings(period_hours=720), "storage": storage(capture_retention_days=29)},
        "watching.period_hours",
        "capture_retention_days (29)",
    ),
    (OperationsSettings, {"notify_emails": ("ops",)}, "operations.notify_emails", "which 'ops' is not"),
    (OperationsSettings, {"notify_emails": ("Ops <ops@example.org>",)}, "operations.notify_emails", "without a name"),
    (OperationsSettings, {"notify_emails": ("a@example.org", "A@example.org")}, "operations.notify_emails", "once"),
    (IdentitySettings, {"registrars": ("arn:aws:iam::1:role/A",)}, "identity.registrars", "::1:role/A' is not"),
    (IdentitySettings, {"registrars": ("*",)}, "identity.registrars", "ARNs of roles"),
    (IdentitySettings, {"registrars": ("arn:aws:iam::111122223333:role/*",)}, "identity.registrars", "ARNs of roles"),
    (IdentitySettings, {"registrars": (OWNERS, OWNERS)}, "identity.registrars", "once"),
    (IdentitySettings, {"registrar_session_s": 900}, "identity.registrar_session_s", "one to twelve hours"),
    (IdentitySettings, {"registrar_session_s": 43201}, "identity.registrar_session_s", "3600 to 43200"),
    (IdentitySettings, {"permissions_boundary": "arn:aws:iam::aws:policy/X"}, "identity.permissions_boundary", "ARN"),
    (ServingSettings, {"instance_type": "ml.c5d.large"}, "serving.instance_type", "NVMe"),
    (ServingSettings, {"instance_type": "large"}, "serving.instance_type", "instance type"),
    (ServingSettings, {"instance_count": 0}, "serving.instance_count", "from 1"),
    (ServingSettings, {"serverless_memory_mb": 1000}, "serving.serverless_memory_mb", "sizes"),
    (ServingSettings, {"serverless_max_concurrency": 201}, "serving.serverless_max_concurrency", "from 1 to 200"),
    (ServingSettings, {"data_capture_percent": 101}, "serving.data_capture_percent", "percent"),
    (ServingSettings, {"serverless": True}, "serving.in_vpc", "cannot be in a VPC"),
    (serverless, {"network_isolated": True}, "serving.network_isolated", "cannot be isolated"),
    (serverless, {"data_capture_percent": 10}, "serving.data_capture_percent", "cannot capture data"),
    (serverless, {"canary_percent": 10, "instance_count": 2}, "serving.canary_percent", "shift traffic"),
    (serverless, {"autoscaling_max_count": 3}, "serving.autoscaling_max_count", "by itself"),
    (
        ServingSettings,
        {"autoscaling_max_count": 1},
        "serving.autoscaling_max_count",
        "more than serving.instance_count (1)",
    ),
    (ServingSettings, {"autoscaling_max_count": 101}, "serving.autoscaling_max_count", "at most 100"),
    (
        ServingSettings,
        {"autoscaling_invocations_per_instance": 0},
        "serving.autoscaling_invocations_per_instance",
        "Measure",
    ),
    (ServingSettings, {"canary_percent": 51, "instance_count": 2}, "serving.canary_percent", "half"),
    (ServingSettings, {"canary_percent": -1}, "serving.canary_percent", "from 0 to 50"),
    (ServingSettings, {"canary_percent": 10}, "serving.instance_count", "no share"),
    (ServingSettings, {"canary_percent": 34, "instance_count": 3}, "serving.canary_percent", "whole machines"),
    (ServingSettings, {"canary_bake_s": 3601}, "serving.canary_bake_s", "3600"),
    (
        ServingSettings,
        {"canary_percent": 50, "instance_count": 2, "canary_bake_s": 179},
        "serving.canary_bake_s",
        "serving.alarm_delay_s (180)",
    ),
    (ServingSettings, {"alarm_delay_s": 0}, "serving.alarm_delay_s", "from 1 to 3600"),
    (ServingSettings, {"terminate_wait_s": -1}, "serving.terminate_wait_s", "3600"),
    (ServingSettings, {"update_timeout_s": 599}, "serving.update_timeout_s", "600 to 14400"),
    (ServingSettings, {"update_timeout_s": 600, "canary_bake_s": 600}, "serving.update_timeout_s", "longer than"),
    (FirewallSettings, {"requests_per_address": 9}, "firewall.requests_per_address", "from 10"),
    (FirewallSettings, {"distribution_acl_arn": "arn:aws:wafv2:x"}, "firewall.distribution_acl_arn", "us-east-1"),
    (settings, {"firewall": FirewallSettings(requests_per_address=100)}, "firewall.requests_per_address", "(6000)"),
    (SignInSettings, {"mfa": "sms"}, "sign_in.mfa", "'optional'"),
    (SignInSettings, {"token_minutes": 61}, "sign_in.token_minutes", "from 5 to 60"),
    (SignInSettings, {"session_hours": 25}, "sign_in.session_hours", "from 1 to 24"),
    (SignInSettings, {"clients": (system(), system())}, "sign_in.clients", "a name of its own"),
    (SignInSettings, {"clients": tuple(system(name=f"s{n}") for n in range(21))}, "sign_in.clients", "at most 20"),
    (system, {"name": "CRM"}, "sign_in.clients.name", "lower-case"),
    (system, {"name": "a" * 31}, "sign_in.clients.name", "1 to 30"),
    (system, {"scopes": ()}, "sign_in.clients.scopes", "at least one"),
    (system, {"scopes": ("predict", "predict")}, "sign_in.clients.scopes", "each once"),
    (system, {"scopes": ("everything",)}, "sign_in.clients.scopes", "must be"),
    (system, {"rate_per_s": 0}, "sign_in.clients.rate_per_s", "from 1 to 10000"),
    (system, {"burst": 4}, "sign_in.clients.burst", "rate_per_s (5)"),
    (system, {"daily_quota": 0}, "sign_in.clients.daily_quota", "from 1"),
    (ApiSettings, {"throttle_rate_per_s": 0}, "api.throttle_rate_per_s", "from 1"),
    (ApiSettings, {"throttle_burst": 19}, "api.throttle_burst", "throttle_rate_per_s"),
    (ApiSettings, {"throttle_burst": 5001}, "api.throttle_burst", "5000"),
    (ApiSettings, {"reserved_concurrency": -1}, "api.reserved_concurrency", "100 stay for all"),
    (ApiSettings, {"reserved_concurrency": 901}, "api.reserved_concurrency", "from 0 to 900"),
    (ApiSettings, {"function_memory_mb": 64}, "api.function_memory_mb", "from 128"),
    (ApiSettings, {"endpoint_timeout_s": 15}, "api.endpoint_timeout_s", "outlive its call"),
    (ApiSettings, {"endpoint_timeout_s": 0}, "api.endpoint_timeout_s", "from 1"),
    (ApiSettings, {"function_timeout_s": 20}, "api.function_timeout_s", "outlive the function"),
    (ApiSettings, {"gateway_timeout_s": 30}, "api.gateway_timeout_s", "at most 29"),
    (RetrainingSettings, {"debounce_s": 3601}, "retraining.debounce_s", "from 0 to 3600"),
    (RetrainingSettings, {"schedule": "weekly"}, "retraining.schedule", "rate(7 days)"),
    (RetrainingSettings, {"schedule": "rate(5 minutes)"}, "retraining.schedule", "hours or days"),
    (RetrainingSettings, {"schedule": "rate(1 days)"}, "retraining.schedule", "hours or days"),
    (RetrainingSettings, {"schedule": "cron(0 4 * * *)"}, "retraining.schedule", "six fields"),
    (RetrainingSettings, {"poll_s": 0}, "retraining.poll_s", "from 1 to 600"),
    (
        RetrainingSettings,
        {"time_limit_s": 604800},
        "retraining.poll_s",
        "a 1,500th of retraining.time_limit_s",
    ),
    (BatchesSettings, {"time_limit_s": 86400}, "batches.poll_s", "a 1,500th of batches.time_limit_s (86400)"),
    (ServingSettings, {"rollout_wait_s": 86400}, "serving.rollout_poll_s", "a 1,500th of serving.rollout_wait_s"),
    (ClientSettings, {"name": "page"}, "sign_in.clients.name", 'not "page"'),
    (ClientSettings, {"name": "crm-"}, "sign_in.clients.name", "words parted by a hyphen"),
    (ClientSettings, {"name": "c" * 31}, "sign_in.clients.name", "1 to 30"),
    (RetrainingSettings, {"time_limit_s": 60}, "retraining.time_limit_s", "from 900"),
    (RetrainingSettings, {"maximum_file_mb": 5121}, "retraining.maximum_file_mb", "from 1 to 5120"),
    (RetrainingSettings, {"data_owners": ("*",)}, "retraining.data_owners", "ARNs of roles"),
    (RetrainingSettings, {"data_owners": (OWNERS, OWNERS)}, "retraining.data_owners", "once"),
    (StudioSettings, {"enabled": True, "users": ()}, "studio.users", "from 1 to 100"),
    (StudioSettings, {"users": ("Ada",)}, "studio.users", "lower-case"),
    (StudioSettings, {"users": ("a--b",)}, "studio.users", "single hyphens"),
    (StudioSettings, {"users": ("-a",)}, "studio.users", "data-scientist"),
    (StudioSettings, {"users": ("x" * 56,)}, "studio.users", "at most 55"),
    (StudioSettings, {"users": ("ada", "ada")}, "studio.users", "once"),
    (StudioSettings, {"users": tuple(f"u{i}" for i in range(101)), "enabled": True}, "studio.users", "from 1 to 100"),
    (StudioSettings, {"instance_types": ()}, "studio.instance_types", "at least one"),
    (StudioSettings, {"instance_types": ("ml.t3.large", "ml.t3.large")}, "studio.instance_types", "once"),
    (StudioSettings, {"instance_types": ("t3.large",)}, "studio.instance_types", "ml.m5.large"),
    (StudioSettings, {"instance_types": ("ml.t3.medium", "ml.m5d.large")}, "studio.instance_types", "NVMe"),
    (StudioSettings, {"instance_types": ("ml.m4.xlarge",)}, "studio.instance_types", "which Studio does not have"),
    (StudioSettings, {"idle_minutes": 59}, "studio.idle_minutes", "from 60 to 525600"),
    (StudioSettings, {"idle_minutes": 525601}, "studio.idle_minutes", "from 60 to 525600"),
    (StudioSettings, {"volume_gb": 4}, "studio.volume_gb", "from 5 to 16384"),
    (StudioSettings, {"maximum_volume_gb": 9}, "studio.maximum_volume_gb", "studio.volume_gb (10)"),
    (StudioSettings, {"maximum_volume_gb": 16385}, "studio.maximum_volume_gb", "16384"),
    (StudioSettings, {"git_repository": "git@host:churn.git"}, "studio.git_repository", "https://"),
    (StudioSettings, {"git_repository": "https://me:secret@host/x.git"}, "studio.git_repository", "without a name"),
    (ApiSettings, {"offers": (offer(), offer())}, "api.offers", "a name of its own"),
    (ApiSettings, {"offers": tuple(offer(name=f"call{n}") for n in range(11))}, "api.offers", "at most 10"),
    (offer, {"name": "A call"}, "api.offers.name", "lower-case"),
    (offer, {"text": ""}, "api.offers.text", "1 to 120"),
    (offer, {"cost_usd": -1.0}, "api.offers.cost_usd", "USD"),
    (offer, {"changes": ()}, "api.offers.changes", "at least one"),
    (offer, {"changes": (("calls", "set", 1), ("calls", "times", 2))}, "api.offers.changes", "one of each"),
    (offer, {"changes": (("calls", "plus", 1),)}, "api.offers.changes", "of type"),
    (WebSettings, {"edge_locations": "moon"}, "web.edge_locations", "'all'"),
    (WebSettings, {"hsts_days": 0}, "web.hsts_days", "from 1"),
    (settings, {"name": "Test"}, "name", "lower case"),
    (settings, {"name": "a-b"}, "name", "lower-case letters and digits"),
    (settings, {"name": "x" * 13}, "name", "2 to 12"),
    (settings, {"training": TrainingSettings(step_timeout_s=1200)}, "training.step_timeout_s", "3240"),
    (
        settings,
        {"network": NetworkSettings(cidr="10.0.0.0/16", interface_endpoints_enabled=False)},
        "api.in_vpc",
        "False",
    ),
    (
        settings,
        {
            "network": NetworkSettings(cidr="10.0.0.0/16", interface_endpoints_enabled=False),
            "api": ApiSettings(in_vpc=False),
            "studio": StudioSettings(enabled=True),
        },
        "studio.enabled",
        "interface endpoints",
    ),
    (
        settings,
        {"storage": StorageSettings(retain_on_destroy=True, log_retention_days=30)},
        "deployment.termination_protected",
        "retain_on_destroy",
    ),
]


@pytest.mark.parametrize(("make", "changes", "field", "words"), REFUSED)
def test_what_cannot_be_is_refused(
    make: Callable[..., Section], changes: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        make(**changes)
    error = caught.value
    assert error.field == field
    assert words in f"{error.rule}. {error.remedy}"
    assert error.remedy
    assert str(error) == f"{field} is {error.value!r}: {error.rule}. {error.remedy}"


@pytest.mark.parametrize(
    "make", [network, storage, serverless, settings, ApiSettings, WebSettings, DeploymentSettings, StudioSettings]
)
def test_what_each_refusal_starts_from_is_accepted(make: Callable[..., Section]) -> None:
    assert isinstance(make(), Section)


SECTIONS = (
    NetworkSettings,
    StorageSettings,
    DeploymentSettings,
    TrainingSettings,
    ServingSettings,
    ApiSettings,
    BatchesSettings,
    StudioSettings,
)


def sections() -> list[tuple[type[Section], str, Any]]:
    """Every field of every section with a value of a wrong type."""
    wrong = {bool: "yes", int: True, float: "1", str: 7}
    found = []
    for kind in SECTIONS:
        for field in dataclasses.fields(kind):
            annotation = {"bool": bool, "int": int, "float": float, "str": str}.get(str(field.type))
            found.append((kind, field.name, wrong[annotation] if annotation else 1))
    return found


@pytest.mark.parametrize(("kind", "name", "value"), sections())
def test_a_wrong_type_is_refused(kind: type[Section], name: str, value: object) -> None:
    base = NETWORK if kind is NetworkSettings else STORAGE if kind is StorageSettings else {}
    with pytest.raises(SettingsError, match=re.escape(f"{kind.section}.{name} is {value!r}: must be ")):
        kind(**{**base, name: value})


@pytest.mark.parametrize("value", [(("eta",),), (("eta", 1),), ["eta"], "eta"])
def test_a_wrong_shape_of_hyperparameters_is_refused(value: Any) -> None:
    with pytest.raises(SettingsError, match=r"training\.hyperparameters"):
        TrainingSettings(hyperparameters=value)


def test_a_whole_number_is_a_number() -> None:
    assert TrainingSettings(cost_missed_churner=400).cost_missed_churner == 400


@pytest.mark.parametrize("name", config.ENVIRONMENTS)
def test_every_environment_loads_and_is_frozen(name: str) -> None:
    loaded = load_settings(name)
    assert loaded.name == name
    assert loaded.resource_name == f"churn-{name}"
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.name = "other"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.api.throttle_burst = 1  # type: ignore[misc]
    assert load_settings(name) == loaded


@pytest.mark.parametrize("name", ["production", "", None, "Dev", 1, "dev "])
def test_an_unknown_environment_is_refused_with_the_names_there_are(name: object) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(name)
    for known in ("dev", "staging", "prod", "local"):
        assert known in str(caught.value)
    assert repr(name) in str(caught.value)
    assert "-c env=dev" in str(caught.value)


def test_the_environments_differ_where_they_must() -> None:
    dev, prod, local = (load_settings(name) for name in ("dev", "prod", "local"))
    assert prod.storage.retain_on_destroy
    assert prod.deployment.termination_protected
    assert not dev.storage.retain_on_destroy
    assert not local.storage.retain_on_destroy
    assert prod.serving.canary_percent > 0
    ranges = {load_settings(name).network.cidr for name in config.ENVIRONMENTS}
    assert len(ranges) == len(config.ENVIRONMENTS), "networks that may be joined one day must not overlap"


def test_a_repository_of_the_network_can_be_cloned() -> None:
    address = "https://git.example.com/team/churn.git"
    assert StudioSettings(git_repository=address).git_repository == address
    assert StudioSettings(users=()).users == (), "without a domain nobody needs a name"


def test_data_scientists_work_where_customers_are_and_where_things_are_tried() -> None:
    assert [name for name in config.ENVIRONMENTS if load_settings(name).studio.enabled] == ["dev", "prod", "local"]


def test_models_can_be_locked_where_data_is_kept() -> None:
    assert StorageSettings(retain_on_destroy=True, log_retention_days=365, model_lock_days=90).model_lock_days == 90


def test_only_the_laptop_lets_objects_be_read_from_anywhere() -> None:
    assert [name for name in config.ENVIRONMENTS if not load_settings(name).storage.only_from_vpc] == ["local"]
    assert all(load_settings(name).api.in_vpc for name in config.ENVIRONMENTS)


def test_units_are_in_the_names() -> None:
    unitless = {
        "instance_count",
        "maximum_rows",
        "zone_count",
        "endpoint_zone_count",
        "throttle_burst",
        "serverless_max_concurrency",
    }
    unitless |= {"reserved_concurrency", "autoscaling_max_count", "autoscaling_invocations_per_instance"}
    unit = re.compile(
        r".*_(s|ms|minutes|days|gb|mb|percent|per_s|precision|accuracy_difference|recall_difference)$"
        r"|(cost|maximum_cost)_.*"
    )
    for kind in SECTIONS:
        for field in dataclasses.fields(kind):
            if str(field.type) in ("int", "float"):
                assert field.name in unitless or unit.fullmatch(field.name), f"{field.name} of what?"
