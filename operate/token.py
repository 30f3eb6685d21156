"""Print an access token of a system: ``make token ENV=dev CLIENT=crm``; for half an hour, unless the settings say more.

Whoever runs it may read the client's secret (``cognito-idp:DescribeUserPoolClient``) and so be that system.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

from config import ENVIRONMENTS, Settings, load_settings
from operate.account import Account, OperateError
from operate.command import ended
from operate.outputs import outputs

TIMEOUT_S = 30


def token(account: Account, settings: Settings, client: str) -> str:
    """Buy an access token with a client's id and secret.

    Raises
    ------
    OperateError
        If the settings know no such client, or Cognito refuses.
    """
    clients = {one.name: one for one in settings.sign_in.clients}
    if client not in clients:
        known = ", ".join(clients) or "none"
        raise OperateError(f"{settings.name} has no client {client!r} in sign_in.clients; it has: {known}.")
    found = outputs(account, settings, "SignIn", "Api")
    identity = found[f"{clients[client].identifier}ClientId"]
    described = account.client("cognito-idp").describe_user_pool_client(
        UserPoolId=found["UserPoolId"], ClientId=identity
    )
    secret = described["UserPoolClient"]["ClientSecret"]
    # Cognito's own domain leads nowhere on a laptop: its managed login is at the emulator's address.
    login = os.environ["AWS_ENDPOINT_URL"] if settings.deployment.on_this_machine else found["LoginUrl"]
    request = urllib.request.Request(
        f"{login}/oauth2/token",
        urllib.parse.urlencode({"grant_type": "client_credentials"}).encode(),
        {
            "Authorization": "Basic " + base64.b64encode(f"{identity}:{secret}".encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            bought: str = json.load(answer)["access_token"]
            return bought
    except urllib.error.HTTPError as exc:
        raise OperateError(f"Cognito gave {client} no token: {exc.code} {exc.read().decode()[:200]}") from exc
    except OSError as exc:
        raise OperateError(f"{login} does not answer: {exc}") from exc


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate.token", description=__doc__)
    parser.add_argument("--env", required=True, help=f"the environment: {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--client", default="crm", help="the system, by its name in sign_in.clients")
    arguments = parser.parse_args(argv)

    def work() -> int:
        settings = load_settings(arguments.env)
        sys.stdout.write(token(Account.of(arguments.env), settings, arguments.client) + "\n")
        return 0

    return ended(work, interrupted="no token was bought.")


if __name__ == "__main__":
    sys.exit(main())
