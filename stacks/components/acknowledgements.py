"""Acknowledging what cdk-nag finds: one finding, on the narrowest construct, with an argument.

Packs that find the same thing get the same answer: `acknowledge` takes all ids of a finding (findings.py names them).

cdk-nag accepts blank reasons and ids that match nothing; `acknowledge` refuses the former, and a test that compares
`acknowledged` with the unacknowledged findings refuses the latter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

# "AwsSolutions-IAM5[Resource::*]" is one finding; "AwsSolutions-IAM5" would match none of that rule's.
FINDING = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)*-[A-Za-z0-9]+(\[.+\])?")
FEWEST_WORDS = 8
# What the CDK puts before the ids that an app acknowledges.
PREFIX = "Annotation::"


class Acknowledged(NamedTuple):
    """One acknowledgement: where, which finding, why."""

    path: str
    finding: str
    reason: str


def acknowledge(construct: IConstruct, finding: str | Sequence[str], reason: str) -> None:
    """Acknowledge one finding on one construct.

    Parameters
    ----------
    construct : IConstruct
        The narrowest construct that has the finding.
    finding : str or sequence of str
        The exact id, details in brackets included; or the ids that several packs have for the same finding.
    reason : str
        Why the finding is right as it is: at least eight words.

    Raises
    ------
    ValueError
        If an id is no finding's, or the reason does not argue.
    """
    where = construct.node.path
    ids = [finding] if isinstance(finding, str) else list(finding)
    for one in ids:
        if FINDING.fullmatch(one) is None:
            raise ValueError(f"{where}: {one!r} is not a finding's id. Copy it from the validation report.")
    if len(reason.split()) < FEWEST_WORDS:
        raise ValueError(
            f"{where}: the reason for {finding} has fewer than {FEWEST_WORDS} words. Say why the finding may stay."
        )
    for one in ids:
        _record(construct, one, reason)


def _record(construct: IConstruct, finding: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def acknowledged(root: IConstruct) -> list[Acknowledged]:
    """Collect every acknowledgement of ours in the tree under `root`; the CDK's own carry another prefix."""
    found = []
    for construct in root.node.find_all():
        for entry in construct.node.metadata:
            if entry.type == Validations.ACKNOWLEDGED_RULES_METADATA_KEY:
                found += [
                    Acknowledged(construct.node.path, finding.removeprefix(PREFIX), reason)
                    for finding, reason in entry.data.items()
                    if finding.startswith(PREFIX)
                ]
    return found
