"""The security group that every VPC comes with: the CDK's function empties it, with a log and a policy of ours."""

from __future__ import annotations

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import IConstruct

from config import StorageSettings
from stacks.components.grants import allow
from stacks.components.permissions import write_log
from stacks.components.storage import log_group

PROVIDER = "Custom::VpcRestrictDefaultSGCustomResourceProvider"


def own_default_group_closer(vpc: ec2.Vpc, *, storage: StorageSettings, key: kms.IKey) -> None:
    """Give that function a log group with key and end, and in place of AWS's policy one that names what it does.

    CloudFormation cannot take rules from a group that it did not make, so a function has to. It puts the rules back
    when the VPC goes; hence the Authorize actions.
    """
    stack = Stack.of(vpc)
    provider = stack.node.find_child(PROVIDER)
    log = log_group(stack, "DefaultGroupLog", settings=storage, key=key)
    group = stack.format_arn(service="ec2", resource="security-group", resource_name=vpc.vpc_default_security_group)
    grants = [
        write_log(log),
        allow(
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
            on=[group],
        ),
    ]
    policy = iam.ManagedPolicy(stack, "DefaultGroupGrants", statements=[grant.statement() for grant in grants])
    role = _resource(provider, "Role")
    role.add_property_override("ManagedPolicyArns", [policy.managed_policy_arn])
    role.add_property_deletion_override("Policies")
    _resource(provider, "Handler").add_property_override("LoggingConfig", {"LogGroup": log.log_group_name})


def _resource(provider: IConstruct, name: str) -> CfnResource:
    found = provider.node.find_child(name)
    if not isinstance(found, CfnResource):
        raise TypeError(f"{found.node.path} is no resource: the CDK's way to empty a default group has changed.")
    return found
