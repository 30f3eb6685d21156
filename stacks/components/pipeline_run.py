"""The deployment's own run of the pipeline: started and awaited by CloudFormation, its package handed to the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import CustomResource, Duration, Stack, custom_resources
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct, IConstruct

from config import RUN_GRACE_S, Settings
from stacks.components import findings
from stacks.components.acknowledgements import acknowledge
from stacks.components.bundles import ROOT, bundle
from stacks.components.functions import SERVES_DEPLOYMENT, FunctionSpec, PythonFunction, acknowledge_function
from stacks.components.grants import Grant, allow, as_found, policy_with, role_with
from stacks.components.guardrails import APPROVED
from stacks.components.permissions import write_log
from stacks.components.storage import log_group

HANDLER_TIMEOUT_S = 60
HANDLER_MEMORY_MB = 256


class PipelineRun(Construct):
    """A custom resource that is created by a run, and updated by another whenever its inputs change.

    Parameters
    ----------
    inputs : mapping
        Hashes of all that a run depends on. Nothing else decides whether there is a new run.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        key: kms.IKey,
        pipeline: sagemaker.CfnPipeline,
        package_group: sagemaker.CfnModelPackageGroup,
        inputs: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._key = key
        runs = Runs(Stack.of(self), pipeline=pipeline, package_group=package_group)
        provider = self._provider(
            on_event=self._handler("OnEvent", entry="on_event", does="starts and stops runs", grants=runs.start()),
            is_complete=self._handler(
                "IsComplete", entry="is_complete", does="awaits a run and approves its package", grants=runs.approve()
            ),
        )
        self.resource = CustomResource(
            self,
            "Run",
            resource_type="Custom::PipelineRun",
            service_token=provider.service_token,
            service_timeout=Duration.seconds(settings.deployment.run_timeout_s + RUN_GRACE_S),
            properties={
                "PipelineName": pipeline.ref,
                "Inputs": dict(inputs),
            },
        )
        # The run begins as soon as the resource does: whoever starts it must be allowed to by then.
        self.resource.node.add_dependency(self._start_policy)
        self.model_package_arn = self.resource.get_att_string("ModelPackageArn")

    def _handler(self, construct_id: str, *, entry: str, does: str, grants: Sequence[Grant]) -> lambda_.IFunction:
        return PythonFunction(
            self,
            construct_id,
            spec=FunctionSpec(
                bundle=bundle({".": ROOT / "lambda" / "run_pipeline"}),
                handler=f"handler.{entry}",
                description=f"Deployer of models: {does}",
                timeout_s=HANDLER_TIMEOUT_S,
                memory_mb=HANDLER_MEMORY_MB,
                environment={},
            ),
            grants=grants,
            storage=self._settings.storage,
            key=self._key,
            outside_vpc_because=SERVES_DEPLOYMENT,
        ).function

    def _provider(self, *, on_event: lambda_.IFunction, is_complete: lambda_.IFunction) -> custom_resources.Provider:
        """Set the CDK's framework up with roles of ours: its own would come with a managed policy and wildcards."""
        deployment = self._settings.deployment
        group = log_group(self, "FrameworkLog", settings=self._settings.storage, key=self._key)
        call = allow(
            "lambda:GetFunction", "lambda:InvokeFunction", on=[on_event.function_arn, is_complete.function_arn]
        )
        lambda_service = iam.ServicePrincipal("lambda.amazonaws.com")
        starts = iam.Role(self, "StartRole", assumed_by=lambda_service)
        waits = role_with(self, "WaitRole", trusts=lambda_service, grants=[write_log(group), call])
        provider = custom_resources.Provider(
            self,
            "Framework",
            on_event_handler=on_event,
            is_complete_handler=is_complete,
            query_interval=Duration.seconds(deployment.run_poll_s),
            total_timeout=Duration.seconds(deployment.run_timeout_s),
            log_group=group,
            framework_on_event_role=starts.without_policy_updates(),
            framework_complete_and_timeout_role=waits.without_policy_updates(),
        )
        waiter = provider.node.find_child("waiter-state-machine")
        machine = waiter.node.find_child("Resource")
        if not isinstance(machine, stepfunctions.CfnStateMachine):
            raise TypeError(f"{machine.node.path} is no state machine: the CDK's provider framework has changed.")
        # A policy of its own: the state machine that it names is made after the role.
        grants = [write_log(group), call, allow("states:StartExecution", on=[machine.ref])]
        self._start_policy = policy_with(self, "StartGrants", grants=grants, roles=[starts])
        _acknowledge_waiter(provider, waiter, machine)
        return provider


def _acknowledge_waiter(
    provider: custom_resources.Provider, waiter: IConstruct, machine: stepfunctions.CfnStateMachine
) -> None:
    """Argue what the framework decides itself about its state machine."""
    policy = waiter.node.find_child("Role").node.find_child("DefaultPolicy").node.find_child("Resource")
    acknowledge(
        policy,
        findings.INLINE_POLICY,
        "The CDK's framework writes this policy for the one role that its state machine has, and offers no other way.",
    )
    acknowledge_function(provider.node.find_child("framework-onEvent"), outside_vpc_because=SERVES_DEPLOYMENT)
    for name in ("framework-isComplete", "framework-onTimeout"):
        function = provider.node.find_child(name)
        if not isinstance(function, lambda_.Function):
            raise TypeError(f"{function.node.path} is no function: the CDK's provider framework has changed.")
        acknowledge_function(function, outside_vpc_because=SERVES_DEPLOYMENT)
        acknowledge(
            policy,
            f"AwsSolutions-IAM5[Resource::{as_found(Stack.of(waiter), f'{function.function_arn}:*')}]",
            "The versions of this one function: the CDK's framework writes the grant and offers no other.",
        )
    acknowledge(
        machine,
        "AwsSolutions-SF1",
        "It only repeats one call until that says yes. Its outcome is the deployment's, and what it calls logs. "
        "Logging it would take permissions on every log delivery of the account.",
    )
    acknowledge(
        machine,
        "AwsSolutions-SF2",
        "It calls one function again and again while a deployment waits: a trace of that tells nothing, "
        "and would take permissions that know no resource.",
    )


class Runs:
    """What the deployer of models may do: with runs of this one pipeline, and with packages of this one group."""

    def __init__(
        self, stack: Stack, *, pipeline: sagemaker.CfnPipeline, package_group: sagemaker.CfnModelPackageGroup
    ) -> None:
        def arn(kind: str, name: str) -> str:
            return stack.format_arn(service="sagemaker", resource=kind, resource_name=name)

        self._pipeline = arn("pipeline", pipeline.pipeline_name)
        self._runs = arn("pipeline", f"{pipeline.pipeline_name}/execution/*")
        self._packages = arn("model-package", f"{package_group.model_package_group_name}/*")

    def start(self) -> list[Grant]:
        """Find, start and stop runs."""
        return [
            allow("sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution", on=[self._pipeline]),
            self._with_runs("sagemaker:ListPipelineExecutionSteps", "sagemaker:StopPipelineExecution"),
            self._with_packages("sagemaker:DescribeModelPackage"),
        ]

    def approve(self) -> list[Grant]:
        """Watch runs, and approve what they registered: not reject, not change."""
        approved = {"StringEquals": {"sagemaker:ModelApprovalStatus": APPROVED}}
        return [
            allow("sagemaker:ListPipelineExecutions", on=[self._pipeline]),
            self._with_runs("sagemaker:DescribePipelineExecution", "sagemaker:ListPipelineExecutionSteps"),
            self._with_packages("sagemaker:DescribeModelPackage"),
            self._with_packages("sagemaker:UpdateModelPackage", when=approved),
        ]

    def _with_runs(self, *actions: str) -> Grant:
        because = "The runs of this one pipeline: SageMaker makes their ids up."
        return allow(*actions, on=[self._runs], wildcard_because=because)

    def _with_packages(self, *actions: str, when: Mapping[str, Any] | None = None) -> Grant:
        because = "The versions of this one package group: SageMaker counts them up."
        return allow(*actions, on=[self._packages], when=when, wildcard_because=because)
