"""What a training run has reached, so that one cut short goes on from there and ends with the very same model.

SageMaker copies the folder to S3 while a job runs, and back when it starts the job again on another machine (managed
spot training). A checkpoint is one file, put in place at once: what is copied is never half of one. It is named after
all that its model depends on, so that the jobs of one tuning keep theirs side by side.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ml.container import base_dir
from ml.dataset import Dataset

Log = Callable[[str], None]


@dataclass(kw_only=True)
class Progress:
    """How far a run has come: the models so far, as XGBoost's bytes, and the validation losses of the first.

    Attributes
    ----------
    inner, whole : bytes
        The model that rounds and threshold are chosen with, and the one fitted again on everybody; empty before each.
    losses : list of float
        One a round of the first.
    """

    inner: bytes = b""
    whole: bytes = b""
    losses: list[float] = field(default_factory=list)


class Checkpoints:
    """The checkpoints of one run.

    Parameters
    ----------
    folder : Path or None
        Where they lie; None keeps none.
    fingerprint : str
        Of all that the model depends on: only a checkpoint of the same is a start for this run.
    log : callable
        Told when a run goes on from a checkpoint, or cannot.
    """

    def __init__(self, folder: Path | None, fingerprint: str, log: Log = print) -> None:
        self._file = folder / f"checkpoint-{fingerprint[:16]}.json" if folder else None
        self._log = log

    def load(self) -> Progress:
        """Return how far an earlier attempt has come; nothing done where there was none, or none of use."""
        if self._file is None or not self._file.is_file():
            return Progress()
        try:
            found: dict[str, Any] = json.loads(self._file.read_text())
            models = {name: base64.b64decode(found[name], validate=True) for name in ("inner", "whole")}
            progress = Progress(**models, losses=[float(loss) for loss in found["losses"]])
        except (ValueError, KeyError, TypeError, AttributeError):
            self._log("The checkpoint cannot be read; training starts over.")
            return Progress()
        self._log(f"Going on from a checkpoint: {len(progress.losses)} rounds are done.")
        return progress

    def save(self, progress: Progress) -> None:
        """Keep how far the run has come."""
        if self._file is None:
            return
        kept = asdict(progress) | {
            name: base64.b64encode(model).decode()
            for name, model in (("inner", progress.inner), ("whole", progress.whole))
        }
        aside = self._file.with_name(f".{self._file.name}")
        aside.write_text(json.dumps(kept))
        os.replace(aside, self._file)


NONE = Checkpoints(None, "")


def folder() -> Path | None:
    """Return where SageMaker wants checkpoints; None where the job has no place for them."""
    found = base_dir() / "checkpoints"
    return found if found.is_dir() else None


def fingerprint(parts: Sequence[Dataset], settings: Mapping[str, Any], version: str) -> str:
    """Return a hash of all that a model depends on: customers, settings, and XGBoost's version."""
    digest = hashlib.sha256(json.dumps([settings, version], sort_keys=True).encode())
    for part in parts:
        digest.update(part.features.tobytes())
        digest.update(part.labels.tobytes())
    return digest.hexdigest()
