"""Rollouts: an approved package comes into service by an update of the serving stack, and is watched while it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Aws, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from config import Settings
from stacks.components import permissions
from stacks.components.bucket_rules import RUNS, reaches_buckets_from_outside
from stacks.components.bundles import ROOT, bundle
from stacks.components.champion_lookup import look_up_champion
from stacks.components.functions import FunctionSpec, PythonFunction
from stacks.components.golden_metric import DIMENSION, METRIC, namespace
from stacks.components.grants import Grant, allow, policy_with
from stacks.components.place import Place
from stacks.components.registrar import REMOVES_NOTHING
from stacks.components.rollout_steps import definition
from stacks.components.served import STACK_IDS, VERSIONS, endpoint_arn, stack_arn, versions_arn
from stacks.components.state_machine import logged_machine, started_by_events

TIMEOUT_S = 60
MEMORY_MB = 256
# What another package changes in the serving stack (lambda/rollout/stack.py asks for no more).
CHANGED_TYPES = (
    # Whose names are looked up from the endpoint: CloudFormation may count them in, though they stay as they are.
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Model",
    "Custom::PipelineRun",
)
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
        serving, update_s = settings.serving, settings.serving.update_timeout_s + UPDATE_GRACE_S
        steer = self._function(
            "Steer",
            does="updates the serving stack",
            grants=self._steer(stack_name),
            environment={
                "STACK": stack_name,
                "APPROVAL": serving.approval,
                "WAIT_S": str(serving.rollout_wait_s),
                "UPDATE_S": str(update_s),
            },
        )
        probe = self._function(
            "Probe",
            does="asks the golden customers",
            grants=self._probe(),
            environment={"NAMESPACE": namespace(settings), "METRIC": METRIC, "DIMENSION": DIMENSION},
        )
        reaches_buckets_from_outside(probe.role)
        record = self._function(
            "Record",
            does="keeps what came of it, and tells people",
            grants=self._record(topic),
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
            grants=_see_newer(Stack.of(self), self.machine),
            roles=[steer.role],
            description="Sees whether a newer rollout has begun, and what it came to",
        )
        self._start_on_approval()
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

    def _steer(self, stack_name: str) -> list[Grant]:
        """Update the serving stack, by the role that CloudFormation has for it, and in what a model changes only."""
        stack = Stack.of(self)
        target = stack_arn(stack, stack_name)
        return [
            *look_up_champion(stack, endpoint_name=self._name),
            allow(
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
                on=[target],
                wildcard_because=STACK_IDS,
            ),
            allow(
                "cloudformation:UpdateStack",
                on=[target],
                when={
                    # Every request names the types that it may touch; CloudFormation refuses it if it touches another.
                    # With such a list it takes no acknowledgement of IAM resources, so none can be brought in.
                    "ForAllValues:StringEquals": {"cloudformation:ResourceTypes": [*CHANGED_TYPES]},
                    "Null": {
                        "cloudformation:ResourceTypes": "false",
                        "cloudformation:RoleArn": "true",
                        "cloudformation:StackPolicyUrl": "true",
                        "cloudformation:TemplateUrl": "true",
                    },
                },
                wildcard_because=STACK_IDS,
            ),
        ]

    def _probe(self) -> list[Grant]:
        """Ask the endpoint; read what the answers should be; count those that are not."""
        stack, data = Stack.of(self), self._place.data
        through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{Aws.REGION}.amazonaws.com"}}
        return [
            *look_up_champion(stack, endpoint_name=self._name),
            allow("sagemaker:InvokeEndpoint", on=[endpoint_arn(stack, self._name)]),
            allow(
                "s3:GetObject",
                on=[data.arn_for_objects(f"{RUNS}*/evaluation/golden.json")],
                wildcard_because="The golden customers of each run, who are made up: only the run's id is open.",
            ),
            allow("kms:Decrypt", on=[self._place.keys.data.key_arn], when=through_s3),
            permissions.put_metrics(namespace(self._settings)),
        ]

    def _record(self, topic: sns.ITopic) -> list[Grant]:
        """Write facts to packages and reject them; approve none."""
        stack = Stack.of(self)
        rejects = {"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "Rejected"}, **REMOVES_NOTHING}
        return [
            *look_up_champion(stack, endpoint_name=self._name),
            allow(
                "sagemaker:UpdateModelPackage",
                on=[versions_arn(stack, self._name)],
                when=rejects,
                wildcard_because=VERSIONS,
            ),
            *permissions.publish_notices(topic, key=self._place.keys.notices),
        ]

    def _start_on_approval(self) -> None:
        """Start with each approval, whoever gave it; other changes of a package that is approved send events, too."""
        role = started_by_events(self, "StartRole", machine=self.machine)
        package = events.CfnRule.InputTransformerProperty(
            input_paths_map={"package": "$.detail.ModelPackageArn"}, input_template='{"package": <package>}'
        )
        events.CfnRule(
            self,
            "Approved",
            description="A model was approved",
            state="ENABLED",
            event_pattern={
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Model Package State Change"],
                "detail": {
                    "ModelPackageGroupName": [self._name],
                    "ModelApprovalStatus": ["Approved"],
                    "UpdatedModelPackageFields": ["ModelApprovalStatus"],
                },
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="Rollout", arn=self.machine.ref, role_arn=role.role_arn, input_transformer=package
                )
            ],
        )


def _see_newer(stack: Stack, machine: stepfunctions.CfnStateMachine) -> list[Grant]:
    executions = stack.format_arn(
        service="states",
        resource="execution",
        resource_name=f"{machine.attr_name}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return [
        allow("states:ListExecutions", on=[machine.ref]),
        allow(
            "states:DescribeExecution",
            on=[executions],
            wildcard_because="The executions of this one state machine: EventBridge makes their names up.",
        ),
    ]
