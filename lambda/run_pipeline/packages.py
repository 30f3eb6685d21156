"""Packages of models: which may be served, and their approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import executions

# States of a package's approval; the third waits for someone to decide.
APPROVED, REJECTED, WAITING = "Approved", "Rejected", "PendingManualApproval"
# CloudFormation shows about 1,000 characters of a reason; what comes first matters.
REASON_LIMIT = 900
Client = Any


class NotServable(RuntimeError):
    """The package may not be served; the message says why."""


def approve(client: Client, execution: str, package: str, *, because: str) -> None:
    """Approve the package of a run; one that is approved already stays as it is.

    Raises
    ------
    NotServable
        If someone has rejected the package, it cannot be served, or it holds another model than its run has trained.
    """
    answer = _described(client, package)
    _require_trained(client, answer, execution)
    if answer.get("ModelApprovalStatus") != APPROVED:
        _refuse_rejected(answer)
        client.update_model_package(ModelPackageArn=package, ModelApprovalStatus=APPROVED, ApprovalDescription=because)


def require_approved(client: Client, package: str) -> None:
    """Let a package through that someone has approved and that holds what its run has trained.

    Raises
    ------
    NotServable
        If it is anything else.
    """
    answer = _described(client, package)
    # Said by the package, so the run must say the same: whoever may decide on a package may change what it says.
    execution = answer.get("MetadataProperties", {}).get("GeneratedBy", "")
    if not execution or executions.registered(client, execution) != package:
        raise NotServable(f"The model package is not what a run of the pipeline has registered ({package}).")
    _require_trained(client, answer, execution)
    _refuse_rejected(answer)
    if (status := answer.get("ModelApprovalStatus")) != APPROVED:
        raise NotServable(f"The model package is {status}, and nobody has approved it ({package}).")


def is_approved(client: Client, package: str | None) -> bool:
    """Tell whether the package is there, whole, and still approved."""
    return _state(client, package) == ("Completed", APPROVED)


def waits(client: Client, package: str) -> bool:
    """Tell whether the package is there, whole, and nobody has decided on it."""
    return _state(client, package) == ("Completed", WAITING)


def is_there(client: Client, package: str | None) -> bool:
    """Tell whether the package is there and whole, whatever was decided on it."""
    return _state(client, package)[0] == "Completed"


def _state(client: Client, package: str | None) -> tuple[str | None, str | None]:
    if package is None:
        return None, None
    try:
        answer = client.describe_model_package(ModelPackageName=package)
    except client.exceptions.ClientError as exc:
        if exc.response["Error"]["Code"] in executions.NOT_THERE:
            return None, None
        raise
    return answer["ModelPackageStatus"], answer.get("ModelApprovalStatus")


def _described(client: Client, package: str) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = client.describe_model_package(ModelPackageName=package)
    if answer["ModelPackageStatus"] != "Completed":
        raise NotServable(f"The model package is {answer['ModelPackageStatus']} and cannot be served ({package}).")
    return answer


def _require_trained(client: Client, package: Mapping[str, Any], execution: str) -> None:
    """Refuse what its run has not trained: whoever may decide on a package may change it too.

    In which bucket it lies is the matter of the model's role, which reads in no other than ours.
    """
    trained = executions.trained(client, execution)
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    if not containers or not all(trained.search(one.get("ModelDataUrl", "")) for one in containers):
        raise NotServable(
            f"The model package holds another model than its run has trained ({package['ModelPackageArn']})."
        )


def _refuse_rejected(package: Mapping[str, Any]) -> None:
    if package.get("ModelApprovalStatus") == REJECTED:
        why = one_line(package.get("ApprovalDescription", "")) or "No reason was given."
        raise NotServable(f"The model package was rejected. {why[:REASON_LIMIT]} ({package['ModelPackageArn']})")


def one_line(text: str) -> str:
    """Join lines: readers of CloudFormation's events show the first one only."""
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())
