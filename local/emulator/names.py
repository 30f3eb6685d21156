"""The names of MiniStack that the SageMaker service's host uses; all others stand in ``patches``.

MiniStack promises nothing about them, so every one is also in :mod:`local.emulator.contract`, which fails
loudly when one moves.
"""

import json
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.concurrency import run_reentrant, spawn_background
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import sts

__all__ = [
    "KEY_OF_TOPIC_ACTIONS",
    "auth_enabled",
    "enforce",
    "find_role",
    "get_account_id",
    "get_region",
    "identity",
    "key_of_topic",
    "put_service_event",
    "register_session",
    "request_scope",
    "run_reentrant",
    "service_may",
    "spawn_background",
    "trusts",
]

#: What whoever publishes does with the key of a topic.
KEY_OF_TOPIC_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")


def auth_enabled() -> bool:
    """Whether IAM is evaluated."""
    return bool(app.AUTH)


def register_session(access_key: str, session: dict[str, Any]) -> None:
    """Make temporary credentials known."""
    sts.register_session(access_key, session)


def enforce(access_key: str, action: str, resource: str, context: dict[str, Any]) -> Any:
    """The evaluator's verdict: None when allowed."""
    service = action.partition(":")[0]
    # Whoever holds this key acts: that what set it off came unsigned, as a form upload does, makes it not anonymous.
    unsigned = iam_evaluator._anonymous.set(False)
    try:
        return iam_evaluator.enforce(
            access_key, action, service, get_region(), resource_arn=resource, service_context=context
        )
    finally:
        iam_evaluator._anonymous.reset(unsigned)


def identity(access_key: str) -> dict[str, str]:
    """Who holds an access key, as SageMaker's ``IamIdentity``; empty for a key that nobody knows."""
    found = iam_evaluator.resolve_credential(access_key, get_account_id())
    if not isinstance(found, iam_evaluator.ResolvedCredential):
        return {}
    return {"Arn": found.principal_arn, "PrincipalId": found.principal_id}


def find_role(account: str, name: str) -> dict[str, Any] | None:
    """The record of an IAM role."""
    from ministack.services import iam

    return iam._roles.get_scoped(account, None, name)


def trusts(role: dict[str, Any], service: str, account: str) -> bool:
    """Whether a role's trust policy lets a service of AWS assume it, conditions included."""
    document = role.get("AssumeRolePolicyDocument") or {}
    if isinstance(document, str):
        document = json.loads(document)
    statements = document.get("Statement", [])
    context = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role.get("Arn", "*"),
        region=get_region(),
        service_context={
            "aws:sourceaccount": account,
            "aws:sourcearn": f"arn:aws:{service.partition('.')[0]}:{get_region()}:{account}:*",
        },
    )
    for statement in [statements] if isinstance(statements, dict) else statements:
        actions = statement.get("Action", [])
        actions = [actions] if isinstance(actions, str) else actions
        if (
            statement.get("Effect") == "Allow"
            and iam_evaluator._action_matches("sts:AssumeRole", actions, [])
            and iam_evaluator._service_principal_matches(statement.get("Principal"), service)
            and iam_evaluator._conditions_met(statement.get("Condition", {}), context)
        ):
            return True
    return False


def service_may(principal: str, action: str, resource: str, source: str) -> bool:
    """Whether a resource's own policy lets a service of AWS act on it, for a source of this account.

    A topic with a key needs the key's policy to let the service use it, too.
    """
    if not _policy_allows(principal, action, resource, source):
        return False
    key = key_of_topic(resource) if action == "sns:Publish" else None
    return key is None or all(_policy_allows(principal, one, key, source) for one in KEY_OF_TOPIC_ACTIONS)


def key_of_topic(topic: str) -> str | None:
    """The ARN of the key that encrypts a topic's messages."""
    from ministack.services import sns

    key = (sns._topics.get(topic) or {"attributes": {}})["attributes"].get("KmsMasterKeyId")
    if not key or key.startswith("arn:"):
        return key
    word = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:aws:kms:{get_region()}:{get_account_id()}:{word}"


def _policy_allows(principal: str, action: str, resource: str, source: str) -> bool:
    service, account = resource.split(":")[2], get_account_id()
    found = iam_evaluator._resource_policy(service, resource)
    if not found or not found[0]:
        return False
    context = iam_evaluator.EvalContext(
        # The service itself: naming the account does not let it in.
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=get_region(),
        secure_transport=True,
        service_context={
            "aws:sourcearn": source,
            "aws:sourceaccount": account,
            "aws:sourceowner": account,
        },
    )
    verdict = iam_evaluator.evaluate_resource_policy(found[0], context, service=principal)
    return bool(verdict.decision == "Allow")


def put_service_event(source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
    """Send an event of an AWS service to the default bus; targets run on threads of their own."""
    from ministack.services import eventbridge

    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, default=str),
        "Resources": resources,
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
