"""Settings of who hears of it when something happens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from config.section import Section

# As SNS takes them: no display name, no comment, one domain with a dot.
EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class OperationsSettings(Section):
    """Who is told of alarms, refusals and quarantined files.

    Attributes
    ----------
    notify_emails : tuple of str
        Addresses that are sent every notice; each gets a mail from SNS first and has to confirm. Empty: notices go to
        the topic, and who subscribes to it by other means (a chat, a queue) reads them there.
    """

    section: ClassVar[str] = "operations"

    notify_emails: tuple[str, ...] = ()

    def check(self) -> None:
        """Check the addresses."""
        for address in self.notify_emails:
            self.require(
                EMAIL.fullmatch(address) is not None,
                "notify_emails",
                rule=f"must hold e-mail addresses, which {address!r} is not",
                remedy='Write them like "model-owners@example.org", without a name around them.',
            )
        self.require(
            len({address.lower() for address in self.notify_emails}) == len(self.notify_emails),
            "notify_emails",
            rule="must name each address once",
            remedy="Remove the repeated address.",
        )
