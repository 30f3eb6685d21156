"""The role of the training pipeline, which begins its steps: jobs under roles of their own, functions, a package."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.components import permissions
from stacks.components.bucket_rules import RUNS, reaches_buckets_from_outside
from stacks.components.grants import allow, role_with
from stacks.components.guardrails import guardrails
from stacks.components.images import xgboost_repository_arn
from stacks.components.permissions import SAGEMAKER
from stacks.components.place import Place
from stacks.components.training_steps import TUNING_STEP

# What a step that tunes does with its job.
TUNE = (
    "sagemaker:AddTags",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:DescribeHyperParameterTuningJob",
    "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
    "sagemaker:StopHyperParameterTuningJob",
)


def pipeline_role(
    scope: Construct,
    *,
    place: Place,
    jobs: Sequence[iam.IRole],
    package_group: sagemaker.CfnModelPackageGroup,
    functions: Sequence[lambda_.IFunction],
    instance_types: Sequence[str],
    tunes: bool,
) -> iam.Role:
    """Run the steps: start and watch jobs under their own roles, call the steps that are functions, read what the gate
    reads, register the package.
    """
    stack = Stack.of(scope)

    def jobs_named(kind: str) -> str:
        return stack.format_arn(service="sagemaker", resource=kind, resource_name="pipelines-*")

    # 32 characters are too few for that word: <execution>-<first letters of the step>-<something random>.
    tuning_jobs = stack.format_arn(
        service="sagemaker", resource="hyper-parameter-tuning-job", resource_name=f"*-{TUNING_STEP}-*"
    )
    made_up = "SageMaker Pipelines makes its jobs' names up; those of tuning have the step's name in the middle."
    packages = stack.format_arn(
        service="sagemaker", resource="model-package", resource_name=f"{package_group.model_package_group_name}/*"
    )
    group = package_group.attr_model_package_group_arn
    role = role_with(
        scope,
        "PipelineRole",
        description="Runs the churn pipeline",
        trusts=permissions.service_principal(SAGEMAKER),
        guardrails=guardrails(place=place, instance_types=instance_types),
        grants=[
            permissions.run_processing_jobs(stack),
            # The training jobs of a tuning job are started by SageMaker, and asked for through it.
            allow(*TUNE, on=[tuning_jobs], wildcard_because=made_up)
            if tunes
            else allow(
                "sagemaker:AddTags",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopTrainingJob",
                on=[jobs_named("training-job")],
                wildcard_because=permissions.OF_PIPELINES,
            ),
            # No AddTags: a version "uses the tags associated with the model group. In this case, you cannot supply a
            # tag argument." (CreateModelPackage, Tags)
            allow(
                "sagemaker:CreateModelPackage",
                "sagemaker:DescribeModelPackage",
                on=[group, packages],
                wildcard_because="The versions of this one package group: SageMaker counts them up.",
            ),
            allow("lambda:InvokeFunction", on=[function.function_arn for function in functions]),
            # A package names its image by digest, which the registry looks up.
            allow("ecr:BatchGetImage", "ecr:DescribeImages", on=[xgboost_repository_arn(stack)]),
            permissions.pass_roles(*jobs, service=SAGEMAKER),
            permissions.get_objects(place.data, RUNS),
            permissions.get_objects(place.models, RUNS),
            # To read only: what is written, and the disks, are the jobs' own roles' matter.
            permissions.read_with_key(place.keys.data),
            permissions.read_with_key(place.keys.models),
        ],
    )
    # SageMaker Pipelines itself reads what the gate decides on; no machine of ours is in the VPC at that moment.
    reaches_buckets_from_outside(role)
    return role
