"""Makes the SageMaker service one of MiniStack's services."""

import sys

from ministack import app
from ministack.core import router

from local.emulator import adapter

_NAME = "sagemaker"


def install() -> None:
    """Register the service for requests, for saved state and for resets."""
    app._loaded_modules[_NAME] = sys.modules[f"ministack.services.{_NAME}"] = adapter
    app.SERVICE_REGISTRY[_NAME] = {"module": _NAME}
    app._state_map[_NAME] = _NAME
    app.SERVICE_HANDLERS[_NAME] = app._lazy_handler(_NAME)
    # Unless the router knows the service, its first request makes it load every model of botocore.
    router.SERVICE_PATTERNS[_NAME] = {
        "target_prefixes": ["SageMaker."],
        "host_patterns": [r"(^|\.)(runtime\.|api\.)?sagemaker\."],
    }
