"""Run a command in a group of its own and end the whole group when the parent goes away.

``python supervise.py [--grace SECONDS] -- COMMAND …`` reads its standard input, which the parent keeps open and never
writes to. When the parent ends, however it ends, the system closes the pipe: the group gets SIGTERM, and SIGKILL after
the grace period. So nothing survives even a ``kill -9`` of the parent. The exit code is the command's (128 + signal
number when a signal ended it). Standard library only: it runs on whichever Python is at hand.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

_DEFAULT_GRACE_S = 10.0
# From <linux/prctl.h>.
_PR_SET_CHILD_SUBREAPER = 36


def _adopt_orphans() -> None:
    """Make what the command leaves behind our children, so that they can be reaped.

    Otherwise the first process of the machine must do it, which in many containers never does: the dead would stay in
    the group and look alive.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_group(group: int, grace_s: float) -> None:
    deadline = time.monotonic() + grace_s
    try:
        os.killpg(group, signal.SIGTERM)
        while time.monotonic() < deadline:
            time.sleep(0.02)
            os.killpg(group, 0)
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # macOS answers "not permitted" for a group whose last member is a zombie.
        return


def _reap_until(ended: threading.Thread) -> None:
    while ended.is_alive():
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.01)


def main(argv: list[str]) -> int:
    """Run the command; see the module's docstring.

    Returns
    -------
    int
        The exit code of the command.
    """
    grace_s = _DEFAULT_GRACE_S
    if argv[:1] == ["--grace"]:
        grace_s, argv = float(argv[1]), argv[2:]
    if argv[:1] != ["--"] or len(argv) < 2:
        print("usage: supervise.py [--grace SECONDS] -- COMMAND ...", file=sys.stderr)
        return 2
    _adopt_orphans()
    child = subprocess.Popen(argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    ending = threading.Lock()

    def end() -> None:
        # One at a time: the second caller waits, and then finds nobody left.
        with ending:
            _end_group(child.pid, grace_s)

    def watch() -> None:
        while os.read(0, 1024):
            pass
        end()

    def forward(_signum: int, _frame: object) -> None:
        threading.Thread(target=end, daemon=True).start()

    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, forward)
    threading.Thread(target=watch, daemon=True).start()
    code: int | None = None
    while code is None:
        pid, status = os.waitpid(-1, 0)
        if pid == child.pid:
            code = child.returncode = os.waitstatus_to_exitcode(status)
    # The command may have left children of its own behind.
    last = threading.Thread(target=end)
    last.start()
    _reap_until(last)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
