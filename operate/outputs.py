"""What an environment's stacks tell of themselves: addresses, names and roles that a deployment made up."""

from __future__ import annotations

from botocore.exceptions import ClientError

from config import Settings
from operate.account import Account, OperateError, is_absent
from operate.inventory import stack_prefix


def outputs(account: Account, settings: Settings, *stacks: str) -> dict[str, str]:
    """Collect the outputs of some stacks of an environment.

    Raises
    ------
    OperateError
        If one of them is not there.
    """
    client = account.client("cloudformation")
    found: dict[str, str] = {}
    for stack in stacks:
        name = f"{stack_prefix(settings)}{stack}"
        try:
            (described,) = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as exc:
            if is_absent(exc):
                raise OperateError(f"There is no {name} in {account.label}. Deploy {settings.name} first.") from exc
            raise
        found |= {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}
    return found
