"""Settings of who may do what, as far as people and accounts differ in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from config.section import Section

# A role, a user or a whole account; no wildcard, because who may approve has a name.
PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[\w+=,.@/-]+)", re.ASCII)
# A managed policy's name, with its path if it has one.
POLICY_NAME = re.compile(r"[\w+=,.@-]+(/[\w+=,.@-]+)*", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class IdentitySettings(Section):
    """Who approves, and what the account lays over every role.

    Attributes
    ----------
    registrars : tuple of str
        ARNs of those who may become the registrar, who approves and rejects model packages. Empty: whoever the
        account's own IAM policies let assume that role.
    registrar_session_s : int
        Longest session of a registrar, in seconds, one hour to twelve.
    permissions_boundary : str
        Name of a managed policy of the account that bounds every role of every stack; empty for none.
    access_analyzer : bool
        Whether IAM Access Analyzer watches the account in this region for what is shared with others. An account has
        room for one of it in a region: switch it on in one environment.
    """

    section: ClassVar[str] = "identity"

    registrars: tuple[str, ...] = ()
    registrar_session_s: int = 3600
    permissions_boundary: str = ""
    access_analyzer: bool = False

    def check(self) -> None:
        """Check names and times."""
        for principal in self.registrars:
            self.require(
                PRINCIPAL.fullmatch(principal) is not None,
                "registrars",
                rule=f"must hold ARNs of roles, users or accounts, which {principal!r} is not",
                remedy='Write them like "arn:aws:iam::111122223333:role/ModelOwners".',
            )
        self.require(
            len(set(self.registrars)) == len(self.registrars),
            "registrars",
            rule="must name each principal once",
            remedy="Remove the repeated ARN.",
        )
        self.require_range(
            "registrar_session_s", low=3600, high=43200, remedy="IAM allows a role's sessions one to twelve hours."
        )
        self.require(
            not self.permissions_boundary or POLICY_NAME.fullmatch(self.permissions_boundary) is not None,
            "permissions_boundary",
            rule="must be the name of a managed policy, without the ARN around it",
            remedy='Write it like "TeamBoundary"; the policy has to be in the account before the deployment.',
        )
