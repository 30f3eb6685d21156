"""Where a card comes from and where it goes: the run's reports in S3, SageMaker's model cards."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

Client = Any
Json = dict[str, Any]
# SageMaker's limit for the content of a card, in characters.
LONGEST = 100_000
# What becomes of a card with its package: one that is refused is kept as it is, and no longer edited.
STATUS = {"PendingManualApproval": "PendingReview", "Approved": "Approved", "Rejected": "Archived"}
REPORTS = {"evaluation": "evaluation.json", "bias": "bias.json", "explainability": "explainability.json"}


class TooLong(Exception):
    """The content of a card does not fit; the message says by how much."""


def beside(package: Mapping[str, Any], path: str) -> str:
    """The address of something in the folder of the package's run: ``s3://…/runs/<run>/<path>``."""
    evaluation: str = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    return f"{evaluation.rsplit('/', 2)[0]}/{path}"


def reports(s3: Client, package: Mapping[str, Any]) -> dict[str, Json]:
    """Read the reports of the package's run."""
    found = {}
    for name, file in REPORTS.items():
        bucket, key = _place(beside(package, f"evaluation/{file}"))
        found[name] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return found


def save(s3: Client, uri: str, text: str, content_type: str) -> None:
    """Write a text to its address."""
    bucket, key = _place(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType=content_type)


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def put(sagemaker: Client, package: Mapping[str, Any], content: Json, *, key: str) -> str:
    """Create the package's card, or bring the one that is there up to date; return its name.

    Each edit makes a version of the card, so one that would change nothing is not made; an archived card takes none.

    Raises
    ------
    TooLong
        When SageMaker would refuse the content for its length.
    """
    name = name_of(package)
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    if len(text) > LONGEST:
        raise TooLong(
            f"The model card {name} has {len(text):,} characters, and SageMaker takes {LONGEST:,}: shorten the texts "
            "of settings.model_card, or mark fewer facets in the schema."
        )
    try:
        there = sagemaker.describe_model_card(ModelCardName=name)
    except sagemaker.exceptions.ResourceNotFound:
        status = STATUS[package["ModelApprovalStatus"]]
        sagemaker.create_model_card(
            ModelCardName=name, Content=text, ModelCardStatus=status, SecurityConfig={"KmsKeyId": key}
        )
    else:
        if json.loads(there["Content"]) != content and there["ModelCardStatus"] != "Archived":
            sagemaker.update_model_card(ModelCardName=name, Content=text)
    return name


def decide(sagemaker: Client, package: Mapping[str, Any]) -> str:
    """Give the package's card the status that the package has by now; return its name.

    Where there is no card yet, its run is about to write it, and looks at the package then.
    """
    name = name_of(package)
    with contextlib.suppress(sagemaker.exceptions.ResourceNotFound):
        sagemaker.update_model_card(ModelCardName=name, ModelCardStatus=STATUS[package["ModelApprovalStatus"]])
    return name


def name_of(package: Mapping[str, Any]) -> str:
    """The card of a package: ``<package group>-<version>``."""
    return f"{package['ModelPackageGroupName']}-{package['ModelPackageVersion']}"
