"""A laptop run for a benchmark: on ports of its own, in a folder of its own, gone afterwards."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.driver import people
from local.settings import Settings, free_port

ROOT = Path(__file__).resolve().parent.parent


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Let a run that is up be named."""
    parser.add_argument("--run", type=Path, metavar="FOLDER", help="of a laptop run that is up; else one is started")


@contextlib.contextmanager
def found(run: Path | None) -> Iterator[tuple[str, Path]]:
    """Give the page's address and the folder of a run that is up, or of one that is up for as long as it is used."""
    if run:
        port = json.loads((run / "running.json").read_text())["web_port"]
        yield f"http://127.0.0.1:{port}", run.resolve()
        return
    with tempfile.TemporaryDirectory() as state, up(state) as site:
        yield site, Path(state).resolve()


def signed(folder: Path) -> dict[str, str]:
    """Headers of a request that a run's API lets in, for half an hour; the run is up in this folder."""
    running = json.loads((folder / "running.json").read_text())
    settings = Settings(folder.resolve(), running["gateway_port"], running["web_port"])
    return {"Authorization": f"Bearer {people.sign_in(settings, 'agent')['access_token']}"}


@contextlib.contextmanager
def up(state: str) -> Iterator[str]:
    """Run `make local` and give the page's address once it says that it is up.

    Parameters
    ----------
    state
        The folder that holds what the run has; what an earlier one left there is taken up.
    """
    web = free_port()
    env = {
        **os.environ,
        "CHURN_LOCAL_DIR": state,
        "CHURN_LOCAL_PORT": str(free_port()),
        "CHURN_LOCAL_WEB_PORT": str(web),
    }
    # A session of its own: Ctrl-C goes to all of it, as from a terminal.
    run = subprocess.Popen(
        ["make", "local"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    said: list[str] = []
    try:
        for line in run.stdout or ():
            said.append(line)
            if line.startswith("The page:"):
                yield f"http://127.0.0.1:{web}"
                return
        raise SystemExit(f"the laptop run did not come up:\n{''.join(said)}")
    finally:
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=120)
