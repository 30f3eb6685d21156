"""The deployment's run of the pipeline, as a custom resource: started, awaited, and the package to serve handed back.

CloudFormation calls `on_event` by the CDK's provider framework, then `is_complete` until it says so. A run that fails
fails the deployment with the run's own reason. `on_run` approves packages of runs that others started, where the gate
decides alone, and tells people of those that wait for one of them.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import boto3
import choice
import ordinary
import runs
import waiting
from botocore.config import Config
from properties import Properties

Event = dict[str, Any]

# The function has 60 seconds; a call that hangs must leave time for the next.
_CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 2})
_sagemaker = boto3.client("sagemaker", region_name=os.environ["AWS_REGION"], config=_CONFIG)
_cloudformation = boto3.client("cloudformation", region_name=os.environ["AWS_REGION"], config=_CONFIG)


def on_event(event: Event, _context: object) -> Event:
    """Start what CloudFormation asks for."""
    properties = Properties.read(event["ResourceProperties"])
    if event["RequestType"] == "Delete":
        runs.stop(_sagemaker, properties.pipeline)
        return {"PhysicalResourceId": event["PhysicalResourceId"]}
    execution = ""
    rolls_back = choice.rolls_back(_cloudformation, event["StackId"])
    if choice.wants_run(properties, rolls_back=rolls_back):
        known = rolls_back or properties.rolled_out is not None
        execution = runs.find(
            _sagemaker, properties, role=os.environ["OWN_ROLE"], whatever_decided=known
        ) or runs.start(_sagemaker, properties, event["RequestId"])
    return {"PhysicalResourceId": properties.physical_id, "Data": {"ExecutionArn": execution}}


def is_complete(event: Event, _context: object) -> Event:
    """Tell whether it is done."""
    properties = Properties.read(event["ResourceProperties"])
    if event["RequestType"] == "Delete":
        return {"IsComplete": runs.ended(_sagemaker, properties.pipeline)}
    # The execution is the one that `on_event` has started or found approved, never one looked up by its name.
    execution = event["Data"]["ExecutionArn"]
    package = runs.package_of(_sagemaker, execution) if execution else None
    if execution and package is None:
        return {"IsComplete": False}
    rolls_back = choice.rolls_back(_cloudformation, event["StackId"])
    served = choice.served(_sagemaker, properties, execution, package, rolls_back=rolls_back)
    return {"IsComplete": True, "Data": {"ModelPackageArn": served, "RunInputs": properties.inputs_hash}}


def on_run(event: Event, _context: object) -> None:
    """Approve the package of a run that has succeeded, or tell people that it waits for them."""
    execution, endpoint = event["detail"]["pipelineExecutionArn"], os.environ["ENDPOINT"]
    why = _waits_because(execution, endpoint)
    if why is None:
        print(ordinary.judge(_sagemaker, execution))
    elif why:
        print(waiting.tell(_sagemaker, _sns(), os.environ["TOPIC"], execution, endpoint=endpoint, why=why))


def _waits_because(execution: str, endpoint: str) -> str | None:
    """Say why a person has to decide; None where the gate does, nothing where the deployment itself does."""
    if os.environ["APPROVAL"] == "gate":
        return ordinary.unusual(_sagemaker, execution) or None
    return "a person approves what is served here" if choice.there(_sagemaker, endpoint) else ""


@functools.cache
def _sns() -> Any:
    return boto3.client("sns", region_name=os.environ["AWS_REGION"], config=_CONFIG)
