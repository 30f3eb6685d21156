"""The VPC: isolated subnets in several zones, no way out, and nothing in the group that every VPC comes with."""

from __future__ import annotations

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from config import Settings
from stacks.components.default_group import own_default_group_closer


def isolated_vpc(scope: Construct, *, settings: Settings, key: kms.IKey) -> ec2.Vpc:
    """Make a VPC that no route leads out of; `key` encrypts the log of the function that empties its default group."""
    network = settings.network
    vpc = ec2.Vpc(
        scope,
        "Vpc",
        ip_addresses=ec2.IpAddresses.cidr(network.cidr),
        # By position, not by name: the stack learns its region only when deployed, and synthesis asks nobody.
        availability_zones=[Fn.select(index, Fn.get_azs()) for index in range(network.zone_count)],
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26)
        ],
        # Nothing here uses the group that every VPC comes with, and it would let its members talk to each other.
        restrict_default_security_group=True,
    )
    own_default_group_closer(vpc, storage=settings.storage, key=key)
    return vpc
