"""Where the gate decides alone: packages of runs that are as the pipeline was deployed, whoever started them.

Anybody who may start runs may give the gate other limits, or run selected steps or an older definition without it. Such
a run is fine for a study, and its package waits for a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import executions
import packages
import runs

RAW_DATA = "RawDataUri"
Client = Any


def judge(client: Client, execution: str) -> str:
    """Approve the package of an ordinary run that has succeeded; say what was done and why."""
    try:
        package = runs.package_of(client, execution)
        if package is None:
            return f"The run goes on ({execution})."
        packages.approve(client, execution, package, because="By the gate, with the limits of the deployment.")
    except (packages.NotServable, runs.RunFailed) as exc:
        return f"Left as it is: {exc}"
    return f"Approved by the gate: {package}."


def unusual(client: Client, execution: str) -> str:
    """Say what a run does otherwise than the pipeline as it is deployed; nothing for an ordinary run.

    New raw data is ordinary: who may write where the raw data lies decides what the next deployment learns from, too.
    """
    described = client.describe_pipeline_execution(PipelineExecutionArn=execution)
    if described.get("SelectiveExecutionConfig"):
        return "it ran selected steps"
    deployed = client.describe_pipeline(PipelineName=described["PipelineArn"])["PipelineDefinition"]
    ran = client.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution)["PipelineDefinition"]
    if json.loads(ran) != json.loads(deployed):
        return "it ran another definition than the one that is deployed"
    defaults = {one["Name"]: one["DefaultValue"] for one in json.loads(deployed)["Parameters"]}
    given = executions.parameters(client, execution)
    changed = sorted(name for name, value in given.items() if not _usual(name, value, defaults))
    return f"it was started with another {', '.join(changed)}" if changed else ""


def _usual(name: str, value: str, defaults: Mapping[str, Any]) -> bool:
    default = defaults.get(name)
    if name == RAW_DATA:
        # Everything below the folder of the deployment's own file.
        return value.startswith(f"{str(default).rpartition('/')[0]}/")
    if isinstance(default, str):
        return value == default
    try:
        return float(value) == default
    except ValueError:
        return False
