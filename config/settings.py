"""All settings of one environment, and what must hold between its sections."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from config.batches import BatchesSettings
from config.firewall import FirewallSettings
from config.governance import ExperimentsSettings, ModelCardSettings
from config.identity import IdentitySettings
from config.operations import OperationsSettings
from config.platform import DeploymentSettings, NetworkSettings, StorageSettings
from config.product import ApiSettings, WebSettings
from config.retraining import RetrainingSettings
from config.section import Section
from config.serving import ServingSettings
from config.sign_in import SignInSettings
from config.studio import StudioSettings
from config.training import TrainingSettings
from config.watching import WatchingSettings

# Over which WAF counts an address's requests, in seconds; one of the windows that it has.
FIREWALL_WINDOW_S = 300
# prepare, train and evaluate: the steps that take time.
TIMED_STEP_COUNT = 3
# Endpoint names are matched in ARNs in lower case; 63 characters are the service's limit.
NAME = re.compile(r"[a-z][a-z0-9]{1,11}")


@dataclass(frozen=True, kw_only=True)
class Settings(Section):
    """The settings of one environment.

    Attributes
    ----------
    name : str
        Name of the environment: 2 to 12 lower-case letters and digits.
    network, storage, deployment, identity, operations, training, serving, api, batches, web, sign_in,
    firewall, studio, retraining, model_card, watching, experiments
        The sections.
    """

    name: str
    network: NetworkSettings
    storage: StorageSettings
    deployment: DeploymentSettings = field(default_factory=DeploymentSettings)
    identity: IdentitySettings = field(default_factory=IdentitySettings)
    operations: OperationsSettings = field(default_factory=OperationsSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    serving: ServingSettings = field(default_factory=ServingSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    batches: BatchesSettings = field(default_factory=BatchesSettings)
    web: WebSettings = field(default_factory=WebSettings)
    sign_in: SignInSettings = field(default_factory=SignInSettings)
    firewall: FirewallSettings = field(default_factory=FirewallSettings)
    studio: StudioSettings = field(default_factory=StudioSettings)
    retraining: RetrainingSettings = field(default_factory=RetrainingSettings)
    model_card: ModelCardSettings = field(default_factory=ModelCardSettings)
    watching: WatchingSettings = field(default_factory=WatchingSettings)
    experiments: ExperimentsSettings = field(default_factory=ExperimentsSettings)

    @property
    def resource_name(self) -> str:
        """The name of what a service forces a name on: ``churn-<name>``."""
        return f"churn-{self.name}"

    def check(self) -> None:
        """Check what must hold between the sections."""
        self.require(
            NAME.fullmatch(self.name) is not None,
            "name",
            rule="must be 2 to 12 lower-case letters and digits, a letter first",
            remedy="It becomes part of the endpoint's name, which is matched in lower case.",
        )
        waited_s = self.training.spot_wait_s if self.training.spot else 0
        needed_s = TIMED_STEP_COUNT * self.training.step_timeout_s + waited_s
        if self.training.tuning:
            needed_s = (TIMED_STEP_COUNT - 1) * self.training.step_timeout_s + self.training.tuning.timeout_s
        if needed_s > self.deployment.run_timeout_s:
            self.training.refuse(
                "step_timeout_s",
                rule=f"must leave {TIMED_STEP_COUNT} steps ({needed_s} s in all, waits and search included) inside "
                f"deployment.run_timeout_s ({self.deployment.run_timeout_s})",
                remedy="Otherwise a deployment gives up on a run that is still allowed to go on.",
            )
        if self.api.in_vpc and not self.network.interface_endpoints_enabled:
            self.api.refuse(
                "in_vpc",
                rule="must be False where network.interface_endpoints_enabled is",
                remedy="From the VPC, the function reaches the model through an interface endpoint only.",
            )
        through_the_page = self.api.throttle_rate_per_s * FIREWALL_WINDOW_S
        if self.firewall.enabled and self.firewall.requests_per_address < through_the_page:
            self.firewall.refuse(
                "requests_per_address",
                rule=f"must be at least what api.throttle_rate_per_s lets through in that time ({through_the_page})",
                remedy="All who come by the page share CloudFront's addresses, and would be shut out together.",
            )
        if self.studio.enabled and not self.network.interface_endpoints_enabled:
            self.studio.refuse(
                "enabled",
                rule="must be False where network.interface_endpoints_enabled is",
                remedy="A domain of the VPC starts nothing unless it reaches SageMaker through interface endpoints.",
            )
        if self.watching.schedule and not self.serving.data_capture_percent:
            self.watching.refuse(
                "schedule",
                rule="must be empty where serving.data_capture_percent is 0",
                remedy="What nobody captures, nobody can watch: switch capture on, or the schedule off.",
            )
        if self.watching.period_hours > 24 * self.storage.capture_retention_days:
            self.watching.refuse(
                "period_hours",
                rule=f"must lie within storage.capture_retention_days ({self.storage.capture_retention_days})",
                remedy="Captured requests are deleted by then: look back less far, or keep them longer.",
            )
        if self.storage.retain_on_destroy and not self.deployment.termination_protected:
            self.deployment.refuse(
                "termination_protected",
                rule="must be True where storage.retain_on_destroy is",
                remedy="Data worth keeping is worth a second thought before deletion.",
            )
