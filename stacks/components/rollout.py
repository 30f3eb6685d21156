"""Rollouts: an approved package comes into service by an update of the serving stack, and is watched while it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components import permissions, rollout_grants
from stacks.components.bucket_rules import reaches_buckets_from_outside
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.golden_metric import DIMENSION, METRIC, namespace
from stacks.components.grants import Grant, allow, policy_with
from stacks.components.place import Place
from stacks.components.rollout_steps import definition
from stacks.components.state_machine import Starts, logged_machine

TIMEOUT_S = 60
MEMORY_MB = 256
# CloudFormation's own time around the endpoint's: the look at the package before, the old model's removal after.
UPDATE_GRACE_S = 900
OUTSIDE_VPC = (
    "It asks APIs that no door of the isolated network leads to, and doors for a few calls a rollout would open them "
    "to every job."
)
ASKS_AGAIN = "Nobody waits for its answer but a rollout, which asks again; so does the schedule, a minute later."


class Rollout(Construct):
    """The state machine, its three functions, and what starts them.

    Parameters
    ----------
    stack_name : str
        The stack that holds the endpoint.
    topic : ITopic
        Where people hear of a rollout that failed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        stack_name: str,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._place, self._name = settings, place, settings.resource_name
        stack = Stack.of(self)
        serving, update_s = settings.serving, settings.serving.update_timeout_s + UPDATE_GRACE_S
        steer = self._function(
            "Steer",
            does="updates the serving stack",
            grants=rollout_grants.steer(stack, endpoint=self._name, stack_name=stack_name),
            environment={
                "STACK": stack_name,
                "APPROVAL": serving.approval,
                "WAIT_S": str(serving.rollout_wait_s),
                "UPDATE_S": str(update_s),
                "CHANGED_TYPES": ",".join(rollout_grants.CHANGED_TYPES),
            },
        )
        probe = self._function(
            "Probe",
            does="asks the golden customers",
            grants=rollout_grants.probe(stack, settings=settings, place=place),
            environment={"NAMESPACE": namespace(settings), "METRIC": METRIC, "DIMENSION": DIMENSION},
        )
        reaches_buckets_from_outside(probe.role)
        record = self._function(
            "Record",
            does="keeps what came of it, and tells people",
            grants=rollout_grants.record(stack, endpoint=self._name, place=place, topic=topic),
            environment={"TOPIC": topic.topic_arn},
        )
        self.machine = logged_machine(
            self,
            "Machine",
            definition=definition(
                steer=steer.function,
                probe=probe.function,
                record=record.function,
                topic=topic,
                environment=settings.name,
                poll_s=serving.rollout_poll_s,
                # Its own waits end with a notice; this is for what nobody thought of.
                timeout_s=serving.rollout_wait_s + 3 * update_s,
            ),
            grants=[
                allow("lambda:InvokeFunction", on=[f.function.function_arn for f in (steer, probe, record)]),
                *permissions.publish_notices(topic, key=place.keys.notices),
            ],
            description="Brings approved models into service",
            settings=settings,
            key=place.keys.logs,
            topic=topic,
        )
        # Of its own: the machine names the function, and this the machine.
        policy_with(
            self,
            "SteerTurns",
            grants=rollout_grants.see_newer(stack, self.machine),
            roles=[steer.role],
            description="Sees whether a newer rollout has begun, and what it came to",
        )
        # With each approval, whoever gave it; other changes of a package that is approved send events, too.
        Starts(self, "StartRole", machine=self.machine).on(
            "Approved",
            "A model was approved",
            taking={"package": "$.detail.ModelPackageArn"},
            event_pattern={
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Model Package State Change"],
                "detail": {
                    "ModelPackageGroupName": [self._name],
                    "ModelApprovalStatus": ["Approved"],
                    "UpdatedModelPackageFields": ["ModelApprovalStatus"],
                },
            },
        )
        every_minute = events.Rule(self, "EveryMinute", schedule=events.Schedule.rate(Duration.minutes(1)))
        every_minute.add_target(targets.LambdaFunction(probe.function, event=events.RuleTargetInput.from_object({})))

    def _function(
        self, name: str, *, does: str, grants: Sequence[Grant], environment: Mapping[str, str]
    ) -> PythonFunction:
        return PythonFunction(
            self,
            name,
            spec=FunctionSpec(
                bundle=bundle({".": ROOT / "lambda" / "rollout"}),
                handler=f"handler.{name.lower()}",
                description=f"Rollout of models: {does}",
                timeout_s=TIMEOUT_S,
                memory_mb=MEMORY_MB,
                environment={"ENDPOINT": self._name, **environment},
            ),
            grants=grants,
            storage=self._settings.storage,
            key=self._place.keys.logs,
            outside_vpc_because=OUTSIDE_VPC,
            no_queue_because=ASKS_AGAIN,
        )
