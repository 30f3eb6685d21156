"""Running a job's command to its end, its time limit or its stop."""

import dataclasses
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from local import processes
from local.sagemaker.jobs.logs import pump

# What AWS grants between SIGTERM and SIGKILL is two minutes; a laptop's patience is shorter.
_GRACE_S = 20.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code, and whether we ended it (``""``, ``stop`` or ``time``)."""

    exit_code: int
    ended_by: str


class JobProcess:
    """One command that can be stopped from another thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._ended_by = ""

    def run(
        self,
        command: list[str],
        env: dict[str, str],
        cwd: Path,
        limit_s: float,
        *sinks: Callable[[str], None],
    ) -> Outcome:
        """Run the command and wait for it.

        Parameters
        ----------
        command, env, cwd
            What to start.
        limit_s
            ``MaxRuntimeInSeconds``; the command is ended when it takes longer.
        sinks
            Functions that get each line of its output.
        """
        with self._lock:
            if self._ended_by:
                return Outcome(-1, self._ended_by)
            process = self._process = processes.start(
                command, env=env, cwd=cwd, output=subprocess.PIPE, grace_s=_GRACE_S
            )
        reader = pump(processes.lines(process), *sinks)
        deadline = time.monotonic() + limit_s
        while process.poll() is None:
            if time.monotonic() > deadline and not self._ended_by:
                self.end("time")
            time.sleep(0.05)
        reader.join(5)
        return Outcome(process.returncode, self._ended_by)

    def end(self, by: str) -> None:
        """End the command; ``by`` is ``stop`` or ``time``."""
        with self._lock:
            self._ended_by = self._ended_by or by
            process = self._process
        if process is not None and process.poll() is None:
            processes.stop(process, _GRACE_S + 5)
