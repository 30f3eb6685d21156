"""One variant of an endpoint: its folder, its process, its log stream."""

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
from local.sagemaker.models import require
from local.sagemaker.naming import identifier

_SERVER = Path(__file__).with_name("serve.py")
_POLL_S = 0.05
# AWS waits as long as ContainerStartupHealthCheckTimeoutInSeconds says; this when it says nothing.
_START_LIMIT_S = 240


class NotHealthy(Exception):
    """The container did not answer ``/ping``; the message is the endpoint's failure reason."""


class Variant:
    """A running container of an endpoint.

    Parameters
    ----------
    endpoint
        The endpoint's name, for its log group.
    production
        The ProductionVariant of the endpoint configuration.
    config
        The endpoint configuration, whose keys are of the disks and of what is captured.
    """

    def __init__(self, endpoint: str, production: dict[str, Any], config: dict[str, Any]) -> None:
        self.name: str = production["VariantName"]
        self.weight: float = production.get("InitialVariantWeight", 1.0)
        self.port = 0
        self._production = production
        self._endpoint = endpoint
        self._volume_key: str | None = config.get("KmsKeyId")
        self._capture_key: str | None = config.get("DataCaptureConfig", {}).get("KmsKeyId")
        self._host = platform.current()
        instance = f"{self.name}/i-{identifier(17)}"
        self.model = require("Model", production["ModelName"])
        role = self._role = self.model.get("ExecutionRoleArn")
        self._folder = self._host.work_dir / "endpoints" / f"{endpoint}-{identifier(8)}"
        self._log = LogStream(
            lambda: self._host.client("logs", role),
            f"/aws/sagemaker/Endpoints/{endpoint}",
            instance,
            self._host.log_dir,
        )
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Fetch the artifact, start the process, and wait until it answers ``/ping``.

        Raises
        ------
        NotHealthy
            When it does not, in time.
        """
        definition = models.containers(self.model)[0]
        container = Container(self._folder / "ml", self._host.ml_python)
        self._prepare(definition)
        self._fetch(definition, container)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        region = self._host.region()
        environment = container.environment(
            definition.get("Environment", {}), {"AWS_REGION": region, "SAGEMAKER_MULTI_MODEL": "false"}
        )
        self._process = processes.start(
            [self._host.ml_python, "-P", str(_SERVER), str(self.port)],
            env=environment,
            cwd=container.base,
            output=subprocess.PIPE,
            grace_s=2,
        )
        pump(processes.lines(self._process), self._log.put)
        limit = self._production.get("ContainerStartupHealthCheckTimeoutInSeconds", _START_LIMIT_S)
        self._await_ping(limit)
        self._measure()

    def _prepare(self, definition: dict[str, Any]) -> None:
        if not self._role:
            return
        image, vpc = definition.get("Image", ""), self.model.get("VpcConfig")
        try:
            keys = {"volume_key": self._volume_key, "output_key": self._capture_key}
            duties.prepare(self._role, image=image, vpc=vpc, **keys)
        except ServiceError as exc:
            raise NotHealthy(exc.message) from exc

    def _measure(self) -> None:
        """Publish how full the disk is: here the folder, as a share of the disk that holds it."""
        if not self._role:
            return
        used = sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())
        share = 100 * used / shutil.disk_usage(self._folder).total
        of = {"EndpointName": self._endpoint, "VariantName": self.name}
        duties.measure(self._role, "/aws/sagemaker/Endpoints", of, {"DiskUtilization": share})

    def _fetch(self, definition: dict[str, Any], container: Container) -> None:
        client = self._host.client("s3", self._role)
        url = definition.get("ModelDataUrl")
        source = definition.get("ModelDataSource", {}).get("S3DataSource")
        try:
            if url or (source and source["CompressionType"] == "Gzip"):
                archive = self._folder / "model.tar.gz"
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
            f"The primary container for production variant {self.name} did not pass the ping health "
            "check. Please check CloudWatch logs for this endpoint."
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
        shutil.rmtree(self._folder, ignore_errors=True)
