"""Names of what a rollout works on: the endpoint, the versions of its package group, its stack."""

from __future__ import annotations

from aws_cdk import Stack

VERSIONS = "The versions of this one package group: SageMaker counts them up."

STACK_IDS = "This one stack: CloudFormation ends its ARN with an id of its own, and the stack is made later."


def stack_arn(stack: Stack, name: str) -> str:
    """Name another stack of this account and region."""
    return stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{name}/*")


def endpoint_arn(stack: Stack, name: str) -> str:
    """Name an endpoint."""
    return stack.format_arn(service="sagemaker", resource="endpoint", resource_name=name)


def versions_arn(stack: Stack, group: str) -> str:
    """Name all versions of a package group."""
    return stack.format_arn(service="sagemaker", resource="model-package", resource_name=f"{group}/*")
