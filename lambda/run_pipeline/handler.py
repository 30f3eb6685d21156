"""The deployment's run of the pipeline, as a custom resource: started, awaited, its package approved and handed back.

CloudFormation calls `on_event` by the CDK's provider framework, then `is_complete` until it says so. A run that fails
fails the deployment with the run's own reason.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
import runs
from botocore.config import Config

Event = dict[str, Any]

# The function has 60 seconds; a call that hangs must leave time for the next.
_sagemaker = boto3.client(
    "sagemaker",
    region_name=os.environ["AWS_REGION"],
    config=Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 2}),
)


def on_event(event: Event, _context: object) -> Event:
    """Start what CloudFormation asks for."""
    properties = runs.Properties.read(event["ResourceProperties"])
    if event["RequestType"] == "Delete":
        runs.stop(_sagemaker, properties)
        return {"PhysicalResourceId": event["PhysicalResourceId"]}
    execution = runs.find(_sagemaker, properties, role=os.environ["OWN_ROLE"]) or runs.start(
        _sagemaker, properties, event["RequestId"]
    )
    return {"PhysicalResourceId": properties.physical_id, "Data": {"ExecutionArn": execution}}


def is_complete(event: Event, _context: object) -> Event:
    """Tell whether it is done."""
    properties = runs.Properties.read(event["ResourceProperties"])
    if event["RequestType"] == "Delete":
        return {"IsComplete": runs.ended(_sagemaker, properties)}
    # The execution is the one that `on_event` has started or found approved, never one looked up by its name.
    execution = event["Data"]["ExecutionArn"]
    package = runs.package_of(_sagemaker, execution)
    if package is None:
        return {"IsComplete": False}
    runs.approve(_sagemaker, properties, execution, package)
    return {"IsComplete": True, "Data": {"ModelPackageArn": package}}
