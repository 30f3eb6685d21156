"""Checkpoints: copied to S3 while a training job runs, and back when it starts, as SageMaker does."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.sagemaker.jobs import s3
from local.sagemaker.jobs.container import OPT_ML, Container
from local.sagemaker.jobs.lifecycle import Job

_DEFAULT_PATH = f"{OPT_ML}/checkpoints"
_EVERY_S = 0.5


class Checkpoints:
    """The checkpoints of a job, where its request asks for them.

    Parameters
    ----------
    job
        The job, whose role copies.
    container
        Its folder.
    """

    def __init__(self, job: Job, container: Container) -> None:
        config = job.record.get("CheckpointConfig")
        self._uri: str = config["S3Uri"] if config else ""
        self._folder = container.path(config.get("LocalPath", _DEFAULT_PATH)) if config else Path()
        self._client: Any = job.client("s3") if config else None
        self._copied: dict[Path, tuple[int, int]] = {}

    def restore(self) -> None:
        """Bring back what an earlier attempt has left."""
        if self._uri:
            self._folder.mkdir(parents=True, exist_ok=True)
            s3.download(self._client, f"{self._uri.rstrip('/')}/", self._folder, required=False)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Copy what changes while the block runs, and once more at its end."""
        if not self._uri:
            yield
            return
        done = threading.Event()
        failed: list[BaseException] = []

        def copy() -> None:
            try:
                while not done.wait(_EVERY_S):
                    self._copy()
            except s3.DataError as exc:
                failed.append(exc)

        thread = threading.Thread(target=copy, name="checkpoints", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        if failed:
            raise failed[0]
        self._copy()

    def _copy(self) -> None:
        bucket, prefix = s3.split(self._uri)
        for path in sorted(p for p in self._folder.rglob("*") if p.is_file()):
            with contextlib.suppress(FileNotFoundError):  # what a job writes aside may be gone again
                state = path.stat()
                seen = (state.st_mtime_ns, state.st_ino)
                if self._copied.get(path) != seen:
                    key = f"{prefix.rstrip('/')}/{path.relative_to(self._folder).as_posix()}"
                    # At once: the job may write on while it is sent, and what is sent must be what was summed up.
                    s3.upload(self._client, path.read_bytes(), bucket, key, None)
                    self._copied[path] = seen
