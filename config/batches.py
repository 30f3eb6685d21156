"""Settings of files that are scored as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from config.machines import check_instance_type
from config.section import Section


@dataclass(frozen=True, kw_only=True)
class BatchesSettings(Section):
    """How large a file may be, on what it is scored, and how long it is kept.

    Attributes
    ----------
    maximum_file_mb, maximum_rows : int
        Largest file that is taken: in MiB, and in customers.
    upload_minutes, link_minutes : int
        How long a file may be sent after it was announced, and how long the address of a result holds.
    keep_days : int
        How long files and results are kept: they are customers' data.
    instance_type, instance_count : str, int
        The machines of a transform job.
    time_limit_s, poll_s : int
        How long a batch may take from its file's arrival, a wait for a machine included, and how often to look, in
        seconds.
    """

    section: ClassVar[str] = "batches"

    maximum_file_mb: int = 200
    maximum_rows: int = 1_000_000
    upload_minutes: int = 15
    link_minutes: int = 15
    keep_days: int = 7
    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    time_limit_s: int = 14400
    poll_s: int = 15

    def check(self) -> None:
        """Check limits and times."""
        # The function reads the file from its 512 MB of disk.
        self.require_range("maximum_file_mb", low=1, high=400, remedy="200 hold two million customers.")
        self.require_range("maximum_rows", low=1, high=2_000_000, remedy="More do not pass in a function's 15 minutes.")
        # An address is signed by a session of the function's role, and holds no longer than that.
        for name in ("upload_minutes", "link_minutes"):
            self.require_range(name, low=1, high=60, remedy="A new request gives a new address.")
        self.require_range("keep_days", low=1, high=365, remedy="Long enough to fetch a result, and no longer.")
        check_instance_type(self, "instance_type")
        self.require_range("instance_count", low=1, high=10, remedy="One scores a million customers in some minutes.")
        self.require_range("time_limit_s", low=1800, high=86400, remedy="A million customers take about half an hour.")
        self.require_range("poll_s", low=1, high=600, remedy="Ask often enough that the end is noticed soon.")
        self.require_looks("time_limit_s", "poll_s")
