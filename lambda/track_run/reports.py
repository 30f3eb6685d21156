"""The run's reports, from where the evaluate step wrote them to where MLflow's pages look for a run's artifacts."""

from __future__ import annotations

import json
from typing import Any

Client = Any
# Pages for people, and the figures behind them; nothing of single customers.
COPIED = ("evaluation.html", "evaluation.json", "bias.json", "explainability.json")
# MLflow takes so many characters of a data set's digest.
DIGEST = 36


def read(s3: Client, reports: str, name: str) -> dict[str, Any]:
    """Read a report in JSON."""
    bucket, prefix = _place(reports)
    found: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=f"{prefix}/{name}")["Body"].read())
    return found


def copy(s3: Client, reports: str, artifacts: str) -> None:
    """Copy the reports to a run's artifacts, which MLflow leaves to its clients to write; nothing passes through here.

    Raises
    ------
    ValueError
        When the artifacts are not in S3.
    """
    if not artifacts.startswith("s3://"):
        raise ValueError(f"the artifacts of the run are at {artifacts}, and only S3 is written to.")
    (bucket, prefix), (to, below) = _place(reports), _place(artifacts)
    for name in COPIED:
        s3.copy_object(Bucket=to, Key=f"{below}/{name}", CopySource={"Bucket": bucket, "Key": f"{prefix}/{name}"})


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key.rstrip("/")
