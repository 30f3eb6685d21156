"""Who made or changed a record: SageMaker's ``UserContext``."""

from typing import Any

from local.sagemaker import platform


def author() -> dict[str, Any]:
    """The caller of the current request, by the IAM identity; nobody when CloudFormation's own hands are at work."""
    identity = platform.current().caller()
    return {"IamIdentity": identity} if identity else {}
