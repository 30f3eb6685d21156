"""Settings of the place where data scientists work: SageMaker Studio."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from config.machines import check_instance_types
from config.section import Section
from config.studio_machines import STUDIO_INSTANCE_TYPES

# A profile's name, of which a space's is made: SageMaker allows 63 characters, and capitals, which would let two people
# differ by nothing else.
USER = re.compile(r"[a-z0-9](-?[a-z0-9]){0,54}")
# CloudFormation holds 500 resources a stack, and a person has two here.
MOST_USERS = 100
# SageMaker's own limits of an idle timeout: an hour, and a year.
IDLE_MINUTES = (60, 525600)
# What SageMaker takes as a repository's address; VPC-only Studio reaches none that is outside the network.
REPOSITORY = re.compile(r"https://([.\-_a-zA-Z0-9]+/?){3,1016}")


@dataclass(frozen=True, kw_only=True)
class StudioSettings(Section):
    """The Studio domain, its users and their private JupyterLab spaces.

    Attributes
    ----------
    enabled : bool
        Whether there is a domain. It costs nothing itself; its two interface endpoints and running spaces do.
    users : tuple of str
        Names of the user profiles: lower-case letters, digits and hyphens. Each gets a private space.
    instance_types : tuple of str
        Machines that a space may run on, the usual one first.
    idle_minutes : int
        How long a space may idle before it is stopped; people may choose less, not more.
    volume_gb, maximum_volume_gb : int
        Disk of a space: at first, and at most.
    git_repository : str
        A repository that each space clones at its start, or ``""``. It must be reachable from the VPC.
    """

    section: ClassVar[str] = "studio"

    enabled: bool = False
    users: tuple[str, ...] = ("data-scientist",)
    instance_types: tuple[str, ...] = ("ml.t3.medium", "ml.t3.large")
    idle_minutes: int = 60
    volume_gb: int = 10
    maximum_volume_gb: int = 50
    git_repository: str = ""

    def check(self) -> None:
        """Check names, machines, times and disks."""
        self.require(
            not self.enabled or 1 <= len(self.users) <= MOST_USERS,
            "users",
            rule=f"must name from 1 to {MOST_USERS} users where studio.enabled is True",
            remedy="A domain without users is of no use to anybody: name some, or set studio.enabled to False.",
        )
        self.require(
            all(USER.fullmatch(user) for user in self.users),
            "users",
            rule="must hold names of at most 55 lower-case letters, digits and single hyphens",
            remedy='Write a name like "data-scientist".',
        )
        self.require(
            len(set(self.users)) == len(self.users),
            "users",
            rule="must name each user once",
            remedy="Remove the repeated name.",
        )
        check_instance_types(self, "instance_types")
        unknown = [one for one in self.instance_types if one not in STUDIO_INSTANCE_TYPES]
        self.require(
            not unknown,
            "instance_types",
            rule=f"must leave out {', '.join(unknown)}, which Studio does not have",
            remedy="Choose from config/studio_machines.py.",
        )
        low, high = IDLE_MINUTES
        self.require_range("idle_minutes", low=low, high=high, remedy="60 minutes are SageMaker's least.")
        self.require_range("volume_gb", low=5, high=16384, remedy="10 GB hold the data, the code and their results.")
        self.require(
            self.volume_gb <= self.maximum_volume_gb <= 16384,
            "maximum_volume_gb",
            rule=f"must be from studio.volume_gb ({self.volume_gb}) to 16384",
            remedy="A space starts with studio.volume_gb and must be allowed that much.",
        )
        self.require(
            self.git_repository == "" or REPOSITORY.fullmatch(self.git_repository) is not None,
            "git_repository",
            rule='must be empty or an address of letters, digits, ".", "-", "_" and "/" that begins with https://',
            remedy='Write it like "https://git.example.com/team/churn.git", without a name or a password in it.',
        )
