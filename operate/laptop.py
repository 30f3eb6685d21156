"""The laptop run, as the account of what is deployed on this machine (``deployment.on_this_machine``)."""

from __future__ import annotations

import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The emulator's own account and region; any secret will do.
_ACCOUNT, _REGION, _SECRET = "000000000000", "us-east-1", "test"
_THE_USERS = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL_S3")


class NotUp(Exception):
    """There is no laptop run to work on; the message says how to start one."""


def folder() -> Path:
    """Where the laptop run keeps what it has, its reports among it."""
    return Path(os.environ.get("CHURN_LOCAL_DIR") or ROOT / ".local")


def enter() -> None:
    """Point this process's AWS clients at the laptop run, and away from whatever account the user works in.

    Raises
    ------
    NotUp
        If none is up.
    """
    try:
        port = int(json.loads((folder() / "running.json").read_text())["gateway_port"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise NotUp("No laptop run is up; `make local` in another terminal starts one.") from exc
    for name in _THE_USERS:
        os.environ.pop(name, None)
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": _ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "AWS_REGION": _REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
    }
