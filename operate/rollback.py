"""``python -m operate.rollback --env dev --reason "…"``: serve the model again that was live before, and watch it come.

The one that is live now is rejected, with the reason. Ends with 0 when the former is live, with 1 when its rollout
failed or gave way to a newer one (what is live then is said), with 2 when nothing was begun.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from config import ENVIRONMENTS, Settings, load_settings
from operate.account import Account, Client, OperateError, pages
from operate.command import ended
from operate.models import Version, versions, who_is
from operate.outputs import outputs
from operate.progress import Progress

PAUSE_S = 2.0
APPROVED = "Approved"


def former(found: list[Version]) -> tuple[Version, Version]:
    """Pick the version that is live, and the one that was live before it and is still approved.

    Raises
    ------
    OperateError
        If nothing is live, or nothing can be gone back to.
    """
    live = next((one for one in found if one.live), None)
    if live is None:
        raise OperateError("No version of the registry is live, so there is nothing to go back from.")
    before = [one for one in found if one.live_since and one is not live]
    good = [one for one in before if one.approval == APPROVED]
    if not good:
        rejected = ", ".join(str(one.number) for one in before)
        raise OperateError(
            f"Version {live.number} is live, and "
            + (
                f"what was live before was rejected ({rejected}); approve one again, and it rolls out."
                if rejected
                else "no other ever was; deploy, or approve another version."
            )
        )
    return live, max(good, key=lambda one: one.live_since)


def rollback(account: Account, settings: Settings, reason: str) -> int:
    """Go back, and say what comes of it.

    Returns
    -------
    int
        The exit code.
    """
    progress = Progress()
    live, before = former(versions(account, settings))
    machine = outputs(account, settings, "Rollout")["RolloutMachineArn"]
    states, by = account.client("stepfunctions"), account.client("sts").get_caller_identity()["Arn"]
    refuse_beside_others(states, machine, settings.name)
    progress.say(f"from version {live.number} to version {before.number}, live since {before.live_since}")
    asked = {"package": before.package, "rejects": live.package, "reason": reason, "by": who_is(by)}
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(asked))["executionArn"]
    ended = _watch(states, execution, progress)
    if ended["status"] == "SUCCEEDED":
        result = json.loads(ended["output"])
        print(f"\n{result['message']}")
        if result["state"] == "live":
            return 0
        print(f"If that has to go, too: make models ENV={settings.name}, and roll back again.")
        return 1
    print(f"\n{ended.get('cause') or 'The rollout ended as ' + ended['status']}")
    return 1


def refuse_beside_others(states: Client, machine: str, environment: str) -> None:
    """Begin nothing while a rollout goes on: whoever asks has judged what is live now, and that may change under it.

    Raises
    ------
    OperateError
        If one goes on, with its name and what to do.
    """
    for one in pages(states, "list_executions", "executions", stateMachineArn=machine, statusFilter="RUNNING"):
        execution = one["executionArn"]
        package = json.loads(states.describe_execution(executionArn=execution)["input"])["package"]
        number, since = package.rpartition("/")[2], f"{one['startDate']:%Y-%m-%d %H:%M %Z}"
        raise OperateError(
            f"A rollout of version {number} has gone on since {since} and may change what is live, so nothing was "
            "begun. If its model fails, it goes back by itself.\n"
            f"See how it goes: aws stepfunctions describe-execution --execution-arn {execution}\n"
            f"When it has ended, see what is live (make models ENV={environment}), and ask again if that has to go."
        )


def _watch(states: Client, execution: str, progress: Progress) -> dict[str, Any]:
    """Say each step of an execution, and give how it ended."""
    said: list[str] = []
    while True:
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for page in states.get_paginator("get_execution_history").paginate(executionArn=execution)
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]
        for name in entered[len(said) :]:
            if name in _SAID and name not in said:
                progress.say(_SAID[name])
            said.append(name)
        described: dict[str, Any] = states.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return described
        time.sleep(PAUSE_S)


_SAID = {
    "WaitForTurn": "waits for its turn: somebody else changes the stack, or a newer rollout goes on",
    "Update": "updates the stack",
    "WaitForUpdate": "the endpoint takes the model over",
    "Check": "asks the golden customers",
    "Restore": "the answers are wrong: goes back",
    "Keep": "keeps what came of it",
    "Dropped": "gives way to what came since",
    "Failed": "it failed",
}


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate.rollback", description=__doc__)
    parser.add_argument("--env", required=True, help=f"the environment: {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--reason", default="", help="why the model that is live has to go; kept with it")
    arguments = parser.parse_args(argv)
    return ended(
        lambda: _asked(arguments.env, arguments.reason.strip()),
        interrupted="the rollout goes on by itself, and a notice tells if it fails.",
    )


def _asked(environment: str, reason: str) -> int:
    if not reason:
        raise OperateError('Say why: make rollback ENV=… REASON="it missed half of the churners of March".')
    # First what was asked for, then where: an unknown environment has no account to miss.
    settings = load_settings(environment)
    return rollback(Account.of(environment), settings, reason)


if __name__ == "__main__":
    sys.exit(main())
