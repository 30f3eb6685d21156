"""Two people to try the page with, one of each group, and signing in as one of them by the managed login."""

import base64
import hashlib
import http.client
import json
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local.driver import live
from local.settings import Settings

GROUPS = ("agent", "analyst")
_STACK = "Churn-local-SignIn"
_LIMIT_S = 60.0


class SignInError(Exception):
    """Nobody can sign in; the message says what the managed login answered."""


@dataclass(frozen=True)
class Person:
    """Somebody made up, who has a password."""

    group: str
    email: str
    password: str


def people(settings: Settings) -> list[Person]:
    """The people that `welcome` has made."""
    return [Person(**one) for one in json.loads(_file(settings).read_text())]


def welcome(settings: Settings) -> list[Person]:
    """Make one person of each group, with the passwords of last time, or new ones.

    The file with the passwords is its owner's alone.
    """
    pool = _pool(settings)
    known = {one.group: one for one in people(settings)} if _file(settings).exists() else {}
    found = []
    for group in GROUPS:
        # All that the pool's policy asks for, and chance enough in front of it.
        new = Person(group, f"{group}@example.com", f"{secrets.token_urlsafe(12)}-Aa1")
        person = known.get(group, new)
        try:
            _let_in(settings, pool, person)
        except (BotoCoreError, ClientError) as exc:
            raise SignInError(f"{person.email} could not be let in: {exc}") from exc
        found.append(person)
    descriptor = os.open(_file(settings), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump([vars(one) for one in found], file, indent=1)
    return found


def _let_in(settings: Settings, pool: str, person: Person) -> None:
    """Make the person, or find who was made before."""
    cognito, who = live.client(settings, "cognito-idp"), {"UserPoolId": pool, "Username": person.email}
    attributes = {"email": person.email, "email_verified": "true", "name": f"Demo {person.group}"}
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            **who,
            MessageAction="SUPPRESS",
            TemporaryPassword=person.password,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
    cognito.admin_set_user_password(**who, Password=person.password, Permanent=True)
    cognito.admin_add_user_to_group(**who, GroupName=person.group)


def sign_in(settings: Settings, group: str) -> dict[str, Any]:
    """Sign in as the person of a group, as the page and a browser do it.

    Returns
    -------
    dict
        What the token endpoint answers: ``access_token``, ``id_token``, ``refresh_token``, ``expires_in`` and more.

    Raises
    ------
    SignInError
        If the managed login refuses.
    """
    (person,) = [one for one in people(settings) if one.group == group]
    return sign_in_as(settings, person)


def sign_in_as(settings: Settings, person: Person) -> dict[str, Any]:
    """Sign in as anybody."""
    site = _site(settings)
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "client_id": site["client"],
        "redirect_uri": settings.page,
        "response_type": "code",
        "scope": " ".join(site["scopes"]),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    entered = asked | {"username": person.email, "password": person.password}
    status, headers, body = _ask(settings, "POST", "/login", entered)
    code = parse_qs(urlsplit(headers.get("location", "")).query).get("code", [""])[0]
    if status != 302 or not code:
        raise SignInError(f"the managed login answered {status}: {_words(body)}")
    code_and_verifier = {"code": code, "code_verifier": verifier, "redirect_uri": settings.page}
    return _buy(settings, "authorization_code", site["client"], code_and_verifier)


def renew(settings: Settings, refresh_token: str) -> dict[str, Any]:
    """Buy tokens anew with a refresh token; answers and raises as `sign_in` does."""
    return _buy(settings, "refresh_token", _site(settings)["client"], {"refresh_token": refresh_token})


def revoke(settings: Settings, refresh_token: str) -> None:
    """End a session, as the page does at a sign-out."""
    form = {"token": refresh_token, "client_id": _site(settings)["client"]}
    status, _, body = _ask(settings, "POST", "/oauth2/revoke", form)
    if status != 200:
        raise SignInError(f"the session cannot be revoked: {status}: {_words(body)}")


def _site(settings: Settings) -> dict[str, Any]:
    """What the page knows of sign-in."""
    status, _, body = _ask(settings, "GET", "/config.json")
    if status != 200:
        raise SignInError(f"{settings.page}config.json answered {status}: {body[:300]!r}")
    found: dict[str, Any] = json.loads(body)["sign_in"]
    return found


def _buy(settings: Settings, grant: str, client: str, proof: dict[str, str]) -> dict[str, Any]:
    asked = {"grant_type": grant, "client_id": client, **proof}
    status, _, body = _ask(settings, "POST", "/oauth2/token", asked)
    if status != 200:
        raise SignInError(f"the token endpoint answered {status}: {body[:300]!r}")
    tokens: dict[str, Any] = json.loads(body)
    return tokens


def _words(body: bytes) -> str:
    """What the managed login's page says went wrong; the answer's beginning where it says nothing."""
    said = re.search(rb'class="error">([^<]*)', body)
    return (said[1] if said else body[:300]).decode(errors="replace")


def _ask(
    settings: Settings, method: str, path: str, form: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Ask the front door, as a browser would."""
    connection = http.client.HTTPConnection("127.0.0.1", settings.web_port, timeout=_LIMIT_S)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    try:
        connection.request(method, path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    except OSError as exc:
        raise SignInError(f"{settings.page} does not answer: {exc}") from exc
    finally:
        connection.close()


def _pool(settings: Settings) -> str:
    try:
        (stack,) = live.client(settings, "cloudformation").describe_stacks(StackName=_STACK)["Stacks"]
    except ClientError as exc:
        raise SignInError(f"There is no {_STACK}: {exc}") from exc
    found: dict[str, str] = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    return found["UserPoolId"]


def _file(settings: Settings) -> Path:
    return settings.directory / "people.json"
