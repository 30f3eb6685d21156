"""Settings of retraining: what starts it, besides a deployment and a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from config.identity import PRINCIPAL
from config.section import Section

# EventBridge's expressions, as far as a run makes sense for them: nothing more often than hourly.
SCHEDULE = re.compile(r"rate\((1 (hour|day)|([2-9]|[1-9][0-9]+) (hours|days))\)|cron\([^ ()]+( [^ ()]+){5}\)", re.ASCII)
# CopyObject moves no larger file in one go.
LARGEST_FILE_MB = 5120


@dataclass(frozen=True, kw_only=True)
class RetrainingSettings(Section):
    """When the pipeline runs again, on which data, and who may bring those.

    Attributes
    ----------
    on_new_data : bool
        Whether a file that arrives under ``raw/incoming/`` starts a run.
    debounce_s : int
        How long to wait for a newer file before one is taken, in seconds. Of several within it, the newest wins.
    schedule : str
        When to train again on the latest accepted data, in UTC, as EventBridge writes it: ``"rate(7 days)"`` or
        ``"cron(0 4 ? * MON *)"``. Empty for never.
    on_drift : bool
        Whether an alarm of the watch starts a run on the latest accepted data.
    poll_s : int
        How often to ask whether a run has ended, and whether it is one's turn, in seconds.
    time_limit_s : int
        How long the whole may take, with the wait for other runs to end, in seconds; then somebody is told.
    maximum_file_mb : int
        Largest file that is taken, in MiB.
    data_owners : tuple of str
        ARNs of those who may become the data owner, who brings new data. Empty: whoever the account's own IAM policies
        let assume that role.
    """

    section: ClassVar[str] = "retraining"

    on_new_data: bool = True
    debounce_s: int = 300
    schedule: str = ""
    on_drift: bool = False
    poll_s: int = 30
    time_limit_s: int = 43200
    maximum_file_mb: int = 1024
    data_owners: tuple[str, ...] = ()

    def check(self) -> None:
        """Check times, sizes and names."""
        self.require_range("debounce_s", low=0, high=3600, remedy="A few minutes outlast one upload after another.")
        self.require(
            not self.schedule or SCHEDULE.fullmatch(self.schedule) is not None,
            "schedule",
            rule="must be a rate of hours or days, or a cron expression of six fields",
            remedy='Write it like "rate(7 days)" or "cron(0 4 ? * MON *)"; leave it empty for no schedule.',
        )
        self.require_range("poll_s", low=1, high=600, remedy="Ask often enough that the end is noticed soon.")
        self.require_range(
            "time_limit_s", low=900, high=604800, remedy="A run takes up to an hour, and may wait for others."
        )
        self.require_looks("time_limit_s", "poll_s")
        self.require_range(
            "maximum_file_mb", low=1, high=LARGEST_FILE_MB, remedy="1024 hold about ten million customers."
        )
        for principal in self.data_owners:
            self.require(
                PRINCIPAL.fullmatch(principal) is not None,
                "data_owners",
                rule=f"must hold ARNs of roles, users or accounts, which {principal!r} is not",
                remedy='Write them like "arn:aws:iam::111122223333:role/DataOwners".',
            )
        self.require(
            len(set(self.data_owners)) == len(self.data_owners),
            "data_owners",
            rule="must name each principal once",
            remedy="Remove the repeated ARN.",
        )
