"""Settings of the watch over the model in production."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from config.retraining import SCHEDULE
from config.section import Section


@dataclass(frozen=True, kw_only=True)
class WatchingSettings(Section):
    """When the watch looks, at how much, and when it raises an alarm.

    Attributes
    ----------
    schedule : str
        When to look, in UTC, as EventBridge writes it: ``"rate(1 day)"`` or ``"cron(0 4 ? * MON *)"``. Empty for never:
        a file of labels and a person may still start it.
    period_hours : int
        How far back a look goes. At least the schedule's time between two looks, or some customers are never seen.
    fewest_customers : int
        How many customers it takes to compare anything; docs/decisions/watching.md has the reason.
    alarm_attributes : int
        How many attributes must have drifted for an alarm.
    labels_days : int
        How long a file of labels counts, and is kept.
    report_retention_days : int
        How long reports are kept: they hold shares and counts, and no customer.
    """

    section: ClassVar[str] = "watching"

    schedule: str = ""
    period_hours: int = 24
    fewest_customers: int = 200
    alarm_attributes: int = 1
    labels_days: int = 90
    report_retention_days: int = 365

    def check(self) -> None:
        """Check schedule, sizes and times."""
        self.require(
            not self.schedule or SCHEDULE.fullmatch(self.schedule) is not None,
            "schedule",
            rule="must be a rate of hours or days, or a cron expression of six fields",
            remedy='Write it like "rate(1 day)" or "cron(0 4 ? * MON *)"; leave it empty for no schedule.',
        )
        self.require_range("period_hours", low=1, high=720, remedy="A day to a week shows a drift soon and surely.")
        self.require_range(
            "fewest_customers", low=50, high=1_000_000, remedy="With a few dozen, every sample looks shifted."
        )
        self.require_range("alarm_attributes", low=1, high=100, remedy="One that drifted is worth a look.")
        self.require_range("labels_days", low=1, high=3650, remedy="Labels are customers' data: keep them briefly.")
        self.require_range("report_retention_days", low=1, high=3650, remedy="A year shows what comes with the season.")
