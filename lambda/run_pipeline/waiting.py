"""Packages that wait for a person: whoever may approve them hears of each, and why it waits."""

from __future__ import annotations

from typing import Any

import packages
import runs

# Characters that SNS takes as a subject.
SUBJECT_LIMIT = 100
Client = Any


def tell(sagemaker: Client, sns: Client, topic: str, execution: str, *, endpoint: str, why: str) -> str:
    """Tell people of the package of a run that has succeeded, unless somebody has decided on it; say what was done.

    Parameters
    ----------
    endpoint : str
        What would serve it.
    why : str
        Why nobody but a person approves it.
    """
    try:
        package = runs.package_of(sagemaker, execution)
    except runs.RunFailed as exc:
        return f"Nothing waits: {exc}"
    if package is None or not packages.waits(sagemaker, package):
        return f"Nothing waits any more ({execution})."
    subject = f"{endpoint}: version {package.rpartition('/')[2]} waits for approval"
    lines = [
        f"{subject}, because {why}.",
        "It passed the gate of its run. Its reports and model card say how good it is; make models has the figures.",
        "To let it into service, or not, as the registrar:",
        f"aws sagemaker update-model-package --model-package-arn {package} --model-approval-status Approved "
        '--approval-description "why" (or Rejected).',
        f"Run: {execution}",
    ]
    sns.publish(TopicArn=topic, Subject=subject[:SUBJECT_LIMIT], Message="\n".join(lines))
    return lines[0]
