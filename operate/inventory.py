"""What an environment has in an account: by its stacks, and by its names where no stack knows of it (any more)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from config import Settings
from operate import studio
from operate.account import Account, Client, is_absent, pages

# Kinds of job: each service-made log group is one kind's, and is shared by all environments of the account.
JOB_KINDS = {"ProcessingJob": "/aws/sagemaker/ProcessingJobs", "TrainingJob": "/aws/sagemaker/TrainingJobs"}
# Tuning jobs have no log: their training jobs do, and are found among those.
TUNING_JOB = "HyperParameterTuningJob"
# Kinds of job by the words of the operations on them: list_training_jobs, delete_training_job.
WORDS = {
    **{kind: f"{kind.removesuffix('Job').lower()}_job" for kind in JOB_KINDS},
    TUNING_JOB: "hyper_parameter_tuning_job",
}
STUDIO_LOG_GROUP = "/aws/sagemaker/studio"
SHARED_LOG_GROUPS = frozenset({*JOB_KINDS.values(), STUDIO_LOG_GROUP})
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


@dataclass(frozen=True)
class Job:
    """A processing, training or tuning job that ran under a role of the environment."""

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
    package_groups: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
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
        yield "model package group", self.package_groups
        yield "model package", self.packages
        yield "model card", self.cards
        yield "Studio domain", self.domains
        yield "app", self.apps
        yield "space", self.spaces
        yield "user profile", self.profiles
        yield "lifecycle configuration", self.lifecycle_configs


def look(account: Account, settings: Settings, *, before: Inventory | None = None) -> Inventory:
    """Find out what there is.

    A job is the environment's when its role is: every role here carries its stack's name. Where no stack is left to
    tell, the settings say whether data, models and logs are to be kept.

    Parameters
    ----------
    before : Inventory or None
        What there was before the stacks went: things that only they could name are looked for again, and what was
        asked once is not asked again.
    """
    before = before or Inventory()
    prefix = stack_prefix(settings)
    stacks = tuple(_stacks(account.client("cloudformation"), prefix))
    resources = tuple(_resources(account.client("cloudformation"), stacks))
    sagemaker, name = account.client("sagemaker"), settings.resource_name
    # A shared group that a stack has made is that stack's for as long as there is the stack; then it is anybody's.
    gone = _named(before.resources, "AWS::Logs::LogGroup") - SHARED_LOG_GROUPS
    named_groups = {*_named(resources, "AWS::Logs::LogGroup"), *gone}
    jobs = list(_jobs(sagemaker, before.job_roles))
    domains = tuple(studio.domains(sagemaker, name, known=_named(resources, DOMAIN)))
    found = Inventory(
        stacks=stacks,
        resources=resources,
        buckets=tuple(_buckets(account.client("s3"), f"{name}-")),
        log_groups=tuple(_log_groups(account.client("logs"), prefix, name, named_groups)),
        jobs=tuple(job for job, role in jobs if role.startswith(prefix)),
        job_roles={job.name: role for job, role in jobs},
        pipelines=_named_so(sagemaker, "list_pipelines", "PipelineSummaries", "PipelineName", name, f"{name}-watch"),
        endpoints=_named_so(sagemaker, "list_endpoints", "Endpoints", "EndpointName", name),
        package_groups=_named_so(
            sagemaker, "list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName", name
        ),
        packages=tuple(
            package["ModelPackageArn"]
            for package in pages(
                sagemaker, "list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName=name
            )
        ),
        cards=tuple(_cards(sagemaker, name)),
        domains=domains,
        apps=tuple(studio.label(one) for domain in domains for one in studio.apps(sagemaker, domain)),
        spaces=tuple(studio.label(one) for domain in domains for one in studio.spaces(sagemaker, domain)),
        profiles=tuple(studio.label(one) for domain in domains for one in studio.profiles(sagemaker, domain)),
        lifecycle_configs=tuple(studio.lifecycle_configs(sagemaker, name)),
    )
    return Inventory(**{**vars(found), "kept": _kept(found, before, settings)})


def stack_prefix(settings: Settings) -> str:
    """How the names of the environment's stacks begin; a name of an environment holds no hyphen."""
    return f"{APP_PREFIX}{settings.name}-"


def _kept(found: Inventory, before: Inventory, settings: Settings) -> frozenset[str]:
    kept = {resource.name for resource in found.resources if resource.kept} | before.kept
    if settings.storage.retain_on_destroy:
        known = {resource.name for resource in (*found.resources, *before.resources)}
        orphans = {*found.buckets, *found.log_groups, *found.package_groups} - known
        kept |= orphans | {job.name for job in found.jobs}
    if kept.intersection(found.package_groups):
        kept.update(found.packages, found.cards)
    return frozenset(kept)


def _stacks(client: Client, prefix: str) -> Iterator[StackState]:
    for stack in pages(client, "describe_stacks", "Stacks"):
        if stack["StackName"].startswith(prefix) and stack["StackStatus"] != "DELETE_COMPLETE":
            protected = bool(stack.get("EnableTerminationProtection"))
            yield StackState(stack["StackName"], stack["StackStatus"], protected)


def _resources(client: Client, stacks: Iterable[StackState]) -> Iterator[Resource]:
    for stack in stacks:
        body: Mapping[str, Any] = client.get_template(StackName=stack.name)["TemplateBody"]
        for entry in pages(client, "list_stack_resources", "StackResourceSummaries", StackName=stack.name):
            if entry["ResourceStatus"] == "DELETE_COMPLETE" or not entry.get("PhysicalResourceId"):
                continue
            policy = body["Resources"].get(entry["LogicalResourceId"], {}).get("DeletionPolicy", "Delete")
            # CloudFormation knows some by their ARN; the services list all by name.
            name = entry["PhysicalResourceId"].rsplit(":model-package-group/", 1)[-1]
            yield Resource(entry["ResourceType"], name, policy.startswith("Retain"))


def _named(resources: Iterable[Resource], resource_type: str) -> set[str]:
    return {resource.name for resource in resources if resource.type == resource_type}


def _buckets(client: Client, prefix: str) -> Iterator[str]:
    for bucket in pages(client, "list_buckets", "Buckets"):
        if bucket["Name"].startswith(prefix):
            yield bucket["Name"]


def _log_groups(client: Client, prefix: str, name: str, named: set[str]) -> Iterator[str]:
    """Find groups that are this environment's alone; those that environments share are emptied by stream."""
    own = (prefix, f"/aws/lambda/{prefix}", f"/aws/cloudformation/{prefix}", f"/aws/sagemaker/Endpoints/{name}")
    for group in pages(client, "describe_log_groups", "logGroups"):
        found = group["logGroupName"]
        if found in named or found == own[-1] or found.startswith(own[:-1]):
            yield found


def _jobs(client: Client, known: Mapping[str, str]) -> Iterator[tuple[Job, str]]:
    """Go through all jobs of the account with the names of their roles; those in `known` need no second question."""
    for kind, words in WORDS.items():
        for summary in pages(client, f"list_{words}s", f"{kind}Summaries"):
            job = Job(kind, summary[f"{kind}Name"], summary[f"{kind}Status"] in RUNNING_JOB)
            role = known.get(job.name)
            if role is None:
                try:
                    described = getattr(client, f"describe_{words}")(**{f"{kind}Name": job.name})
                except ClientError as exc:
                    if is_absent(exc):
                        continue
                    raise
                works = described.get("TrainingJobDefinition", described)
                role = works["RoleArn"].rsplit("/", 1)[-1]
            yield job, role


def _named_so(client: Client, operation: str, member: str, key: str, *names: str) -> tuple[str, ...]:
    """List what has exactly one of these names: of each there is one or none."""
    return tuple(entry[key] for entry in pages(client, operation, member) if entry[key] in names)


def _cards(client: Client, name: str) -> Iterator[str]:
    """Find the cards of the group's versions, which runs write: ``<group>-<version>``."""
    for card in pages(client, "list_model_cards", "ModelCardSummaries", NameContains=name):
        group, _, version = card["ModelCardName"].rpartition("-")
        if group == name and version.isdigit():
            yield card["ModelCardName"]
