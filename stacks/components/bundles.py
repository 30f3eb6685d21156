"""Folders made ready for upload: several sources laid side by side, byte-compiled leftovers left out.

Deterministic and without Docker: the same files give the same asset on every machine.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.py[co]", ".*", "node_modules")

# The CDK copies assets into its output while the constructs are made; the staged copies go when the process ends.
_staging = tempfile.TemporaryDirectory(prefix="churn-bundles-")


def bundle(sources: Mapping[str, Path | str]) -> Path:
    """Lay sources side by side in a new folder.

    Parameters
    ----------
    sources : mapping
        From the place inside the bundle (``"."`` for its root) to a folder or file to copy, or to a text to write.

    Raises
    ------
    FileNotFoundError
        If a source is missing, or a folder holds nothing to bundle.
    """
    target = Path(tempfile.mkdtemp(dir=_staging.name))
    for place, source in sources.items():
        destination = target / place
        if isinstance(source, str):
            destination.parent.mkdir(parents=True, exist_ok=True)
            destination.write_text(source, encoding="utf-8")
        elif source.is_dir():
            shutil.copytree(source, destination, ignore=LEFT_OUT, dirs_exist_ok=True)
            if not any(path.is_file() for path in destination.rglob("*")):
                raise FileNotFoundError(f"{source} holds nothing to bundle. Is the checkout complete?")
        elif source.is_file():
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, destination)
        else:
            raise FileNotFoundError(f"{source} is not there. Is the checkout complete?")
    return target


def content_hash(folder: Path) -> str:
    """Hash names and contents of all files under a folder: 16 hexadecimal characters."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix().encode()
        body = path.read_bytes()
        digest.update(b"%d:%s%d:" % (len(name), name, len(body)) + body)
    return digest.hexdigest()[:16]
