"""The serving stack: what state it is in, and its update to another package with nothing else changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PARAMETER = "Rollout"
UPDATED = "UPDATE_COMPLETE"
UPDATABLE = ("CREATE_COMPLETE", UPDATED, "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
Client = Any


class Busy(Exception):
    """Somebody else changes the stack."""


class Unchanged(Exception):
    """The stack has this package already."""


@dataclass(frozen=True)
class State:
    """The stack as it is described."""

    status: str
    parameters: dict[str, str]
    outputs: dict[str, str]

    @property
    def busy(self) -> bool:
        """Whether something changes it."""
        return self.status.endswith("_IN_PROGRESS")

    @property
    def rolled_out(self) -> str:
        """The value of the parameter that names the package to serve."""
        return self.parameters.get(PARAMETER, "")


def look(client: Client, name: str) -> State:
    """Describe the stack; one that is not made yet is on its way."""
    try:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    except client.exceptions.ClientError as exc:
        if "does not exist" in exc.response["Error"].get("Message", ""):
            return State("CREATE_IN_PROGRESS", {}, {})
        raise
    return State(
        status=found["StackStatus"],
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])},
        outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
    )


def update(client: Client, name: str, state: State, *, rollout: str, types: Sequence[str], token: str) -> None:
    """Give the stack its template again with another value of the parameter.

    Parameters
    ----------
    types : sequence of str
        All that another package changes. CloudFormation refuses an update that touches any other type, and IAM lets
        this function ask for no other.
    token : str
        Makes a repeated request the same request.

    Raises
    ------
    Busy, Unchanged
        If the update cannot begin now, or has nothing to do.
    """
    kept = [{"ParameterKey": key, "UsePreviousValue": True} for key in state.parameters if key != PARAMETER]
    try:
        client.update_stack(
            StackName=name,
            UsePreviousTemplate=True,
            Parameters=[*kept, {"ParameterKey": PARAMETER, "ParameterValue": rollout}],
            ResourceTypes=[*types],
            ClientRequestToken=token,
        )
    except client.exceptions.ClientError as exc:
        error = exc.response["Error"]
        if "No updates are to be performed" in error.get("Message", ""):
            raise Unchanged(name) from exc
        if "_IN_PROGRESS state" in error.get("Message", ""):
            raise Busy(name) from exc
        # The first of two equal requests has begun it.
        if error["Code"] != "TokenAlreadyExistsException":
            raise


def why_failed(client: Client, name: str, token: str) -> str:
    """Give the reason of the resource that failed first in an update; nothing if none did."""
    reasons, seen = [], False
    for page in client.get_paginator("describe_stack_events").paginate(StackName=name):
        events = page["StackEvents"]
        reasons += [
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', 'no reason was given')}"
            for one in events
            if one.get("ClientRequestToken") == token
            and one["ResourceStatus"].endswith("_FAILED")
            and one["ResourceType"] != "AWS::CloudFormation::Stack"
        ]
        # The latest come first: once there are events of this update and of another, the other one came before.
        ours = [one.get("ClientRequestToken") == token for one in events]
        seen = seen or any(ours)
        if seen and not ours[-1]:
            break
    return reasons[-1] if reasons else ""
