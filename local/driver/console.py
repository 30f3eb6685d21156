"""Lines for the person in front of the terminal, each with the time since the start."""

import sys
import threading
import time
from typing import TextIO


class Console:
    """Prints progress.

    A line that is printed with :meth:`waiting` is a state rather than an event: on a terminal it is
    overwritten by the next, elsewhere it is printed every ten seconds at most.

    Parameters
    ----------
    out
        Where to.
    """

    _STATE_EVERY_S = 10.0

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._state_shown = False
        self._last_state = 0.0

    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def _stamp(self) -> str:
        minutes, seconds = divmod(int(self.elapsed_s()), 60)
        return f"{minutes}:{seconds:02d}"

    def say(self, text: str) -> None:
        """Print a line that stays."""
        with self._lock:
            self._clear()
            for line in text.splitlines() or [""]:
                self._out.write(f"{self._stamp():>6}  {line}\n")
            self._out.flush()

    def plain(self, text: str) -> None:
        """Print text as it is, without the time."""
        with self._lock:
            self._clear()
            self._out.write(text + "\n")
            self._out.flush()

    def waiting(self, text: str) -> None:
        """Show what is being waited for."""
        with self._lock:
            if self._out.isatty():
                self._clear()
                self._out.write(f"{self._stamp():>6}  {text}"[:118])
                self._state_shown = True
            elif time.monotonic() - self._last_state >= self._STATE_EVERY_S:
                self._out.write(f"{self._stamp():>6}  {text}\n")
                self._last_state = time.monotonic()
            self._out.flush()

    def _clear(self) -> None:
        if self._state_shown:
            self._out.write("\r\033[K")
            self._state_shown = False
        self._last_state = time.monotonic()
