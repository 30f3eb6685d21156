"""What it takes to attach network interfaces to the VPC: for SageMaker in a role's name, and for Lambda."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2

from stacks.components.grants import Grant, allow

UNNAMED = "EC2 names an interface when it makes it; subnets and security group of a new one are named."
DESCRIBES = "EC2's Describe actions know no resource, and they change nothing."


def join_network(stack: Stack, *, subnets: Sequence[ec2.ISubnet], security_group: ec2.ISecurityGroup) -> list[Grant]:
    """Attach network interfaces to our subnets with our security group."""
    interfaces, places, group = _places(stack, subnets, security_group)
    in_subnets = "EC2 names an interface when it makes it; the condition names the subnets that it must lie in."
    return [
        allow("ec2:CreateNetworkInterface", on=[interfaces, *places, group], wildcard_because=UNNAMED),
        allow(
            "ec2:CreateNetworkInterfacePermission",
            on=[interfaces],
            # Not ec2:AuthorizedService: whether SageMaker asks in its own name or an account's is not documented, and a
            # key that is absent denies.
            when={"ArnEquals": {"ec2:Subnet": places}},
            wildcard_because=in_subnets,
        ),
        allow(
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
            on=[interfaces],
            when={"ArnEquals": {"ec2:Subnet": places}},
            wildcard_because=in_subnets,
        ),
        allow(
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            on=["*"],
            wildcard_because=DESCRIBES,
        ),
    ]


def join_network_as_function(
    stack: Stack, *, subnets: Sequence[ec2.ISubnet], security_group: ec2.ISecurityGroup
) -> list[Grant]:
    """Let Lambda, and not the code that it runs, attach interfaces to our subnets with our security group.

    A request of the function's own carries ``lambda:SourceFunctionArn``; one of Lambda on its behalf does not.
    """
    not_the_code = {"Null": {"lambda:SourceFunctionArn": "true"}}
    interfaces, places, group = _places(stack, subnets, security_group)
    anything = stack.format_arn(service="ec2", resource="*", resource_name="*")
    return [
        allow(
            "ec2:CreateNetworkInterface", on=[interfaces, *places, group], when=not_the_code, wildcard_because=UNNAMED
        ),
        allow(
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
            on=[interfaces],
            when=not_the_code,
            wildcard_because="EC2 names an interface when it makes it; the condition keeps the function's own code "
            "from those of others.",
        ),
        allow(
            "ec2:DeleteNetworkInterface",
            on=[anything],
            when=not_the_code,
            wildcard_because="Lambda refuses a function whose role may not delete any interface of the account; "
            "the condition keeps the function's own code from it.",
        ),
        allow(
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            on=["*"],
            when=not_the_code,
            wildcard_because=DESCRIBES,
        ),
    ]


def _places(
    stack: Stack, subnets: Sequence[ec2.ISubnet], security_group: ec2.ISecurityGroup
) -> tuple[str, list[str], str]:
    """ARNs: of whatever interfaces, of the subnets, of the security group."""

    def named(resource: str, name: str) -> str:
        return stack.format_arn(service="ec2", resource=resource, resource_name=name)

    places = [named("subnet", subnet.subnet_id) for subnet in subnets]
    return named("network-interface", "*"), places, named("security-group", security_group.security_group_id)
