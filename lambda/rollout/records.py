"""What stays of a rollout: on the packages, when each went live and why one was rejected; and a notice to people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import live

# What SageMaker keeps of a decision's reason, and what SNS takes as a subject.
DESCRIPTION_LIMIT, SUBJECT_LIMIT = 1024, 100
REJECTED = "Rejected"
Rollout = dict[str, Any]
Client = Any


def keep(client: Client, endpoint: str, rollout: Rollout) -> Rollout:
    """Write to the package since when it is live, and reject the one that it was to replace."""
    package, found = rollout["package"], live.look(client, endpoint)
    known = client.describe_model_package(ModelPackageName=package).get("CustomerMetadataProperties", {})
    # A rollout may come by twice; what is known is not written again.
    if known.get("live_config") != found.config:
        facts = {"live_config": found.config, "live_since": datetime.now(UTC).isoformat(timespec="seconds")}
        if by := rollout.get("approved_by"):
            facts["approved_by"] = by[-256:]
        client.update_model_package(ModelPackageArn=package, CustomerMetadataProperties=facts)
    if "rejects" in rollout:
        _reject_replaced(client, rollout)
    return rollout | {"state": "live", "message": f"{endpoint} serves {live.version(package)}."}


def drop(client: Client, endpoint: str, rollout: Rollout) -> Rollout:
    """Say what is live in place of a rollout that was dropped.

    What a way back was to replace is rejected all the same, unless it is served: somebody decided that, and the next
    way back must not lead to it.
    """
    found = live.look(client, endpoint)
    told = f"{endpoint} serves {live.version(found.package)}: {rollout['reason_dropped']}."
    if rejected := rollout.get("rejects"):
        served = rejected in (found.package, found.coming)
        told += f" {live.version(rejected).capitalize()} " + (
            "stays approved: it is served." if served else "is rejected."
        )
        if not served:
            _reject_replaced(client, rollout)
    return rollout | {"message": told}


def _reject_replaced(client: Client, rollout: Rollout) -> None:
    reject(client, rollout["rejects"], f"Rolled back by {rollout['by']}: {rollout['reason']}")


def fail(client: Client, sns: Client, topic: str, endpoint: str, rollout: Rollout) -> Rollout:
    """Say what is live after a rollout that failed, reject the package if it is the reason, and tell people."""
    package, found = rollout["package"], live.look(client, endpoint)
    reason = rollout.get("reason_failed") or cause(rollout)
    if found.failure and found.failure not in reason:
        reason = f"{reason} SageMaker: {found.failure}"
    lines = [
        f"{endpoint}: the rollout of {live.version(package)} failed.",
        f"Why: {reason}",
        f"Live now: {live.version(found.package)}, endpoint config {found.config or 'none'}, "
        f"the endpoint is {found.status or 'not there'}.",
    ]
    # Whatever went wrong, what is served is not rejected under people's hands.
    if rollout.get("blame") and found.package != package:
        reject(client, package, f"Its rollout failed: {reason}")
        decided = "was rejected. To try it again, approve it again."
    else:
        decided = "is still approved. To try it again, start the rollout again."
    lines.append(f"{live.version(package).capitalize()} {decided}")
    message = "\n".join(lines)
    sns.publish(TopicArn=topic, Subject=lines[0][:SUBJECT_LIMIT], Message=message)
    return rollout | {"message": message}


def reject(client: Client, package: str, reason: str) -> None:
    """Reject a package with a reason."""
    client.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus=REJECTED, ApprovalDescription=reason[:DESCRIPTION_LIMIT]
    )


def cause(rollout: Rollout) -> str:
    """Read an error as the state machine caught it: a function's own message, where it has one."""
    caught = rollout.get("error", {})
    try:
        return str(json.loads(caught["Cause"])["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return caught.get("Cause") or caught.get("Error") or "No reason was given."
