"""Flow logs: who talked to whom in the VPC, and what was refused."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from config import StorageSettings
from stacks.components.grants import allow, role_with
from stacks.components.permissions import service_principal, write_log
from stacks.components.storage import log_group


def log_flows(scope: Construct, *, vpc: ec2.Vpc, storage: StorageSettings, key: kms.IKey) -> logs.LogGroup:
    """Write every flow of the VPC to a log group of ours."""
    group = log_group(scope, "FlowLogGroup", settings=storage, key=key)
    role = role_with(
        scope,
        "FlowLogRole",
        description="Writes who talked to whom in the VPC",
        trusts=service_principal("vpc-flow-logs.amazonaws.com"),
        # Delivery looks for its stream first (the VPC guide's list of what a flow log's role needs).
        grants=[write_log(group), allow("logs:DescribeLogStreams", on=[group.log_group_arn])],
    )
    ec2.CfnFlowLog(
        scope,
        "FlowLog",
        resource_id=vpc.vpc_id,
        resource_type="VPC",
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.log_group_arn,
        deliver_logs_permission_arn=role.role_arn,
    )
    return group
