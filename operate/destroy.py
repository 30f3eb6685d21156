"""``python -m operate.destroy --env dev``: delete an environment, with all that CloudFormation would leave behind.

Ends with 0 when nothing is left but what the settings keep, with 1 when something is, with 2 when nothing was begun.
"""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from config import ENVIRONMENTS, load_settings
from operate import report, survey
from operate.account import Account, OperateError
from operate.command import ended
from operate.destruction import Destruction
from operate.progress import Progress, counted

GO_ON = "what is gone is gone; run it again to go on."


class Refused(OperateError):
    """Nothing was begun: somebody must decide first."""


def destroy(environment: str, *, yes: bool, unprotect: bool) -> int:
    """Delete an environment, after saying what that means and being told to.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    OperateError
        If nothing was begun.
    """
    settings = load_settings(environment)
    account, progress = Account.current(), Progress()
    print(f"Environment {settings.name} in {account.label}")
    found = survey.look(account, settings)
    if not report.remaining(found) and not found.stacks:
        print(report.outcome(found, settings, {}, ()))
        return 0
    print(report.plan(found, settings), end="\n\n", flush=True)
    if found.protected and not unprotect:
        raise Refused(
            f"Protected from deletion: {counted(len(found.protected), 'stack')}; nothing was deleted. "
            f"To lift that: make destroy ENV={settings.name} UNPROTECT=1"
        )
    if not yes:
        confirm(settings.name, account)
    destruction = Destruction(account, settings, found, progress)
    try:
        left = destruction.run()
    except (BotoCoreError, ClientError) as exc:
        print(f"AWS refused: {exc}; {GO_ON}", file=sys.stderr)
        return 1
    keys = tuple(key for key in found.of_type("AWS::KMS::Key") if not left.stacks and key not in left.kept)
    print("\n" + report.outcome(left, settings, destruction.reasons, keys))
    return 1 if report.remaining(left) else 0


def confirm(name: str, account: Account) -> None:
    """Have the environment's name typed.

    Raises
    ------
    Refused
        If something else is typed, or if nobody is there to type.
    """
    try:
        typed = input(f"Type {name} to delete it from account {account.number} in {account.region}: ")
    except EOFError:
        raise Refused("\nNobody confirmed, and nothing was deleted. A script says YES=1.") from None
    if typed.strip() != name:
        raise Refused("Not confirmed, and nothing was deleted.")


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate.destroy", description=__doc__)
    parser.add_argument("--env", required=True, help=f"the environment: {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--unprotect", action="store_true", help="lift the stacks' protection from deletion first")
    arguments = parser.parse_args(argv)
    return ended(lambda: destroy(arguments.env, yes=arguments.yes, unprotect=arguments.unprotect), interrupted=GO_ON)


if __name__ == "__main__":
    sys.exit(main())
