"""The emulator as the driver sees it: start, wait until it answers, stop."""

import http.client
import json
import subprocess
import time
from typing import Any

from local import processes
from local.driver import environment
from local.driver.console import Console
from local.settings import ROOT, Settings, emulator_python

_START_LIMIT_S = 60
# Saving the state of a deployed app takes a second or two.
_STOP_LIMIT_S = 30.0


class EmulatorError(Exception):
    """The emulator did not start or went away; the message names its log."""


class Emulator:
    """The emulator's process.

    Parameters
    ----------
    settings
        Ports and folders.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.log_path = settings.log_dir / "emulator.log"
        self._process: subprocess.Popen[str] | None = None

    def start(self, console: Console) -> None:
        """Start it and wait until it answers.

        Raises
        ------
        EmulatorError
            When it ends, or does not answer in time.
        """
        for folder in (self._settings.run_dir, self._settings.log_dir, self._settings.state_dir):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("w") as log:
            self._process = processes.start(
                [str(emulator_python()), "-m", "local.emulator.server"],
                env=environment.emulator(self._settings),
                cwd=ROOT,
                output=log,
                grace_s=_STOP_LIMIT_S,
            )
        deadline = time.monotonic() + _START_LIMIT_S
        while not self.answers():
            if not self.alive():
                raise EmulatorError(f"The emulator ended while it started:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise EmulatorError(f"The emulator does not answer. Its log: {self.log_path}")
            console.waiting("waiting for the emulator…")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether the gateway answers."""
        return bool(self.health())

    def health(self) -> dict[str, Any]:
        """What the gateway says of itself; empty when it says nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self._settings.gateway_port, timeout=2)
        try:
            connection.request("GET", "/_ministack/health")
            found: dict[str, Any] = json.loads(connection.getresponse().read())
            return found
        except (OSError, ValueError):
            return {}
        finally:
            connection.close()

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        text = self.log_path.read_text(errors="replace").splitlines()
        return "\n".join([*text[-lines:], f"(all of it: {self.log_path})"])

    def stop(self) -> None:
        """End it; it saves its state before it goes."""
        if self._process is not None:
            processes.stop(self._process, _STOP_LIMIT_S + 5)
