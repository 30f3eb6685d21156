"""Settings of the endpoint that serves the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from config.machines import check_instance_type
from config.section import Section

SERVERLESS_MEMORY_MB = (1024, 2048, 3072, 4096, 5120, 6144)


@dataclass(frozen=True, kw_only=True)
class ServingSettings(Section):
    """The endpoint, and how it comes to serve another model.

    Attributes
    ----------
    approval : "gate" or "person"
        Who lets a model into service: the pipeline's gate alone, or a person with the registrar's role who looks at
        what passed it. The very first model needs no person: nothing is served yet that it could harm.
    instance_type, instance_count
        Machines behind the endpoint; not used by a serverless one. With autoscaling, the count is the least there are.
    autoscaling_max_count : int
        The most machines there may be; 0 keeps instance_count.
    autoscaling_invocations_per_instance : int
        Requests a minute for which one machine is to be there. AWS advises half of what a machine was measured to
        take, times 60; the default assumes 40 requests a second, and was not measured on AWS.
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
    alarm_delay_s : int
        How long the slowest of the alarms takes to go off, by which a canary goes back. Metrics come by the minute, and
        latency is judged by two of them; CloudWatch then looks within the third.
    maximum_latency_ms : int
        The slowest of a hundred requests to the model may take this long, two minutes in a row, before an alarm goes
        off.
    rollout_wait_s, rollout_poll_s : int
        How long an approved model waits for a deployment that is under way, and how often a rollout looks.
    data_capture_percent : int
        Share of requests and answers that are kept for later checks; 0 keeps none.
    """

    section: ClassVar[str] = "serving"

    approval: Literal["gate", "person"] = "gate"
    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    autoscaling_max_count: int = 0
    autoscaling_invocations_per_instance: int = 1200
    serverless: bool = False
    serverless_memory_mb: int = 2048
    serverless_max_concurrency: int = 5
    in_vpc: bool = True
    network_isolated: bool = True
    canary_percent: int = 0
    canary_bake_s: int = 300
    terminate_wait_s: int = 120
    update_timeout_s: int = 3600
    alarm_delay_s: int = 180
    maximum_latency_ms: int = 1000
    rollout_wait_s: int = 7200
    rollout_poll_s: int = 15
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
        self.require_range("maximum_latency_ms", low=1, high=60000, remedy="SageMaker ends a request after a minute.")
        self.require_range("rollout_wait_s", low=60, high=86400, remedy="Outwait a deployment: give up to a day.")
        self.require(
            1 <= self.rollout_poll_s <= self.rollout_wait_s // 10,
            "rollout_poll_s",
            rule=f"must be from 1 to a tenth of serving.rollout_wait_s ({self.rollout_wait_s})",
            remedy="Ask often enough that the end of an update is noticed soon.",
        )
        self.require_looks("rollout_wait_s", "rollout_poll_s")
        self.require_range("data_capture_percent", low=0, high=100, remedy="Give a share in percent.")
        if self.serverless:
            self._check_serverless()
        self._check_scaling()
        self._check_update()

    @property
    def autoscaled(self) -> bool:
        """Whether the number of machines follows the traffic."""
        return self.autoscaling_max_count > 0

    def _check_scaling(self) -> None:
        self.require(
            self.autoscaling_max_count == 0 or self.instance_count < self.autoscaling_max_count <= 100,
            "autoscaling_max_count",
            rule=f"must be 0, or more than serving.instance_count ({self.instance_count}) and at most 100",
            remedy="Name the most machines that traffic may call for, or 0 for a fixed number.",
        )
        self.require_range(
            "autoscaling_invocations_per_instance", low=1, high=1000000, remedy="Measure what one machine takes."
        )

    def _check_serverless(self) -> None:
        impossible = {
            "in_vpc": "a serverless endpoint cannot be in a VPC",
            "network_isolated": "a serverless endpoint cannot be isolated",
            "data_capture_percent": "a serverless endpoint cannot capture data",
            "canary_percent": "a serverless endpoint has no instances to shift traffic between",
            "autoscaling_max_count": "AWS scales a serverless endpoint by itself",
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
        self.require(
            self.canary_percent * self.instance_count % 100 == 0,
            "canary_percent",
            rule=f"must be a share of whole machines, of which there are {self.instance_count}",
            remedy="Rounded, the share could exceed half: choose 50 of 2 machines, or 25 of 4.",
        )
        self.require_range("canary_bake_s", low=0, high=3600, remedy="The service's limit is 3600.")
        self.require_range("alarm_delay_s", low=1, high=3600, remedy="No canary is watched longer than 3600.")
        self.require(
            self.canary_percent == 0 or self.canary_bake_s >= self.alarm_delay_s,
            "canary_bake_s",
            rule=f"must be serving.alarm_delay_s ({self.alarm_delay_s}) at least where serving.canary_percent is set",
            remedy="A canary that is trusted before its alarms can go off is none: watch it longer.",
        )
        self.require_range("terminate_wait_s", low=0, high=3600, remedy="The limit is 3600.")
        self.require(
            600 <= self.update_timeout_s <= 14400
            and self.update_timeout_s > self.canary_bake_s + self.terminate_wait_s,
            "update_timeout_s",
            rule="must be from 600 to 14400 and longer than serving.canary_bake_s plus "
            f"serving.terminate_wait_s ({self.canary_bake_s + self.terminate_wait_s})",
            remedy="Starting the machines comes on top of both waits: give it time.",
        )
