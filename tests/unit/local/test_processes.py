"""Nothing outlives what started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from local import processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
FAMILY = (
    "import subprocess, sys, time\n"
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)\n"
    "time.sleep(60)"
)
# A driver that starts the family, prints its output on, and sleeps.
DRIVER = """
import subprocess, sys, time
from pathlib import Path
from local import processes
child = processes.start(sys.argv[1:], env={}, cwd=Path("/"), output=subprocess.PIPE, grace_s=2)
print(child.pid, processes.lines(child).readline().strip(), flush=True)
time.sleep(60)
"""


def _gone(pid: int, within_s: float = 30) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not processes.alive(pid) or _zombie(pid):
            return True
        time.sleep(0.05)
    return False


def _zombie(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _start(command: list[str], grace_s: float = 2) -> subprocess.Popen[str]:
    return processes.start(command, env={}, cwd=Path("/"), output=subprocess.PIPE, grace_s=grace_s)


def test_the_exit_code_is_the_commands() -> None:
    assert _start([sys.executable, "-c", "raise SystemExit(7)"]).wait(60) == 7


def test_output_arrives() -> None:
    process = _start([sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr)"])
    assert sorted(line.strip() for line in processes.lines(process)) == ["err", "out"]


def test_stop_is_quick_and_thorough() -> None:
    process = _start([sys.executable, "-c", FAMILY], grace_s=50)
    grandchild = int(processes.lines(process).readline())
    started = time.monotonic()
    processes.stop(process, wait_s=50)
    assert time.monotonic() - started < 25, "the grace is for what does not end by itself"
    assert _gone(grandchild)


def test_what_ignores_sigterm_is_killed_after_the_grace_period() -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    )
    process = _start([sys.executable, "-c", stubborn], grace_s=0.5)
    processes.lines(process).readline()
    processes.stop(process, wait_s=60)
    assert process.returncode == 128 + signal.SIGKILL


def test_children_left_behind_are_ended_with_the_command() -> None:
    leaves = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    )
    process = _start([sys.executable, "-c", leaves])
    grandchild = int(processes.lines(process).readline())
    assert process.wait(60) == 0
    assert _gone(grandchild)


def test_nothing_survives_a_kill_of_the_driver() -> None:
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, sys.executable, "-c", FAMILY],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(processes.__file__).parent.parent)},
    )
    assert driver.stdout is not None
    supervisor, grandchild = map(int, driver.stdout.readline().split())
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert _gone(grandchild)
    assert _gone(supervisor)
