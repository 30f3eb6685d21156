"""IAM's policy variables, and what they stand for in a session of somebody who works in Studio."""

import dataclasses
import re
from typing import Any

from ministack.core import iam_evaluator

from local.sagemaker.studio import identity

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


def install() -> None:
    """Tell the evaluator who a session of Studio is, and have it resolve variables."""
    _know_users_of_studio()
    _resolve_variables()


def _know_users_of_studio() -> None:
    """Tell IAM which user of Studio a session is, if any."""
    keys_of = iam_evaluator._principal_keys

    def principal_keys(credential: Any) -> dict[str, Any]:
        keys: dict[str, Any] = keys_of(credential)
        if credential.principal_type == "AssumedRole":
            _, role, session = credential.principal_arn.rsplit("/", 2)
            keys |= identity.principal_keys(role, session)
        return keys

    iam_evaluator._principal_keys = principal_keys


def _resolve_variables() -> None:
    """Put values in the place of policy variables, which MiniStack takes for plain text.

    A variable without a value stays as it is, and so matches nothing.
    """
    first_match = iam_evaluator._first_match

    def resolved(node: Any, context: Any) -> Any:
        if isinstance(node, str):
            return _VARIABLE.sub(
                lambda found: str(iam_evaluator._resolve_condition_key(found[1], context) or found[0]), node
            )
        if isinstance(node, dict):
            return {key: resolved(value, context) for key, value in node.items()}
        return [resolved(value, context) for value in node] if isinstance(node, list) else node

    def first_match_of_resolved(context: Any, statements: list[Any], effect: str) -> Any:
        for statement in statements:
            given = (statement.resources, statement.not_resources, statement.conditions)
            if statement.effect == effect and "${" in str(given):
                resources, not_resources, conditions = (resolved(part, context) for part in given)
                changed = dataclasses.replace(
                    statement, resources=resources, not_resources=not_resources, conditions=conditions
                )
            else:
                changed = statement
            if first_match(context, [changed], effect) is not None:
                return statement
        return None

    iam_evaluator._first_match = first_match_of_resolved
