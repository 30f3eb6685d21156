"""The roles of Studio: of a person who works there, and of the jobs that a person starts."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import Settings
from stacks.components import permissions
from stacks.components import studio_permissions as may
from stacks.components.bucket_rules import EXPERIMENTS, RUNS
from stacks.components.grants import Grant, allow, policy_with, role_with
from stacks.components.guardrails import guardrails
from stacks.components.permissions import SAGEMAKER
from stacks.components.place import Place
from stacks.components.roles import CODE, RAW, job_grants
from stacks.components.studio_spaces import fence_of_spaces, own_space

# Names of jobs that a person starts; the pipeline's begin with "pipelines-".
EXPERIMENT, PIPELINES = "experiment-*", "pipelines-*"


def experiment_role(scope: Construct, *, place: Place) -> iam.Role:
    """Work for an experiment: read data, code and what runs made; write under ``experiments/`` and nowhere else."""
    return role_with(
        scope,
        "ExperimentRole",
        description="Runs the jobs that data scientists start",
        trusts=permissions.service_principal(SAGEMAKER),
        grants=[
            *permissions.read_objects(place.data, RAW, CODE, RUNS, EXPERIMENTS, because=permissions.OF_PEOPLE),
            *permissions.read_objects(place.models, RUNS, EXPERIMENTS, because=permissions.OF_PEOPLE),
            permissions.write_objects(place.data, EXPERIMENTS, because=permissions.OF_PEOPLE),
            permissions.write_objects(place.models, EXPERIMENTS, because=permissions.OF_PEOPLE),
            permissions.use_key(place.keys.data),
            permissions.lend_key(place.keys.data),
            permissions.use_key(place.keys.models),
            *job_grants(Stack.of(scope), place=place, log_groups=["ProcessingJobs", "TrainingJobs"]),
        ],
    )


def data_scientist_role(
    scope: Construct,
    *,
    settings: Settings,
    place: Place,
    pipeline: sagemaker.CfnPipeline,
    package_group: sagemaker.CfnModelPackageGroup,
    experiment_role: iam.IRole,
) -> iam.Role:
    """Work in Studio: look at everything about models, start runs and experiments, approve nothing."""
    stack = Stack.of(scope)
    work = [
        *_runs(stack, pipeline),
        *_jobs(stack, experiment_role),
        *_models(stack, settings, package_group),
        _write_own_log(stack),
        *_logs_and_metrics(stack),
    ]
    data = [
        *permissions.read_objects(place.data, RAW, CODE, RUNS, EXPERIMENTS, because=permissions.OF_PEOPLE),
        *permissions.read_objects(place.models, RUNS, EXPERIMENTS, because=permissions.OF_PEOPLE),
        permissions.write_objects(place.data, EXPERIMENTS, because=permissions.OF_PEOPLE),
        permissions.write_with_key(place.keys.data),
        # The disk of a space is encrypted with it; SageMaker asks for both when an app is made in the space.
        permissions.lend_key(place.keys.data),
        allow("kms:DescribeKey", on=[place.keys.data.key_arn]),
        permissions.read_with_key(place.keys.models),
    ]
    role = role_with(
        scope,
        "DataScientistRole",
        description="Studies customers and models in Studio",
        trusts=permissions.service_principal(SAGEMAKER),
        grants=work,
        guardrails=[
            *guardrails(place=place, instance_types=settings.training.instance_types),
            *fence_of_spaces(settings.studio),
        ],
    )
    # Policies of their own: together they would pass IAM's 6,144 characters.
    more = {"Data": data, "Spaces": own_space(stack)}
    for part, grants in more.items():
        role.add_managed_policy(policy_with(scope, f"DataScientistRole{part}", grants=grants))
    trust = role.assume_role_policy
    assert trust is not None  # noqa: S101 - tells the type checker what the CDK guarantees of a role of ours
    trust.add_statements(
        # The domain puts the profile's name on every session, so that CloudTrail knows who it was.
        iam.PolicyStatement(principals=[permissions.service_principal(SAGEMAKER)], actions=["sts:SetSourceIdentity"])
    )
    return role


def _runs(stack: Stack, pipeline: sagemaker.CfnPipeline) -> list[Grant]:
    name = pipeline.ref
    here = stack.format_arn(service="sagemaker", resource="pipeline", resource_name=name)
    return [
        allow(*may.PIPELINE, on=[here]),
        allow(
            *may.RUNS,
            on=[f"{here}/execution/*"],
            wildcard_because="The runs of this one pipeline: SageMaker makes their names up.",
        ),
    ]


def _jobs(stack: Stack, experiment_role: iam.IRole) -> list[Grant]:
    def named(pattern: str) -> list[str]:
        kinds = ("processing-job", "training-job")
        return [stack.format_arn(service="sagemaker", resource=kind, resource_name=pattern) for kind in kinds]

    own = "A person names jobs; the first word keeps them apart from those of the pipeline."
    return [
        allow(
            *may.LOOK_AT_JOBS,
            on=named(PIPELINES),
            wildcard_because=permissions.OF_PIPELINES,
        ),
        allow(*may.LOOK_AT_JOBS, *may.OWN_JOBS, on=named(EXPERIMENT), wildcard_because=own),
        allow(
            *may.TAG,
            on=named(EXPERIMENT),
            when={"StringEquals": {"sagemaker:TaggingAction": ["CreateProcessingJob", "CreateTrainingJob"]}},
            wildcard_because=own,
        ),
        permissions.pass_roles(experiment_role, service=SAGEMAKER),
    ]


def _models(stack: Stack, settings: Settings, group: sagemaker.CfnModelPackageGroup) -> list[Grant]:
    packages = stack.format_arn(
        service="sagemaker", resource="model-package", resource_name=f"{settings.resource_name}/*"
    )
    endpoint = stack.format_arn(service="sagemaker", resource="endpoint", resource_name=settings.resource_name)
    return [
        allow(
            *may.REGISTRY,
            on=[group.attr_model_package_group_arn, packages],
            wildcard_because="The versions of this one package group: SageMaker counts them up.",
        ),
        allow(*may.ENDPOINT, "sagemaker:InvokeEndpoint", on=[endpoint]),
        allow(
            *may.LISTS,
            on=["*"],
            wildcard_because="SageMaker's lists know no resource; they tell names and states, and describe nothing.",
        ),
    ]


def _write_own_log(stack: Stack) -> Grant:
    """Studio writes the logs of a person's apps with the person's role; looking for streams is allowed for reading."""
    arn = stack.format_arn(service="logs", resource="log-group:/aws/sagemaker/studio")
    return allow(
        *may.WRITE_LOG,
        on=[arn, f"{arn}:*"],
        wildcard_because="The streams of this one log group: SageMaker names them after spaces.",
    )


def _logs_and_metrics(stack: Stack) -> list[Grant]:
    groups = [stack.format_arn(service="logs", resource=f"log-group:/aws/sagemaker/{name}") for name in may.LOG_GROUPS]
    return [
        allow(
            *may.READ_LOGS,
            on=[arn for group in groups for arn in (group, f"{group}:*")],
            wildcard_because="The streams of these three log groups: SageMaker names them after jobs and spaces.",
        ),
        allow(
            *may.READ_METRICS,
            on=["*"],
            wildcard_because="CloudWatch knows no resource and no namespace for reading metrics; they are numbers.",
        ),
    ]


def compare_runs(scope: Construct, role: iam.Role, *, app: sagemaker.CfnMlflowApp) -> None:
    """Let data scientists open the pages where runs are compared; IAM knows one action for all that is done there."""
    grants = [
        allow(*may.MLFLOW, on=[app.attr_arn]),
        allow(
            *may.LISTS_OF_MLFLOW,
            on=["*"],
            wildcard_because="SageMaker's lists know no resource; this one tells names and states.",
        ),
    ]
    role.add_managed_policy(policy_with(scope, "DataScientistRoleExperiments", grants=grants))
