"""``python -m operate.preflight --env dev``: before a deployment, see whether something stands in its way.

That is a name that something else has already, people or data that an earlier deployment kept and this one would not
find, or too few concurrent executions for what the settings reserve.

CloudFormation would find out late: after the stacks before have been made, or, with API Gateway's role, never.
Ends with 0 when the deployment may begin, with 2 when somebody must decide first.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from config import ENVIRONMENTS, Settings, load_settings
from operate import names
from operate.account import Account
from operate.cdk import ROOT
from operate.command import ended
from operate.concurrency import shortage
from operate.conflicts import Conflict, Preflight
from operate.progress import Progress


def refusal(conflicts: list[Conflict], settings: Settings) -> str:
    """Say what is taken, whose it is and what to do, thing by thing."""
    lines = [f"{settings.name} was not deployed: the account has what the deployment would make.", ""]
    for one in conflicts:
        way = names.remedy(one.taken, settings, holder=one.holder)
        lines += [f"  {one.taken.label}: {one.whose}", f"    {way}"]
    if any(one.adoptable for one in conflicts):
        lines += ["", f"ADOPT=1 has not been tried on AWS; what it does and leaves undone: {names.RECORD}"]
    return "\n".join(lines)


def preflight(environment: str, app: Path, *, adopt: bool, anew: bool) -> int:
    """Look, and say what was found.

    Parameters
    ----------
    adopt, anew : bool
        Whether the deployment may take over what it can, and make others beside what was kept.

    Returns
    -------
    int
        The exit code.
    """
    settings = load_settings(environment)
    account, progress = Account.current(), Progress()
    wanted = names.read(app)
    progress.say(f"looking whether {len(wanted)} fixed names are free in {account.label}")
    look = Preflight(account, settings, lambda text: progress.say(f"warning: {text}"))
    found = look.conflicts([*wanted, *names.doubled(settings)])
    adopted = [one for one in found if adopt and one.adoptable]
    left = [one for one in found if anew and one.taken.beside]
    if standing := [one for one in found if one not in adopted + left]:
        print(refusal(standing, settings), file=sys.stderr)
        return 2
    for one in adopted:
        progress.say(f"{one.taken.label} ({one.whose}) will be taken over as it is, with its own key and retention")
    for one in left:
        progress.say(f"{one.taken.label} ({one.whose}) stays as it is, and another is made beside it")
    try:
        if lacking := shortage(account, settings):
            print(lacking, file=sys.stderr)
            return 2
    except (BotoCoreError, ClientError) as exc:
        progress.say(f"warning: Lambda's concurrency was not checked: {exc}")
    if adopted:
        progress.say(f"how to give it those of the settings afterwards: {names.RECORD}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate.preflight", description=__doc__)
    parser.add_argument("--env", required=True, help=f"the environment: {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--app", type=Path, default=ROOT / "cdk.out", help="the synthesised app")
    parser.add_argument("--adopt", action="store_true", help="let the deployment take over what it can")
    parser.add_argument("--anew", action="store_true", help="let it make others beside what an earlier one kept")
    arguments = parser.parse_args(argv)
    return ended(
        lambda: preflight(arguments.env, arguments.app, adopt=arguments.adopt, anew=arguments.anew),
        interrupted="nothing was deployed.",
    )


if __name__ == "__main__":
    sys.exit(main())
