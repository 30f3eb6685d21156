"""Rollout: who starts runs for deployments, who approves, and how an approved model comes into service."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components.pipeline_run import PipelineRun
from stacks.components.place import Place
from stacks.components.rollout import Rollout


class RolloutStack(Stack):
    """All that works on the serving stack, from outside it.

    Before it: the first model's approval is an event of the serving stack's deployment, and finds all of this in place.
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
        serving_stack_name: str,
        topic: sns.ITopic,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.run_service = PipelineRun(
            self,
            "PipelineRun",
            settings=settings,
            place=place,
            pipeline=pipeline,
            package_group=package_group,
            stack_name=serving_stack_name,
            topic=topic,
        ).service_token
        rollout = Rollout(self, "Rollout", settings=settings, place=place, stack_name=serving_stack_name, topic=topic)
        CfnOutput(self, "RolloutMachineArn", value=rollout.machine.ref)
