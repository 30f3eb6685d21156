"""Lambda functions in Python, each with a role and a log group of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IConstruct

from config import StorageSettings
from stacks.components import findings
from stacks.components.acknowledgements import acknowledge
from stacks.components.grants import Grant, resource_of, role_with
from stacks.components.network_permissions import join_network_as_function
from stacks.components.permissions import send_traces, write_log
from stacks.components.storage import log_group

RUNTIME = lambda_.Runtime.PYTHON_3_14
SERVES_DEPLOYMENT = (
    "It serves a deployment and has to answer CloudFormation at an address on the internet. In the isolated network it "
    "would reach nothing, and its network interfaces would hold up deletion."
)
CALLER_WAITS = (
    "Whoever calls it waits for its answer and is told of every failure: no event is left that a queue could keep."
)


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """What a function is: its bundle, its entry, its size, its environment, and whether X-Ray traces it.

    With a ``reserved_concurrency`` it runs so many times at once and no more; with ``snap_start`` its processes start
    from a snapshot.
    """

    bundle: Path
    handler: str
    description: str
    timeout_s: int
    memory_mb: int
    environment: Mapping[str, str]
    traced: bool = False
    reserved_concurrency: int = 0
    snap_start: bool = False


@dataclass(frozen=True, kw_only=True)
class FunctionNetwork:
    """Where a function sits, if it sits in the VPC."""

    vpc: ec2.IVpc
    subnets: Sequence[ec2.ISubnet]
    security_group: ec2.ISecurityGroup


class PythonFunction(Construct):
    """A function that may write its own log and what its grants say, nothing else.

    Attributes
    ----------
    invoked : IFunction
        What is to be called: the function, or, where it starts from a snapshot, its published version by an alias.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: FunctionSpec,
        grants: Sequence[Grant],
        storage: StorageSettings,
        key: kms.IKey,
        network: FunctionNetwork | None = None,
        outside_vpc_because: str = "",
        no_queue_because: str = CALLER_WAITS,
    ) -> None:
        super().__init__(scope, construct_id)
        if bool(network) == bool(outside_vpc_because):
            raise ValueError(f"{self.node.path} has a network, or a reason in outside_vpc_because why it has none.")
        self.log_group = log_group(self, "Log", settings=storage, key=key)
        traces = [send_traces()] if spec.traced else []
        # Lambda assumes the role without a source account, so the trust cannot name one.
        self.role = role_with(
            self,
            "Role",
            description=spec.description,
            trusts=iam.ServicePrincipal("lambda.amazonaws.com"),
            grants=[
                write_log(self.log_group),
                *traces,
                *grants,
                *_network_grants(Stack.of(self), network),
            ],
        )
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=RUNTIME,
            code=lambda_.Code.from_asset(str(spec.bundle)),
            handler=spec.handler,
            description=spec.description,
            timeout=Duration.seconds(spec.timeout_s),
            memory_size=spec.memory_mb,
            environment=dict(spec.environment),
            role=self.role,
            log_group=self.log_group,
            vpc=network.vpc if network else None,
            vpc_subnets=ec2.SubnetSelection(subnets=network.subnets) if network else None,
            security_groups=[network.security_group] if network else None,
            reserved_concurrent_executions=spec.reserved_concurrency or None,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if spec.snap_start else None,
        )
        # Only of a published version is there a snapshot. The one before goes with the update: kept ones are billed.
        self.invoked: lambda_.IFunction = (
            lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)
            if spec.snap_start
            else self.function
        )
        if spec.traced:
            # The construct's own way would write a policy of its own into the role.
            resource_of(self.function).add_property_override("TracingConfig", {"Mode": "Active"})
        acknowledge_function(
            self.function,
            outside_vpc_because=outside_vpc_because,
            no_queue_because=no_queue_because,
            reserves=spec.reserved_concurrency > 0,
        )


def _network_grants(stack: Stack, network: FunctionNetwork | None) -> list[Grant]:
    """Let Lambda attach the function to its subnets; the grants are the role's, so they outlive the function."""
    if network is None:
        return []
    return join_network_as_function(stack, subnets=network.subnets, security_group=network.security_group)


def acknowledge_function(
    function: IConstruct,
    *,
    outside_vpc_because: str,
    no_queue_because: str = CALLER_WAITS,
    reserves: bool = False,
) -> None:
    """Argue what no function here has, a dead-letter queue; and, of most, a reserve and a place in the VPC."""
    resource = resource_of(function)
    acknowledge(resource, findings.NO_DEAD_LETTER_QUEUE, no_queue_because)
    if not reserves:
        acknowledge(
            resource,
            findings.NO_RESERVED_CONCURRENCY,
            "What calls it already bounds it: the API's stage by its throttle, a deployment by calling once at a time. "
            "A reserve would be taken from the account's other functions, and a new account has none to give.",
        )
    if outside_vpc_because:
        acknowledge(resource, findings.OUTSIDE_VPC, outside_vpc_because)
