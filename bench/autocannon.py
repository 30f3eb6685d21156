"""Requests at a steady rate, by autocannon: bounded in time, and to this machine only."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
TOOL = ROOT / "node_modules" / ".bin" / "autocannon"
LONGEST_S = 120


class Fired(NamedTuple):
    """What came of it.

    Attributes
    ----------
    statuses
        HTTP status to how many answers had it.
    lost
        Requests without any answer: broken connections and those given up.
    per_s
        Answers a second.
    p50_ms, p99_ms
        Of the answers, waiting for a late one before it counted in.
    """

    statuses: dict[int, int]
    lost: int
    per_s: float
    p50_ms: float
    p99_ms: float


def fire(
    url: str, *, rate: int, seconds: int, body: str | None = None, headers: Mapping[str, str] | None = None
) -> Fired:
    """Ask an address of this machine so many times a second, for so long; then wait for the last answers.

    Parameters
    ----------
    url
        On 127.0.0.1.
    body
        What to POST; without one it is a GET.

    Raises
    ------
    ValueError
        For any other machine, or for longer than two minutes.
    """
    if urlsplit(url).hostname != "127.0.0.1":
        raise ValueError(f"{url} is not this machine: load is for the laptop run only.")
    if not 0 < seconds <= LONGEST_S:
        raise ValueError(f"{seconds} s: ask for 1 to {LONGEST_S}.")
    # Enough connections that a slow answer holds up no other request; nobody waits longer than the API itself does.
    command = [str(TOOL), "--json", "--no-progress", "-c", str(min(rate, 64)), "-R", str(rate)]
    # A number of requests and not of seconds: a busy machine may need longer before its first answer.
    command += ["-a", str(rate * seconds), "-t", "30", *(["-m", "POST", "-b", body] if body else [])]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=True, timeout=seconds + 120)
    found = json.loads(done.stdout)
    return Fired(
        {int(status): told["count"] for status, told in found["statusCodeStats"].items()},
        found["errors"],
        found["requests"]["average"],
        found["latency"]["p50"],
        found["latency"]["p99"],
    )
