"""What the deployer of models may do: with runs of one pipeline, and with packages of one group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_sagemaker as sagemaker

from config import Settings
from stacks.components.grants import Grant, allow
from stacks.components.guardrails import APPROVED
from stacks.components.registrar import REMOVES_NOTHING
from stacks.components.served import STACK_IDS, VERSIONS, endpoint_arn, stack_arn, versions_arn


class Runs:
    """What the deployer of models may do: with runs of this one pipeline, and with packages of this one group."""

    def __init__(
        self,
        stack: Stack,
        *,
        settings: Settings,
        pipeline: sagemaker.CfnPipeline,
        package_group: sagemaker.CfnModelPackageGroup,
        stack_name: str,
    ) -> None:
        def arn(kind: str, name: str) -> str:
            return stack.format_arn(service="sagemaker", resource=kind, resource_name=name)

        self._stack = allow(
            "cloudformation:DescribeStacks", on=[stack_arn(stack, stack_name)], wildcard_because=STACK_IDS
        )
        self._endpoint = allow("sagemaker:DescribeEndpoint", on=[endpoint_arn(stack, settings.resource_name)])
        self._by_person = settings.serving.approval == "person"
        self.pipeline = arn("pipeline", pipeline.pipeline_name)
        self._runs = arn("pipeline", f"{pipeline.pipeline_name}/execution/*")
        self._packages = versions_arn(stack, package_group.model_package_group_name)

    def start(self) -> list[Grant]:
        """Find, start and stop runs."""
        return [
            allow("sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution", on=[self.pipeline]),
            self._with_runs(
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:StopPipelineExecution",
            ),
            self._with_packages("sagemaker:DescribeModelPackage"),
            self._stack,
        ]

    def approve(self) -> list[Grant]:
        """Watch runs, and approve what they registered."""
        return [
            allow("sagemaker:ListPipelineExecutions", on=[self.pipeline]),
            self._with_runs("sagemaker:DescribePipelineExecution", "sagemaker:ListPipelineExecutionSteps"),
            *self._approve(),
            self._stack,
            # Its own approval counts for the first model only: it has to see whether one is served.
            *([self._endpoint] if self._by_person else []),
        ]

    def judge(self) -> list[Grant]:
        """Look at what a run did and with what, and approve what it registered."""
        return [
            allow("sagemaker:DescribePipeline", on=[self.pipeline]),
            self._with_runs(
                "sagemaker:DescribePipelineDefinitionForExecution",
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:ListPipelineParametersForExecution",
            ),
            *self._approve(),
        ]

    def look(self) -> list[Grant]:
        """Look at what a run made, and whether anything is served yet."""
        return [
            self._with_runs("sagemaker:DescribePipelineExecution", "sagemaker:ListPipelineExecutionSteps"),
            self._with_packages("sagemaker:DescribeModelPackage"),
            self._endpoint,
        ]

    def _approve(self) -> list[Grant]:
        """Approve packages in requests that say so: none rejects."""
        approved = {"StringEquals": {"sagemaker:ModelApprovalStatus": APPROVED}, **REMOVES_NOTHING}
        return [
            self._with_packages("sagemaker:DescribeModelPackage"),
            self._with_packages("sagemaker:UpdateModelPackage", when=approved),
        ]

    def _with_runs(self, *actions: str) -> Grant:
        because = "The runs of this one pipeline: SageMaker makes their ids up."
        return allow(*actions, on=[self._runs], wildcard_because=because)

    def _with_packages(self, *actions: str, when: Mapping[str, Any] | None = None) -> Grant:
        return allow(*actions, on=[self._packages], when=when, wildcard_because=VERSIONS)
