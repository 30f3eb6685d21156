"""Whose the names are that a deployment wants: the environment's own, another stack's, or nobody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError

from config import Settings
from operate import names, things
from operate.account import Account, pages
from operate.inventory import APP_PREFIX, stack_prefix
from operate.names import FixedName

# How CloudFormation lists what a stack holds no more: deleted, or kept when it was to be deleted.
_LET_GO = ("DELETE_COMPLETE", "DELETE_SKIPPED")


@dataclass(frozen=True)
class Conflict:
    """A name that something outside the environment's stacks has.

    Attributes
    ----------
    holder : str or None
        The stack that holds the thing.
    made_by : str or None
        The stack that made it and let go of it.
    """

    taken: FixedName
    holder: str | None = None
    made_by: str | None = None

    @property
    def adoptable(self) -> bool:
        """Whether a deployment can take it over."""
        return self.taken.adoptable and self.holder is None

    @property
    def whose(self) -> str:
        """Whose the thing is, in words."""
        if self.holder is not None:
            return f"of the stack {self.holder}"
        return f"in no stack; {self.made_by} left it" if self.made_by else "in no stack"


class Preflight:
    """One look at an account.

    Parameters
    ----------
    settings : Settings
        The environment that is to be deployed.
    warn : callable
        Gets what could not be checked.
    """

    def __init__(self, account: Account, settings: Settings, warn: Callable[[str], None]) -> None:
        self._account, self._warn = account, warn
        self._prefix = stack_prefix(settings)
        self._stacks: set[str] = set()
        self._holders: dict[tuple[str, str], str] = {}

    def conflicts(self, wanted: list[FixedName]) -> list[Conflict]:
        """Find what stands in the way; what may not be looked at is warned of and taken for free."""
        try:
            self._look_at_stacks()
        except (BotoCoreError, ClientError) as exc:
            self._warn(f"stacks cannot be listed, so no name was checked: {exc}")
            return []
        found: list[Conflict] = []
        for one in (replace(name, name=name.name.replace(names.ACCOUNT, self._account.number)) for name in wanted):
            try:
                found += self._conflicts(one)
            except (BotoCoreError, ClientError) as exc:
                self._warn(f"{one.label} was not checked: {exc}")
        return found

    def _look_at_stacks(self) -> None:
        """Learn what the app's stacks hold, of whatever environment."""
        client = self._account.client("cloudformation")
        self._stacks = {stack["StackName"] for stack in pages(client, "describe_stacks", "Stacks")}
        for stack in sorted(name for name in self._stacks if name.startswith(APP_PREFIX)):
            for entry in pages(client, "list_stack_resources", "StackResourceSummaries", StackName=stack):
                if entry["ResourceStatus"] not in _LET_GO and entry.get("PhysicalResourceId"):
                    self._holders[entry["ResourceType"], entry["PhysicalResourceId"]] = stack

    def _conflicts(self, wanted: FixedName) -> Iterator[Conflict]:
        if wanted.type == names.LOG_ROLE:
            yield from self._other_log_role(wanted)
            return
        if wanted.type == names.CARDS and self._is_ours(names.PACKAGE_GROUP, wanted.name):
            return
        for thing in things.named(self._account, wanted):
            # CloudFormation knows some by their ARN, and some by their name.
            holder = self._holders.get((wanted.type, thing.identity)) or self._holders.get((wanted.type, wanted.name))
            if holder is not None and holder.startswith(self._prefix):
                continue
            made_by = thing.made_by
            if holder is None and made_by in self._stacks and not str(made_by).startswith(APP_PREFIX):
                holder = made_by
            if not wanted.beside:
                yield Conflict(wanted, holder, made_by)
                return
            # There may be several; and what another stack holds is in use there, and nobody's leftover.
            if holder is None:
                yield Conflict(replace(wanted, name=thing.identity), None, made_by)

    def _is_ours(self, resource_type: str, name: str) -> bool:
        """Whether the environment's stacks hold something, by its name or by an ARN that ends with it."""
        return any(
            kind == resource_type and identity.rpartition("/")[2] == name and stack.startswith(self._prefix)
            for (kind, identity), stack in self._holders.items()
        )

    def _other_log_role(self, wanted: FixedName) -> Iterator[Conflict]:
        """See whose role API Gateway logs by; one that is gone, or that this environment kept, is in nobody's way."""
        if any(kind == names.LOG_ROLE and stack.startswith(self._prefix) for (kind, _), stack in self._holders.items()):
            return
        arn = self._account.client("apigateway").get_account().get("cloudwatchRoleArn")
        role = str(arn or "").rsplit("/", 1)[-1]
        if not role or role.startswith(self._prefix):
            return
        try:
            self._account.client("iam").get_role(RoleName=role)
        except ClientError as exc:
            if exc.response["Error"]["Code"] == "NoSuchEntity":
                return
            raise
        taken = FixedName(wanted.type, f"{wanted.name} (it is {role})", wanted.kept)
        yield Conflict(taken, self._holders.get(("AWS::IAM::Role", role)))
