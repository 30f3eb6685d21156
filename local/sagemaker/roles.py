"""Handing a role to SageMaker: who may, and whether SageMaker may assume it."""

from local.sagemaker import platform

#: The service that the roles are handed to.
SERVICE = "sagemaker.amazonaws.com"


def hand_over(role_arn: str | None) -> None:
    """Check that the caller may pass this role to SageMaker.

    AWS evaluates ``iam:PassRole`` on the role's ARN with the condition key ``iam:PassedToService``.
    """
    if role_arn:
        platform.current().authorize("iam:PassRole", role_arn, {"iam:PassedToService": SERVICE})
