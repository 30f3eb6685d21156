"""What all errands share."""

import contextvars
import copy
import functools
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from local.settings import ROOT

LOYAL: dict[str, Any] = json.loads((ROOT / "schema" / "examples.json").read_text())["loyal"]
# An event of a file that is not there, as S3 tells it.
NO_FILE = {"source": "aws.s3", "detail": {"object": {"key": "raw/incoming/none.csv", "etag": "none"}}}
PIPELINE = ENDPOINT = GROUP = "churn-local"
# What the containers run: each leaves what the next step reads. A word of a command has 256 characters at most.
_OUT = "/opt/ml/processing/output"
PREPARE = f"[open('{_OUT}/'+n,'w').write('1') for n in ('train.csv','validation.csv','split.json')];print('done')"
TRAIN = "open('/opt/ml/model/m','w').write('1');print('done')"
EVALUATE = (
    f"open('{_OUT}/evaluation.json','w')"
    """.write('{"gate":{"verdict":"passed","message":"fine"}}');print('done')"""
)
SLEEP = "import time;time.sleep(120)"
# For what must come to an end; nobody waits that long but on a machine that is busy.
_LIMIT_S = 240
# For what follows at once, as a log does: without its permission it never comes, and is waited for in vain.
_SOON_S = contextvars.ContextVar("soon_s", default=float(_LIMIT_S))


class Failed(Exception):
    """An errand did not work; the message says what is missing."""


Errand = Callable[[str], None]


def errand_name() -> str:
    """A name of its own for what an errand makes."""
    return f"errand-{uuid.uuid4().hex[:12]}"


def run(errand: Errand, role: str, *, soon_s: float = _LIMIT_S) -> str:
    """Run an errand with a role: what went wrong, or nothing.

    Parameters
    ----------
    soon_s
        Seconds for what follows at once: as many as a busy machine may take, and fewer where the role lacks something.
    """
    before = _SOON_S.set(soon_s)
    try:
        errand(role)
    except Failed as exc:
        return str(exc)
    except ClientError as exc:
        return f"{exc.operation_name}: {exc}"
    finally:
        _SOON_S.reset(before)
    return ""


def until(look: Callable[[], Any], within_s: float = _LIMIT_S, every_s: float = 0.05) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(every_s)
    return found


def soon(look: Callable[[], Any]) -> Any:
    """Look until there is something of what follows at once, if it may."""
    return until(look, within_s=_SOON_S.get())


def changed(request: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A request with some members changed, each named by its path with dots; None takes a member away."""
    request = copy.deepcopy(request)
    for path, value in changes.items():
        *way, last = path.split(".")
        inner = functools.reduce(lambda found, step: found[step], way, request)
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    return request


def done(call: Callable[..., Any], **arguments: Any) -> bool:
    """Make a call, and tell whether it worked."""
    try:
        call(**arguments)
    except ClientError:
        return False
    return True


def python(code: str) -> dict[str, list[str]]:
    """A container's command that runs a line of Python."""
    return {"ContainerEntrypoint": ["python3", "-c", code]}
