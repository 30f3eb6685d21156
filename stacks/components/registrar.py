"""The registrar: people, or the pipeline of a team, who decide which model may be served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import IdentitySettings
from stacks.components.bucket_rules import RUNS, reaches_buckets_from_outside
from stacks.components.grants import allow, role_with
from stacks.components.permissions import THROUGH_S3, people
from stacks.components.place import Place

# The states that a registrar gives a package, required in each request: nothing is changed without a decision.
DECISIONS = ("Approved", "PendingManualApproval", "Rejected")
# Nor is a package's metadata taken from it. IAM knows no condition on what else such a request may change.
REMOVES_NOTHING: Mapping[str, Any] = {"Null": {"sagemaker:CustomerMetadataPropertiesToRemove": "true"}}


def registrar_role(
    scope: Construct,
    *,
    settings: IdentitySettings,
    place: Place,
    package_group: sagemaker.CfnModelPackageGroup,
    pipeline_name: str,
) -> iam.Role:
    """Approve and reject packages of this group, after reading what their evaluation says; train and serve nothing."""
    stack = Stack.of(scope)
    group = package_group.attr_model_package_group_arn
    packages = stack.format_arn(
        service="sagemaker", resource="model-package", resource_name=f"{package_group.model_package_group_name}/*"
    )
    runs = stack.format_arn(service="sagemaker", resource="pipeline", resource_name=f"{pipeline_name}/execution/*")
    versions = "The versions of this one package group: SageMaker counts them up."
    read = ("evaluation/evaluation.html", "evaluation/evaluation.json", "card/card.html")
    reports = [place.data.arn_for_objects(f"{RUNS}*/{name}") for name in read]
    role = role_with(
        scope,
        "RegistrarRole",
        description="Approves and rejects models",
        trusts=people(settings.registrars),
        session=Duration.seconds(settings.registrar_session_s),
        grants=[
            allow(
                "sagemaker:ListModelPackages",
                on=["*"],
                wildcard_because="SageMaker knows no resource for lists; this one tells names and states, and no more.",
            ),
            allow("sagemaker:DescribeModelPackageGroup", on=[group]),
            allow("sagemaker:DescribeModelPackage", on=[packages], wildcard_because=versions),
            allow(
                "sagemaker:UpdateModelPackage",
                on=[packages],
                when={"StringEquals": {"sagemaker:ModelApprovalStatus": [*DECISIONS]}, **REMOVES_NOTHING},
                wildcard_because=versions,
            ),
            # What a run was asked for is half of what its numbers mean: which data, which gates, which costs.
            allow(
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineParametersForExecution",
                on=[runs],
                wildcard_because="The runs of this one pipeline: SageMaker makes their names up.",
            ),
            allow(
                "s3:GetObject",
                on=reports,
                wildcard_because="Reports and card of each run, and no customer's row: only the run's id is open.",
            ),
            allow("kms:Decrypt", on=[place.keys.data.key_arn], when=THROUGH_S3),
        ],
    )
    # People read reports from where they sit.
    reaches_buckets_from_outside(role)
    return role
