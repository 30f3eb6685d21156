"""Stacks: CloudFormation deletes none that is being updated; the emulator would, under its own update's hands.

The words are AWS's, as others have quoted them: https://github.com/aws-amplify/amplify-backend/pull/2366
"""

from typing import Any

from ministack.services.cloudformation import handlers, helpers

_ACTION = "DeleteStack"


def install() -> None:
    """Let an update end first."""
    delete = handlers._ACTION_HANDLERS[_ACTION]

    def unless_updating(params: dict[str, Any]) -> Any:
        found = handlers._resolve_stack(helpers._p(params, "StackName")) or {}
        status = found.get("StackStatus", "")
        if status.startswith("UPDATE_") and status.endswith("_IN_PROGRESS"):
            told = f"Stack [{found['StackId']}] cannot be deleted while in status {status}"
            return helpers._error("ValidationError", told)
        return delete(params)

    handlers._ACTION_HANDLERS[_ACTION] = unless_updating
