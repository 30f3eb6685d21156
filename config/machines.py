"""Rules for SageMaker's machines."""

from __future__ import annotations

import re

from config.section import Section

INSTANCE_TYPE = re.compile(r"ml\.([a-z]+[0-9]+[a-z]*(?:-[a-z]+)?)\.(?:[0-9]*x?large|medium|small|metal)")
# Families with local NVMe disks: a KMS key cannot encrypt those, and SageMaker refuses to try.
NVME_FAMILY = re.compile(r"[a-z]+[0-9]+[a-z]*d[a-z]*|g4dn|g5|g6e?|gr6|p4de?|p5e?n?|inf2|trn1n?|trn2")


def check_instance_type(section: Section, name: str) -> None:
    """Check an instance type: well-formed, and with a disk that the project's key can encrypt."""
    _check(section, name, getattr(section, name))


def check_instance_types(section: Section, name: str) -> None:
    """Check a list of instance types: at least one, each named once and good by itself."""
    types: tuple[str, ...] = getattr(section, name)
    section.require(
        0 < len(types) == len(set(types)),
        name,
        rule="must name at least one instance type, and each once",
        remedy='Write them like ("ml.t3.medium", "ml.t3.large"), the usual one first.',
    )
    for one in types:
        _check(section, name, one)


def _check(section: Section, name: str, instance_type: str) -> None:
    match = INSTANCE_TYPE.fullmatch(instance_type)
    section.require(
        match is not None,
        name,
        rule="must be a SageMaker instance type",
        remedy='Write it like "ml.m5.large".',
    )
    section.require(
        match is None or NVME_FAMILY.fullmatch(match[1]) is None,
        name,
        rule="must be a type without local NVMe disks, which a KMS key cannot encrypt",
        remedy='Choose one with EBS storage only, such as "ml.m5.large".',
    )
