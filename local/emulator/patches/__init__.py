"""Everything that changes MiniStack, one idea a module; each has an ``install`` function."""

from local.emulator import contract
from local.emulator.patches import (
    access_logs,
    alarms,
    auth,
    buckets,
    concurrency,
    custom_resources,
    deliveries,
    embedded_metrics,
    encryption,
    functions,
    gateway,
    notices,
    origins,
    policy_variables,
    recorded,
    registration,
    sagemaker_types,
    scaling_types,
    sign_in,
    stacks,
    step_functions,
)


def install() -> None:
    """Apply all patches, after making sure that they fit."""
    contract.require_pinned()
    moved = contract.broken()
    if moved:
        raise SystemExit("MiniStack's private names moved:\n  " + "\n  ".join(moved))
    registration.install()
    auth.install()
    policy_variables.install()
    sagemaker_types.install()
    scaling_types.install()
    custom_resources.install()
    stacks.install()
    buckets.install()
    encryption.install()
    embedded_metrics.install()
    functions.install()
    concurrency.install()
    gateway.install()
    access_logs.install()
    sign_in.install()
    origins.install()
    alarms.install()
    recorded.install()
    step_functions.install()
    deliveries.install()
    notices.install()


def known_resource_types() -> set[str]:
    """Every CloudFormation type that can be deployed here (``Custom::…`` types always can)."""
    from ministack.services.cloudformation import provisioners

    return set(provisioners._RESOURCE_HANDLERS) | {
        "AWS::CloudFormation::CustomResource",
        "AWS::CDK::Metadata",
    }
