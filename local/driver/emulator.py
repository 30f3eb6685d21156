"""The emulator as the driver sees it: start, wait until it answers, stop."""

import contextlib
import http.client
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from local import processes
from local.driver import environment
from local.driver.console import Console
from local.settings import ROOT, Settings, emulator_python

_START_LIMIT_S = 60
# Saving the state of a deployed app takes a second or two, and some more on a machine that is busy.
_STOP_LIMIT_S = 120.0
_ENDING_S = 5.0
_LAST_LINES = 5


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
                raise EmulatorError(self.ended() or "The emulator ended while it started.")
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

    @contextlib.contextmanager
    def watched(self, at_end: Callable[[], None]) -> Iterator[None]:
        """Call ``at_end`` when it goes away meanwhile: the CDK command line would ask for minutes who answers."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.25):
                if not self.alive():
                    at_end()
                    return

        thread = threading.Thread(target=watch, name="emulator", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()

    def ended(self) -> str | None:
        """How it ended, and where its log is; None while it runs, and when it never did."""
        if self._process is None or self.answers():
            return None
        try:
            # The supervisor ends what the emulator left behind before it ends itself.
            code = self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            return None
        return f"The emulator {_how(code)}. Its log: {self.log_path}{self._last_words(code)}"

    def _last_words(self, code: int) -> str:
        """The end of its log, when it left by itself: who is killed has no time to say why."""
        if _signal(code) is not None:
            return ""
        text = self.log_path.read_text(errors="replace").splitlines()
        return "".join(f"\n  {line}" for line in text[-_LAST_LINES:])

    def stop(self) -> None:
        """End it; it saves its state before it goes."""
        if self._process is not None:
            processes.stop(self._process, _STOP_LIMIT_S + 5)


def _signal(code: int) -> signal.Signals | None:
    """The signal behind an exit code: the supervisor's own, or 128 + the one that ended its command."""
    try:
        return signal.Signals(-code if code < 0 else code - 128)
    except ValueError:
        return None


def _how(code: int) -> str:
    by = _signal(code)
    return f"ended with exit code {code}" if by is None else f"was ended by signal {by.value} ({by.name})"
