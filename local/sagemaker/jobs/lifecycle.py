"""What processing, training and transform jobs share: a record, a thread, a role, a folder, a log stream, an end."""

import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

from local.sagemaker import duties, events, platform, tags
from local.sagemaker.errors import ServiceError, in_use, invalid
from local.sagemaker.jobs.container import Container
from local.sagemaker.jobs.logs import LogStream
from local.sagemaker.jobs.process import JobProcess
from local.sagemaker.jobs.s3 import DataError
from local.sagemaker.naming import name_of, now
from local.sagemaker.store import Record, records

_log = logging.getLogger("sagemaker.jobs")
_running: dict[str, JobProcess] = {}


class JobFailed(Exception):
    """The job failed; the message is its ``FailureReason``."""


def require(kind: str, name: str) -> Record:
    """The record of a job, in AWS's words when there is none."""
    record = records.get(kind, name_of(kind, name))
    if record is None:
        raise invalid(f"Could not find requested job with name: {name}")
    return record


class Job:
    """One run of a job.

    Parameters
    ----------
    kind
        ``ProcessingJob``, ``TrainingJob`` or ``TransformJob``.
    record
        Its record, which this object keeps up to date.
    role
        Whom it works for, where the record does not say.
    """

    def __init__(self, kind: str, record: Record, role: str | None = None) -> None:
        self.kind = kind
        self.record = record
        self.name: str = record[f"{kind}Name"]
        self.arn: str = record[f"{kind}Arn"]
        self.role: str = role or record["RoleArn"]
        self.process = JobProcess()
        self._host = platform.current()
        self.folder = self._host.work_dir / "jobs" / self.name

    def client(self, service: str) -> Any:
        """A client that carries the job's role."""
        return self._host.client(service, self.role)

    def start(self, run: Callable[["Job"], None]) -> None:
        """Run the job on a thread of its own."""
        _running[self.arn] = self.process
        events.job(self.kind, self.record)
        self._host.background(f"job {self.name}", lambda: self._run(run))

    @contextlib.contextmanager
    def log_stream(self) -> Iterator[LogStream]:
        """The job's stream in CloudWatch Logs."""
        stream = LogStream(
            lambda: self.client("logs"),
            f"/aws/sagemaker/{self.kind}s",
            f"{self.name}/algo-1-{int(time.time())}",
            self._host.log_dir,
        )
        try:
            yield stream
        finally:
            stream.close()

    def measure(self, volume_gb: int) -> None:
        """Publish how full the job's disk is, under the names that CloudWatch knows a job's metrics by."""
        used = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        share = 100 * used / (volume_gb * 2**30)
        namespace, host = f"/aws/sagemaker/{self.kind}s", {"Host": f"{self.name}/algo-1"}
        duties.measure(self.role, namespace, host, {"DiskUtilization": share})

    def container(self) -> Container:
        """A fresh folder that stands for ``/opt/ml``."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return Container(self.folder / "ml", self._host.ml_python)

    def _run(self, run: Callable[["Job"], None]) -> None:
        status = f"{self.kind}Status"
        try:
            run(self)
        except (JobFailed, DataError) as exc:
            self.record |= {status: "Failed", "FailureReason": str(exc)[:1024]}
        except ServiceError as exc:
            self.record |= {status: "Failed", "FailureReason": f"ClientError: {exc.message}"[:1024]}
        except Exception as exc:
            _log.exception("%s %s", self.kind, self.name)
            self.record |= {status: "Failed", "FailureReason": f"InternalServerError: {exc}"[:1024]}
        finally:
            _running.pop(self.arn, None)
            shutil.rmtree(self.folder, ignore_errors=True)
            self.record["LastModifiedTime"] = now()
            events.job(self.kind, self.record)


def failure_reason(text: str, exit_code: int) -> str:
    """``AlgorithmError`` as AWS words it, with what the container left to say."""
    return f"AlgorithmError: {text[:900] or 'See job logs for more information'}, exit code: {exit_code}"


def request_stop(kind: str, name: str) -> Record:
    """Stop a running job, as ``Stop…Job`` does: the answer comes before the job has ended."""
    record = require(kind, name)
    status = f"{kind}Status"
    if record[status] not in ("InProgress", "Stopping"):
        raise invalid(
            f"The request was rejected because the {kind} is in status {record[status]} and cannot be stopped."
        )
    record[status] = "Stopping"
    process = _running.get(record[f"{kind}Arn"])
    if process is not None:
        platform.current().background(f"stop {name}", lambda: process.end("stop"))
    return record


def delete(kind: str, name: str) -> None:
    """Forget a job that has ended, as ``Delete…Job`` does; what it wrote stays.

    Raises
    ------
    ServiceError
        If there is no such job, or if it still runs.
    """
    record = require(kind, name)
    status = record[f"{kind}Status"]
    if status in ("InProgress", "Stopping"):
        raise in_use(f"The {kind} {name} is in status {status} and cannot be deleted before it has ended.")
    records.remove(kind, name)
    tags.forget(record[f"{kind}Arn"])


def stop_all() -> None:
    """End every job's process: the service is going away."""
    for process in list(_running.values()):
        process.end("stop")


def settle(kind: str) -> None:
    """Mark jobs that were running when the emulator stopped as failed: their processes are gone."""
    status = f"{kind}Status"
    for _, _, record in records.everywhere(kind):
        if record[status] in ("InProgress", "Stopping"):
            record |= {
                status: "Failed",
                "FailureReason": "InternalServerError: the laptop run was stopped while the job ran",
                "LastModifiedTime": now(),
            }
