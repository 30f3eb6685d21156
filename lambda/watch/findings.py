"""After the job: its figures become metrics, and label files that nobody can use are set aside with the reasons."""

from __future__ import annotations

import json
from typing import Any

from live import Place

Client = Any
# Taken away by a run beside this one, or replaced since: how S3 says so of a copy's source.
CHANGED = ("NoSuchKey", "404", "PreconditionFailed", "412")


def publish(cloudwatch: Client, s3: Client, place: Place, *, report_uri: str, namespace: str) -> dict[str, str]:
    """Publish what the job found, and answer its verdict, its message and where its report lies."""
    report = report_uri.removeprefix(f"s3://{place.bucket}/").rstrip("/") + "/"
    found = json.loads(s3.get_object(Bucket=place.bucket, Key=f"{report}drift.json")["Body"].read())
    for name, reasons in found["refused_labels"].items():
        _set_aside(s3, place, name, reasons, arrived_by=found["period"]["to"])
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[{"MetricName": name, "Value": value} for name, value in found["metrics"].items()],
    )
    return {
        "Verdict": found["verdict"],
        "Message": found["message"],
        "Report": f"s3://{place.bucket}/{report}drift.html",
    }


def _set_aside(s3: Client, place: Place, name: str, reasons: str, *, arrived_by: str) -> None:
    """Move a label file, unless one of the same name has taken its place since."""
    source, target = f"{place.labels}{name}", f"{place.quarantine}{name}"
    try:
        s3.copy_object(
            Bucket=place.bucket,
            Key=target,
            CopySource={"Bucket": place.bucket, "Key": source},
            CopySourceIfUnmodifiedSince=arrived_by,
        )
    except s3.exceptions.ClientError as exc:
        if exc.response["Error"]["Code"] in CHANGED:
            return
        raise
    s3.put_object(Bucket=place.bucket, Key=f"{target}.reasons.txt", Body=f"{reasons}\n".encode())
    s3.delete_object(Bucket=place.bucket, Key=source)
