"""The API under load, on a laptop run: at its throttle, beyond it, after it, and with its model killed and hanging.

All requests are for one example customer, from autocannon, at a steady rate and to this machine only. Latencies
count from when a request was due, so that one that waited for others counts in full.
"""

import argparse
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench import autocannon, laptop
from config import load_settings
from local import processes
from schema import load_examples

API = load_settings("local").api
# Of the throttle's rate: what a busy laptop can also serve when every request costs inference.
SHARE_WHILE_FAILING = 0.25
HANGS_S = 14
RECOVERY_S = 120


def kill(model: int) -> None:
    """End the model's process: it is replaced by itself."""
    os.kill(model, signal.SIGKILL)


def hang(model: int) -> None:
    """Stop the model's process for longer than a call of it may take, and let it go on."""
    os.kill(model, signal.SIGSTOP)
    time.sleep(HANGS_S)
    os.kill(model, signal.SIGCONT)


class Target(NamedTuple):
    """The page's address, and the headers of a request that is let in."""

    site: str
    signed: dict[str, str]


def ask(target: Target, rate: int, seconds: int) -> autocannon.Fired:
    """Ask for predictions."""
    return autocannon.fire(
        f"{target.site}/api/predictions",
        rate=rate,
        seconds=seconds,
        body=json.dumps({"customers": [load_examples()["at_risk"]]}),
        headers={"Content-Type": "application/json", **target.signed},
    )


def recover(target: Target) -> None:
    """Wait until the model answers again."""
    deadline = time.monotonic() + RECOVERY_S
    while set(ask(target, 2, 1).statuses) != {200}:
        if time.monotonic() > deadline:
            raise SystemExit(f"the model has not come back within {RECOVERY_S} s")


def phase(
    name: str, target: Target, rate: int, seconds: int, during: Callable[[], None] | None = None
) -> autocannon.Fired:
    """Ask for a while, and do something to the model meanwhile; print the row."""
    failing = threading.Timer(2, during) if during else None
    if failing:
        failing.start()
    found = ask(target, rate, seconds)
    if failing:
        failing.join()
    others = sum(found.statuses.values()) - sum(found.statuses.get(status, 0) for status in (200, 429, 503))
    counts = " | ".join(str(found.statuses.get(status, 0)) for status in (200, 429, 503))
    print(
        f"| {name} | {rate} | {found.per_s:.1f} | {found.p50_ms:.0f} | {found.p99_ms:.0f} | {counts} "
        f"| {others + found.lost} |",
        flush=True,
    )
    return found


def measure(site: str, folder: Path, seconds: int) -> None:
    """Go through the phases on a run that is up."""

    def model() -> int:
        (found,) = processes.working_in(folder / "run" / "endpoints", "hosting/serve.py")
        return found

    target = Target(site, laptop.signed(folder))
    throttle = API.throttle_rate_per_s
    slow = round(throttle * SHARE_WHILE_FAILING)
    print("| phase | asked /s | answered /s | p50 ms | p99 ms | 200 | 429 | 503 | other or lost |")
    print("|---|---|---|---|---|---|---|---|---|")
    phase("warming up", target, slow, 5)
    phase("at the throttle", target, throttle, seconds)
    phase("three times the throttle", target, 3 * throttle, seconds)
    # What the bucket of the throttle takes to fill.
    time.sleep(API.throttle_burst / throttle)
    phase("at the throttle again", target, throttle, seconds)
    phase("the model killed after 2 s", target, slow, seconds, lambda: kill(model()))
    recover(target)
    phase(f"the model hanging for {HANGS_S} s", target, slow, seconds + HANGS_S, lambda: hang(model()))
    recover(target)
    phase("afterwards", target, throttle, seconds)


def main(argv: list[str] | None = None) -> None:
    """Print a table of the phases."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="of each phase, at most 60")
    laptop.add_argument(parser)
    options = parser.parse_args(argv)
    if not 5 <= options.seconds <= 60:
        parser.error("--seconds must be from 5 to 60")
    with laptop.found(options.run) as (site, folder):
        measure(site, folder, options.seconds)


if __name__ == "__main__":
    main()
