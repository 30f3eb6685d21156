"""Lines with the time since the start, and waits that end."""

from __future__ import annotations

import time
from collections.abc import Callable

PAUSE_S = 5.0


def counted(number: int, thing: str) -> str:
    """Write a number of things: "1 job", "2 jobs"."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


class Progress:
    """What the person at the terminal sees."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line with the time since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        print(f"{minutes:3d}:{seconds:02d}  {text}", flush=True)

    def wait(self, what: str, remaining: Callable[[], int], *, limit_s: float, pause_s: float = PAUSE_S) -> bool:
        """Ask until nothing remains, or until time is up; say each change.

        Parameters
        ----------
        what : str
            What is waited for, as "pipeline runs to end".
        remaining : callable
            How many are still there.
        limit_s, pause_s : float
            How long to wait at most, and how long between two questions, in seconds.

        Returns
        -------
        bool
            Whether nothing remains.
        """
        deadline = time.monotonic() + limit_s
        shown = 0
        while count := remaining():
            if count != shown:
                self.say(f"waiting for {what}: {count} left (at most {limit_s / 60:.0f} min)")
                shown = count
            if time.monotonic() >= deadline:
                self.say(f"gave up waiting for {what}: {count} left after {limit_s / 60:.0f} min")
                return False
            time.sleep(pause_s)
        return True
