"""Roles made of grants: a statement each, with the reason of every wildcard in it.

A wildcard without a reason does not synthesise; one with a reason is acknowledged towards cdk-nag, on the role's
policy, under its exact id. So the reason stands where the permission is written, once. Denials are grants of the other
effect: what they refuse, no permission given elsewhere brings back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aws_cdk import CfnResource, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from stacks.components.acknowledgements import acknowledge
from stacks.components.spelling import as_found

# Where a policy keeps its reasons for docs/iam.md: acknowledgements know of resources, and nothing of actions.
REASONS_METADATA = "churn:reasons"


class Grant(NamedTuple):
    """One statement; and why its wildcard resources are as narrow as they can be, or why it denies."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Any] | None
    reason: str
    effect: iam.Effect = iam.Effect.ALLOW
    sid: str | None = None

    def statement(self) -> iam.PolicyStatement:
        """Write it for IAM."""
        return iam.PolicyStatement(
            sid=self.sid,
            effect=self.effect,
            actions=list(self.actions),
            resources=list(self.resources),
            conditions=self.conditions,
        )


def allow(*actions: str, on: Sequence[str], when: Mapping[str, Any] | None = None, wildcard_because: str = "") -> Grant:
    """Allow actions on resources.

    Parameters
    ----------
    wildcard_because : str
        Why a resource with ``*`` is as narrow as it can be; required where there is one, refused where there is none.

    Raises
    ------
    ValueError
        If an action has a wildcard, or the reason and the wildcards do not go together.
    """
    _refuse_wildcards(actions)
    if any("*" in resource for resource in on) != bool(wildcard_because):
        raise ValueError(f"{actions}: give a reason in wildcard_because exactly where a resource has a wildcard.")
    return Grant(actions, tuple(on), when, wildcard_because)


def deny(
    *actions: str, when: Mapping[str, Any] | None = None, on: Sequence[str] = ("*",), sid: str, because: str
) -> Grant:
    """Deny actions, whatever allows them. A wildcard resource needs no reason here: it makes a denial complete.

    Parameters
    ----------
    sid : str
        The statement's name: IAM says no more of a denial than which action it was, so a person looks it up.
    because : str
        What the denial is for.

    Raises
    ------
    ValueError
        If an action has a wildcard, or there is no reason.
    """
    _refuse_wildcards(actions)
    if not because:
        raise ValueError(f"{sid}: say in because what the denial is for.")
    return Grant(actions, tuple(on), when, because, iam.Effect.DENY, sid)


def _refuse_wildcards(actions: Sequence[str]) -> None:
    if any("*" in action for action in actions):
        raise ValueError(f"{actions} hold a wildcard: name the actions that are meant.")


def role_with(
    scope: Construct,
    construct_id: str,
    *,
    trusts: iam.IPrincipal,
    grants: Sequence[Grant],
    guardrails: Sequence[Grant] = (),
    description: str = "",
    session: Duration | None = None,
) -> iam.Role:
    """Make a role with these grants: their policy exists before the role does, so nothing has to wait for it.

    Guardrails are a policy of their own: together they would pass IAM's 6,144 characters. `session` is the longest that
    a session of the role may last; None for IAM's default, an hour.
    """
    policies = [policy_with(scope, f"{construct_id}Grants", grants=grants, description=description)]
    if guardrails:
        fence = f"Guardrails: {description}" if description else ""
        policies.append(policy_with(scope, f"{construct_id}Guardrails", grants=guardrails, description=fence))
    return iam.Role(
        scope,
        construct_id,
        assumed_by=trusts,
        description=description or None,
        managed_policies=[*policies],
        max_session_duration=session,
    )


def policy_with(
    scope: Construct,
    construct_id: str,
    *,
    grants: Sequence[Grant],
    roles: Sequence[iam.IRole] = (),
    description: str = "",
) -> iam.ManagedPolicy:
    """Write grants down as a managed policy, and argue their wildcards."""
    policy = iam.ManagedPolicy(
        scope,
        construct_id,
        description=description or None,
        roles=[*roles],
        statements=[grant.statement() for grant in grants],
    )
    argue_wildcards(policy, grants)
    policy.node.add_metadata(REASONS_METADATA, [_reasons(Stack.of(policy), grant) for grant in grants if grant.reason])
    return policy


def _reasons(stack: Stack, grant: Grant) -> dict[str, Any]:
    wild = [resource for resource in grant.resources if "*" in resource]
    return {
        "sid": grant.sid or "",
        "actions": list(grant.actions),
        "resources": [as_found(stack, resource) for resource in wild],
        "reason": grant.reason,
    }


def reasons_given(root: IConstruct) -> dict[str, list[dict[str, Any]]]:
    """Collect why the policies in the tree under `root` have the wildcards and denials that they have, by path."""
    return {
        f"{construct.node.path}/Resource": entry.data
        for construct in root.node.find_all()
        for entry in construct.node.metadata
        if entry.type == REASONS_METADATA
    }


def argue_wildcards(policy: iam.ManagedPolicy, grants: Sequence[Grant]) -> None:
    """Acknowledge the grants' wildcards on the policy that holds them, each with its own reason."""
    reasons: dict[str, list[str]] = {}
    for grant in grants:
        for resource in grant.resources:
            if "*" in resource and grant.effect is iam.Effect.ALLOW:
                reasons.setdefault(as_found(Stack.of(policy), resource), []).append(grant.reason)
    for resource, why in reasons.items():
        finding = f"AwsSolutions-IAM5[Resource::{resource}]"
        acknowledge(resource_of(policy), finding, " ".join(dict.fromkeys(why)))


def resource_of(construct: IConstruct) -> CfnResource:
    """Give the one resource that a construct of the CDK stands for: the narrowest place for an acknowledgement."""
    resource = construct.node.default_child
    if not isinstance(resource, CfnResource):
        raise TypeError(f"{construct.node.path} has no resource of its own.")
    return resource
