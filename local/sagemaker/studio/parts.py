"""What the parts of a domain have in common: names inside the domain, states, errors in AWS's words."""

import copy
from typing import Any

from local.sagemaker import tags
from local.sagemaker.errors import ServiceError, in_use, not_found
from local.sagemaker.naming import arn, now
from local.sagemaker.operations import Request
from local.sagemaker.store import Record, records

DOMAIN, PROFILE, SPACE, APP = "Domain", "UserProfile", "Space", "App"
#: States of an app that is not, or not for long, there any more.
GONE = ("Deleted", "Failed")


def key(*names: str) -> str:
    """The name of a record inside a domain, as its ARN spells it."""
    return "/".join(names)


def create(kind: str, name: str, request: Request, **more: Any) -> Record:
    """Make the record of a part, in service at once.

    Raises
    ------
    ServiceError
        ``ResourceInUse`` when the name is taken.
    """
    made = {**copy.deepcopy({k: v for k, v in request.items() if k != "Tags"}), **more}
    made |= {f"{kind}Arn": arn(kind, name), "CreationTime": now(), "LastModifiedTime": now()}
    made.setdefault("Status", "InService")
    taken = records.get(kind, name)
    if taken is not None and taken["Status"] not in GONE:
        raise in_use(f"{kind} already exists: {arn(kind, name)}")
    tags.keep(made[f"{kind}Arn"], request)
    # A deleted app's record makes room, and the new one is the youngest in every list.
    records.remove(kind, name)
    return records.put(kind, name, made)


def require(kind: str, name: str) -> Record:
    """The record of a part.

    Raises
    ------
    ServiceError
        ``ResourceNotFound`` when there is none.
    """
    record = records.get(kind, name)
    if record is None:
        raise missing(kind, name)
    return record


def missing(kind: str, name: str) -> ServiceError:
    """The error for a part that is not there."""
    return not_found(f"{kind} [{name.rsplit('/', 1)[-1]}] does not exist: {arn(kind, name)}")


def change(record: Record, request: Request, *members: str) -> Record:
    """Set members of a record that a request names."""
    record |= {member: copy.deepcopy(request[member]) for member in members if member in request}
    record["LastModifiedTime"] = now()
    return record


def forget(kind: str, name: str) -> None:
    """Remove a part with its tags."""
    records.remove(kind, name)
    tags.forget(arn(kind, name))


def inside(kind: str, domain: str) -> list[Record]:
    """The records of a kind in a domain, oldest first."""
    return [record for record in records.all(kind) if record["DomainId"] == domain]


def refuse_while(there: list[str], what: str, holder: str) -> None:
    """Refuse a deletion while something is there.

    Raises
    ------
    ServiceError
        ``ResourceInUse``, with the names.
    """
    if there:
        raise in_use(f"Unable to delete {holder}: it still has {what}: {', '.join(sorted(there))}.")


def wanted(found: list[Record], request: Request, **equals: str) -> list[Record]:
    """Those records that a list's filters let through: members by the name of their filter."""
    for filter_, member in equals.items():
        if filter_ in request:
            found = [record for record in found if record.get(member) == request[filter_]]
    return found
