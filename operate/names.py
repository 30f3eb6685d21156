"""Names that a deployment fixes, because AWS forces them or others go by them, and what to do when one is taken.

CloudFormation makes nothing under a name that is taken, and prod keeps some of these when its stacks go. What it keeps
without such a name would be made once more beside it; of what people are or keep in, they are told before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import Settings
from operate.inventory import DOMAIN, SHARED_LOG_GROUPS, Inventory

LOG_GROUP = "AWS::Logs::LogGroup"
PACKAGE_GROUP = "AWS::SageMaker::ModelPackageGroup"
PIPELINE = "AWS::SageMaker::Pipeline"
ENDPOINT = "AWS::SageMaker::Endpoint"
LIFECYCLE_CONFIG = "AWS::SageMaker::StudioLifecycleConfig"
MLFLOW_APP = "AWS::SageMaker::MlflowApp"
COMPOSITE_ALARM = "AWS::CloudWatch::CompositeAlarm"
SIGN_IN = "AWS::Cognito::UserPoolDomain"
POOL = "AWS::Cognito::UserPool"
BUCKET = "AWS::S3::Bucket"
LOG_ROLE = "AWS::ApiGateway::Account"
# No resource of a template: runs write a card for each version of a package group, named after the group.
CARDS = "AWS::SageMaker::ModelCard"
# The property that holds the name, and what a person calls the type.
TYPES = {
    LOG_GROUP: ("LogGroupName", "log group"),
    PACKAGE_GROUP: ("ModelPackageGroupName", "model package group"),
    PIPELINE: ("PipelineName", "pipeline"),
    ENDPOINT: ("EndpointName", "endpoint"),
    DOMAIN: ("DomainName", "Studio domain"),
    LIFECYCLE_CONFIG: ("StudioLifecycleConfigName", "Studio lifecycle configuration"),
    MLFLOW_APP: ("Name", "MLflow app"),
    COMPOSITE_ALARM: ("AlarmName", "alarm"),
    SIGN_IN: ("Domain", "sign-in domain"),
}
# No name of these is in the way, so a deployment would make another beside what an earlier one kept, without a word.
# What a person calls the type, and what the other one would be.
_BESIDE = {POOL: ("user pool", "another beside it, with nobody in it"), BUCKET: ("bucket", "an empty one beside it")}
# An account and region have one, without a name.
_LOG_ROLE_NAME = "API Gateway's logging role"
# How each is deleted by hand.
_DELETIONS = {
    LOG_GROUP: "aws logs delete-log-group --log-group-name {name}",
    PIPELINE: "aws sagemaker delete-pipeline --pipeline-name {name}",
    ENDPOINT: "aws sagemaker delete-endpoint --endpoint-name {name}",
    SIGN_IN: "aws cognito-idp delete-user-pool-domain --domain {name} --user-pool-id …",
    COMPOSITE_ALARM: "aws cloudwatch delete-alarms --alarm-names {name}",
    MLFLOW_APP: "aws sagemaker delete-mlflow-app --arn … (aws sagemaker list-mlflow-apps has the ARN of {name})",
    CARDS: "aws sagemaker delete-model-card --model-card-name {name}-…, each that list-model-cards shows",
    LIFECYCLE_CONFIG: "aws sagemaker delete-studio-lifecycle-config --studio-lifecycle-config-name {name}",
}
# Stands for the account's number, which templates do not know.
ACCOUNT = "${AWS::AccountId}"
RECORD = "docs/decisions/preflight.md"


@dataclass(frozen=True)
class FixedName:
    """A resource whose name the template gives.

    Attributes
    ----------
    type, name : str
        CloudFormation's type, and the name.
    kept : bool
        Whether its deletion policy lets it outlive its stack, which CloudFormation asks of what it is to take over.
    """

    type: str
    name: str
    kept: bool

    @property
    def label(self) -> str:
        """How to name it to a person."""
        if self.type == CARDS:
            return f"model cards {self.name}-…"
        if self.beside:
            return f"{_BESIDE[self.type][0]} {self.name}"
        return self.name if self.type == LOG_ROLE else f"{TYPES[self.type][1]} {self.name}"

    @property
    def adoptable(self) -> bool:
        """Whether a deployment can take it over: of these types CloudFormation knows log groups by the name alone."""
        return self.type == LOG_GROUP and self.kept

    @property
    def beside(self) -> bool:
        """Whether a deployment would make another one beside it."""
        return self.type in _BESIDE


def read(app: Path) -> list[FixedName]:
    """Find the fixed names in the templates of a synthesised app (a ``cdk.out``)."""
    artifacts = json.loads((app / "manifest.json").read_text())["artifacts"].values()
    stacks = [one for one in artifacts if one["type"] == "aws:cloudformation:stack"]
    found = [name for one in stacks for name in _of(json.loads((app / one["properties"]["templateFile"]).read_text()))]
    return sorted(found, key=lambda one: (one.type, one.name))


def doubled(settings: Settings) -> list[FixedName]:
    """Name what an environment keeps that has people or data in it, and no name that the next deployment wants.

    Its keys, roles and the logs of functions are kept, too, and made anew; nobody has to decide anything about them.
    """
    name = settings.resource_name
    kept = [FixedName(POOL, name, kept=True), FixedName(BUCKET, f"{name}-", kept=True)]
    return kept if settings.storage.retain_on_destroy else []


def _of(template: dict[str, Any]) -> Iterator[FixedName]:
    for resource in template["Resources"].values():
        kept = str(resource.get("DeletionPolicy", "Delete")).startswith("Retain")
        if resource["Type"] == LOG_ROLE:
            yield FixedName(LOG_ROLE, _LOG_ROLE_NAME, kept)
        elif resource["Type"] in TYPES:
            name = _written(resource.get("Properties", {}).get(TYPES[resource["Type"]][0]))
            if name:
                yield FixedName(resource["Type"], name, kept)
                if resource["Type"] == PACKAGE_GROUP:
                    yield FixedName(CARDS, name, kept)


def _written(name: Any) -> str:
    """Write a name out; what CloudFormation puts together of more than texts and the account is no fixed name."""
    if isinstance(name, dict) and "Fn::Join" in name:
        delimiter, parts = name["Fn::Join"]
        written = [ACCOUNT if part == {"Ref": "AWS::AccountId"} else _written(part) for part in parts]
        return str(delimiter).join(written) if all(written) else ""
    return name if isinstance(name, str) else ""


def blocking(left: Inventory) -> list[FixedName]:
    """Of what a destruction keeps, find what stands in the way of the next deployment."""
    found = [FixedName(PACKAGE_GROUP, name, kept=True) for name in left.package_groups if name in left.kept]
    found += [
        FixedName(LOG_GROUP, name, kept=True)
        for name in left.kept
        if name.startswith(("/aws/sagemaker/", "aws-waf-logs-"))
    ]
    found += [FixedName(POOL, pool, kept=True) for pool in left.user_pools if pool in left.kept]
    found += [FixedName(BUCKET, bucket, kept=True) for bucket in left.buckets if bucket in left.kept]
    return sorted(found, key=lambda one: (one.type, one.name))


def remedy(taken: FixedName, settings: Settings, *, holder: str | None = None) -> str:
    """Say what lets a deployment go on.

    Parameters
    ----------
    holder : str or None
        The stack that holds the thing, if one does.
    """
    if taken.type == LOG_ROLE:
        return f"set api.manages_log_role of {settings.name} to False: its API then logs by the role that is there"
    if taken.beside:
        beside = _BESIDE[taken.type][1]
        return f"make deploy ENV={settings.name} ANEW=1 makes {beside}; or import it or delete it, by hand: {RECORD}"
    ways = []
    if taken.adoptable and holder is None:
        ways.append(f"make deploy ENV={settings.name} ADOPT=1 takes it over")
    if taken.name in SHARED_LOG_GROUPS:
        ways.append(f"set storage.owns_job_logs of {settings.name} to False, and leave it as it is")
    if holder is not None:
        return ways[0] if ways else f"destroy {holder}, or give the environment another name"
    if taken.type == PACKAGE_GROUP:
        ways.append(f"import it or delete it with its versions and their cards, by hand: {RECORD}")
    elif taken.type == DOMAIN:
        ways.append(f"make destroy ENV={settings.name} deletes it with all in it, or do so by hand")
    else:
        ways.append(f"delete it: {_DELETIONS[taken.type].format(name=taken.name)}")
    return "; or ".join(ways)
