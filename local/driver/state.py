"""Whether what an earlier run left can be taken up again."""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator

from local.settings import ROOT, Settings

_CLEAN = "clean-stop"
_BOOTSTRAPPED = "bootstrapped"
_DEPLOYED = "deployed"


def emulator_fingerprint() -> str:
    """What the emulator is made from, the version of MiniStack included: `contract.py` pins it."""
    digest = hashlib.sha256()
    for source in sorted((ROOT / "local" / "emulator").rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Running:
    """The run that is up now."""

    pid: int
    gateway_port: int
    web_port: int
    mlflow_port: int | None = None


class State:
    """The folder of the run, and the marks in it.

    MiniStack saves its state at a clean stop only, so state without that mark is older than what its
    data say; a deployment that was cut short cannot go on; and what another emulator deployed, this one may
    be unable to change or to delete. All three mean starting over.

    Parameters
    ----------
    settings
        Ports and folders.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock: int | None = None

    def kept(self) -> bool:
        """Whether there is anything from an earlier run."""
        return self._settings.state_dir.exists() and any(self._settings.state_dir.iterdir())

    def usable(self) -> bool:
        """Whether it can be taken up."""
        return self._has(_CLEAN) and self._has(_DEPLOYED) and self._read(_DEPLOYED) == emulator_fingerprint()

    def discard(self) -> None:
        """Forget it."""
        shutil.rmtree(self._settings.state_dir, ignore_errors=True)

    def clear_run(self) -> None:
        """Remove what only the run itself needs."""
        for folder in (self._settings.run_dir, self._settings.directory / "tmp"):
            shutil.rmtree(folder, ignore_errors=True)

    def wipe(self) -> bool:
        """Remove the whole folder, unless a run holds it; tell whether it was removed."""
        with self._turn():
            if self._held():
                return False
            shutil.rmtree(self._settings.directory, ignore_errors=True)
        return True

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
        self._set(_DEPLOYED, emulator_fingerprint())

    def _has(self, mark: str) -> bool:
        return (self._settings.state_dir / mark).exists()

    def _read(self, mark: str) -> str:
        return (self._settings.state_dir / mark).read_text()

    def _set(self, mark: str, text: str = "yes\n") -> None:
        self._settings.state_dir.mkdir(parents=True, exist_ok=True)
        (self._settings.state_dir / mark).write_text(text)

    def running(self) -> Running | None:
        """The run that is up now, if one is: the one that holds the lock, whatever process has its number."""
        if not self._settings.directory.exists():
            return None
        with self._turn():
            if not self._held():
                return None
            try:
                return Running(**json.loads(self._settings.pid_file.read_text()))
            except (OSError, ValueError, TypeError):
                return None

    def claim(self) -> bool:
        """Make this process the run, until :meth:`clear_running` or its end; tell whether no other is."""
        with self._turn():
            lock = os.open(self._settings.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return False
            self._lock = lock
            settings = self._settings
            now = Running(os.getpid(), settings.gateway_port, settings.web_port, settings.mlflow_port)
            self._settings.pid_file.write_text(json.dumps(dataclasses.asdict(now)))
        return True

    def clear_running(self) -> None:
        """This process is not the run any more."""
        if self._lock is None:
            return
        with self._turn():
            with contextlib.suppress(OSError):
                self._settings.pid_file.unlink()
            os.close(self._lock)
            self._lock = None

    def _held(self) -> bool:
        """Whether a process holds the lock; the system lets go of it when that process ends, however it ends."""
        try:
            lock = os.open(self._settings.lock_file, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Look at the lock and who holds it, or change them, while nobody else does."""
        folder = self._settings.directory
        while True:
            folder.mkdir(parents=True, exist_ok=True)
            turn = -1
            with contextlib.suppress(FileNotFoundError):
                turn = os.open(folder, os.O_RDONLY)
                fcntl.flock(turn, fcntl.LOCK_EX)
                # Removed by a wipe while this one waited: what is locked is not the folder any more.
                if os.path.samestat(os.fstat(turn), folder.stat()):
                    break
            if turn >= 0:
                os.close(turn)
        try:
            yield
        finally:
            os.close(turn)
