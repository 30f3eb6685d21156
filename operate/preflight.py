"""``python -m operate.preflight --env dev``: before a deployment, see whether something has its names already.

CloudFormation would find out late: after the stacks before have been made, or, with API Gateway's role, never.
Ends with 0 when the deployment may begin, with 2 when somebody must decide first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from config import ENVIRONMENTS, Settings, SettingsError, load_settings
from operate import names
from operate.account import Account, OperateError, is_absent, pages
from operate.cdk import ROOT
from operate.inventory import APP_PREFIX, DOMAIN, stack_prefix
from operate.names import FixedName
from operate.progress import Progress

STACK_TAG = "aws:cloudformation:stack-name"
# How CloudFormation lists what a stack holds no more: deleted, or kept when it was to be deleted.
_LET_GO = ("DELETE_COMPLETE", "DELETE_SKIPPED")
# The operation that tells whether a name is taken, its parameter, and the member with the ARN.
_SAGEMAKER = {
    names.PACKAGE_GROUP: ("describe_model_package_group", "ModelPackageGroupName", "ModelPackageGroupArn"),
    names.PIPELINE: ("describe_pipeline", "PipelineName", "PipelineArn"),
    names.ENDPOINT: ("describe_endpoint", "EndpointName", "EndpointArn"),
    names.LIFECYCLE_CONFIG: (
        "describe_studio_lifecycle_config",
        "StudioLifecycleConfigName",
        "StudioLifecycleConfigArn",
    ),
}


@dataclass(frozen=True)
class Thing:
    """What has a name: its physical id in a stack, and the stack that made it, by its tag."""

    identity: str
    made_by: str | None = None


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
        found = []
        for one in wanted:
            try:
                if conflict := self._conflict(one):
                    found.append(conflict)
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

    def _conflict(self, wanted: FixedName) -> Conflict | None:
        if wanted.type == names.LOG_ROLE:
            return self._other_log_role(wanted)
        thing = self._thing(wanted)
        if thing is None:
            return None
        # CloudFormation knows some by their ARN, and some by their name.
        holder = self._holders.get((wanted.type, thing.identity)) or self._holders.get((wanted.type, wanted.name))
        if holder is None and thing.made_by in self._stacks and not str(thing.made_by).startswith(APP_PREFIX):
            holder = thing.made_by
        if holder is not None and holder.startswith(self._prefix):
            return None
        return Conflict(wanted, holder, thing.made_by)

    def _thing(self, wanted: FixedName) -> Thing | None:
        if wanted.type == names.LOG_GROUP:
            return self._log_group(wanted.name)
        sagemaker = self._account.client("sagemaker")
        if wanted.type == DOMAIN:
            found = [one for one in pages(sagemaker, "list_domains", "Domains") if one["DomainName"] == wanted.name]
            # Two may have the name; what counts is one that is not ours.
            foreign = [one for one in found if not self._is_ours(DOMAIN, one["DomainId"])]
            return self._tagged(foreign[0]["DomainId"], foreign[0]["DomainArn"]) if foreign else None
        operation, parameter, member = _SAGEMAKER[wanted.type]
        try:
            arn = getattr(sagemaker, operation)(**{parameter: wanted.name})[member]
        except ClientError as exc:
            if is_absent(exc):
                return None
            raise
        return self._tagged(arn, arn)

    def _is_ours(self, resource_type: str, identity: str) -> bool:
        return self._holders.get((resource_type, identity), "").startswith(self._prefix)

    def _log_group(self, name: str) -> Thing | None:
        logs = self._account.client("logs")
        listed = pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=name)
        arn = next((group["arn"].removesuffix(":*") for group in listed if group["logGroupName"] == name), None)
        if arn is None:
            return None
        return Thing(name, _stack_tag(lambda: logs.list_tags_for_resource(resourceArn=arn)["tags"]))

    def _tagged(self, identity: str, arn: str) -> Thing:
        listed = pages(self._account.client("sagemaker"), "list_tags", "Tags", ResourceArn=arn)
        return Thing(identity, _stack_tag(lambda: {one["Key"]: one["Value"] for one in listed}))

    def _other_log_role(self, wanted: FixedName) -> Conflict | None:
        """See whose role API Gateway logs by; one that is gone, or that this environment kept, is in nobody's way."""
        if any(kind == names.LOG_ROLE and stack.startswith(self._prefix) for (kind, _), stack in self._holders.items()):
            return None
        arn = self._account.client("apigateway").get_account().get("cloudwatchRoleArn")
        role = str(arn or "").rsplit("/", 1)[-1]
        if not role or role.startswith(self._prefix):
            return None
        try:
            self._account.client("iam").get_role(RoleName=role)
        except ClientError as exc:
            if exc.response["Error"]["Code"] == "NoSuchEntity":
                return None
            raise
        taken = FixedName(wanted.type, f"{wanted.name} (it is {role})", wanted.kept)
        return Conflict(taken, self._holders.get(("AWS::IAM::Role", role)))


def _stack_tag(read: Callable[[], dict[str, Any]]) -> str | None:
    """Read the name of the stack that made something; who may not read tags does without."""
    try:
        return read().get(STACK_TAG)
    except (BotoCoreError, ClientError):
        return None


def refusal(conflicts: list[Conflict], settings: Settings) -> str:
    """Say what is taken, whose it is and what to do, thing by thing."""
    lines = [f"{settings.name} was not deployed: the account has what the deployment would make.", ""]
    for one in conflicts:
        way = names.remedy(one.taken, settings, holder=one.holder)
        lines += [f"  {one.taken.label}: {one.whose}", f"    {way}"]
    if any(one.adoptable for one in conflicts):
        lines += ["", f"ADOPT=1 has not been tried on AWS; what it does and leaves undone: {names.RECORD}"]
    return "\n".join(lines)


def preflight(environment: str, app: Path, *, adopt: bool) -> int:
    """Look, and say what was found.

    Returns
    -------
    int
        The exit code.
    """
    settings = load_settings(environment)
    account, progress = Account.current(), Progress()
    wanted = names.read(app)
    progress.say(f"looking whether {len(wanted)} fixed names are free in {account.label}")
    found = Preflight(account, settings, lambda text: progress.say(f"warning: {text}")).conflicts(wanted)
    adopted = [one for one in found if adopt and one.adoptable]
    if standing := [one for one in found if one not in adopted]:
        print(refusal(standing, settings), file=sys.stderr)
        return 2
    for one in adopted:
        progress.say(f"{one.taken.label} ({one.whose}) will be taken over as it is, with its own key and retention")
    if adopted:
        progress.say(f"how to give it those of the settings afterwards: {names.RECORD}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate.preflight", description=__doc__)
    parser.add_argument("--env", required=True, help=f"the environment: {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--app", type=Path, default=ROOT / "cdk.out", help="the synthesised app")
    parser.add_argument("--adopt", action="store_true", help="let the deployment take over what it can")
    arguments = parser.parse_args(argv)
    try:
        return preflight(arguments.env, arguments.app, adopt=arguments.adopt)
    except (OperateError, SettingsError) as exc:
        print(exc, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; nothing was deployed.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
