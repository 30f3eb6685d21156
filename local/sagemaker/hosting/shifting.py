"""How an update takes the traffic from the old fleet to the new one: blue/green, with steps, waits and alarms.

One process stands for all instances of a variant; what an instance count decides here is how large a step is, and so
which share of the requests each fleet gets.
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from local.sagemaker import duties, events, platform
from local.sagemaker.errors import invalid
from local.sagemaker.hosting.fleet import fleet
from local.sagemaker.hosting.group import Group
from local.sagemaker.naming import now
from local.sagemaker.store import Record

_POLL_S = 0.25
# AWS's default where a policy names none; this service has no machines to wait for.
_LIMIT_S = 3600


class RolledBack(Exception):
    """The update went back; the message says why."""


def check(deployment: Record) -> None:
    """Refuse a policy that contradicts itself."""
    policy = deployment.get("BlueGreenUpdatePolicy")
    if policy is None:
        raise invalid("The laptop run knows blue/green deployments only (AWS has rolling ones, too).")
    routing = policy["TrafficRoutingConfiguration"]
    size = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(routing["Type"])
    if size and size not in routing:
        raise invalid(f"{size} is required for traffic routing of type {routing['Type']}.")
    if size and routing[size]["Type"] == "CAPACITY_PERCENT" and routing[size]["Value"] > 50:
        raise invalid(f"{size} must be at most 50 percent of the variant's capacity.")


def batches(routing: Record, count: int) -> list[int]:
    """How many instances of the new fleet take traffic after each step; the last step is all of them.

    Parameters
    ----------
    routing
        ``TrafficRoutingConfiguration``.
    count
        The instances of the new fleet.
    """
    if routing["Type"] == "ALL_AT_ONCE":
        return [count]
    size = routing["CanarySize" if routing["Type"] == "CANARY" else "LinearStepSize"]
    one = size["Value"] if size["Type"] == "INSTANCE_COUNT" else math.ceil(count * size["Value"] / 100)
    one = min(max(one, 1), count)
    return [*range(one, count, one if routing["Type"] == "LINEAR" else count), count]


class Shift:
    """One update of an endpoint.

    Parameters
    ----------
    record
        The endpoint's record; its ``PendingDeploymentSummary`` follows the update.
    config
        The configuration to go to.
    summaries
        Its variants, with the weights and counts that they are to have.
    deployment
        ``DeploymentConfig``; empty goes all at once, as AWS does.
    """

    def __init__(self, record: Record, config: Record, summaries: list[Record], deployment: Record) -> None:
        policy = deployment.get("BlueGreenUpdatePolicy", {})
        self._record = record
        self.config = config
        self.summaries = summaries
        self._routing = policy.get("TrafficRoutingConfiguration", {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0})
        self._last_wait_s: int = policy.get("TerminationWaitInSeconds", 0)
        self._deadline = time.monotonic() + policy.get("MaximumExecutionTimeoutInSeconds", _LIMIT_S)
        found = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
        self._alarms: list[str] = [one["AlarmName"] for one in found]
        self._count: int = sum(one.get("DesiredInstanceCount", 1) for one in summaries)

    def run(self, rolling_back: Callable[[str], None]) -> None:
        """Go to the new configuration, or back.

        Parameters
        ----------
        rolling_back
            Called with the reason when the traffic goes back, before it does.

        Raises
        ------
        NotHealthy
            When the new fleet does not come up; the old one was never touched.
        RolledBack
            When an alarm went off, or time ran out, and the old fleet serves alone again.
        """
        name = self._record["EndpointName"]
        self._stage("Creating", f"Launching {self._count} instance(s).", 0)
        green = Group(name, self.config).start()
        green.weigh(self.summaries)
        try:
            self._watch(green)
            for active in batches(self._routing, self._count):
                self._take(green, active)
        except RolledBack as exc:
            rolling_back(str(exc))
            fleet.drop(name, green)
            raise
        except BaseException:
            fleet.drop(name, green)
            raise
        before = self._record["ProductionVariants"][0].get("CurrentInstanceCount", 1)
        self._stage("Deleting", f"Terminating {before} instance(s).", self._count)
        fleet.keep(name, green)

    def _watch(self, green: Group) -> None:
        """Ask whether the model's role may look at the alarms, as SageMaker does with it."""
        role = green.variants[0].model.get("ExecutionRoleArn")
        if role and self._alarms:
            duties.watch_alarms(role, self._alarms)

    def _take(self, green: Group, active: int) -> None:
        whole = active == self._count
        capacity = f"{'full' if whole else 'canary'} capacity of {active} instance(s)."
        self._stage("ActivatingTraffic", f"Activating traffic on {capacity}", active)
        fleet.give(self._record["EndpointName"], green, active / self._count)
        wait_s = self._last_wait_s if whole else self._routing["WaitIntervalInSeconds"]
        if wait_s:
            word = "TerminationWaitInSeconds" if whole else "WaitIntervalInSeconds"
            self._stage("Baking", f"Baking for {wait_s} seconds ({word}) with traffic enabled on {capacity}", active)
            self._bake(wait_s)

    def _bake(self, wait_s: float) -> None:
        until = time.monotonic() + wait_s
        while True:
            ringing = self._ringing()
            if ringing:
                raise RolledBack(
                    f"The alarm(s) {', '.join(ringing)} went off; the endpoint went back to its old fleet."
                )
            if time.monotonic() >= self._deadline:
                raise RolledBack(
                    "The update took longer than MaximumExecutionTimeoutInSeconds; the endpoint went back."
                )
            if time.monotonic() >= until:
                return
            time.sleep(_POLL_S)

    def _ringing(self) -> Sequence[str]:
        if not self._alarms:
            return ()
        answer = (
            platform.current()
            .client("cloudwatch")
            .describe_alarms(AlarmNames=self._alarms, AlarmTypes=["MetricAlarm", "CompositeAlarm"], StateValue="ALARM")
        )
        return [one["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for one in answer.get(kind, [])]

    def _stage(self, status: str, message: str, active: int) -> None:
        """Tell where the update is, in ``PendingDeploymentSummary`` and by an event."""
        stage = {"Status": status, "StatusMessage": message, "StartTime": now()}
        pending: dict[str, Any] = self._record.get("PendingDeploymentSummary") or {"StartTime": now()}
        variants = [
            {**one, "VariantStatus": [stage]}
            | ({"CurrentInstanceCount": active} if "CurrentInstanceCount" in one else {})
            for one in self.summaries
        ]
        self._record["PendingDeploymentSummary"] = pending | {
            "EndpointConfigName": self.config["EndpointConfigName"],
            "ProductionVariants": variants,
        }
        events.deployment(self._record)
