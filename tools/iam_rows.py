"""Roles as docs/iam.md shows them: each statement in short words, with the reason that the code gives for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from stacks.components.spelling import as_nag_spells
from tools.iam import Document, Role, as_list, roles
from tools.template_reader import Reader, Template, spelled


class Row(NamedTuple):
    """One statement as the table shows it."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[str, ...]
    reasons: tuple[str, ...]


class Described(NamedTuple):
    """One role as the table shows it."""

    name: tuple[str, str]
    what: str
    trusts: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def wildcards(self) -> int:
        """How many resources with a wildcard its permissions have."""
        return sum("*" in resource for row in self.rows if row.effect == "Allow" for resource in row.resources)


Reasons = Mapping[str, Sequence[Mapping[str, Any]]]


def describe(name: str, templates: Mapping[str, Template], *, reasons: Reasons) -> dict[tuple[str, str], Described]:
    """Describe the roles of one environment.

    Parameters
    ----------
    reasons : mapping
        Why each policy's wildcards and denials are there, by its path: see `reasons_given`.

    Raises
    ------
    ValueError
        If a wildcard or a denial has no reason.
    """
    writer = _Writer(name=f"churn-{name}", reader=Reader(templates, spelled), reasons=reasons)
    return {(role.stack, role.construct): writer.role(role) for role in roles(templates)}


@dataclass(frozen=True)
class _Writer:
    """Writes the roles of one environment."""

    name: str
    reader: Reader
    reasons: Reasons

    def role(self, role: Role) -> Described:
        rows = [self._row(role.stack, policy, statement) for policy, statement in role.statements]
        managed = [self._short(self.reader.text(role.stack, one)) for one in role.aws_managed]
        rows += [Row("Allow", (f"what AWS's policy {one} says",), (), (), ()) for one in managed]
        trusts = tuple(self._principal(role.stack, statement) for statement in role.trust)
        return Described((role.stack, role.construct), role.description, trusts, tuple(rows))

    def _row(self, stack: str, policy: Document, statement: Mapping[str, Any]) -> Row:
        resources = as_list(statement["Resource"])
        wild = [as_nag_spells(one) for one in resources if "*" in self.reader.text(stack, one)]
        return Row(
            statement["Effect"],
            tuple(sorted(as_list(statement["Action"]))),
            tuple(sorted({self._short(self.reader.text(stack, one)) for one in resources})),
            self._conditions(stack, statement.get("Condition", {})),
            tuple(dict.fromkeys(self._reason(policy, statement, one) for one in wild)),
        )

    def _reason(self, policy: Document, statement: Mapping[str, Any], resource: str) -> str:
        """Find who says why: a denial has a name; a permission may be several grants, put together by the CDK."""
        sid, actions = statement.get("Sid", ""), set(as_list(statement["Action"]))
        found = [
            one["reason"]
            for one in self.reasons.get(policy.path, ())
            if one["sid"] == sid and resource in one["resources"] and set(one["actions"]) & actions
        ]
        if not found:
            raise ValueError(f"{policy.path}: nobody says why {sorted(actions)} on {resource} is as it is.")
        return " ".join(dict.fromkeys(found))

    def _principal(self, stack: str, statement: Mapping[str, Any]) -> str:
        ((_, who),) = statement["Principal"].items()
        names = " or ".join(self._short(self.reader.text(stack, one)) for one in as_list(who))
        conditions = self._conditions(stack, statement.get("Condition", {}))
        actions = [one for one in as_list(statement["Action"]) if one != "sts:AssumeRole"]
        more = f" ({', '.join(actions)})" if actions else ""
        return f"`{names}`{more}" + "".join(f"<br>if `{one}`" for one in conditions)

    def _conditions(self, stack: str, conditions: Mapping[str, Any]) -> tuple[str, ...]:
        written = []
        for operator, keys in conditions.items():
            for key, values in keys.items():
                texts = {self._short(self.reader.text(stack, one)) for one in as_list(values)}
                written.append(f"{operator} {key}: {', '.join(sorted(texts))}")
        return tuple(sorted(written))

    def _short(self, text: str) -> str:
        text = re.sub(r"arn:<partition>:([a-z0-9-]+):(?:<region>)?:(?:<account>)?:", r"\1:", text)
        return text.replace(self.name, "churn-<env>").replace(
            f"Churn-{self.name.removeprefix('churn-')}-", "Churn-<env>-"
        )
