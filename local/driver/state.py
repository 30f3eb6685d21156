"""Whether what an earlier run left can be taken up again."""

import contextlib
import dataclasses
import json
import os
import shutil

from local import processes
from local.settings import Settings

_CLEAN = "clean-stop"
_BOOTSTRAPPED = "bootstrapped"
_DEPLOYED = "deployed"


@dataclasses.dataclass(frozen=True)
class Running:
    """The run that is up now."""

    pid: int
    gateway_port: int
    web_port: int


class State:
    """The folder of the run, and the marks in it.

    MiniStack saves its state at a clean stop only, so state without that mark is older than what its
    data say, and a deployment that was cut short cannot go on: both mean starting over.

    Parameters
    ----------
    settings
        Ports and folders.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def kept(self) -> bool:
        """Whether there is anything from an earlier run."""
        return self._settings.state_dir.exists() and any(self._settings.state_dir.iterdir())

    def usable(self) -> bool:
        """Whether it can be taken up."""
        return self._has(_CLEAN) and self._has(_DEPLOYED)

    def discard(self) -> None:
        """Forget it."""
        shutil.rmtree(self._settings.state_dir, ignore_errors=True)

    def clear_run(self) -> None:
        """Remove what only the run itself needs."""
        for folder in (self._settings.run_dir, self._settings.directory / "tmp"):
            shutil.rmtree(folder, ignore_errors=True)

    def wipe(self) -> None:
        """Remove the whole folder."""
        shutil.rmtree(self._settings.directory, ignore_errors=True)

    @property
    def bootstrapped(self) -> bool:
        """Whether the bootstrap stack is there."""
        return self._has(_BOOTSTRAPPED)

    @property
    def deployed(self) -> bool:
        """Whether the last deployment ended well."""
        return self._has(_DEPLOYED)

    def mark_bootstrapped(self) -> None:
        """The bootstrap stack is there now."""
        self._set(_BOOTSTRAPPED)

    def deploying(self) -> None:
        """A deployment begins: until it ends the state is nothing to build on."""
        (self._settings.state_dir / _DEPLOYED).unlink(missing_ok=True)

    def mark_deployed(self) -> None:
        """The deployment ended, with a whole system behind it."""
        self._set(_DEPLOYED)

    def _has(self, mark: str) -> bool:
        return (self._settings.state_dir / mark).exists()

    def _set(self, mark: str) -> None:
        self._settings.state_dir.mkdir(parents=True, exist_ok=True)
        (self._settings.state_dir / mark).write_text("yes\n")

    def running(self) -> Running | None:
        """The run that is up now, if one is."""
        try:
            found = Running(**json.loads(self._settings.pid_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return found if processes.alive(found.pid) else None

    def mark_running(self) -> None:
        """This process is the run."""
        self._settings.directory.mkdir(parents=True, exist_ok=True)
        now = Running(os.getpid(), self._settings.gateway_port, self._settings.web_port)
        self._settings.pid_file.write_text(json.dumps(dataclasses.asdict(now)))

    def clear_running(self) -> None:
        """This process is not the run any more."""
        with contextlib.suppress(OSError):
            self._settings.pid_file.unlink()
