"""``python -m local up|stop|wipe|status``."""

import argparse
import contextlib
import os
import signal
import sys
import time

from local.driver.console import Console
from local.driver.run import Run
from local.driver.state import State
from local.settings import Settings, SettingsError, load

_STOP_LIMIT_S = 180.0
_NOT_RUNNING = 3


def up(settings: Settings) -> int:
    """Bring the system up and keep it up until Ctrl-C or ``stop``."""
    return Run(settings, Console()).up()


def stop(settings: Settings) -> int:
    """Stop a run that is up in another terminal; its state is kept."""
    state = State(settings)
    running = state.running()
    if running is None:
        print("Nothing runs.")
        return 0
    print(f"Stopping process {running.pid}…")
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_LIMIT_S
    while state.running() == running:
        if time.monotonic() > deadline:
            print(f"Process {running.pid} has not stopped after {_STOP_LIMIT_S:.0f} s.", file=sys.stderr)
            return 1
        time.sleep(0.1)
    print("Stopped.")
    return 0


def wipe(settings: Settings) -> int:
    """Stop, and remove all that the run made."""
    code = stop(settings)
    if code:
        return code
    if not State(settings).wipe():
        print(f"A run has {settings.directory} in use: stop it first.", file=sys.stderr)
        return 1
    print(f"Removed {settings.directory}.")
    return 0


def status(settings: Settings) -> int:
    """Say whether it runs, and where."""
    running = State(settings).running()
    if running is None:
        print("Nothing runs.")
        return _NOT_RUNNING
    print(
        f"Page http://127.0.0.1:{running.web_port}/, AWS http://127.0.0.1:{running.gateway_port}, "
        f"process {running.pid}."
    )
    return 0


_COMMANDS = {"up": up, "stop": stop, "wipe": wipe, "status": status}


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    Returns
    -------
    int
        Its exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in _COMMANDS.items():
        commands.add_parser(name, help=(command.__doc__ or "").splitlines()[0])
    arguments = parser.parse_args(argv)
    try:
        return _COMMANDS[arguments.command](load())
    except SettingsError as exc:
        print(exc, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
