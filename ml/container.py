"""The container contract: where SageMaker puts things, and how a job says why it failed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

EXIT_MESSAGE_BYTES = 1024  # SageMaker shows the first kilobyte only


class JobError(Exception):
    """A job cannot do its work for a reason that its user can mend; the message is the whole story."""


def base_dir() -> Path:
    """The contract's root, ``/opt/ml`` unless SAGEMAKER_BASE_DIR (the SageMaker toolkits' own variable) moves it."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def training_failure_file() -> Path:
    """Where a training job leaves the reason of its failure."""
    return base_dir() / "output" / "failure"


def processing_message_file() -> Path:
    """Where a processing job leaves its exit message."""
    return base_dir() / "output" / "message"


def run(job: Callable[[], None], reason_file: Path) -> int:
    """Run a job; on failure tell why on stderr and, inside a container, in `reason_file`.

    Returns
    -------
    int
        The exit code: 0, or 1 after a failure.
    """
    try:
        job()
    except Exception as exc:
        if not isinstance(exc, JobError):
            traceback.print_exc()
        reason = str(exc) if isinstance(exc, JobError) else f"{type(exc).__name__}: {exc}"
        print(reason, file=sys.stderr, flush=True)
        if base_dir().is_dir():
            reason_file.parent.mkdir(parents=True, exist_ok=True)
            reason_file.write_bytes(reason.encode()[:EXIT_MESSAGE_BYTES])
        return 1
    return 0


def write(files: dict[str, str], output_dir: Path) -> None:
    """Write all files or none: they are written aside first and then moved into place."""
    output_dir.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".partial-", dir=output_dir))
    try:
        for name, content in files.items():
            (aside / name).write_text(content, encoding="utf-8", newline="")
        for name in files:
            (aside / name).replace(output_dir / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
