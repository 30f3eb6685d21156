"""Starting and stopping processes so that nothing outlives the one that started it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_SUPERVISOR = Path(__file__).with_name("supervise.py")


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    output: int | IO[Any],
    grace_s: float = 10.0,
) -> subprocess.Popen[str]:
    """Start a command under the supervisor.

    Parameters
    ----------
    command
        The program and its arguments.
    env
        Its whole environment.
    cwd
        Its working directory.
    output
        Where standard output and standard error go together (``subprocess.PIPE`` or a file).
    grace_s
        Seconds between SIGTERM and SIGKILL when it is ended.

    Returns
    -------
    subprocess.Popen
        The supervisor; its exit code is the command's.
    """
    return subprocess.Popen(
        [sys.executable, "-I", str(_SUPERVISOR), "--grace", str(grace_s), "--", *command],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # A Ctrl-C in the terminal must reach the driver alone, which then stops things in order.
        start_new_session=True,
    )


def lines(process: subprocess.Popen[str]) -> IO[str]:
    """The output of a process started with ``subprocess.PIPE``."""
    if process.stdout is None:
        raise ValueError("the process was not started with a pipe")
    return process.stdout


def stop(process: subprocess.Popen[str], wait_s: float = 20.0) -> None:
    """End a command started by :func:`start` and everything it started."""
    with contextlib.suppress(OSError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(wait_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        with contextlib.suppress(OSError):
            if process.stdin:
                process.stdin.close()


def working_in(folder: Path, program: str) -> list[int]:
    """The processes of a program that work in a folder or below it: those of one laptop run, and of no other's.

    Parameters
    ----------
    folder
        Its absolute path.
    program
        How the path of the script ends that Python runs.
    """
    listed = subprocess.run(["ps", "-eww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    found = []
    for line in listed.splitlines():
        pid, _, command = line.strip().partition(" ")
        if f"{program} " in command and str(_SUPERVISOR) not in command and _folder_of(pid).startswith(str(folder)):
            found.append(int(pid))
    return found


def _folder_of(pid: str) -> str:
    """Where a process works; nowhere, if it has ended or is another user's."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/cwd")
    if sys.platform == "linux":
        return ""
    command = ["lsof", "-a", "-p", pid, "-d", "cwd", "-Fn"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return next((line[1:] for line in told.splitlines() if line.startswith("n")), "")


def alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
