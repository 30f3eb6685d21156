"""Who is let in: no wildcard action, no stranger, no way in from the internet."""

import re
from collections.abc import Iterator
from typing import Any

from tests.synth.conftest import Environment

from .walk import as_list, named, statements, text

OURS = {"Ref": "AWS::AccountId"}
TRUST = "AssumeRolePolicyDocument"
# A policy that can only speak of its own resource, or one that a test of its own looks at (the VPC endpoints').
MEANS_ITSELF = {"AWS::KMS::Key", "AWS::EC2::VPCEndpoint"}
# What ties a service of AWS to this account.
TIES = ("aws:SourceAccount", "aws:SourceArn", "kms:EncryptionContext:aws:logs:arn", "AWS:SourceArn")
WAYS_OUT = {
    "AWS::EC2::EIP",
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::EC2::TransitGatewayAttachment",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::EC2::VPCPeeringConnection",
    "AWS::Lambda::Url",
}
# Property -> what it must say where it is said at all.
CLOSED = {
    "AccessControl": (),
    "AppNetworkAccessType": ("VpcOnly",),
    "AssociatePublicIpAddress": (False,),
    "DirectInternetAccess": ("Disabled",),
    "MapPublicIpOnLaunch": (False,),
    "PubliclyAccessible": (False,),
    "WebsiteConfiguration": (),
}
PEOPLE_WITH_KEYS = {"AWS::IAM::AccessKey", "AWS::IAM::User"}


def no_action_has_a_wildcard(environment: Environment) -> Iterator[str]:
    """In no policy of any kind. A denial may have one: there it refuses more, not less."""
    for resource, path, statement in statements(environment):
        if statement["Effect"] != "Deny":
            actions = as_list(statement.get("Action", "*"))  # without one it has NotAction: all others
            if wild := [action for action in actions if "*" in action]:
                yield f"{resource} {path} allows {wild}"
            if inverted := {"NotResource", "NotPrincipal"} & set(statement):
                yield f"{resource} {path} says who or what is not meant: {inverted}"


def no_policy_of_a_resource_reaches_beyond_it(environment: Environment) -> Iterator[str]:
    for resource, path, statement in statements(environment):
        opens = "Principal" in statement and statement["Effect"] == "Allow" and path != TRUST
        if opens and "*" in as_list(statement.get("Resource", [])) and resource.type not in MEANS_ITSELF:
            yield f"{resource} {path} opens every resource"


def no_stranger_is_let_in(environment: Environment) -> Iterator[str]:
    """Nobody of another account; and a service only for this one."""
    for resource, path, statement in statements(environment):
        if "Principal" not in statement or statement["Effect"] != "Allow":
            continue
        principal, condition = statement["Principal"], statement.get("Condition", {})
        if principal == "*" or "*" in as_list(principal.get("AWS", [])):
            ours = condition.get("StringEquals", {}).get("aws:PrincipalAccount") == OURS
            # ECR hands image layers out by addresses that it signed itself.
            if not ours and statement.get("Sid") != "LayersOfImages":
                yield f"{resource} {path} lets anybody in"
        elif re.search(r"\d{12}", text(principal)):
            yield f"{resource} {path} lets an account in by its number"
        elif "Service" in principal and path != TRUST and not any(tie in text(condition) for tie in TIES):
            yield f"{resource} {path} lets {principal['Service']} in for anybody"


def nothing_is_public(environment: Environment) -> Iterator[str]:
    for resource in environment.resources():
        if resource.type in WAYS_OUT:
            yield f"{resource} is a {resource.type}"
        for path, value in named(resource.properties):
            name = path.rpartition(".")[2]
            if name in CLOSED and value not in CLOSED[name]:
                yield f"{resource} {path} is {value}"
        yield from _listens(str(resource), resource.type, resource.properties)


def _listens(where: str, kind: str, properties: dict[str, Any]) -> Iterator[str]:
    rules = properties.get("SecurityGroupIngress", [])
    for rule in [*rules, *([properties] if kind == "AWS::EC2::SecurityGroupIngress" else [])]:
        if {"CidrIp", "CidrIpv6", "SourcePrefixListId"} & set(rule):
            yield f"{where} listens to addresses: name a security group"


def only_named_callers_reach_a_function(environment: Environment) -> Iterator[str]:
    for permission in environment.resources("AWS::Lambda::Permission"):
        if permission.properties["Principal"] == "*" or "SourceArn" not in permission.properties:
            yield f"{permission} lets {permission.properties['Principal']} call from anywhere"


def nobody_has_keys_for_good(environment: Environment) -> Iterator[str]:
    """Sign in as a role: no user, no access key."""
    for resource in environment.resources():
        if resource.type in PEOPLE_WITH_KEYS:
            yield f"{resource} is a {resource.type}"


RULES = (
    no_action_has_a_wildcard,
    no_policy_of_a_resource_reaches_beyond_it,
    no_stranger_is_let_in,
    nothing_is_public,
    only_named_callers_reach_a_function,
    nobody_has_keys_for_good,
)
