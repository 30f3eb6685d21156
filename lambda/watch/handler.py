"""Two steps of the watch, before and after its job: what is live and what there is to look at; what was found."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import boto3
import findings
import live
from botocore.config import Config

# The function has 60 seconds; a call that hangs must leave time for the next.
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
_sagemaker, _s3, _cloudwatch = (
    boto3.client(service, region_name=os.environ["AWS_REGION"], config=_CONFIG)
    for service in ("sagemaker", "s3", "cloudwatch")
)
_place = live.Place(
    endpoint_name=os.environ["ENDPOINT_NAME"],
    bucket=os.environ["DATA_BUCKET"],
    captures=os.environ["CAPTURES"],
    labels=os.environ["LABELS"],
    runs=os.environ["RUNS"],
    quarantine=os.environ["QUARANTINE"],
)


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Answer the step that the event names, with texts that the pipeline hands on."""
    if event["Step"] == "Live":
        return live.look(
            _sagemaker,
            _s3,
            _place,
            run=event["Run"],
            now=datetime.now(UTC),
            # SageMaker Pipelines gives numbers as floats.
            hours=int(event["PeriodHours"]),
            labels_days=int(os.environ["LABELS_DAYS"]),
        )
    return findings.publish(_cloudwatch, _s3, _place, report_uri=event["ReportUri"], namespace=os.environ["NAMESPACE"])
