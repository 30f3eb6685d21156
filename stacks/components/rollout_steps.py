"""The state machine of a rollout as plain data: wait for its turn, update the stack, check, and keep what came of it.

Started by an approval with the package, or by `make rollback` with the package to go back to, the one to reject, who
asks for it and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns

from stacks.components.state_machine import State, call, tell

_LOOK = {
    "step": "look",
    "rollout.$": "$",
    "machine.$": "$$.StateMachine.Id",
    "execution.$": "$$.Execution.Id",
    "started.$": "$$.Execution.StartTime",
}


def definition(
    *,
    steer: lambda_.IFunction,
    probe: lambda_.IFunction,
    record: lambda_.IFunction,
    topic: sns.ITopic,
    environment: str,
    poll_s: int,
    timeout_s: int,
) -> dict[str, Any]:
    """Build the machine.

    Parameters
    ----------
    steer, probe, record : IFunction
        What changes the stack, what asks the golden customers, what keeps records.
    topic : ITopic
        Where people hear of a rollout that failed if the record cannot tell them.
    poll_s, timeout_s : int
        Seconds between two questions, and for all of it.
    """
    return {
        "Comment": "Serves an approved model by an update of its stack, or says why not and what is live.",
        "StartAt": "Look",
        "TimeoutSeconds": timeout_s,
        "States": {
            "Look": call(steer, _LOOK, Next="Looked", Catch=_caught("Failed")),
            "Looked": _choice(
                {"busy": "WaitForTurn", "go": "Update", "live": "Keep", "dropped": "Dropped"}, otherwise="Failed"
            ),
            "WaitForTurn": {"Type": "Wait", "Seconds": poll_s, "Next": "Look"},
            "Dropped": call(record, {"step": "drop", "rollout.$": "$"}, Next="Superseded", Catch=_caught("Failed")),
            "Superseded": {"Type": "Succeed"},
            "Update": _step(steer, "update", "Updating"),
            "Updating": _choice({"updating": "WaitForUpdate", "busy": "WaitForTurn"}, otherwise="Check"),
            "WaitForUpdate": {"Type": "Wait", "Seconds": poll_s, "Next": "Probe"},
            # What it finds is a metric, by whose alarm SageMaker itself goes back; and without it the update goes on.
            "Probe": call(probe, {}, Next="Ask", Catch=_caught("Ask"), OutputPath="$", ResultPath="$.asked"),
            "Ask": _step(steer, "ask", "Asked"),
            "Asked": _choice({"updating": "WaitForUpdate", "done": "Check", "dropped": "Dropped"}, otherwise="Failed"),
            "Check": call(
                probe,
                {"package.$": "$.package"},
                Next="Keep",
                Catch=_caught("Restore"),
                OutputPath="$",
                ResultPath="$.asked",
            ),
            "Restore": _step(steer, "restore", "Restoring"),
            "Restoring": _choice(
                {"updating": "WaitForUpdate", "busy": "WaitToCheck", "dropped": "Dropped"}, otherwise="Failed"
            ),
            # Somebody else changes the stack: the wrong answers may have been those of what comes.
            "WaitToCheck": {"Type": "Wait", "Seconds": poll_s, "Next": "Check"},
            "Keep": call(record, {"step": "keep", "rollout.$": "$"}, Next="Live", Catch=_caught("Failed")),
            "Live": {"Type": "Succeed"},
            "Failed": call(record, {"step": "fail", "rollout.$": "$"}, Next="Ended", Catch=_caught("Tell")),
            "Ended": {"Type": "Fail", "Error": "RolloutFailed", "CausePath": "$.message"},
            "Tell": tell(
                topic,
                subject=f"Churn {environment}: a rollout failed, and so did its record",
                text="A rollout failed, and what became of it could not be recorded: nothing was rejected. What to do: "
                f"see which model is live, with make models ENV={environment}; read what the execution says, mend the "
                "cause, and approve the model again.",
                then="Unrecorded",
            ),
            "Unrecorded": {
                "Type": "Fail",
                "Error": "RolloutFailed",
                "Cause": "People were told; the log has the rest.",
            },
        },
    }


def _step(steer: lambda_.IFunction, name: str, follows: str) -> State:
    return call(steer, {"step": name, "rollout.$": "$"}, Next=follows, Catch=_caught("Failed"))


def _caught(follows: str) -> list[State]:
    """Go on after an error that did not pass by itself, with the error noted beside what is known."""
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": follows}]


def _choice(ways: Mapping[str, str], *, otherwise: str) -> State:
    choices = [{"Variable": "$.state", "StringEquals": state, "Next": follows} for state, follows in ways.items()]
    return {"Type": "Choice", "Choices": choices, "Default": otherwise}
