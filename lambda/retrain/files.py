"""Files of raw data: dropped under ``raw/incoming/``, taken, and then accepted or set aside.

Taken files lie under ``raw/taken/`` by their time and their content's hash and are never written again, so that a
model's package can say for good what it learnt from. ``raw/accepted.json`` says which of them is the current one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

INCOMING, TAKEN, QUARANTINE, ACCEPTED = "raw/incoming/", "raw/taken/", "quarantine/", "raw/accepted.json"
_CHUNK_BYTES = 1 << 20
Client = Any
File = dict[str, str]


@dataclass(frozen=True)
class Dropped:
    """A file that waits under ``raw/incoming/``; `name` is its key below that."""

    key: str
    etag: str
    size: int
    at: datetime

    @property
    def name(self) -> str:
        """Its name as its owner knows it."""
        return self.key.removeprefix(INCOMING)

    @property
    def stamp(self) -> str:
        """When it came, in a form that sorts by time."""
        return self.at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


class Files:
    """The files of one data bucket.

    Parameters
    ----------
    maximum_bytes : int
        The largest file that is taken.
    """

    def __init__(self, client: Client, bucket: str, *, maximum_bytes: int) -> None:
        self._client, self._bucket, self.maximum_bytes = client, bucket, maximum_bytes

    def waiting(self) -> Iterator[Dropped]:
        """Go through the files that wait; what ends in a slash is a folder that somebody made in the console."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=INCOMING):
            for one in page.get("Contents", []):
                if not one["Key"].endswith("/"):
                    yield Dropped(one["Key"], one["ETag"].strip('"'), one["Size"], one["LastModified"])

    def dropped(self, told: dict[str, Any]) -> Dropped | None:
        """Find the file that an event tells of; None when it is gone, or another has its name."""
        for one in self.waiting():
            if (one.key, one.etag) == (told["key"], told["etag"].strip('"')):
                return one
        return None

    def newer_than(self, dropped: Dropped) -> str | None:
        """Name a newer file that waits or was accepted; of two of one second, the later name is the newer."""
        newest = max([dropped, *self.waiting()], key=lambda one: (one.at, one.key))
        if newest.key != dropped.key:
            return newest.name
        accepted = self.accepted()
        return accepted["name"] if accepted and accepted["dropped_at"] > dropped.stamp else None

    def too_large(self, dropped: Dropped) -> str:
        """Say that a file is larger than the settings allow."""
        return (
            f"{dropped.name} has {dropped.size:,} bytes, and {self.maximum_bytes:,} are the limit "
            "(retraining.maximum_file_mb). Give less history, or raise the limit and deploy."
        )

    def take(self, dropped: Dropped) -> File:
        """Copy a file to where it stays, under a name that tells its content."""
        body = self._client.get_object(Bucket=self._bucket, Key=dropped.key, IfMatch=f'"{dropped.etag}"')["Body"]
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(_CHUNK_BYTES):
            digest.update(chunk)
        key = f"{TAKEN}{dropped.stamp}-{digest.hexdigest()[:12]}.csv"
        self._copy(dropped.key, key, etag=dropped.etag)
        return {
            "key": key,
            "uri": f"s3://{self._bucket}/{key}",
            "name": dropped.name,
            "stamp": dropped.stamp,
            "sha256": digest.hexdigest(),
            "incoming": dropped.key,
            "etag": dropped.etag,
        }

    def clear(self, file: File) -> None:
        """Delete a file from where it was dropped, unless a newer one has come there under its name."""
        self._delete_if(file["incoming"], file["etag"])

    def accepted(self) -> File | None:
        """Give the latest file that kept every rule; None before the first, when a deployment's own data count.

        This is the one place that knows. It asks by a list, because reading what is not there is denied and not absent.
        """
        listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=ACCEPTED, MaxKeys=1)
        if not listed.get("Contents"):
            return None
        found: File = json.load(self._client.get_object(Bucket=self._bucket, Key=ACCEPTED)["Body"])
        return found

    def accept(self, file: File, *, run: str) -> None:
        """Make a taken file the current raw data."""
        kept = {name: file[name] for name in ("key", "uri", "name", "sha256")}
        self._write(ACCEPTED, {**kept, "dropped_at": file["stamp"], "run": run})

    def set_aside(self, dropped: Dropped, *, reasons: str) -> str:
        """Move a file that is not to be used to the quarantine, with the reasons; give the folder's address."""
        place = f"{QUARANTINE}{dropped.stamp}-{dropped.name}/"
        self._copy(dropped.key, place + _last(dropped.name), etag=dropped.etag)
        self._write(place + "reasons.json", {"file": dropped.name, "reasons": _lines(reasons)})
        self._delete_if(dropped.key, dropped.etag)
        return f"s3://{self._bucket}/{place}"

    def set_aside_taken(self, file: File, *, reasons: str, run: str, job: str) -> str:
        """Move a file that a run could not use to the quarantine, with the reasons; give the folder's address."""
        place = f"{QUARANTINE}{file['stamp']}-{file['name']}/"
        self._copy(file["key"], place + _last(file["name"]))
        about = {"file": file["name"], "sha256": file["sha256"], "run": run, "job": job}
        self._write(place + "reasons.json", {**about, "reasons": _lines(reasons)})
        self._client.delete_object(Bucket=self._bucket, Key=file["key"])
        return f"s3://{self._bucket}/{place}"

    def _copy(self, key: str, to: str, *, etag: str = "") -> None:
        """Copy an object as it was when it was looked at. Tags stay behind: carrying them takes permissions more."""
        condition = {"CopySourceIfMatch": f'"{etag}"'} if etag else {}
        source = {"Bucket": self._bucket, "Key": key}
        self._client.copy_object(
            Bucket=self._bucket, Key=to, CopySource=source, TaggingDirective="REPLACE", **condition
        )

    def _write(self, key: str, document: dict[str, Any]) -> None:
        body = json.dumps(document, indent=2, ensure_ascii=False).encode()
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def _delete_if(self, key: str, etag: str) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket, Key=key, IfMatch=f'"{etag}"')
        except self._client.exceptions.ClientError as exc:
            # Another file has come under this name, which has an event of its own; or this one is gone already.
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] not in (404, 409, 412):
                raise


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _lines(reasons: str) -> list[str]:
    return [line.strip() for line in reasons.splitlines() if line.strip()]
