"""Tags of resources: ``AddTags``, ``ListTags``, ``DeleteTags``, and the tags given at creation."""

from typing import Any

from local.sagemaker import platform
from local.sagemaker.naming import ARN_WORDS
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import records

_KIND = "Tags"


def keep(arn: str, request: Request) -> None:
    """Keep the tags of a request that creates a resource.

    Whoever creates a resource with tags must also be allowed ``sagemaker:AddTags`` on it; the operation that creates
    is then the condition key ``sagemaker:TaggingAction``.
    """
    tags = request.get("Tags")
    if tags:
        word = arn.split(":")[5].split("/", maxsplit=1)[0]
        (kind,) = [kind for kind, other in ARN_WORDS.items() if other == word]
        platform.current().authorize("sagemaker:AddTags", arn, {"sagemaker:TaggingAction": f"Create{kind}"})
        records.put(_KIND, arn, {"Tags": [dict(t) for t in tags]})


def forget(arn: str) -> None:
    """Drop the tags of a deleted resource."""
    records.remove(_KIND, arn)


def of(arn: str) -> list[dict[str, Any]]:
    """The tags of a resource."""
    record = records.get(_KIND, arn)
    return record["Tags"] if record else []


def replace(arn: str, tags: list[dict[str, Any]] | None) -> None:
    """Make these the tags of a resource (a CloudFormation update)."""
    records.put(_KIND, arn, {"Tags": [dict(t) for t in tags or []]})


@operation("AddTags")
def _add(request: Request) -> Answer:
    merged = {t["Key"]: t["Value"] for t in of(request["ResourceArn"])}
    merged.update({t["Key"]: t["Value"] for t in request["Tags"]})
    tags = [{"Key": k, "Value": v} for k, v in merged.items()]
    records.put(_KIND, request["ResourceArn"], {"Tags": tags})
    return {"Tags": tags}


@operation("ListTags")
def _list(request: Request) -> Answer:
    return {"Tags": of(request["ResourceArn"])}


@operation("DeleteTags")
def _delete(request: Request) -> Answer:
    left = [t for t in of(request["ResourceArn"]) if t["Key"] not in request["TagKeys"]]
    records.put(_KIND, request["ResourceArn"], {"Tags": left})
    return {}


def resource_arn(request: Request) -> str | None:
    """The ARN that a tagging request is about, for IAM."""
    arn = request.get("ResourceArn")
    return arn if isinstance(arn, str) and any(f":{w}/" in arn for w in ARN_WORDS.values()) else None
