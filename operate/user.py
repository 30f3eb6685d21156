"""Let somebody in: ``make user ENV=dev EMAIL=agent@example.com GROUP=agent``; again with another group to add that one.

Cognito sends the invitation, with a password for the first sign-in. A laptop run sends no mail: there it is printed.
"""

from __future__ import annotations

import argparse
import secrets
import sys

from config import ENVIRONMENTS, load_settings
from operate.account import Account
from operate.command import ended
from operate.outputs import outputs


def add(environment: str, email: str, group: str, name: str) -> int:
    """Invite a person, or find one who was invited before, and add the group."""
    settings = load_settings(environment)
    account = Account.of(environment)
    cognito = account.client("cognito-idp")
    who = {"UserPoolId": outputs(account, settings, "SignIn")["UserPoolId"], "Username": email}
    # Refused before anybody is invited: a group that there is not.
    cognito.get_group(UserPoolId=who["UserPoolId"], GroupName=group)
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    attributes += [{"Name": "name", "Value": name}] if name else []
    password = f"{secrets.token_urlsafe(12)}-Aa1" if settings.deployment.on_this_machine else ""
    first = {"MessageAction": "SUPPRESS", "TemporaryPassword": password} if password else {}
    try:
        cognito.admin_create_user(**who, UserAttributes=attributes, DesiredDeliveryMediums=["EMAIL"], **first)
        told = f"password for the first sign-in: {password}" if password else "Cognito has sent the invitation"
    except cognito.exceptions.UsernameExistsException:
        told = "known before"
    cognito.admin_add_user_to_group(**who, GroupName=group)
    print(f"{email} is in the group {group} ({told}).")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate.user", description=__doc__)
    parser.add_argument("--env", required=True, help=f"the environment: {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--email", required=True, help="whom to invite")
    parser.add_argument("--group", required=True, choices=("agent", "analyst"), help="what the person may do")
    parser.add_argument("--name", default="", help="how the page shows the person; the address unless given")
    arguments = parser.parse_args(argv)
    return ended(
        lambda: add(arguments.env, arguments.email, arguments.group, arguments.name),
        interrupted="run it again to be sure of the group.",
    )


if __name__ == "__main__":
    sys.exit(main())
