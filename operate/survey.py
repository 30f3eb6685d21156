"""Finds out what an environment has: by its stacks, and by its names where no stack knows of it (any more)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from config import Settings
from operate import studio
from operate.account import Account, Client, is_absent, pages
from operate.inventory import (
    DOMAIN,
    KINDS,
    RUNNING_JOB,
    SHARED_LOG_GROUPS,
    Inventory,
    Job,
    Resource,
    StackState,
    stack_prefix,
)


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
    stacks = tuple(stacks_of(account.client("cloudformation"), prefix))
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
        buckets=tuple(buckets(account.client("s3"), f"{name}-")),
        log_groups=tuple(_log_groups(account.client("logs"), prefix, name, named_groups)),
        jobs=tuple(job for job, role in jobs if role.startswith(prefix)),
        job_roles={job.name: role for job, role in jobs},
        pipelines=_named_so(sagemaker, "list_pipelines", "PipelineSummaries", "PipelineName", name, f"{name}-watch"),
        endpoints=_named_so(sagemaker, "list_endpoints", "Endpoints", "EndpointName", name),
        mlflow_apps=_named_so(sagemaker, "list_mlflow_apps", "Summaries", "Name", name),
        package_groups=_named_so(
            sagemaker, "list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName", name
        ),
        packages=tuple(
            package["ModelPackageArn"]
            for package in pages(
                sagemaker, "list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName=name
            )
        ),
        cards=tuple(cards(sagemaker, name)),
        user_pools=tuple(user_pools(account.client("cognito-idp"), name)),
        domains=domains,
        apps=tuple(studio.label(one) for domain in domains for one in studio.apps(sagemaker, domain)),
        spaces=tuple(studio.label(one) for domain in domains for one in studio.spaces(sagemaker, domain)),
        profiles=tuple(studio.label(one) for domain in domains for one in studio.profiles(sagemaker, domain)),
        lifecycle_configs=tuple(studio.lifecycle_configs(sagemaker, name)),
    )
    return Inventory(**{**vars(found), "kept": _kept(found, before, settings)})


def stacks_of(client: Client, prefix: str) -> Iterator[StackState]:
    """Find the stacks whose names begin so."""
    for stack in pages(client, "describe_stacks", "Stacks"):
        if stack["StackName"].startswith(prefix) and stack["StackStatus"] != "DELETE_COMPLETE":
            protected = bool(stack.get("EnableTerminationProtection"))
            yield StackState(stack["StackName"], stack["StackStatus"], protected)


def _kept(found: Inventory, before: Inventory, settings: Settings) -> frozenset[str]:
    kept = {resource.name for resource in found.resources if resource.kept} | before.kept
    if settings.storage.retain_on_destroy:
        known = {resource.name for resource in (*found.resources, *before.resources)}
        orphans = {*found.buckets, *found.log_groups, *found.package_groups, *found.user_pools} - known
        kept |= orphans | {job.name for job in found.jobs}
    if kept.intersection(found.package_groups):
        kept.update(found.packages, found.cards)
    return frozenset(kept)


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


def user_pools(client: Client, name: str) -> Iterator[str]:
    """Find the ids of the user pools that have a name; several may."""
    for pool in pages(client, "list_user_pools", "UserPools", MaxResults=60):
        if pool["Name"] == name:
            yield pool["Id"]


def buckets(client: Client, prefix: str) -> Iterator[str]:
    """Find the buckets whose names begin so."""
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
    for kind in KINDS:
        words = xform_name(kind)
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


def cards(client: Client, name: str) -> Iterator[str]:
    """Find the cards of the group's versions, which runs write: ``<group>-<version>``."""
    for card in pages(client, "list_model_cards", "ModelCardSummaries", NameContains=name):
        group, _, version = card["ModelCardName"].rpartition("-")
        if group == name and version.isdigit():
            yield card["ModelCardName"]
