"""What serves now: its model package, and the reports of the run that made it."""

import os
import shutil
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.settings import ACCOUNT, REGION, Settings

_ENDPOINT = "churn-local"
_CONFIG = Config(
    s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={}, connect_timeout=5, read_timeout=20
)
# No profile and no file of the user's AWS setup: (name in a file, in the environment, default, conversion).
_NOTHING_OF_THE_USERS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
# Beside each other in the folder of a run, whose evaluation.json the package names.
_REPORTS = {
    "data.html": "prepared/report.html",
    "evaluation.html": "evaluation/evaluation.html",
    "card.html": "card/card.html",
}


def client(settings: Settings, service: str) -> Any:
    """A client of the emulator's, as its root."""
    return botocore.session.Session(session_vars=_NOTHING_OF_THE_USERS).create_client(
        service,
        region_name=REGION,
        endpoint_url=settings.endpoint,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        config=_CONFIG,
    )


def package(settings: Settings) -> str | None:
    """The ARN of the model package behind the endpoint; None when there is none."""
    sagemaker = client(settings, "sagemaker")
    try:
        config = sagemaker.describe_endpoint(EndpointName=_ENDPOINT)["EndpointConfigName"]
        variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        model = sagemaker.describe_model(ModelName=variants[0]["ModelName"])
        arn: str = (model.get("Containers") or [model["PrimaryContainer"]])[0]["ModelPackageName"]
    except (BotoCoreError, ClientError, KeyError, IndexError):
        return None
    return arn


def reports(settings: Settings) -> list[Path]:
    """Copy the reports of the model that serves to :attr:`Settings.report_dir`.

    Returns
    -------
    list of Path
        The copies; a report that is not there is left out, as is an older copy of it.
    """
    folder = settings.report_dir
    shutil.rmtree(folder, ignore_errors=True)
    arn = package(settings)
    if arn is None:
        return []
    folder.mkdir(parents=True)
    s3, copies = client(settings, "s3"), []
    try:
        described = client(settings, "sagemaker").describe_model_package(ModelPackageName=arn)
        bucket, run = _place(described["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"])
        for name, key in _REPORTS.items():
            body = s3.get_object(Bucket=bucket, Key=f"{run}/{key}")["Body"].read()
            (folder / name).write_bytes(body)
            copies.append(folder / name)
    except (BotoCoreError, ClientError, KeyError):
        # The system is up without them, too.
        return copies
    return copies


def _place(evaluation: str) -> tuple[str, str]:
    """Bucket and prefix of a run, from ``s3://bucket/runs/<run>/evaluation/evaluation.json``."""
    bucket, _, key = evaluation.removeprefix("s3://").partition("/")
    return bucket, key.rsplit("/", 2)[0]
