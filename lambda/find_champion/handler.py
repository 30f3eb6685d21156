"""A step of the pipeline: tells it where the model in production lies, so that a new one can be compared with it.

The pipeline's jobs are isolated and cannot ask; whoever starts a run must not have to, or the comparison could be
forgotten.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
import champion
from botocore.config import Config

# The function has 60 seconds; a call that hangs must leave time for the next.
_sagemaker = boto3.client(
    "sagemaker",
    region_name=os.environ["AWS_REGION"],
    config=Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}),
)


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Answer the model's address and name; without one, the address that the event gives instead, and why."""
    found = champion.find(_sagemaker, event["EndpointName"])
    return {"ModelUri": found.uri or event["Otherwise"], "Champion": found.told}
