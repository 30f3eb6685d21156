"""Network: a VPC that no route leads out of, and the endpoints by which what is in it reaches AWS."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from config import Settings
from stacks.components.doors import (
    Service,
    Statements,
    interface_doors,
    runtime_door,
    s3_statements,
    studio_doors,
    studio_reads,
)
from stacks.components.flow_log import log_flows
from stacks.components.functions import FunctionNetwork
from stacks.components.grants import resource_of
from stacks.components.keys import Keys
from stacks.components.studio_domain import StudioNetwork
from stacks.components.vpc import isolated_vpc

HTTPS = ec2.Port.tcp(443)
NOTHING = {
    "CidrIp": "255.255.255.255/32",
    "Description": "Disallow all traffic",
    "FromPort": 252,
    "IpProtocol": "icmp",
    "ToPort": 86,
}


class NetworkStack(Stack):
    """The VPC, its isolated subnets, its doors, and who may knock at which."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, keys: Keys, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        self.vpc = isolated_vpc(self, settings=settings, key=keys.logs)
        self.subnets = self.vpc.isolated_subnets
        self.flow_log_group = log_flows(self, vpc=self.vpc, storage=settings.storage, key=keys.logs)
        self.s3_endpoint = self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        for statement in s3_statements(environment=settings.name):
            self.s3_endpoint.add_to_policy(statement)
        # S3's gateway endpoint answers on public addresses, so these rules cannot name ours; no route leads elsewhere.
        self.jobs_security_group = self._group("Jobs", "Jobs and the endpoint of SageMaker")
        self.jobs_security_group.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "HTTPS to the VPC endpoints and S3")
        self.invoker_network: FunctionNetwork | None = None
        self.studio_network: StudioNetwork | None = None
        self._studio_doors: ec2.SecurityGroup | None = None
        if settings.studio.enabled:
            self._studio_doors = self._open_doors_to_studio()
        if settings.network.interface_endpoints_enabled:
            self._open_doors_to_jobs(keys)
        if settings.api.in_vpc:
            self._open_door_to_invoker()
        elif self._studio_doors:
            self._runtime_door(self._studio_doors)

    def _open_doors_to_jobs(self, keys: Keys) -> None:
        group = self._group("Doors", "The VPC endpoints of the AWS services that jobs call")
        group.add_ingress_rule(self.jobs_security_group, HTTPS, "HTTPS from jobs and the endpoint of SageMaker")
        for name, (service, statements) in interface_doors(self, environment=self._settings.name, keys=keys).items():
            self._door(name, service, statements, group)

    def _open_door_to_invoker(self) -> None:
        """Make the function's network: one door, to the model's endpoint, and nothing beside it."""
        door = self._group("RuntimeDoor", "The VPC endpoint that leads to the endpoint of SageMaker")
        invoker = self._group("Invoker", "The function behind the API")
        door.add_ingress_rule(invoker, HTTPS, "HTTPS from the function behind the API")
        invoker.add_egress_rule(door, HTTPS, "HTTPS to the VPC endpoint that leads to the model")
        # That rule is a resource beside the group. A group without a rule inside it is made with EC2's "allow all".
        resource_of(invoker).add_property_override("SecurityGroupEgress", [NOTHING])
        self._runtime_door(door)
        self.invoker_network = FunctionNetwork(vpc=self.vpc, subnets=self.subnets, security_group=invoker)

    def _open_doors_to_studio(self) -> ec2.SecurityGroup:
        """Make the network of spaces: two doors of their own; those in `studio_reads` open to them too."""
        spaces = self._group("Studio", "Spaces of SageMaker Studio")
        spaces.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "HTTPS to the VPC endpoints and S3")
        group = self._group("StudioDoors", "The VPC endpoints of the AWS services that Studio calls")
        group.add_ingress_rule(spaces, HTTPS, "HTTPS from spaces of SageMaker Studio")
        for name, (service, statements) in studio_doors(self, environment=self._settings.name).items():
            self._door(name, service, statements, group)
        self.studio_network = StudioNetwork(vpc=self.vpc, subnets=self.subnets, security_group=spaces)
        return group

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(self, name, vpc=self.vpc, description=description, allow_all_outbound=False)

    def _runtime_door(self, group: ec2.ISecurityGroup) -> None:
        service, statements = runtime_door(
            self, environment=self._settings.name, endpoint_name=self._settings.resource_name
        )
        self._door("SageMakerRuntime", service, statements, group)

    def _door(self, name: str, service: Service, statements: Statements, group: ec2.ISecurityGroup) -> None:
        groups, passes = [group], [*statements]
        shared = studio_reads(self, environment=self._settings.name)
        if self._studio_doors and name in shared and group is not self._studio_doors:
            groups.append(self._studio_doors)
            passes += shared[name]
        endpoint = self.vpc.add_interface_endpoint(
            name,
            service=service,
            subnets=ec2.SubnetSelection(subnets=self.subnets[: self._settings.network.endpoint_zone_count]),
            security_groups=groups,
            open=False,
            private_dns_enabled=True,
        )
        for statement in passes:
            endpoint.add_to_policy(statement)
