"""Data capture: requests and answers of an endpoint, written to S3 as SageMaker writes them.

One JSON document a line, in files by the hour:
``<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<mm-ss-mmm>-<id>.jsonl``.
Only what the model answered with success is kept.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import base64
import datetime
import json
import logging
import queue
import random
import threading
import time
import uuid
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker import models, platform
from local.sagemaker.jobs.s3 import split
from local.sagemaker.store import Record

_log = logging.getLogger("sagemaker.capture")
# AWS gathers for up to minutes; whoever waits on a laptop should not.
_PAUSE_S = 1.0
_WORDS = {"Input": ("endpointInput", "INPUT"), "Output": ("endpointOutput", "OUTPUT")}
Side = tuple[str, bytes]


class Capture:
    """Gathers captured requests and writes them about once a second, as the model's role.

    Parameters
    ----------
    endpoint
        The endpoint's name.
    config
        ``DataCaptureConfig``; empty captures nothing.
    role
        The role that writes: the model's.
    """

    def __init__(self, endpoint: str, config: Record, role: str | None) -> None:
        self.enabled = bool(config) and config.get("EnableCapture", True)
        if not self.enabled:
            return
        self._config = config
        self._share = config["InitialSamplingPercentage"] / 100
        self._modes = [one["CaptureMode"] for one in config["CaptureOptions"]]
        kinds = config.get("CaptureContentTypeHeader", {})
        self._encodings = {_media(kind): "JSON" for kind in kinds.get("JsonContentTypes", [])}
        self._encodings |= {_media(kind): "CSV" for kind in kinds.get("CsvContentTypes", [])}
        self._bucket, prefix = split(config["DestinationS3Uri"])
        self._prefix = "/".join(part for part in (prefix.rstrip("/"), endpoint) if part)
        host = platform.current()
        self._client = host.client("s3", role)
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self._closed = threading.Event()
        host.background(f"capture {endpoint}", self._write)

    @classmethod
    def of(cls, endpoint: str, config: Record) -> "Capture":
        """The capture that an endpoint configuration asks for."""
        model = models.require("Model", config["ProductionVariants"][0]["ModelName"])
        return cls(endpoint, config.get("DataCaptureConfig", {}), model.get("ExecutionRoleArn"))

    def put(self, variant: str, asked: Side, answered: Side, inference_id: str | None) -> None:
        """Keep a request and its answer, content type and body each, if the sampling picks it."""
        # A sample, and no secret.
        if not self.enabled or random.random() >= self._share:  # noqa: S311
            return
        now = datetime.datetime.now(datetime.UTC)
        sides = {"Input": asked, "Output": answered}
        document = {
            "captureData": {_WORDS[mode][0]: self._side(mode, *sides[mode]) for mode in self._modes},
            "eventMetadata": {
                "eventId": str(uuid.uuid4()),
                **({"inferenceId": inference_id} if inference_id else {}),
                "inferenceTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "eventVersion": "0",
        }
        folder = f"{self._prefix}/{variant}/{now:%Y/%m/%d/%H}"
        self._waiting.put((folder, json.dumps(document, separators=(",", ":"))))

    def _side(self, mode: str, kind: str, body: bytes) -> dict[str, str]:
        encoding = self._encodings.get(_media(kind), "BASE64")
        data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8", "replace")
        return {"observedContentType": kind, "mode": _WORDS[mode][1], "data": data, "encoding": encoding}

    def _write(self) -> None:
        while True:
            gathered: dict[str, list[str]] = {}
            ended = self._gather(gathered)
            for folder, lines in gathered.items():
                self._upload(folder, lines)
            if ended:
                self._closed.set()
                return
            time.sleep(_PAUSE_S)

    def _gather(self, into: dict[str, list[str]]) -> bool:
        """Take what waits; whether that was the end."""
        item = self._waiting.get()
        while item is not None:
            folder, line = item
            into.setdefault(folder, []).append(line)
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return False
        return True

    def _upload(self, folder: str, lines: list[str]) -> None:
        now = datetime.datetime.now(datetime.UTC)
        key = f"{folder}/{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        encryption: dict[str, Any] = {}
        if self._config.get("KmsKeyId"):
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._config["KmsKeyId"]}
        body = "".join(f"{line}\n" for line in lines).encode()
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, **encryption)
        except (ClientError, BotoCoreError) as exc:
            # As on AWS: the answers go out, and nothing is captured.
            _log.warning("nothing captured at s3://%s/%s: %s", self._bucket, key, exc)

    def close(self) -> None:
        """Write what waits, and end."""
        if self.enabled and not self._closed.is_set():
            self._waiting.put(None)
            self._closed.wait(5)


def _media(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()
