"""The model's directory: all that serving needs, and nothing that it would have to fetch."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.container import JobError

if TYPE_CHECKING:
    import xgboost

HERE = Path(__file__).resolve().parent
MODEL, METADATA, FEATURES, CODE = "xgboost-model", "metadata.json", "features.json", "code"
ARCHIVE = "model.tar.gz"


def save(folder: Path, booster: xgboost.Booster, schema_document: Any, metadata: dict[str, Any]) -> None:
    """Write the model, the schema it was trained with, what is known of it, and the code that serves it."""
    import schema

    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL).write_bytes(bytes(booster.save_raw("ubj")))
    (folder / METADATA).write_text(json.dumps(metadata, indent=2, allow_nan=False) + "\n")
    (folder / FEATURES).write_text(json.dumps(schema_document, indent=2) + "\n")
    unwanted = shutil.ignore_patterns("__pycache__", "*.pyc")
    for package in (HERE, Path(schema.__file__).resolve().parent):
        shutil.copytree(package, folder / CODE / package.name, ignore=unwanted, dirs_exist_ok=True)
    # The container imports its user module by name from the root of the code.
    shutil.copyfile(HERE / "inference.py", folder / CODE / "inference.py")


def is_in(source: Path) -> bool:
    """Tell whether `source` holds a model's files, or the archive of one."""
    return any((source / name).is_file() for name in (MODEL, ARCHIVE))


@contextmanager
def unpacked(source: Path) -> Iterator[Path]:
    """Give a folder with the model's files; `source` holds them, or ``model.tar.gz``, as SageMaker ships it.

    Raises
    ------
    JobError
        When there is no model.
    """
    if (source / MODEL).is_file():
        yield source
        return
    archive = source if source.is_file() else source / ARCHIVE
    if not archive.is_file():
        raise JobError(f"{source} holds neither {MODEL} nor {ARCHIVE}; give the training job's output.")
    with tempfile.TemporaryDirectory(prefix="model-") as name:
        folder = Path(name)
        try:
            with tarfile.open(archive) as tar:
                # By name, because Python before 3.11.4 has no filters; there, the archive is trusted as our jobs' own.
                tar.extraction_filter = getattr(tarfile, "data_filter", None)
                tar.extractall(folder)  # noqa: S202 - filtered above
        except (tarfile.TarError, OSError, EOFError) as exc:
            raise JobError(f"{archive.name} cannot be unpacked ({exc}); train again.") from exc
        if not (folder / MODEL).is_file():
            raise JobError(f"{archive.name} holds no {MODEL}; train again.")
        yield folder


def load_booster(folder: Path) -> xgboost.Booster:
    """Return the model of a folder."""
    import xgboost

    return xgboost.Booster(model_file=bytearray((folder / MODEL).read_bytes()))


def load_metadata(folder: Path) -> dict[str, Any]:
    """Return what is known of the model of a folder."""
    metadata: dict[str, Any] = json.loads((folder / METADATA).read_text())
    return metadata
