"""A model's container, serving: its folder, its process, its log stream; behind an endpoint or in a batch transform."""

import http.client
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from local import processes
from local.sagemaker import duties, models, platform
from local.sagemaker.errors import ServiceError
from local.sagemaker.jobs import s3
from local.sagemaker.jobs.container import Container
from local.sagemaker.jobs.logs import LogStream, pump
from local.sagemaker.store import Record

_SERVER = Path(__file__).with_name("serve.py")
_POLL_S = 0.05
# AWS waits as long as ContainerStartupHealthCheckTimeoutInSeconds says; this when it says nothing.
START_LIMIT_S = 240


class NotHealthy(Exception):
    """The container did not answer ``/ping``; the message is the failure reason."""


class Served:
    """A running container of a model.

    Attributes
    ----------
    called, of
        What failure reasons say of it.

    Parameters
    ----------
    model
        The model's record.
    folder
        Where it lives, below the run's folder; removed when it ends.
    log_group, log_stream
        Where its output goes.
    keys
        ``volume_key`` and ``output_key``, of its disk and of what is written for it.
    told
        Environment variables that SageMaker sets, beside the region.
    """

    called, of = "the model", "job"

    def __init__(
        self,
        model: Record,
        *,
        folder: str,
        log_group: str,
        log_stream: str,
        keys: dict[str, str | None],
        told: dict[str, str],
    ) -> None:
        self.model = model
        self.port = 0
        self.role: str | None = model.get("ExecutionRoleArn")
        self._keys, self._told = keys, told
        self._host = platform.current()
        self.folder = self._host.work_dir / folder
        self._log = LogStream(lambda: self._host.client("logs", self.role), log_group, log_stream, self._host.log_dir)
        self._process: subprocess.Popen[str] | None = None

    def start(self, limit_s: float = START_LIMIT_S) -> None:
        """Fetch the artifact, start the process, and wait until it answers ``/ping``.

        Raises
        ------
        NotHealthy
            When it does not, in time.
        """
        definition = models.containers(self.model)[0]
        container = Container(self.folder / "ml", self._host.ml_python)
        self._prepare(definition)
        self._fetch(definition, container)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        told = {"AWS_REGION": self._host.region(), **self._told}
        environment = container.environment(definition.get("Environment", {}), told)
        self._process = processes.start(
            [self._host.ml_python, "-P", str(_SERVER), str(self.port)],
            env=environment,
            cwd=container.base,
            output=subprocess.PIPE,
            grace_s=2,
        )
        pump(processes.lines(self._process), self._log.put)
        self._await_ping(limit_s)

    def _prepare(self, definition: dict[str, Any]) -> None:
        if not self.role:
            return
        image, vpc = definition.get("Image", ""), self.model.get("VpcConfig")
        try:
            duties.prepare(self.role, image=image, vpc=vpc, **self._keys)
        except ServiceError as exc:
            raise NotHealthy(exc.message) from exc

    def _fetch(self, definition: dict[str, Any], container: Container) -> None:
        client = self._host.client("s3", self.role)
        url = definition.get("ModelDataUrl")
        source = definition.get("ModelDataSource", {}).get("S3DataSource")
        try:
            if url or (source and source["CompressionType"] == "Gzip"):
                archive = self.folder / "model.tar.gz"
                s3.download_file(client, url or source["S3Uri"], archive)
                s3.unpack(archive, container.base / "model")
            elif source:
                s3.download(client, source["S3Uri"], container.base / "model")
        except s3.DataError as exc:
            raise NotHealthy(
                f"Failed to download model data for container from URL: {url or source}. Please ensure "
                f"that there is an object located at the URL and that the role passed to CreateModel has "
                f"permissions to download the model. {exc}"
            ) from exc

    def _await_ping(self, limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if self._ping():
                return
            time.sleep(_POLL_S)
        self.stop()
        raise NotHealthy(
            f"The primary container for {self.called} did not pass the ping health check. Please check CloudWatch logs "
            f"for this {self.of}."
        )

    def _ping(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> None:
        """Wait until the process has ended, however it ends."""
        if self._process is not None:
            self._process.wait()

    def invoke(self, body: bytes, headers: dict[str, str], timeout_s: float) -> tuple[int, str, bytes]:
        """Send a request to the container.

        Returns
        -------
        tuple of (int, str, bytes)
            Status, content type and body of its answer.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request("POST", "/invocations", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            connection.close()

    def stop(self) -> None:
        """End the process and remove its folder."""
        if self._process is not None:
            processes.stop(self._process, 10)
        self._log.close(2)
        shutil.rmtree(self.folder, ignore_errors=True)
