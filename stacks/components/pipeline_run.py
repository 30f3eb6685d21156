"""The deployment's own run of the pipeline: started and awaited by CloudFormation, its package handed to the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import CfnParameter, CustomResource, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import RUN_GRACE_S, Settings
from stacks.components import permissions
from stacks.components.bundles import ROOT, bundle
from stacks.components.framework import Framework
from stacks.components.functions import CALLER_WAITS, SERVES_DEPLOYMENT, FunctionSpec, PythonFunction
from stacks.components.grants import Grant
from stacks.components.place import Place
from stacks.components.run_grants import Runs

HANDLER_TIMEOUT_S = 60
HANDLER_MEMORY_MB = 256


class PipelineRun(Construct):
    """What serves the custom resource `deployed_run`: two functions, and the CDK's framework that calls them.

    In another stack than the resource, so that the stack which a rollout updates holds no role and no function: its
    updates then need no leave to change any.

    Parameters
    ----------
    stack_name : str
        The stack that holds the resource.
    topic : ITopic
        Where people hear of packages that wait for one of them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        pipeline: sagemaker.CfnPipeline,
        package_group: sagemaker.CfnModelPackageGroup,
        stack_name: str,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._key = place.keys.logs
        runs = Runs(
            Stack.of(self), settings=settings, pipeline=pipeline, package_group=package_group, stack_name=stack_name
        )
        starter = self._handler("OnEvent", entry="on_event", does="starts and stops runs", grants=runs.start())
        approver = self._handler(
            "IsComplete", entry="is_complete", does="awaits a run and approves its package", grants=runs.approve()
        )
        # By this it knows the runs that it started from those that only have their name.
        starter.function.add_environment("OWN_ROLE", starter.role.role_name)
        # By the time that the other stack has a resource, all of this is there, the framework's policies too.
        self.service_token = Framework(
            self,
            on_event=starter.function,
            is_complete=approver.function,
            settings=settings,
            key=self._key,
        ).provider.service_token
        tells = permissions.publish_notices(topic, key=place.keys.notices)
        self._judge_runs(runs, environment={"TOPIC": topic.topic_arn}, tells=tells)

    def _judge_runs(self, runs: Runs, *, environment: Mapping[str, str], tells: Sequence[Grant]) -> None:
        """Let the gate alone approve the packages of ordinary runs, where it decides; of others, tell people."""
        approval = self._settings.serving.approval
        judge = self._handler(
            "OnRun",
            entry="on_run",
            does="approves what ordinary runs made, or tells people what waits",
            grants=[*(runs.judge() if approval == "gate" else runs.look()), *tells],
            environment={"APPROVAL": approval, "ENDPOINT": self._settings.resource_name, **environment},
            no_queue_because="A package whose event is lost waits for a person, who sees it in the list of models.",
        )
        ended = events.Rule(
            self,
            "RunSucceeded",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Building Pipeline Execution Status Change"],
                detail={"currentPipelineExecutionStatus": ["Succeeded"], "pipelineArn": [runs.pipeline]},
            ),
        )
        ended.add_target(targets.LambdaFunction(judge.function))

    def _handler(
        self,
        construct_id: str,
        *,
        entry: str,
        does: str,
        grants: Sequence[Grant],
        environment: Mapping[str, str] | None = None,
        no_queue_because: str = CALLER_WAITS,
    ) -> PythonFunction:
        return PythonFunction(
            self,
            construct_id,
            spec=FunctionSpec(
                bundle=bundle({".": ROOT / "lambda" / "run_pipeline"}),
                handler=f"handler.{entry}",
                description=f"Deployer of models: {does}",
                timeout_s=HANDLER_TIMEOUT_S,
                memory_mb=HANDLER_MEMORY_MB,
                environment=environment or {},
            ),
            grants=grants,
            storage=self._settings.storage,
            key=self._key,
            outside_vpc_because=SERVES_DEPLOYMENT,
            no_queue_because=no_queue_because,
        )


def deployed_run(
    scope: Construct,
    construct_id: str,
    *,
    settings: Settings,
    service_token: str,
    pipeline: sagemaker.CfnPipeline,
    inputs: Mapping[str, str],
    rollout: CfnParameter,
) -> CustomResource:
    """Make the resource that a run creates, and that another updates whenever its inputs change.

    Its attributes are ``ModelPackageArn``, the package to serve, and ``RunInputs``, the hash of the inputs, which the
    next rollout has to name.

    Parameters
    ----------
    inputs : mapping
        Hashes of all that a run depends on. Nothing else decides whether there is a new run.
    rollout : CfnParameter
        Which package was rolled out, and with which inputs; empty until one is.
    """
    return CustomResource(
        scope,
        construct_id,
        resource_type="Custom::PipelineRun",
        service_token=service_token,
        service_timeout=Duration.seconds(settings.deployment.run_timeout_s + RUN_GRACE_S),
        properties={
            "PipelineName": pipeline.ref,
            "EndpointName": settings.resource_name,
            "Inputs": dict(inputs),
            "Approval": settings.serving.approval,
            "Rollout": rollout.value_as_string,
        },
    )
