"""Before the job: the model in production, and which captured requests and label files there are to look at.

The job is isolated and cannot ask; a definition cannot list what lies in a bucket, and an input that matches no object
fails a job. So everything is named in a manifest, which holds at least the note about the period.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import champion

Client = Any
HOUR = timedelta(hours=1)


class Place(NamedTuple):
    """The endpoint, the bucket, and its prefixes, each with a slash at its end."""

    endpoint_name: str
    bucket: str
    captures: str
    labels: str
    runs: str
    quarantine: str


class NothingLive(Exception):
    """The endpoint serves no model that was registered with a baseline; the message says what it serves."""


def look(
    sagemaker: Client, s3: Client, place: Place, *, run: str, now: datetime, hours: int, labels_days: int
) -> dict[str, str]:
    """Write down what the job is to look at, and answer where that, the model and its evaluation lie."""
    found = champion.find(sagemaker, place.endpoint_name)
    if found.package is None:
        raise NothingLive(f"There is nothing to compare with: {found.told}.")
    baselines = found.package.get("DriftCheckBaselines", {}).get("ModelDataQuality", {})
    if "Statistics" not in baselines:
        raise NothingLive(f"{found.told} was registered without a baseline.")
    since = now - timedelta(hours=hours)
    made = found.package["CreationTime"]
    labels = list(_labels(s3, place, since=max(made, now - timedelta(days=labels_days))))
    period = {
        "from": since.isoformat(),
        "to": now.isoformat(),
        "package": found.told,
        "labels": [key.removeprefix(place.labels) for key in labels],
    }
    folder = f"{place.runs}{run}/"
    note = f"{folder}period.json"
    s3.put_object(Bucket=place.bucket, Key=note, Body=json.dumps(period, indent=2).encode())
    keys = [note, *_captures(s3, place, since=since, until=now), *labels]
    manifest = [{"prefix": f"s3://{place.bucket}/"}, *keys]
    s3.put_object(Bucket=place.bucket, Key=f"{folder}inputs.manifest", Body=json.dumps(manifest).encode())
    return {
        "ModelUri": found.uri,
        # The folder: beside the baseline lie the evaluation and its predictions.
        "EvaluationUri": baselines["Statistics"]["S3Uri"].rpartition("/")[0] + "/",
        "WatchedUri": f"s3://{place.bucket}/{folder}inputs.manifest",
    }


def _captures(s3: Client, place: Place, *, since: datetime, until: datetime) -> Iterator[str]:
    """Give the capture files of the hours that the period touches: ``<prefix>2026/03/01/17/<name>.jsonl``."""
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= until:
        for one in _listed(s3, place.bucket, f"{place.captures}{day:%Y/%m/%d}/"):
            hour = one["Key"].removeprefix(place.captures).rpartition("/")[0]
            begins = datetime.strptime(hour, "%Y/%m/%d/%H").replace(tzinfo=UTC)
            if since - HOUR < begins <= until:
                yield one["Key"]
        day += timedelta(days=1)


def _labels(s3: Client, place: Place, *, since: datetime) -> Iterator[str]:
    """Give the label files that arrived after `since`, the latest last.

    What arrived before the model was made, the model may have learnt from.
    """
    found = [
        one
        for one in _listed(s3, place.bucket, place.labels)
        if one["LastModified"] > since
        and one["Key"].endswith(".csv")
        and "/" not in one["Key"].removeprefix(place.labels)
    ]
    yield from (one["Key"] for one in sorted(found, key=lambda one: (one["LastModified"], one["Key"])))


def _listed(s3: Client, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])
