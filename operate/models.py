"""``python -m operate.models --env dev``: the versions of the model, how good each is, who decided what, which is live.

Ends with 0, or with 2 when the account cannot be asked.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from config import ENVIRONMENTS, Settings, load_settings
from operate.account import Account, Client, is_absent, pages
from operate.command import ended

_COLUMNS = ("", "version", "registered", "approval", "live since", "avg. precision", "USD a customer", "spot saves")
_UNREADABLE = "–"


@dataclass(frozen=True)
class Version:
    """A version of the model.

    Attributes
    ----------
    package : str
        ARN of the package.
    approval, why, by : str
        What was decided, the reason that was given, and the ARN of who approved, as far as a rollout has noted it.
    live_since : str
        When it last came into service, by a rollout; empty if it never did.
    live : bool
        Whether it is what the endpoint serves now.
    precision, cost : float or None
        Average precision and expected cost per customer in USD on the test customers; None where they cannot be read.
    saved : float or None
        Share of the training time that nobody pays for, because the machine was a spare one; None where none was used.
    """

    package: str
    registered: str
    approval: str
    why: str = ""
    by: str = ""
    live_since: str = ""
    live: bool = False
    precision: float | None = None
    cost: float | None = None
    saved: float | None = None

    @property
    def number(self) -> int:
        """The version's number."""
        return int(self.package.rpartition("/")[2])


def versions(account: Account, settings: Settings) -> list[Version]:
    """Find the versions of an environment's model, the latest first."""
    sagemaker, name = account.client("sagemaker"), settings.resource_name
    live = served(sagemaker, name)
    listed = pages(
        sagemaker,
        "list_model_packages",
        "ModelPackageSummaryList",
        ModelPackageGroupName=name,
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    s3 = account.client("s3")
    found = []
    for one in listed:
        package = sagemaker.describe_model_package(ModelPackageName=one["ModelPackageArn"])
        found.append(_version(package, live, _evaluation(s3, package), saving(sagemaker, package)))
    return sorted(found, key=lambda one: -one.number)


def served(sagemaker: Client, endpoint: str) -> str:
    """Name the package that an endpoint serves; empty where there is none."""
    try:
        config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
        variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        model = sagemaker.describe_model(ModelName=variants[0]["ModelName"])
    except ClientError as exc:
        if is_absent(exc):
            return ""
        raise
    (container,) = model.get("Containers") or [model["PrimaryContainer"]]
    package: str = container.get("ModelPackageName", "")
    return package


def saving(sagemaker: Client, package: Mapping[str, Any]) -> float | None:
    """Tell which share of its training a package did not pay for, as the job reports it.

    A run that trained has registered both times; of one that searched, the job that won is asked, while it is there.
    """
    facts = package.get("CustomerMetadataProperties", {})
    times: Mapping[str, Any] = {
        "TrainingTimeInSeconds": facts.get("training_seconds"),
        "BillableTimeInSeconds": facts.get("billable_seconds"),
    }
    if not all(times.values()) and "training_job" in facts:
        try:
            times = sagemaker.describe_training_job(TrainingJobName=facts["training_job"])
        except ClientError as exc:
            if not is_absent(exc):
                raise
    trained, billed = (float(times.get(f"{kind}TimeInSeconds") or 0) for kind in ("Training", "Billable"))
    return 1 - billed / trained if trained and billed else None


def _version(package: Mapping[str, Any], live: str, evaluation: Mapping[str, Any], saved: float | None) -> Version:
    facts = package.get("CustomerMetadataProperties", {})
    return Version(
        package=package["ModelPackageArn"],
        registered=package["CreationTime"].isoformat(sep=" ", timespec="minutes")[:16],
        approval=package.get("ModelApprovalStatus", ""),
        why=package.get("ApprovalDescription", ""),
        by=facts.get("approved_by", ""),
        live_since=facts.get("live_since", ""),
        live=package["ModelPackageArn"] == live,
        precision=evaluation.get("metrics", {}).get("average_precision"),
        cost=evaluation.get("cost", {}).get("expected_cost_per_customer"),
        saved=saved,
    )


def _evaluation(s3: Client, package: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read a package's evaluation; from outside the network, few roles may."""
    uri = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri", "")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not key:
        return {}
    try:
        found: Mapping[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError:
        return {}
    return found


def table(found: list[Version]) -> str:
    """Write versions for a person: a table, and under it who decided what and why."""
    rows = [_COLUMNS, *map(_row, found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *_decisions(found)])


def _row(one: Version) -> tuple[str, ...]:
    return (
        "live" if one.live else "",
        str(one.number),
        one.registered,
        one.approval,
        one.live_since.replace("T", " ")[:16],
        _UNREADABLE if one.precision is None else f"{one.precision:.3f}",
        _UNREADABLE if one.cost is None else f"{one.cost:.2f}",
        _UNREADABLE if one.saved is None else f"{one.saved:.0%}",
    )


def _decisions(found: list[Version]) -> Iterator[str]:
    for one in found:
        if one.why or one.by:
            who = f" ({who_is(one.by)})" if one.by else ""
            yield f"Version {one.number}, {one.approval}{who}: {one.why or 'no reason was given'}"


def who_is(arn: str) -> str:
    """Name who did something: of a session, its role and its name."""
    return arn.rpartition(":")[2].removeprefix("assumed-role/") or "unknown"


def show(environment: str) -> int:
    """Print the versions of an environment."""
    settings, account = load_settings(environment), Account.of(environment)
    found = versions(account, settings)
    print(table(found) if found else f"{settings.resource_name} has no model yet, in {account.label}.")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate.models", description=__doc__)
    parser.add_argument("--env", required=True, help=f"the environment: {', '.join(ENVIRONMENTS)}")
    arguments = parser.parse_args(argv)
    return ended(lambda: show(arguments.env), interrupted="it only looked.")


if __name__ == "__main__":
    sys.exit(main())
