"""Batches: what the state machine calls, step by step: ``check`` the file, ``start`` the transform, ``look`` whether it
has ended, ``merge`` its answers into the result, and ``fail`` when a step could not do its work.

Each may be called twice with the same event and comes to the same.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import jobs
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from check import Check
from merge import Merge
from objects import Batch
from upload import Table

from contract.rules import BATCH_ID_PATTERN
from schema import SchemaError, load_schema

_CONFIG = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
# One request a file: the laptop's S3 knows no ranges of a version, and answers each with all of it.
_WHOLE = TransferConfig(multipart_threshold=1 << 40)
_s3 = boto3.client("s3", region_name=os.environ["AWS_REGION"], config=_CONFIG)
_sagemaker = boto3.client("sagemaker", region_name=os.environ["AWS_REGION"], config=_CONFIG)
_BUCKET, _NAME = os.environ["BATCHES_BUCKET"], os.environ["ENDPOINT_NAME"]
_LIMIT_S, _MAXIMUM_ROWS = int(os.environ["TIME_LIMIT_S"]), int(os.environ["MAXIMUM_ROWS"])
_MACHINE = {
    "InstanceType": os.environ["INSTANCE_TYPE"],
    "InstanceCount": int(os.environ["INSTANCE_COUNT"]),
    "VolumeKmsKeyId": os.environ["KEY"],
}
_upload_key = re.compile(rf"uploads/({BATCH_ID_PATTERN})\.csv").fullmatch
_schema = load_schema()
Json = dict[str, Any]


def handler(event: Json, _context: Any) -> Json:
    """Take the machine's next step; the answer's ``state`` says where it goes on."""
    return _STEPS[event["step"]](event)


def check(event: Json) -> Json:
    """Check the file that has arrived; one file is taken for a batch, and whatever comes after it is left alone."""
    told = event["event"]["detail"]["object"]
    found = _upload_key(told["key"])
    batch = Batch(_s3, _BUCKET, found[1]) if found else None
    state = batch.state() if batch else None
    if batch is None or state is None or not batch.claimed(event["execution"]):
        return {"state": "ignored"}
    batch.tell(status="checking", until=int(time.time()) + _LIMIT_S)
    file = {"key": told["key"], "version": _s3.head_object(Bucket=_BUCKET, Key=told["key"])["VersionId"]}
    try:
        with _downloaded(file) as path:
            found_out = Check(batch, _schema, maximum_rows=_MAXIMUM_ROWS).run(Table.of(path))
    except SchemaError as exc:  # its message never quotes the file
        rule, _, remedy = str(exc).rpartition("; ")
        batch.fail(rule, f"{remedy[:1].upper()}{remedy[1:]}.")
        return {"state": "refused", "id": batch.id}
    batch.tell(status="scoring", **{name: found_out[name] for name in ("rows_read", "rows_refused", "parts")})
    return {"state": "start" if found_out["parts"] else "merge", "id": batch.id, "file": file, "checked": found_out}


def start(event: Json) -> Json:
    """Start the transform with the live model; while the account has no machine for it, wait."""
    batch, known = _known(event)
    if _late(batch):
        return {**known, "state": "refused"}
    try:
        jobs.start(_sagemaker, batch, name=_NAME, machine=_MACHINE)
    except jobs.NoMachine:
        return {**known, "state": "busy"}
    except jobs.NoModel:
        batch.fail("no model is in service", "Send the file again when the model answers.")
        return {**known, "state": "refused"}
    return {**known, "state": "scoring"}


def look(event: Json) -> Json:
    """Tell whether the transform has ended."""
    batch, known = _known(event)
    status = jobs.status(_sagemaker, batch, name=_NAME)
    if status == jobs.DONE:
        return {**known, "state": "merge"}
    if status in jobs.ONGOING and not _late(batch):
        return {**known, "state": "scoring"}
    if status in jobs.ONGOING:
        jobs.stop(_sagemaker, batch, name=_NAME)
    else:
        batch.fail("could not be scored", "Send the file again; if it fails again, tell us the batch's id.")
    return {**known, "state": "refused"}


def merge(event: Json) -> Json:
    """Write the result and the report."""
    batch, known = _known(event)
    checked = event["batch"]["checked"]
    merged = Merge(batch)
    with _downloaded(event["batch"]["file"]) as path:
        merged.run(Table.of(path))
    report = {**checked, **merged.figures, "model": merged.model or None}
    del report["parts"]
    body = json.dumps({"id": batch.id, **report}, indent=2, ensure_ascii=False).encode()
    batch.put(f"results/{batch.id}/report.json", body, "application/json")
    batch.tell(status="done")
    return {**known, "state": "done"}


def fail(event: Json) -> Json:
    """Tell the caller that a step could not do its work; what happened is in the machine's log."""
    found = _upload_key(event["event"]["detail"]["object"]["key"])
    if found:
        rule, remedy = "could not be scored", "Send the file again; if it fails again, tell us the batch's id."
        Batch(_s3, _BUCKET, found[1]).fail(rule, remedy)
    return {"state": "failed"}


def _known(event: Json) -> tuple[Batch, Json]:
    known = event["batch"]
    return Batch(_s3, _BUCKET, known["id"]), known


def _late(batch: Batch) -> bool:
    """Give up a batch that takes too long, and say so."""
    state = batch.state() or {"until": 0}
    if time.time() <= state["until"]:
        return False
    batch.fail("took longer than it may", "Send the file again; if it happens again, send it in parts.")
    return True


@contextmanager
def _downloaded(file: Json) -> Iterator[Path]:
    """The file as it was when the batch was taken, whatever was sent under its name since."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        version = {"VersionId": file["version"]}
        _s3.download_file(_BUCKET, file["key"], str(path), ExtraArgs=version, Config=_WHOLE)
        yield path


_STEPS: dict[str, Callable[[Json], Json]] = {
    "check": check,
    "start": start,
    "look": look,
    "merge": merge,
    "fail": fail,
}
