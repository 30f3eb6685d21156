"""The environments there are. One function each: an environment is only built when asked for."""

from __future__ import annotations

from collections.abc import Callable

from config.batches import BatchesSettings
from config.errors import SettingsError
from config.governance import ExperimentsSettings
from config.platform import DeploymentSettings, NetworkSettings, StorageSettings
from config.product import ApiSettings
from config.retraining import RetrainingSettings
from config.serving import ServingSettings
from config.settings import Settings
from config.sign_in import ClientSettings, SignInSettings
from config.studio import StudioSettings
from config.training import TrainingSettings
from config.watching import WatchingSettings


def _dev() -> Settings:
    return Settings(
        name="dev",
        network=NetworkSettings(cidr="10.40.0.0/16"),
        storage=StorageSettings(retain_on_destroy=False, log_retention_days=14),
        serving=ServingSettings(data_capture_percent=100),
        studio=StudioSettings(enabled=True),
        watching=WatchingSettings(schedule="rate(1 day)"),
    )


def _staging() -> Settings:
    return Settings(
        name="staging",
        network=NetworkSettings(cidr="10.41.0.0/16"),
        storage=StorageSettings(retain_on_destroy=False, log_retention_days=30),
        serving=ServingSettings(instance_count=2, canary_percent=50, data_capture_percent=100),
    )


def _prod() -> Settings:
    return Settings(
        name="prod",
        network=NetworkSettings(cidr="10.42.0.0/16", zone_count=3, endpoint_zone_count=2),
        storage=StorageSettings(retain_on_destroy=True, log_retention_days=365, noncurrent_version_days=90),
        deployment=DeploymentSettings(termination_protected=True),
        serving=ServingSettings(
            approval="person",
            instance_count=2,
            autoscaling_max_count=4,
            canary_percent=50,
            canary_bake_s=600,
            terminate_wait_s=300,
            # A fifth of the requests shows a drift as surely as all of them, and keeps a fifth of the customers' data.
            data_capture_percent=20,
        ),
        # A tenth of the pool that an account has at first: an endpoint that hangs must not take the rest with it.
        api=ApiSettings(throttle_rate_per_s=100, throttle_burst=200, reserved_concurrency=100),
        sign_in=SignInSettings(mfa="required", clients=(ClientSettings(name="crm", rate_per_s=20, burst=40),)),
        # Where the customers are is where they are studied; staging rehearses deployments, and nobody works there.
        studio=StudioSettings(enabled=True),
        watching=WatchingSettings(schedule="rate(1 day)"),
    )


def _local() -> Settings:
    """Build the laptop's settings: nothing outlives a wipe, and a run takes seconds."""
    return Settings(
        name="local",
        network=NetworkSettings(cidr="10.43.0.0/16"),
        # There is no VPC to come from: jobs are processes, and a denial would stop them.
        storage=StorageSettings(retain_on_destroy=False, log_retention_days=7, only_from_vpc=False),
        deployment=DeploymentSettings(run_timeout_s=900, run_poll_s=1, on_this_machine=True),
        training=TrainingSettings(step_timeout_s=240, spot=True, spot_wait_s=60),
        # Two machines, so that a new model gets a canary; one process stands for both.
        serving=ServingSettings(
            instance_count=2,
            autoscaling_max_count=4,
            canary_percent=50,
            # A round of the golden customers fits in on a machine in use, too.
            canary_bake_s=6,
            # Alarms look when metrics come here; but for that on latency, which takes its two minutes.
            alarm_delay_s=4,
            terminate_wait_s=2,
            update_timeout_s=600,
            rollout_wait_s=600,
            rollout_poll_s=1,
            # Processes that start on a machine in use answer their first request when they get round to it.
            maximum_latency_ms=30000,
            data_capture_percent=100,
        ),
        # Each process of a function is a process here, too: no more of them than the throttle lets in at once.
        api=ApiSettings(reserved_concurrency=40),
        # Two systems, the one with so small a quota that it can be seen to end while the other is served.
        sign_in=SignInSettings(
            clients=(
                ClientSettings(name="crm", scopes=("predict", "batches")),
                ClientSettings(name="trial", daily_quota=20),
            )
        ),
        batches=BatchesSettings(time_limit_s=3000, poll_s=2),
        studio=StudioSettings(enabled=True),
        # Costs nothing here; the server itself is started by `make local MLFLOW=1`.
        experiments=ExperimentsSettings(enabled=True),
        # The schedule is there to be looked at: no laptop run lives that long.
        retraining=RetrainingSettings(
            debounce_s=2, poll_s=1, time_limit_s=1500, schedule="rate(30 days)", on_drift=True
        ),
    )


_ENVIRONMENTS: dict[str, Callable[[], Settings]] = {
    "dev": _dev,
    "staging": _staging,
    "prod": _prod,
    "local": _local,
}

ENVIRONMENTS: tuple[str, ...] = tuple(_ENVIRONMENTS)


def load_settings(name: object) -> Settings:
    """Load the settings of an environment.

    Parameters
    ----------
    name : str
        One of `ENVIRONMENTS`.

    Raises
    ------
    SettingsError
        If there is no such environment, or if its settings cannot be.
    """
    if not isinstance(name, str) or name not in _ENVIRONMENTS:
        raise SettingsError(
            field="env",
            value=name,
            rule=f"must be one of {', '.join(ENVIRONMENTS)}",
            remedy=f"Choose one with -c env={ENVIRONMENTS[0]}.",
        )
    return _ENVIRONMENTS[name]()
