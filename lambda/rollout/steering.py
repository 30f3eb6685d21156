"""The steps of a rollout. Each takes what is known of it, and gives it back with what to do next in ``state``.

The stack is updated by CloudFormation itself, with its own template: nothing is changed behind its back.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import live
import records
import stack

APPROVED = "Approved"
LIVE, RUNNING = "live", "running"
NEWER = "a rollout that began later counts in place of this one"
Rollout = dict[str, Any]
Client = Any


@dataclass(frozen=True)
class Steering:
    """What the steps need.

    Attributes
    ----------
    by_person : bool
        Whether what is served must stand in the stack's parameter, so that a deployment leaves it as it is.
    wait_s, update_s : int
        How long a rollout waits for its turn, and for its update.
    types : tuple of str
        The types of resource that an update may touch.
    """

    cloudformation: Client
    sagemaker: Client
    states: Client
    stack: str
    endpoint: str
    by_person: bool
    wait_s: int
    update_s: int
    types: tuple[str, ...]

    def look(self, rollout: Rollout, *, machine: str, execution: str, started: str) -> Rollout:
        """Say whether the rollout may begin: ``go``, ``busy``, ``live`` already, ``dropped`` or ``failed``."""
        rollout = {**rollout, "execution": execution}
        package = rollout["package"]
        described = self.sagemaker.describe_model_package(ModelPackageName=package)
        newer, approved = self._newer(machine, execution, started), described.get("ModelApprovalStatus") == APPROVED
        if not approved or newer == LIVE:
            return rollout | _dropped(NEWER if approved else f"{live.version(package)} is not approved any more")
        if "rejects" not in rollout:
            # A rollback puts back what somebody had approved, and the package knows who.
            rollout["approved_by"] = described.get("LastModifiedBy", {}).get("IamIdentity", {}).get("Arn", "")
        state = stack.look(self.cloudformation, self.stack)
        if newer or state.busy:
            late = _now() - datetime.fromisoformat(started) > timedelta(seconds=self.wait_s)
            awaited = "A rollout that began later has gone on" if newer else f"{self.stack} has been {state.status}"
            return rollout | (_failed(f"{awaited} for too long", blame=False) if late else {"state": "busy"})
        if state.status not in stack.UPDATABLE:
            return rollout | _failed(f"{self.stack} is {state.status} and cannot be updated", blame=False)
        found = live.look(self.sagemaker, self.endpoint)
        if found.package not in ("", package, rollout.get("rejects", found.package)):
            # Whoever asked for the way back judged another model than the one that is live by now.
            return rollout | _dropped(f"{live.version(rollout['rejects'])}, which was to go, is not live any more")
        recorded = not self.by_person or state.rolled_out.endswith(f" {package}")
        if found.package == package and found.status == live.IN_SERVICE and recorded:
            return rollout | {"state": "live"}
        wanted = f"{state.outputs['RunInputs']} {package}"
        return rollout | {"state": "go", "wanted": wanted, "previous": state.rolled_out}

    def update(self, rollout: Rollout) -> Rollout:
        """Begin the update: ``updating``, ``done`` if there is nothing to do, or ``busy``."""
        return self._update(rollout, target=rollout["wanted"])

    def restore(self, rollout: Rollout) -> Rollout:
        """Begin the way back, because the new model does not answer as it should, unless another is there by now."""
        rollout = rollout | _failed(records.cause(rollout), blame=True) | {"restoring": True}
        state = stack.look(self.cloudformation, self.stack)
        if not state.busy and state.rolled_out != rollout["wanted"]:
            # The next rollout had its turn since: the answers may be its model's, and the way back would take it away.
            return rollout | _dropped(NEWER)
        return self._update(rollout, target=rollout["previous"])

    def ask(self, rollout: Rollout) -> Rollout:
        """Say how the update goes: ``updating``, ``done``, ``failed``, or ``dropped`` for a newer one's."""
        state = stack.look(self.cloudformation, self.stack)
        if state.busy:
            late = _now() > datetime.fromisoformat(rollout["deadline"])
            told = f"{self.stack} is still {state.status} after {self.update_s // 60} minutes, and goes on"
            return rollout | (_failed(told, blame=False) if late else {"state": "updating"})
        restoring = rollout.get("restoring", False)
        if state.status in stack.UPDATABLE and state.rolled_out == rollout["target"]:
            return rollout | {"state": "failed" if restoring else "done"}
        reason = stack.why_failed(self.cloudformation, self.stack, rollout["token"])
        if not reason and state.status == stack.UPDATED:
            # It was done, and the next rollout had its turn between two looks.
            return rollout | ({"state": "failed"} if restoring else _dropped(NEWER))
        reason = reason or "CloudFormation gives no reason."
        if restoring:
            return rollout | _failed(f"{rollout['reason_failed']}; and the way back failed: {reason}", blame=True)
        return rollout | _failed(reason, blame=True)

    def _update(self, rollout: Rollout, *, target: str) -> Rollout:
        token = hashlib.sha256(f"{rollout['execution']} {target}".encode()).hexdigest()
        deadline = (_now() + timedelta(seconds=self.update_s)).isoformat()
        rollout = rollout | {"target": target, "token": token, "deadline": deadline}
        state = stack.look(self.cloudformation, self.stack)
        try:
            stack.update(self.cloudformation, self.stack, state, rollout=target, types=self.types, token=token)
        except stack.Unchanged:
            return rollout | {"state": "done"}
        except stack.Busy:
            return rollout | {"state": "busy"}
        return rollout | {"state": "updating"}

    def _newer(self, machine: str, execution: str, started: str) -> str:
        """Say what the rollouts that began after this one have come to: ``live``, ``running``, or nothing.

        The latest decision is the one that counts, and the one before it if that comes to nothing: each waits for
        those after it.
        """
        # The latest come first, a hundred of them.
        listed = self.states.list_executions(stateMachineArn=machine)["executions"]
        begun = datetime.fromisoformat(started)
        # Its own time may come in another precision here.
        newer = [one for one in listed if one["executionArn"] != execution and one["startDate"] > begun]
        ended = [one["executionArn"] for one in newer if one["status"] == "SUCCEEDED"]
        if any(json.loads(self._described(one)["output"])["state"] == LIVE for one in ended):
            return LIVE
        return RUNNING if any(one["status"] == "RUNNING" for one in newer) else ""

    def _described(self, execution: str) -> dict[str, Any]:
        found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
        return found


def _failed(reason: str, *, blame: bool) -> Rollout:
    """Note a failure; `blame` says whether the package is the reason, and is rejected for it."""
    return {"state": "failed", "reason_failed": reason, "blame": blame}


def _dropped(reason: str) -> Rollout:
    """Note that a rollout is nobody's wish any more, and why."""
    return {"state": "dropped", "reason_dropped": reason}


def _now() -> datetime:
    return datetime.now(UTC)
