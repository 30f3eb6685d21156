"""What has a name that a deployment wants, service by service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from operate import names, survey
from operate.account import Account, Client, is_absent, pages
from operate.inventory import DOMAIN
from operate.names import FixedName

STACK_TAG = "aws:cloudformation:stack-name"
# What has a name to itself: the operation that tells, its parameter, and the member with the ARN.
_DESCRIBED = {
    names.PACKAGE_GROUP: ("describe_model_package_group", "ModelPackageGroupName", "ModelPackageGroupArn"),
    names.PIPELINE: ("describe_pipeline", "PipelineName", "PipelineArn"),
    names.ENDPOINT: ("describe_endpoint", "EndpointName", "EndpointArn"),
    names.LIFECYCLE_CONFIG: (
        "describe_studio_lifecycle_config",
        "StudioLifecycleConfigName",
        "StudioLifecycleConfigArn",
    ),
}
# What may share a name: the operation that lists them, its member, and the entries' name, id and ARN.
_LISTED = {
    DOMAIN: ("list_domains", "Domains", "DomainName", "DomainId", "DomainArn"),
    names.MLFLOW_APP: ("list_mlflow_apps", "Summaries", "Name", "Arn", "Arn"),
}
Tags = Callable[[], dict[str, str]]


@dataclass(frozen=True)
class Thing:
    """Something that there is.

    Attributes
    ----------
    identity : str
        Its physical id in a stack.
    tags : callable
        Reads its tags.
    """

    identity: str
    tags: Tags

    @property
    def made_by(self) -> str | None:
        """The stack that made it, by its tag; who may not read tags does without."""
        try:
            return self.tags().get(STACK_TAG)
        except (BotoCoreError, ClientError):
            return None


def named(account: Account, wanted: FixedName) -> Iterator[Thing]:
    """Find what has the name; of some types there may be two."""
    if wanted.type == names.LOG_GROUP:
        yield from _log_groups(account.client("logs"), wanted.name)
    elif wanted.type == names.COMPOSITE_ALARM:
        yield from _alarms(account.client("cloudwatch"), wanted.name)
    elif wanted.type == names.CARDS:
        yield from (Thing(card, dict) for card in survey.cards(account.client("sagemaker"), wanted.name))
    elif wanted.type == names.SIGN_IN:
        yield from _sign_in(account.client("cognito-idp"), wanted.name)
    elif wanted.type == names.POOL:
        yield from _pools(account.client("cognito-idp"), wanted.name)
    elif wanted.type == names.BUCKET:
        yield from _buckets(account.client("s3"), wanted.name)
    elif wanted.type in _LISTED:
        yield from _listed(account.client("sagemaker"), wanted)
    else:
        yield from _described(account.client("sagemaker"), wanted)


def _described(sagemaker: Client, wanted: FixedName) -> Iterator[Thing]:
    operation, parameter, member = _DESCRIBED[wanted.type]
    try:
        arn = getattr(sagemaker, operation)(**{parameter: wanted.name})[member]
    except ClientError as exc:
        if is_absent(exc):
            return
        raise
    yield Thing(arn, _sagemaker_tags(sagemaker, arn))


def _listed(sagemaker: Client, wanted: FixedName) -> Iterator[Thing]:
    operation, member, name, identity, arn = _LISTED[wanted.type]
    for one in pages(sagemaker, operation, member):
        if one[name] == wanted.name:
            yield Thing(one[identity], _sagemaker_tags(sagemaker, one[arn]))


def _alarms(cloudwatch: Client, name: str) -> Iterator[Thing]:
    """Alarms on metrics and alarms on alarms share their names."""
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    for alarm in (*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])):
        yield Thing(name, _alarm_tags(cloudwatch, alarm["AlarmArn"]))


def _sign_in(cognito: Client, domain: str) -> Iterator[Thing]:
    pool = cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"].get("UserPoolId")
    if pool:
        yield Thing(domain, _pool_tags(cognito, pool))


def _pools(cognito: Client, name: str) -> Iterator[Thing]:
    for pool in survey.user_pools(cognito, name):
        yield Thing(pool, _pool_tags(cognito, pool))


def _buckets(s3: Client, prefix: str) -> Iterator[Thing]:
    for bucket in survey.buckets(s3, prefix):
        yield Thing(bucket, _bucket_tags(s3, bucket))


def _log_groups(logs: Client, name: str) -> Iterator[Thing]:
    for group in pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=name):
        if group["logGroupName"] == name:
            yield Thing(name, _log_tags(logs, group["arn"].removesuffix(":*")))


def _pool_tags(cognito: Client, pool: str) -> Tags:
    return lambda: cognito.describe_user_pool(UserPoolId=pool)["UserPool"].get("UserPoolTags", {})


def _bucket_tags(s3: Client, bucket: str) -> Tags:
    return lambda: _pairs(s3.get_bucket_tagging(Bucket=bucket)["TagSet"])


def _alarm_tags(cloudwatch: Client, arn: str) -> Tags:
    return lambda: _pairs(cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"])


def _log_tags(logs: Client, arn: str) -> Tags:
    return lambda: dict(logs.list_tags_for_resource(resourceArn=arn)["tags"])


def _sagemaker_tags(sagemaker: Client, arn: str) -> Tags:
    return lambda: _pairs(pages(sagemaker, "list_tags", "Tags", ResourceArn=arn))


def _pairs(tags: Iterable[dict[str, str]]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in tags}
