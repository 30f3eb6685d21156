"""Decides, as IAM does, what a role of a template may do: small, and it refuses what it does not know.

The order is IAM's: a denial that matches wins, then a permission that matches, then no. How operators meet a key that
a request does not set is from the IAM user guide (reference_policies_elements_condition_operators).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.synth.conftest import Environment
from tools.iam import Role, as_list, roles
from tools.template_reader import Reader, plausible

Context = Mapping[str, str | Sequence[str]]
Statement = dict[str, Any]


def like(pattern: str, value: str) -> bool:
    """Match IAM's ``*`` and ``?``."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, re.DOTALL) is not None


def _equals(value: str, wanted: list[str]) -> bool:
    return value in wanted


def _like(value: str, wanted: list[str]) -> bool:
    return any(like(one, value) for one in wanted)


POSITIVE: dict[str, Callable[[str, list[str]], bool]] = {
    "StringEquals": _equals,
    "StringLike": _like,
    "ArnEquals": _like,
    "Bool": _equals,
    "NumericGreaterThan": lambda value, wanted: any(float(value) > float(one) for one in wanted),
}
NEGATED = {"StringNotEquals": _equals, "ArnNotEquals": _like}


def _holds(operator: str, value: str | Sequence[str] | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return wanted == [str(value is None).lower()]
    if operator.startswith("ForAnyValue:"):
        return any(_holds(operator.removeprefix("ForAnyValue:"), one, wanted) for one in value or ())
    if operator.startswith("ForAllValues:"):
        return all(_holds(operator.removeprefix("ForAllValues:"), one, wanted) for one in value or ())
    if operator.endswith("IfExists"):
        return value is None or _holds(operator.removesuffix("IfExists"), value, wanted)
    if operator in NEGATED:
        return value is None or not NEGATED[operator](str(value), wanted)
    return value is not None and POSITIVE[operator](str(value), wanted)


def matches(statement: Statement, action: str, resource: str, context: Context) -> bool:
    """Whether a statement speaks of a request."""
    return (
        action in as_list(statement["Action"])
        and any(like(one, resource) for one in as_list(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), as_list(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def decide(statements: Sequence[Statement], action: str, resource: str, context: Context) -> bool:
    """Whether statements together allow a request."""
    found = {one["Effect"] for one in statements if matches(one, action, resource, context)}
    return "Deny" not in found and "Allow" in found


class Identities:
    """The roles of an environment, with the values of their statements written out."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        reader = Reader(environment.templates, plausible)
        self.roles: dict[str, Role] = {role.construct: role for role in roles(environment.templates)}
        assert len(self.roles) == len(roles(environment.templates)), "two roles share a name"
        self.statements: dict[str, list[Statement]] = {
            name: [reader.tree(policy.stack, statement) for policy, statement in role.statements]
            for name, role in self.roles.items()
        }
        self.trust: dict[str, list[Statement]] = {
            name: [reader.tree(role.stack, statement) for statement in role.trust] for name, role in self.roles.items()
        }

    def may(self, role: str, action: str, resource: str, **context: str | Sequence[str]) -> bool:
        """Whether a role may do something; keys of the action's own service are given without their prefix."""
        keys = {f"{action.partition(':')[0]}:{key}": value for key, value in context.items()}
        return decide(self.statements[role], action, resource, keys)

    def allowed_to(self, action: str, resource: str, **context: str | Sequence[str]) -> set[str]:
        """Who may do something."""
        return {role for role in self.roles if self.may(role, action, resource, **context)}
