"""The function by which a run of the pipeline learns which model is in production."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from config import Settings
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.grants import Grant, allow
from stacks.components.keys import Keys

# Of SageMaker's ten minutes for such a step.
TIMEOUT_S = 60
MEMORY_MB = 256
OUTSIDE_VPC = (
    "It asks SageMaker's API which model is served, and nothing else: no door of the isolated network leads there, and "
    "one for four calls a run would open that API to every job."
)


def champion_lookup(scope: Construct, construct_id: str, *, settings: Settings, keys: Keys) -> lambda_.IFunction:
    """Make a function that may look up what one endpoint serves."""
    return PythonFunction(
        scope,
        construct_id,
        spec=FunctionSpec(
            bundle=bundle({".": ROOT / "lambda" / "find_champion"}),
            handler="handler.handler",
            description="Tells a pipeline run which model is in production",
            timeout_s=TIMEOUT_S,
            memory_mb=MEMORY_MB,
            environment={},
        ),
        grants=look_up_champion(Stack.of(scope), endpoint_name=settings.resource_name),
        storage=settings.storage,
        key=keys.logs,
        outside_vpc_because=OUTSIDE_VPC,
    ).function


def look_up_champion(stack: Stack, *, endpoint_name: str) -> list[Grant]:
    """Let a function go from the endpoint to the package that it serves: each answer names the next."""

    def named(resource: str, name: str) -> str:
        return stack.format_arn(service="sagemaker", resource=resource, resource_name=name)

    made_up = "CloudFormation makes these names up; the answer tells where a model lies and nothing of customers."
    return [
        allow("sagemaker:DescribeEndpoint", on=[named("endpoint", endpoint_name)]),
        allow("sagemaker:DescribeEndpointConfig", on=[named("endpoint-config", "*")], wildcard_because=made_up),
        allow("sagemaker:DescribeModel", on=[named("model", "*")], wildcard_because=made_up),
        allow(
            "sagemaker:DescribeModelPackage",
            on=[named("model-package", f"{endpoint_name}/*")],
            wildcard_because="The versions of this one package group: SageMaker counts them up.",
        ),
    ]
