"""Serving: the deployment's run of the pipeline, and the endpoint made from its package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, CfnParameter, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import Settings
from stacks.components.endpoint_scaling import EndpointScaling
from stacks.components.model_endpoint import VARIANT, ModelEndpoint
from stacks.components.pipeline_run import PipelineRun
from stacks.components.place import Place
from stacks.components.storage import log_group

# Nothing, or the hash of a run's inputs and a package.
ROLLOUT = "|[0-9a-f]{{32}} arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{{12}}:model-package/{group}/[0-9]+"


class ServingStack(Stack):
    """The model that answers.

    The run sits here and not beside the pipeline: what one stack exports cannot change while another imports it, and
    the package changes with every run.
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
        model_role: iam.Role,
        run_inputs: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        name = settings.resource_name
        rollout = CfnParameter(
            self,
            "Rollout",
            default="",
            allowed_pattern=ROLLOUT.format(group=name),
            description="The package that a rollout serves, after the hash of the run's inputs; deployments keep it.",
        )
        run = PipelineRun(
            self,
            "PipelineRun",
            settings=settings,
            key=place.keys.logs,
            pipeline=pipeline,
            package_group=package_group,
            inputs=run_inputs,
            rollout=rollout,
        )
        log = log_group(
            self, "EndpointLog", settings=settings.storage, key=place.keys.logs, name=f"/aws/sagemaker/Endpoints/{name}"
        )
        self.endpoint = ModelEndpoint(
            self,
            "Model",
            name=name,
            settings=settings.serving,
            place=place,
            model_package_arn=run.model_package_arn,
            role=model_role,
            log=log,
        ).endpoint
        if settings.serving.autoscaled:
            EndpointScaling(self, "Scaling", settings=settings.serving, endpoint=self.endpoint, variant=VARIANT)
        CfnOutput(self, "EndpointName", value=self.endpoint.attr_endpoint_name)
        CfnOutput(self, "ModelPackageArn", value=run.model_package_arn)
        CfnOutput(self, "RunInputs", value=run.run_inputs)
        CfnOutput(self, "EndpointLogGroupName", value=log.log_group_name)
