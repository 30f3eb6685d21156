"""The deployment's own run of the pipeline: started and awaited by CloudFormation, its package handed to the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import CfnParameter, CustomResource, Duration, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import RUN_GRACE_S, Settings
from stacks.components.bundles import ROOT, bundle
from stacks.components.framework import Framework
from stacks.components.functions import SERVES_DEPLOYMENT, FunctionSpec, PythonFunction
from stacks.components.grants import Grant, allow
from stacks.components.guardrails import APPROVED
from stacks.components.registrar import REMOVES_NOTHING

HANDLER_TIMEOUT_S = 60
HANDLER_MEMORY_MB = 256


class PipelineRun(Construct):
    """A custom resource that is created by a run, and updated by another whenever its inputs change.

    Parameters
    ----------
    inputs : mapping
        Hashes of all that a run depends on. Nothing else decides whether there is a new run.
    rollout : CfnParameter
        Which package was rolled out, and with which inputs; empty until one is.

    Attributes
    ----------
    model_package_arn, run_inputs : str
        The package to serve, and the hash of the inputs that the next rollout has to name.
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
        rollout: CfnParameter,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._key = key
        runs = Runs(Stack.of(self), settings=settings, pipeline=pipeline, package_group=package_group)
        starter = self._handler("OnEvent", entry="on_event", does="starts and stops runs", grants=runs.start())
        approver = self._handler(
            "IsComplete", entry="is_complete", does="awaits a run and approves its package", grants=runs.approve()
        )
        # By this it knows the runs that it started from those that only have their name.
        starter.function.add_environment("OWN_ROLE", starter.role.role_name)
        framework = Framework(
            self,
            on_event=starter.function,
            is_complete=approver.function,
            settings=settings,
            key=key,
        )
        self.resource = CustomResource(
            self,
            "Run",
            resource_type="Custom::PipelineRun",
            service_token=framework.provider.service_token,
            service_timeout=Duration.seconds(settings.deployment.run_timeout_s + RUN_GRACE_S),
            properties={
                "PipelineName": pipeline.ref,
                "EndpointName": settings.resource_name,
                "Inputs": dict(inputs),
                "Approval": settings.serving.approval,
                "Rollout": rollout.value_as_string,
            },
        )
        # The run begins as soon as the resource does: whoever starts it and asks for it must be allowed to by then.
        self.resource.node.add_dependency(*framework.policies)
        self.model_package_arn = self.resource.get_att_string("ModelPackageArn")
        self.run_inputs = self.resource.get_att_string("RunInputs")

    def _handler(self, construct_id: str, *, entry: str, does: str, grants: Sequence[Grant]) -> PythonFunction:
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
        )


class Runs:
    """What the deployer of models may do: with runs of this one pipeline, and with packages of this one group."""

    def __init__(
        self,
        stack: Stack,
        *,
        settings: Settings,
        pipeline: sagemaker.CfnPipeline,
        package_group: sagemaker.CfnModelPackageGroup,
    ) -> None:
        def arn(kind: str, name: str) -> str:
            return stack.format_arn(service="sagemaker", resource=kind, resource_name=name)

        self._own_stack = allow("cloudformation:DescribeStacks", on=[stack.stack_id])
        self._endpoint = allow("sagemaker:DescribeEndpoint", on=[arn("endpoint", settings.resource_name)])
        self._by_person = settings.serving.approval == "person"
        self._pipeline = arn("pipeline", pipeline.pipeline_name)
        self._runs = arn("pipeline", f"{pipeline.pipeline_name}/execution/*")
        self._packages = arn("model-package", f"{package_group.model_package_group_name}/*")

    def start(self) -> list[Grant]:
        """Find, start and stop runs."""
        return [
            allow("sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution", on=[self._pipeline]),
            self._with_runs(
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:StopPipelineExecution",
            ),
            self._with_packages("sagemaker:DescribeModelPackage"),
            self._own_stack,
        ]

    def approve(self) -> list[Grant]:
        """Watch runs, and approve what they registered, in requests that say so: none rejects."""
        approved = {"StringEquals": {"sagemaker:ModelApprovalStatus": APPROVED}, **REMOVES_NOTHING}
        return [
            allow("sagemaker:ListPipelineExecutions", on=[self._pipeline]),
            self._with_runs("sagemaker:DescribePipelineExecution", "sagemaker:ListPipelineExecutionSteps"),
            self._with_packages("sagemaker:DescribeModelPackage"),
            self._with_packages("sagemaker:UpdateModelPackage", when=approved),
            self._own_stack,
            # Its own approval counts for the first model only: it has to see whether one is served.
            *([self._endpoint] if self._by_person else []),
        ]

    def _with_runs(self, *actions: str) -> Grant:
        because = "The runs of this one pipeline: SageMaker makes their ids up."
        return allow(*actions, on=[self._runs], wildcard_because=because)

    def _with_packages(self, *actions: str, when: Mapping[str, Any] | None = None) -> Grant:
        because = "The versions of this one package group: SageMaker counts them up."
        return allow(*actions, on=[self._packages], when=when, wildcard_because=because)
