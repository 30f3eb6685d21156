"""Settings of the model's making and serving."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from config.section import Section

INSTANCE_TYPE = re.compile(r"ml\.([a-z]+[0-9]+[a-z]*(?:-[a-z]+)?)\.(?:[0-9]*x?large|medium|small|metal)")
# Families with local NVMe disks: a KMS key cannot encrypt those, and SageMaker refuses to try.
NVME_FAMILY = re.compile(r"[a-z]+[0-9]+[a-z]*d[a-z]*|g4dn|g5|g6e?|gr6|p4de?|p5e?n?|inf2|trn1n?|trn2")
SERVERLESS_MEMORY_MB = (1024, 2048, 3072, 4096, 5120, 6144)


def check_instance_type(section: Section, name: str) -> None:
    """Check an instance type: well-formed, and with a disk that the project's key can encrypt."""
    match = INSTANCE_TYPE.fullmatch(getattr(section, name))
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


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(Section):
    """The pipeline: its machines, its time, its costs and its gate.

    Attributes
    ----------
    processing_instance_type, training_instance_type : str
        Machines of the prepare and evaluate steps, and of the train step.
    volume_gb : int
        Disk of each job.
    step_timeout_s : int
        Longest run of one step, in seconds.
    hyperparameters : tuple of (str, str)
        Overrides of the defaults in ``ml/hyperparameters.py``.
    cost_missed_churner, cost_wasted_incentive, cost_saved_customer : float
        What a decision costs, in USD: a churner nobody called, an incentive for a customer who would
        have stayed, and an incentive for one who would have left.
    minimum_average_precision : float
        Gate: the least average precision on the test split, 0 to 1; docs/decisions/gate.md measures both.
    maximum_cost_per_customer : float
        Gate: the highest expected cost in USD per customer on the test split.
    unattended_approval : {"Approved", "PendingManualApproval"}
        Status of a package whose run nobody deployed. A deployment's own run is approved: who may
        deploy the endpoint has decided.
    """

    section: ClassVar[str] = "training"

    image_version: Literal["3.2-0"] = "3.2-0"
    processing_instance_type: str = "ml.m5.large"
    training_instance_type: str = "ml.m5.large"
    volume_gb: int = 10
    step_timeout_s: int = 900
    hyperparameters: tuple[tuple[str, str], ...] = ()
    cost_missed_churner: float = 500.0
    cost_wasted_incentive: float = 100.0
    cost_saved_customer: float = 100.0
    minimum_average_precision: float = 0.80
    maximum_cost_per_customer: float = 32.0
    unattended_approval: Literal["Approved", "PendingManualApproval"] = "PendingManualApproval"

    def check(self) -> None:
        """Check machines, times, costs and the gate."""
        check_instance_type(self, "processing_instance_type")
        check_instance_type(self, "training_instance_type")
        self.require_range("volume_gb", low=1, high=1024, remedy="10 GB hold millions of customers.")
        self.require_range("step_timeout_s", low=60, high=86400, remedy="Give a step between a minute and a day.")
        names = [name for name, _ in self.hyperparameters]
        self.require(
            len(set(names)) == len(names),
            "hyperparameters",
            rule="must name each hyperparameter once",
            remedy="Remove the repeated pair.",
        )
        for name in ("cost_missed_churner", "cost_wasted_incentive", "cost_saved_customer"):
            self.require_range(name, low=0, high=1e6, remedy="Give the cost in USD per customer.")
        self.require(
            self.cost_saved_customer < self.cost_missed_churner,
            "cost_saved_customer",
            rule=f"must be less than training.cost_missed_churner ({self.cost_missed_churner:g})",
            remedy="Otherwise doing nothing is always cheapest and there is nothing to predict.",
        )
        self.require_range(
            "minimum_average_precision",
            low=0,
            high=1,
            remedy="Average precision is a share; random guessing reaches the churn rate.",
        )
        self.require(
            0 < self.maximum_cost_per_customer <= self.cost_missed_churner,
            "maximum_cost_per_customer",
            rule=f"must be above 0 and at most training.cost_missed_churner ({self.cost_missed_churner:g})",
            remedy="Doing nothing costs the churn rate times that; ask for less.",
        )


@dataclass(frozen=True, kw_only=True)
class ServingSettings(Section):
    """The endpoint.

    Attributes
    ----------
    instance_type, instance_count
        Machines behind the endpoint; not used by a serverless one.
    serverless : bool
        Whether AWS runs the model on demand. Saves money, and gives up VPC, isolation and capture.
    serverless_memory_mb, serverless_max_concurrency : int
        Size of a serverless endpoint.
    in_vpc, network_isolated : bool
        Whether the model's container sits in the network, and whether it is cut off from it.
    canary_percent : int
        Share of capacity that a new model gets first, 1 to 50; 0 switches all at once.
    canary_bake_s, terminate_wait_s, update_timeout_s : int
        How long the canary is watched, how long the old machines stay, how long all may take.
    data_capture_percent : int
        Share of requests and answers that are kept for later checks; 0 keeps none.
    """

    section: ClassVar[str] = "serving"

    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    serverless: bool = False
    serverless_memory_mb: int = 2048
    serverless_max_concurrency: int = 5
    in_vpc: bool = True
    network_isolated: bool = True
    canary_percent: int = 0
    canary_bake_s: int = 300
    terminate_wait_s: int = 120
    update_timeout_s: int = 3600
    data_capture_percent: int = 0

    def check(self) -> None:
        """Check the machines and how they are replaced."""
        check_instance_type(self, "instance_type")
        self.require_range("instance_count", low=1, high=100, remedy="Two outlive one zone's loss.")
        self.require(
            self.serverless_memory_mb in SERVERLESS_MEMORY_MB,
            "serverless_memory_mb",
            rule=f"must be one of {SERVERLESS_MEMORY_MB}",
            remedy="Serverless endpoints come in these sizes only.",
        )
        self.require_range("serverless_max_concurrency", low=1, high=200, remedy="200 is the service's limit.")
        self.require_range("data_capture_percent", low=0, high=100, remedy="Give a share in percent.")
        if self.serverless:
            self._check_serverless()
        self._check_update()

    def _check_serverless(self) -> None:
        impossible = {
            "in_vpc": "a serverless endpoint cannot be in a VPC",
            "network_isolated": "a serverless endpoint cannot be isolated",
            "data_capture_percent": "a serverless endpoint cannot capture data",
            "canary_percent": "a serverless endpoint has no instances to shift traffic between",
        }
        for name, why in impossible.items():
            self.require(
                not getattr(self, name),
                name,
                rule=f"must be off because {why}",
                remedy=f"Switch serving.{name} off, or set serving.serverless to False.",
            )

    def _check_update(self) -> None:
        self.require_range(
            "canary_percent",
            low=0,
            high=50,
            remedy="SageMaker shifts at most half of the capacity to a canary; 0 is no canary.",
        )
        self.require(
            self.canary_percent == 0 or self.instance_count >= 2,
            "instance_count",
            rule="must be at least 2 where serving.canary_percent is set",
            remedy="A canary needs a share of the machines, and one machine has no share.",
        )
        self.require_range("canary_bake_s", low=0, high=3600, remedy="The service's limit is 3600.")
        self.require_range("terminate_wait_s", low=0, high=3600, remedy="The limit is 3600.")
        self.require(
            600 <= self.update_timeout_s <= 14400
            and self.update_timeout_s > self.canary_bake_s + self.terminate_wait_s,
            "update_timeout_s",
            rule="must be from 600 to 14400 and longer than serving.canary_bake_s plus "
            f"serving.terminate_wait_s ({self.canary_bake_s + self.terminate_wait_s})",
            remedy="Starting the machines comes on top of both waits: give it time.",
        )
