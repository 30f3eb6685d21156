"""A platform of plain files and threads: the SageMaker service without the emulator."""

import contextlib
import io
import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.sagemaker import operations, platform, service
from local.sagemaker.errors import ServiceError
from local.sagemaker.hosting import capture, measurements
from local.sagemaker.store import records

ROLE = "arn:aws:iam::111122223333:role/jobs"


class FakeS3:
    """Buckets in memory, with the calls that the service makes."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.keys_used: dict[tuple[str, str], str | None] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: Any, **extra: Any) -> None:
        self.objects[Bucket, Key] = Body if isinstance(Body, bytes) else Body.read()
        self.keys_used[Bucket, Key] = extra.get("SSEKMSKeyId")

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) not in self.objects:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        key = self.keys_used.get((Bucket, Key))
        return {"SSEKMSKeyId": key} if key else {}

    def download_file(self, bucket: str, key: str, target: str) -> None:
        Path(target).write_bytes(self.get_object(Bucket=bucket, Key=key)["Body"].read())

    def get_paginator(self, _name: str) -> "FakeS3":
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        found = [{"Key": k} for b, k in sorted(self.objects) if b == Bucket and k.startswith(Prefix)]
        return [{"Contents": found}]


class FakeLogs:
    """Log groups in memory."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], list[str]] = {}

    class exceptions:
        class ResourceAlreadyExistsException(Exception): ...

    def create_log_group(self, **_: Any) -> None:
        return

    def describe_log_streams(self, *, logGroupName: str, logStreamNamePrefix: str) -> dict[str, Any]:
        found = [s for g, s in self.lines if g == logGroupName and s.startswith(logStreamNamePrefix)]
        return {"logStreams": [{"logStreamName": stream} for stream in found]}

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:
        self.lines.setdefault((logGroupName, logStreamName), [])

    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: list[dict[str, Any]]) -> None:
        self.lines[logGroupName, logStreamName] += [event["message"] for event in logEvents]


class Direct:
    """A SageMaker client that calls the operations directly, with a role's permissions on top."""

    def __init__(self, host: "TestPlatform") -> None:
        self._host = host

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        name = "".join(word.capitalize() for word in method.split("_"))

        def call(**arguments: Any) -> dict[str, Any]:
            if name in self._host.forbidden:
                message = f"User: test is not authorized to perform: sagemaker:{name}"
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, name)
            try:
                return operations.call(name, arguments)
            except ServiceError as exc:
                raise ClientError({"Error": {"Code": exc.code, "Message": exc.message}}, name) from exc

        return call


class TestPlatform:
    """See :class:`local.sagemaker.platform.Platform`."""

    __test__ = False

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir
        self.log_dir: Path | None = work_dir / "logs"
        self.ml_python = sys.executable
        self.s3 = FakeS3()
        self.logs = FakeLogs()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.resources: list[list[str]] = []
        self.threads: list[threading.Thread] = []
        self.forbidden: set[str] = set()
        self.checked: list[tuple[str, str]] = []
        self.metrics: list[dict[str, Any]] = []
        self.ringing: set[str] = set()
        self.contexts: list[dict[str, Any]] = []
        self.identity: dict[str, str] = {}
        self.functions: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.events_of_functions: list[dict[str, Any]] = []

    def account_id(self) -> str:
        return "111122223333"

    def region(self) -> str:
        return "eu-west-1"

    def client(self, service: str, role_arn: str | None = None) -> Any:
        return {"s3": self.s3, "logs": self.logs, "sagemaker": Direct(self), "cloudwatch": self, "lambda": self}[
            service
        ]

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        """Call a function of the test, as Lambda does: its exception is an answer, a permission's lack is none."""
        event = json.loads(Payload)
        self.events_of_functions.append(event)
        try:
            answer = self.functions[FunctionName.rsplit(":", 1)[-1]](event)
        except PermissionError as exc:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": str(exc)}}, "Invoke") from exc
        except Exception as exc:
            body = json.dumps({"errorMessage": str(exc)}).encode()
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(body)}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}

    def put_metric_data(self, **metric: Any) -> None:
        self.metrics.append(metric)

    def describe_alarms(self, *, AlarmNames: list[str], **_: Any) -> dict[str, Any]:
        """The alarms that are in the state that is asked for: those that the test rings."""
        return {"MetricAlarms": [{"AlarmName": name} for name in AlarmNames if name in self.ringing]}

    def background(self, name: str, function: Callable[[], None]) -> None:
        thread = threading.Thread(target=function, name=name, daemon=True)
        self.threads.append(thread)
        thread.start()

    def authorize(self, action: str, resource: str, context: dict[str, Any], role_arn: str | None = None) -> None:
        self.checked.append((action, resource))
        self.contexts.append(context)
        if action in self.forbidden:
            raise ServiceError("AccessDeniedException", f"not authorized to perform: {action}")

    def caller(self) -> dict[str, str]:
        return self.identity

    def scope(self, account: str, region: str) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def event(self, kind: str, detail: dict[str, Any], resources: list[str]) -> None:
        self.events.append((kind, detail))
        self.resources.append(resources)

    def wait(self, timeout_s: float = 300) -> None:
        """Wait for all threads, those started meanwhile included; who watches over an endpoint does so to its end."""
        while pending := [t for t in self.threads if t.is_alive() and not t.name.startswith("health ")]:
            pending[0].join(timeout_s)
            assert not pending[0].is_alive(), f"{pending[0].name} does not end"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestPlatform]:
    """The installed platform; the service starts empty and leaves no process behind."""
    for module in (capture, measurements):
        monkeypatch.setattr(module, "_PAUSE_S", 0.05)
    with platform.installed(TestPlatform(tmp_path)) as fake:
        assert isinstance(fake, TestPlatform)
        records.clear()
        yield fake
        service.stop()
        fake.wait()
        records.clear()


@pytest.fixture
def group(host: TestPlatform) -> TestPlatform:
    """A host with an empty package group."""
    operations.call("CreateModelPackageGroup", {"ModelPackageGroupName": "churn"})
    return host


def processing_request(command: list[str], name: str = "job", **more: Any) -> dict[str, Any]:
    """A CreateProcessingJob request that runs a command."""
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": command},
        **more,
    }


def training_request(command: list[str], name: str = "job", **more: Any) -> dict[str, Any]:
    """A CreateTrainingJob request that runs a command."""
    algorithm = {"TrainingImage": "image", "TrainingInputMode": "File", "ContainerEntrypoint": command}
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": algorithm | more.pop("algorithm", {}),
        "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def python(code: str) -> list[str]:
    """A container entry point that runs a piece of Python, in which ``/opt/ml`` means the container's.

    The API allows 256 characters a word, so the code is a file.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as script:
        script.write(f"import os; exec({code!r}.replace('/opt/ml', os.environ['SAGEMAKER_BASE_DIR']))")
    return ["python3", script.name]
