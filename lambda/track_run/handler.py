"""Steps of the pipeline that log a run to MLflow: what it came to, before the gate; and later, which version it became.

A run is worth more than its record: what keeps it from being logged is answered as a note, and does not fail the run.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

import boto3
import record
import reports
from botocore.auth import SigV4Auth
from botocore.config import Config
from mlflow_client import Mlflow

# The function has 60 seconds; a call that hangs must leave time for the answer.
BUDGET_S = 35.0
RUN_TAG = "pipeline_run"
_log = logging.getLogger()
_session = boto3.Session(region_name=os.environ["AWS_REGION"])
_s3 = _session.client(
    "s3", config=Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
)


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Log the run that the event names, or its package; answer the run's id in MLflow, or why there is none."""
    try:
        return {"Tracked": _tag(event) if "Package" in event else _track(event), "Note": ""}
    except Exception as exc:
        _log.exception("The run is not logged.")
        return {"Tracked": "", "Note": f"not logged to MLflow: {exc}"[:1000]}


def _connect(env: Mapping[str, str] = os.environ) -> Mlflow:
    """Connect to the app that MLFLOW_APP_ARN names, or to where the AWS SDKs' own variables say that AWS is."""
    region = env["AWS_REGION"]
    url = (
        env.get("AWS_ENDPOINT_URL_SAGEMAKER")
        or env.get("AWS_ENDPOINT_URL")
        or f"https://mlflow.sagemaker.{region}.app.aws"
    )
    signer = SigV4Auth(_session.get_credentials(), "sagemaker", region)
    return Mlflow(url, env["MLFLOW_APP_ARN"], signer, budget_s=BUDGET_S)


def _track(event: Mapping[str, str]) -> str:
    evaluation, bias = (reports.read(_s3, event["Reports"], name) for name in ("evaluation.json", "bias.json"))
    mlflow = _connect()
    run = mlflow.run(mlflow.experiment(event["Experiment"]), event["Run"], (RUN_TAG, event["Run"]))
    identity = str(run["run_id"])
    mlflow.log(
        identity,
        metrics=record.metrics(evaluation, bias),
        parameters=record.parameters(evaluation),
        tags=record.tags(event, evaluation),
    )
    digest = evaluation["data"]["raw_sha256"][: reports.DIGEST]
    mlflow.use_data(identity, name=event["RawData"].rpartition("/")[2], digest=digest, source=event["RawData"])
    reports.copy(_s3, event["Reports"], run["artifact_uri"])
    mlflow.end(identity)
    return identity


def _tag(event: Mapping[str, str]) -> str:
    """Note which version of the package group a run became."""
    mlflow = _connect()
    run = mlflow.run(mlflow.experiment(event["Experiment"]), event["Run"], (RUN_TAG, event["Run"]))
    mlflow.log(str(run["run_id"]), metrics=[], parameters={}, tags={"package": event["Package"]})
    return str(run["run_id"])
