"""What an environment has in an account, and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from botocore import xform_name

from config import Settings
from operate.account import Client

# Kinds of job: each service-made log group is one kind's, and is shared by all environments of the account.
JOB_KINDS = {"ProcessingJob": "/aws/sagemaker/ProcessingJobs", "TrainingJob": "/aws/sagemaker/TrainingJobs"}
# Tuning jobs have no log: their training jobs do, and are found among those.
TUNING_JOB = "HyperParameterTuningJob"
# Those that run under a role of their own, by which they are known; they go with the environment.
KINDS = (*JOB_KINDS, TUNING_JOB)
# Its role is its model's. SageMaker keeps transform jobs for good; their names begin with the environment's.
TRANSFORM_JOB = "TransformJob"
TRANSFORM_LOG_GROUP = "/aws/sagemaker/TransformJobs"
STUDIO_LOG_GROUP = "/aws/sagemaker/studio"
SHARED_LOG_GROUPS = frozenset({*JOB_KINDS.values(), STUDIO_LOG_GROUP, TRANSFORM_LOG_GROUP})
DOMAIN = "AWS::SageMaker::Domain"
# How the names of all environments' stacks begin.
APP_PREFIX = "Churn-"
RUNNING_JOB = ("InProgress", "Stopping")
RUNNING_EXECUTION = ("Executing", "Stopping")
# Lambda names the interfaces of its functions so; EC2 calls their type "lambda".
LAMBDA_INTERFACE = "AWS Lambda VPC ENI"


@dataclass(frozen=True)
class StackState:
    """A stack that exists."""

    name: str
    status: str
    protected: bool

    @property
    def changing(self) -> bool:
        """Whether something goes on; a review waits for somebody, and for ever if nobody comes."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True)
class Job:
    """A processing, training or tuning job that ran under a role of the environment; or a transform job by its name."""

    kind: str
    name: str
    running: bool


@dataclass(frozen=True)
class Resource:
    """A resource of a stack; `kept` when its deletion policy lets it outlive the stack."""

    type: str
    name: str
    kept: bool


@dataclass(frozen=True)
class Inventory:
    """What there is. Names, unless a class says more.

    Attributes
    ----------
    resources : tuple of Resource
        All that the stacks hold.
    kept : frozenset of str
        Physical ids that the deletion leaves on purpose.
    user_pools : tuple of str
        Ids of those that have the environment's name: whoever signs in is in there.
    domains : tuple of str
        Ids of Studio's domains: of a stack's, and of one that no stack knows of and that has the environment's name.
    spaces, profiles, apps : tuple of str
        What is in those domains, whoever made it: ``<domain>/<name>``; of apps, those that are not deleted.
    job_roles : mapping
        Names of the roles of all jobs of the account, by the job's name: asking takes a call each.
    """

    stacks: tuple[StackState, ...] = ()
    resources: tuple[Resource, ...] = ()
    buckets: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()
    pipelines: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    mlflow_apps: tuple[str, ...] = ()
    package_groups: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    user_pools: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    lifecycle_configs: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    job_roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def protected(self) -> tuple[str, ...]:
        """Stacks that refuse to be deleted."""
        return tuple(stack.name for stack in self.stacks if stack.protected)

    def of_type(self, resource_type: str) -> tuple[str, ...]:
        """Physical ids of the stacks' resources of a type."""
        return tuple(resource.name for resource in self.resources if resource.type == resource_type)

    def groups(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Go through what there is, kind by kind, in the words of a report."""
        yield "stack", tuple(stack.name for stack in self.stacks)
        yield "bucket", self.buckets
        yield "log group", self.log_groups
        yield "job", tuple(job.name for job in self.jobs)
        yield "pipeline", self.pipelines
        yield "endpoint", self.endpoints
        yield "MLflow app", self.mlflow_apps
        yield "model package group", self.package_groups
        yield "model package", self.packages
        yield "model card", self.cards
        yield "user pool", self.user_pools
        yield "Studio domain", self.domains
        yield "app", self.apps
        yield "space", self.spaces
        yield "user profile", self.profiles
        yield "lifecycle configuration", self.lifecycle_configs


def stack_prefix(settings: Settings) -> str:
    """How the names of the environment's stacks begin; a name of an environment holds no hyphen."""
    return f"{APP_PREFIX}{settings.name}-"


def operation_on(client: Client, verb: str, job: Job) -> Callable[..., object]:
    """The client's operation on a kind of job: "stop" or "delete"."""
    operation: Callable[..., object] = getattr(client, f"{verb}_{xform_name(job.kind)}")
    return operation
