"""The functions of batches as Lambda loads them, over a bucket in memory; the deployed system has the real one."""

import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from contract.rules import CSV_COLUMNS
from schema import load_examples, load_schema
from stacks.components.bundles import bundle
from stacks.components.model_report import SHARED
from tests.unit.functions import LAMBDA, loaded

BUCKET = "batches"
SCHEMA = load_schema()
NAMES = [attribute.name for attribute in SCHEMA.inputs]
LOYAL, AT_RISK = (load_examples()[name] for name in ("loyal", "at_risk"))
ANSWER = CSV_COLUMNS[1:]


def cells(customer: dict[str, Any]) -> list[str]:
    """A customer as cells of a CSV row."""
    return [str(customer[name]).lower() if customer[name] in (True, False) else str(customer[name]) for name in NAMES]


class Bucket:
    """A bucket with versions, conditional writes and uploads in parts, as far as the functions use them."""

    class exceptions:
        ClientError = ClientError

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.versions: dict[tuple[str, str], bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, IfNoneMatch: str = "", **_: Any) -> dict[str, str]:
        if IfNoneMatch and Key in self.objects:
            failed = {"Error": {"Code": "PreconditionFailed"}, "ResponseMetadata": {"HTTPStatusCode": 412}}
            raise ClientError(failed, "PutObject")  # type: ignore[arg-type]
        version = uuid.uuid4().hex
        self.objects[Key] = self.versions[Key, version] = Body
        return {"VersionId": version}

    def get_object(self, *, Bucket: str, Key: str, Range: str = "") -> dict[str, Any]:
        body = whole = self.objects[Key]
        told = {}
        if Range:
            first, last = map(int, Range.removeprefix("bytes=").split("-"))
            body = whole[first : last + 1]
            told = {"ContentRange": f"bytes {first}-{first + len(body) - 1}/{len(whole)}"}
        return {"Body": StreamingBody(io.BytesIO(body), len(body)), **told}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, str]:
        (found,) = [v for k, v in list(self.versions)[::-1] if k == Key][:1]
        return {"VersionId": found}

    def list_objects_v2(self, *, Bucket: str, Prefix: str, **_: Any) -> dict[str, Any]:
        found = [{"Key": key} for key in sorted(self.objects) if key.startswith(Prefix)]
        return {"KeyCount": len(found), **({"Contents": found} if found else {})}

    def download_file(self, bucket: str, key: str, path: str, *, ExtraArgs: dict[str, str], **_: Any) -> None:
        Path(path).write_bytes(self.versions[key, ExtraArgs["VersionId"]])

    def create_multipart_upload(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, str]:
        self.parts[Key] = {}
        return {"UploadId": Key}

    def upload_part(self, *, Bucket: str, Key: str, UploadId: str, PartNumber: int, Body: bytes) -> dict[str, str]:
        self.parts[UploadId][PartNumber] = Body
        return {"ETag": str(PartNumber)}

    def complete_multipart_upload(self, *, Bucket: str, Key: str, UploadId: str, MultipartUpload: Any) -> None:
        numbers = [part["PartNumber"] for part in MultipartUpload["Parts"]]
        self.objects[Key] = b"".join(self.parts[UploadId][number] for number in numbers)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The function of the state machine."""
    variables = {
        "BATCHES_BUCKET": BUCKET,
        "ENDPOINT_NAME": "churn-test",
        "KEY": "arn:aws:kms:eu-west-1:111122223333:key/1",
        "INSTANCE_TYPE": "ml.m5.large",
        "INSTANCE_COUNT": "1",
        "MAXIMUM_ROWS": "2000",
        "TIME_LIMIT_S": "900",
    }
    with loaded("batch_steps", monkeypatch, **variables) as module:
        monkeypatch.setattr(module, "_s3", Bucket())
        yield module


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The function behind the addresses."""
    variables = {
        "BATCHES_BUCKET": BUCKET,
        "ENDPOINT_NAME": "churn-test",
        "MAXIMUM_FILE_MB": "2",
        "UPLOAD_S": "900",
        "LINK_S": "600",
        "KEPT_S": "604800",
    }
    folder = bundle({".": LAMBDA / "batches", **SHARED})
    with loaded("batches", monkeypatch, folder=folder, **variables) as module:
        yield module
