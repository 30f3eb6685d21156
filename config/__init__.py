"""Typed, validated, frozen settings, one instance per environment. Standard library only."""

from config.batches import BatchesSettings
from config.environments import ENVIRONMENTS, load_settings
from config.errors import SettingsError
from config.firewall import FirewallSettings
from config.governance import ExperimentsSettings, ModelCardSettings
from config.identity import IdentitySettings
from config.offers import OfferSettings
from config.operations import OperationsSettings
from config.platform import RUN_GRACE_S, DeploymentSettings, NetworkSettings, StorageSettings
from config.product import UNRESERVED_CONCURRENCY, ApiSettings, WebSettings
from config.retraining import RetrainingSettings
from config.serving import ServingSettings
from config.settings import Settings
from config.sign_in import ClientSettings, SignInSettings
from config.studio import StudioSettings
from config.training import TrainingSettings, TuningSettings
from config.watching import WatchingSettings

__all__ = [
    "ENVIRONMENTS",
    "RUN_GRACE_S",
    "UNRESERVED_CONCURRENCY",
    "ApiSettings",
    "BatchesSettings",
    "ClientSettings",
    "DeploymentSettings",
    "ExperimentsSettings",
    "FirewallSettings",
    "IdentitySettings",
    "ModelCardSettings",
    "NetworkSettings",
    "OfferSettings",
    "OperationsSettings",
    "RetrainingSettings",
    "ServingSettings",
    "Settings",
    "SettingsError",
    "SignInSettings",
    "StorageSettings",
    "StudioSettings",
    "TrainingSettings",
    "TuningSettings",
    "WatchingSettings",
    "WebSettings",
    "load_settings",
]
