"""Makes the SageMaker service and Application Auto Scaling services of MiniStack's."""

import sys
from types import ModuleType
from typing import Any

from ministack import app
from ministack.core import iam_actions, router

from local.emulator import adapter, autoscaling

_SAGEMAKER, _AUTOSCALING = "sagemaker", "application-autoscaling"


def install() -> None:
    """Register the services for requests, for saved state and for resets."""
    # Unless the router knows a service, its first request makes it load every model of botocore.
    _register(
        _SAGEMAKER,
        adapter,
        {
            "target_prefixes": ["SageMaker."],
            "host_patterns": [r"(^|\.)(runtime\.|api\.)?sagemaker\."],
        },
    )
    _register(_AUTOSCALING, autoscaling, {"target_prefixes": ["AnyScaleFrontendService."]})
    iam_actions.SERVICE_TO_IAM_NAMESPACE[_AUTOSCALING] = _AUTOSCALING


def _register(name: str, module: ModuleType, patterns: dict[str, Any]) -> None:
    app._loaded_modules[name] = sys.modules[f"ministack.services.{name}"] = module
    app.SERVICE_REGISTRY[name] = {"module": name}
    app._state_map[name] = name
    app.SERVICE_HANDLERS[name] = app._lazy_handler(name)
    router.SERVICE_PATTERNS[name] = patterns
