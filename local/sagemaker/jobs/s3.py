"""Moving data between S3 and a job's folder, as the job's role."""

import contextlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from local.sagemaker.errors import ServiceError


class DataError(Exception):
    """A download or upload failed; the message is the job's failure reason in AWS's words."""


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key`` or of an S3 web address."""
    parts = urlparse(uri)
    if parts.scheme == "s3":
        return parts.netloc, parts.path.lstrip("/")
    bucket, _, key = parts.path.lstrip("/").partition("/")
    return bucket, key


@contextlib.contextmanager
def _downloading() -> Iterator[None]:
    """Let a refusal of S3 be the job's reason."""
    try:
        yield
    except (ClientError, ServiceError) as exc:
        raise DataError(f"ClientError: Data download failed:{exc}") from exc


def _relative(key: str, prefix: str) -> str:
    """Where an object lands below the folder, by SageMaker's reading of an S3 prefix.

    The object itself keeps its file name; below a "folder" the path stays; a prefix that ends inside a
    file name keeps that name.
    """
    if key == prefix:
        return key.rsplit("/", 1)[-1]
    if prefix == "" or prefix.endswith("/") or key[len(prefix)] == "/":
        return key[len(prefix) :].lstrip("/")
    return key[len(prefix.rpartition("/")[0]) :].lstrip("/")


def download(s3: Any, uri: str, folder: Path, *, required: bool = True) -> int:
    """Fetch all objects under a prefix.

    Returns
    -------
    int
        How many files arrived.

    Raises
    ------
    DataError
        When the role may not read them, or there are none and some are required.
    """
    count = 0
    for found, relative in listed(s3, uri):
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        download_file(s3, found, target)
        count += 1
    if required and not count:
        raise DataError(f"ClientError: Data download failed:S3 key: {uri} matched no files on s3")
    return count


def listed(s3: Any, uri: str) -> Iterator[tuple[str, str]]:
    """Go through the objects under a prefix, each with the name that it gets below a folder.

    Raises
    ------
    DataError
        When the role may not list them.
    """
    bucket, prefix = split(uri)
    with _downloading():
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                if not found["Key"].endswith("/"):
                    yield f"s3://{bucket}/{found['Key']}", _relative(found["Key"], prefix)


def read(s3: Any, uri: str) -> bytes:
    """Read one object.

    Raises
    ------
    DataError
        When the role may not read it or it is not there.
    """
    bucket, key = split(uri)
    with _downloading():
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def download_listed(s3: Any, uri: str, folder: Path) -> None:
    """Fetch the objects that a manifest lists: a prefix that all share, and what follows it, which is where each lands.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html describes the form.

    Raises
    ------
    DataError
        When it is no manifest, or an object is not there or may not be read.
    """
    manifest = read(s3, uri)
    try:
        head, *names = json.loads(manifest)
        source, prefix = split(head["prefix"])
        if not all(isinstance(name, str) and ".." not in name.split("/") for name in names):
            raise ValueError("names of objects must be texts below the prefix")
    except (ValueError, TypeError, KeyError) as exc:
        raise DataError(f"ClientError: Data download failed: {uri} is not a valid manifest file: {exc}") from exc
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        download_file(s3, f"s3://{source}/{prefix}{name}", target)


def download_file(s3: Any, uri: str, target: Path) -> None:
    """Fetch one object: no list is read, so the role needs no permission to list.

    Raises
    ------
    DataError
        When the role may not read it or it is not there.
    """
    bucket, key = split(uri)
    with _downloading():
        s3.download_file(bucket, key, str(target))


def key_of(s3: Any, bucket: str, key: str) -> str | None:
    """The KMS key of an object; None when it has none or is not there."""
    try:
        answer = s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return None
    found: str | None = answer.get("SSEKMSKeyId")
    return found


def upload_folder(s3: Any, folder: Path, uri: str, kms_key: str | None) -> None:
    """Put every file of a folder below an S3 prefix."""
    bucket, prefix = split(uri)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        key = f"{prefix.rstrip('/')}/{path.relative_to(folder).as_posix()}".lstrip("/")
        upload_file(s3, path, bucket, key, kms_key)


def upload_file(s3: Any, path: Path, bucket: str, key: str, kms_key: str | None) -> None:
    """Put one file, encrypted with the key that the job names."""
    with path.open("rb") as body:
        upload(s3, body, bucket, key, kms_key)


def upload(s3: Any, body: BinaryIO | bytes, bucket: str, key: str, kms_key: str | None) -> None:
    """Put one object, encrypted with the key that the job names."""
    extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, **extra)
    except (ClientError, ServiceError) as exc:
        raise DataError(f"ClientError: Data upload failed:{exc}") from exc


def pack(folder: Path, archive: Path) -> None:
    """Pack what is in a folder (not the folder itself) as SageMaker packs a model."""
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive, refusing members that would leave the folder (from Python 3.11.4 on, which has filters)."""
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(folder)  # noqa: S202 - filtered above
