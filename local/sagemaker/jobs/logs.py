"""A process's output, streamed to CloudWatch Logs under the names that AWS uses."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

_log = logging.getLogger("sagemaker.logs")
# One PutLogEvents takes at most 10,000 events and 1 MiB.
_MOST_EVENTS = 1000
_LONGEST_LINE = 200_000
_PAUSE_S = 0.2


def copy_path(folder: Path, group: str, stream: str) -> Path:
    """Where the plain copy of a log stream is kept."""
    path = folder / group.rsplit("/", 1)[-1] / f"{stream.replace('/', '-')}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


class LogStream:
    """One log stream, written by a thread so that a slow answer never holds a process up.

    Parameters
    ----------
    client
        Gives a CloudWatch Logs client carrying the role whose logs these are.
    group, stream
        The names of the log group and the log stream.
    copies
        Folder for a plain copy, which is still there when the emulator is not.
    """

    def __init__(self, client: Callable[[], Any], group: str, stream: str, copies: Path | None = None) -> None:
        self.group = group
        self.stream = stream
        self._client = client
        self._copy = copy_path(copies, group, stream) if copies else None
        self._lines: queue.Queue[tuple[int, str] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._write, name=f"logs {stream}", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Add a line, with the time it is now."""
        if self._copy is not None:
            with self._copy.open("a") as handle:
                handle.write(line + "\n")
        # CloudWatch refuses empty events.
        self._lines.put((int(time.time() * 1000), line[:_LONGEST_LINE] or " "))

    def close(self, wait_s: float = 10.0) -> None:
        """Write what is left and stop."""
        self._lines.put(None)
        self._thread.join(wait_s)

    def _batch(self) -> tuple[list[tuple[int, str]], bool]:
        first = self._lines.get()
        if first is None:
            return [], True
        batch = [first]
        time.sleep(_PAUSE_S)
        while len(batch) < _MOST_EVENTS:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                break
            if line is None:
                return batch, True
            batch.append(line)
        return batch, False

    def _write(self) -> None:
        logs, last = None, False
        while not last:
            batch, last = self._batch()
            if not batch:
                continue
            try:
                logs = logs or self._open()
                logs.put_log_events(
                    logGroupName=self.group,
                    logStreamName=self.stream,
                    logEvents=[{"timestamp": at, "message": text} for at, text in batch],
                )
            except (ClientError, BotoCoreError) as exc:
                # On AWS too, a role without log permissions leaves a job without logs, not without a run.
                _log.warning("%s/%s: %s", self.group, self.stream, exc)

    def _open(self) -> Any:
        """Make what is missing of group and stream; AWS documents all of these as needed, so each must be allowed."""
        logs = self._client()
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=self.group)
        if not logs.describe_log_streams(logGroupName=self.group, logStreamNamePrefix=self.stream)["logStreams"]:
            logs.create_log_stream(logGroupName=self.group, logStreamName=self.stream)
        return logs


def pump(source: IO[str], *sinks: Callable[[str], None]) -> threading.Thread:
    """Hand each line of a process's output to the sinks, on a thread of its own.

    A tab becomes ``#011``, as it does on its way to CloudWatch; metric patterns see the same text.
    """

    def run() -> None:
        for line in source:
            text = line.rstrip("\r\n").replace("\t", "#011")
            for sink in sinks:
                sink(text)

    thread = threading.Thread(target=run, name="pump", daemon=True)
    thread.start()
    return thread
