"""Settings of who may use the page and the API, and how much of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from config.section import Section

# The page has a client of its own.
CLIENT_NAME = re.compile(r"(?=.{1,30}$)(?!page$)[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
# Names of the scopes behind the resource server's, as contract/access.py has them; a test compares.
ClientScope = Literal["predict", "batches", "report"]
# A quota of API Gateway's usage plans is a 32-bit number.
QUOTA_LIMIT = 2**31 - 1
# A region has room for 300 usage plans, and a deployment for few of them.
CLIENT_LIMIT = 20


@dataclass(frozen=True, kw_only=True)
class ClientSettings(Section):
    """A system that calls the API: an app client with a secret, and a usage plan.

    Attributes
    ----------
    name : str
        Of the system.
    scopes : tuple of {"predict", "batches", "report"}
        What its tokens may be for.
    rate_per_s, burst : int
        Requests that it may send: steadily, and at once.
    daily_quota : int
        Requests that it may send a day.
    """

    section: ClassVar[str] = "sign_in.clients"

    name: str
    scopes: tuple[ClientScope, ...] = ("predict",)
    rate_per_s: int = 5
    burst: int = 10
    daily_quota: int = 10_000

    def check(self) -> None:
        """Check name, scopes and limits."""
        self.require(
            CLIENT_NAME.fullmatch(self.name) is not None,
            "name",
            rule='must be 1 to 30 lower-case letters and digits, a letter first, words parted by a hyphen, not "page"',
            remedy="It becomes part of names in the template, where the page has a client, too.",
        )
        self.require(
            bool(self.scopes) and len(set(self.scopes)) == len(self.scopes),
            "scopes",
            rule="must hold at least one scope, each once",
            remedy="Without a scope no address of the API answers it.",
        )
        self.require_range("rate_per_s", low=1, high=10000, remedy="10000 is the account's quota.")
        self.require(
            self.rate_per_s <= self.burst <= 5000,
            "burst",
            rule=f"must be from rate_per_s ({self.rate_per_s}) to 5000, the account's quota",
            remedy="A burst below the steady rate would throttle the steady rate.",
        )
        self.require_range("daily_quota", low=1, high=QUOTA_LIMIT, remedy="Leave room for a day's work.")

    @property
    def identifier(self) -> str:
        """The name as a part of others: of constructs, and of the stack's outputs."""
        return "".join(part.title() for part in self.name.split("-"))


@dataclass(frozen=True, kw_only=True)
class SignInSettings(Section):
    """How people sign in, and which systems may.

    Attributes
    ----------
    mfa : {"off", "optional", "required"}
        Whether people prove with an authenticator app, too, that they are who they say.
    threat_protection : bool
        Whether Cognito watches for stolen passwords and odd sign-ins. It takes the Plus plan, which
        is paid for each person.
    token_minutes : int
        How long an access token counts; whoever leaves a group keeps what it gave for as long.
    session_hours : int
        How long people stay signed in without being asked again.
    clients : tuple of ClientSettings
        The systems.
    """

    section: ClassVar[str] = "sign_in"

    mfa: Literal["off", "optional", "required"] = "optional"
    threat_protection: bool = False
    token_minutes: int = 30
    session_hours: int = 10
    clients: tuple[ClientSettings, ...] = (ClientSettings(name="crm"),)

    def check(self) -> None:
        """Check times and that systems can be told apart."""
        self.require_range("token_minutes", low=5, high=60, remedy="Nobody can take a token back before it ends.")
        self.require_range("session_hours", low=1, high=24, remedy="A working day is usual.")
        # By what becomes of them: "a-1" and "a1" would be one.
        names = [client.identifier for client in self.clients]
        self.require(
            len(names) <= CLIENT_LIMIT and len(set(names)) == len(names),
            "clients",
            rule=f"must be at most {CLIENT_LIMIT}, each with a name of its own",
            remedy="Systems that are run together may share a client.",
        )
