"""Network: a VPC that no route leads out of, and the endpoints by which its jobs reach AWS."""

from __future__ import annotations

from typing import Any

from aws_cdk import Fn, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from config import Settings
from stacks.components.grants import role_with
from stacks.components.permissions import service_principal, write_log
from stacks.components.storage import log_group

# What SageMaker's jobs and endpoints call from inside the VPC; S3 has a gateway endpoint.
JOB_SERVICES = {
    "EcrApi": ec2.InterfaceVpcEndpointAwsService.ECR,
    "EcrDocker": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    "Kms": ec2.InterfaceVpcEndpointAwsService.KMS,
    "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "Monitoring": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
    "Sts": ec2.InterfaceVpcEndpointAwsService.STS,
}
HTTPS = ec2.Port.tcp(443)


class NetworkStack(Stack):
    """The VPC, its isolated subnets and its doors."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, key: kms.IKey, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        network = settings.network
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(network.cidr),
            # By position, not by name: the stack learns its region only when deployed, and synthesis asks nobody.
            availability_zones=[Fn.select(index, Fn.get_azs()) for index in range(network.zone_count)],
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26)
            ],
            # Emptying the default group takes a function of its own; nothing here uses that group.
            restrict_default_security_group=False,
        )
        self.subnets = self.vpc.isolated_subnets
        self._log_flows(settings, key)
        self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        self.jobs_security_group = ec2.SecurityGroup(
            self,
            "Jobs",
            vpc=self.vpc,
            description="Jobs and the endpoint of SageMaker",
            allow_all_outbound=False,
        )
        # S3's gateway endpoint answers on public addresses, so the rule cannot name ours; no route leads elsewhere.
        self.jobs_security_group.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "HTTPS to the VPC endpoints and S3")
        if network.interface_endpoints_enabled:
            self._add_interface_endpoints(settings)

    def _add_interface_endpoints(self, settings: Settings) -> None:
        doors = ec2.SecurityGroup(
            self, "Doors", vpc=self.vpc, description="The VPC endpoints of AWS services", allow_all_outbound=False
        )
        doors.add_ingress_rule(ec2.Peer.ipv4(settings.network.cidr), HTTPS, "HTTPS from inside the VPC")
        places = ec2.SubnetSelection(subnets=self.subnets[: settings.network.endpoint_zone_count])
        for name, service in JOB_SERVICES.items():
            self.vpc.add_interface_endpoint(
                name, service=service, subnets=places, security_groups=[doors], open=False, private_dns_enabled=True
            )

    def _log_flows(self, settings: Settings, key: kms.IKey) -> None:
        group = log_group(self, "FlowLogGroup", settings=settings.storage, key=key)
        role = role_with(
            self,
            "FlowLogRole",
            trusts=service_principal("vpc-flow-logs.amazonaws.com"),
            grants=[write_log(group)],
        )
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=self.vpc.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.log_group_arn,
            deliver_logs_permission_arn=role.role_arn,
        )
        self.flow_log_group = group
