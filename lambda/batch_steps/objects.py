"""The bucket of batches: what lies where, the state that callers are told, and texts longer than the memory."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

# S3 takes no part but the last below 5 MiB, and 10,000 parts.
PART_BYTES = 16 * 1024 * 1024
Client = Any
State = dict[str, Any]


class Written:
    """A text that becomes an object when all of it is written, in parts; an error leaves nothing behind."""

    def __init__(self, client: Client, bucket: str, key: str) -> None:
        self._client, self._place = client, {"Bucket": bucket, "Key": key}
        self._held: list[str] = []
        self._size = 0
        self._upload = ""
        self._parts: list[dict[str, Any]] = []

    def write(self, text: str) -> None:
        """Add to it."""
        self._held.append(text)
        self._size += len(text)
        if self._size >= PART_BYTES:
            self._send()

    def _send(self) -> None:
        if not self._upload:
            begun = self._client.create_multipart_upload(**self._place, ContentType="text/csv; charset=utf-8")
            self._upload = begun["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(**self._place, UploadId=self._upload, PartNumber=number, Body=self._taken())
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def _taken(self) -> bytes:
        body = "".join(self._held).encode()
        self._held, self._size = [], 0
        return body

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            return  # parts of what was not finished are the bucket's to forget
        if not self._upload:
            self._client.put_object(**self._place, Body=self._taken(), ContentType="text/csv; charset=utf-8")
            return
        self._send()
        self._client.complete_multipart_upload(
            **self._place, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )


class Batch:
    """One batch: its objects, and what is known of it."""

    def __init__(self, client: Client, bucket: str, identity: str) -> None:
        self.client, self.bucket, self.id = client, bucket, identity
        self.inputs, self.outputs = f"scoring/in/{identity}/", f"scoring/out/{identity}/"

    def uri(self, key: str) -> str:
        """The address of an object."""
        return f"s3://{self.bucket}/{key}"

    def state(self) -> State | None:
        """What callers are told; None when nobody asked for this batch."""
        # By a list, because reading what is not there is denied and not absent.
        if not self.client.list_objects_v2(Bucket=self.bucket, Prefix=self._state, MaxKeys=1).get("Contents"):
            return None
        found: State = json.load(self.client.get_object(Bucket=self.bucket, Key=self._state)["Body"])
        return found

    def tell(self, **news: Any) -> State:
        """Change what callers are told."""
        state = (self.state() or {}) | news
        self.put(self._state, json.dumps(state).encode(), "application/json")
        return state

    def fail(self, rule: str, remedy: str) -> None:
        """Tell callers why there will be no result, and what to do."""
        self.tell(status="failed", problem={"field": "", "rule": rule, "remedy": remedy})

    def claimed(self, execution: str) -> bool:
        """Take the batch for one execution of the machine: a second file under its name, or event of it, comes late."""
        key = f"taken/{self.id}"
        try:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=execution.encode(), IfNoneMatch="*")
        except self.client.exceptions.ClientError as exc:
            # 409: two at the same moment; one of them is told so.
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                raise
            body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            return body.decode() == execution
        return True

    def put(self, key: str, body: bytes, kind: str) -> None:
        """Write an object."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=kind)

    def written(self, name: str) -> Written:
        """Write a text for the caller, of any length."""
        return Written(self.client, self.bucket, f"results/{self.id}/{name}")

    @property
    def _state(self) -> str:
        return f"states/{self.id}.json"
