"""The container contract in a folder: ``/opt/ml`` moved to a place of the job's own."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Where a container finds everything; in this run a folder takes its place.
OPT_ML = "/opt/ml"
# The folder must not swallow a longer name such as /opt/mlflow.
_OPT_ML_PATH = re.compile(r"/opt/ml(?![\w.-])")
# A container inherits nothing; these few make a process usable on this machine.
_INHERITED = ("LANG", "LC_ALL", "TZ", "SYSTEMROOT")


class Container:
    """One container's folder, and how to start a process in it.

    Parameters
    ----------
    base
        The folder that stands for ``/opt/ml``.
    python
        The interpreter that the container's ``python`` and ``python3`` mean.
    """

    def __init__(self, base: Path, python: str) -> None:
        self.base = base
        self.python = python
        for part in ("input/config", "input/data", "model", "output", "code"):
            (base / part).mkdir(parents=True, exist_ok=True)

    def path(self, inside: str) -> Path:
        """The path on this machine of a path inside the container."""
        return Path(self.translate(inside))

    def translate(self, text: str) -> str:
        """A text with every ``/opt/ml`` in it replaced by the folder."""
        return _OPT_ML_PATH.sub(lambda _: str(self.base), text)

    def translate_all(self, value: Any) -> Any:
        """The same for every text in a JSON value."""
        if isinstance(value, str):
            return self.translate(value)
        if isinstance(value, list):
            return [self.translate_all(v) for v in value]
        if isinstance(value, dict):
            return {k: self.translate_all(v) for k, v in value.items()}
        return value

    def write_config(self, name: str, value: Any, folder: str = "input/config") -> None:
        """Write one of the configuration files of the contract."""
        target = self.base / folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(self.translate_all(value), indent=1))

    def command(self, entrypoint: list[str], arguments: list[str]) -> list[str]:
        """The command line, with the container's Python and folders replaced."""
        words = [self.translate(word) for word in [*entrypoint, *arguments]]
        if words[0] in ("python", "python3", "/usr/bin/python3", "/miniconda3/bin/python3"):
            words[0] = self.python
        return words

    def environment(self, given: Mapping[str, str], job: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of the process: nothing of the emulator's own gets through.

        Parameters
        ----------
        given
            The ``Environment`` of the request.
        job
            What SageMaker itself sets (job name, region).
        """
        environment = {k: os.environ[k] for k in _INHERITED if k in os.environ}
        bin_dir = str(Path(self.python).parent)
        environment |= {
            "PATH": os.pathsep.join([bin_dir, "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(self.base),
            "TMPDIR": str(self.base / "tmp"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SAGEMAKER_BASE_DIR": str(self.base),
            **job,
            **{k: self.translate(v) for k, v in given.items()},
        }
        (self.base / "tmp").mkdir(exist_ok=True)
        return environment

    def read(self, inside: str, limit: int = 1024) -> str:
        """The first bytes of a file that the process may have left, as text; empty when it did not."""
        try:
            with (self.base / inside).open("rb") as handle:
                return handle.read(limit).decode("utf-8", "replace").strip()
        except OSError:
            return ""
