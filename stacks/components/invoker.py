"""The function behind the API."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import Settings
from contract import offers
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionNetwork, FunctionSpec, PythonFunction
from stacks.components.grants import allow
from stacks.components.offers import offers_of

OUTSIDE_BY_SETTING = (
    "The settings keep it out of the VPC (api.in_vpc), to spare the interface endpoint it would need. "
    "It may call one endpoint of SageMaker, over TLS, and nothing else."
)
# What it loads of the contract; the documents are made at synthesis.
CONTRACT = ("__init__.py", "offers.py", "rows.py", "rules.py")


def invoker(
    scope: Construct,
    construct_id: str,
    *,
    settings: Settings,
    key: kms.IKey,
    network: FunctionNetwork | None,
    endpoint: sagemaker.CfnEndpoint,
) -> PythonFunction:
    """Make the function, which may call the one endpoint."""
    api, name = settings.api, endpoint.attr_endpoint_name
    arn = Stack.of(scope).format_arn(service="sagemaker", resource="endpoint", resource_name=name)
    contract = {f"contract/{file}": ROOT / "contract" / file for file in CONTRACT}
    return PythonFunction(
        scope,
        construct_id,
        spec=FunctionSpec(
            bundle=bundle({".": ROOT / "lambda" / "invoker", "schema": ROOT / "schema", **contract}),
            handler="handler.handler",
            description="Answers predictions from the model's endpoint",
            timeout_s=api.function_timeout_s,
            memory_mb=api.function_memory_mb,
            environment={
                "ENDPOINT_NAME": name,
                "INVOKE_TIMEOUT_S": str(api.endpoint_timeout_s),
                "OFFERS": offers.write(offers_of(api)),
            },
            traced=True,
            reserved_concurrency=api.reserved_concurrency,
            snap_start=api.snap_start,
        ),
        grants=[allow("sagemaker:InvokeEndpoint", on=[arn])],
        storage=settings.storage,
        key=key,
        network=network,
        outside_vpc_because="" if network else OUTSIDE_BY_SETTING,
    )
