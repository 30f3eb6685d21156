"""Serving: the deployment's run of the pipeline, and the endpoint made from its package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, CfnParameter, DefaultStackSynthesizer, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components.endpoint_scaling import EndpointScaling
from stacks.components.model_endpoint import VARIANT, ModelEndpoint
from stacks.components.pipeline_run import deployed_run
from stacks.components.place import Place
from stacks.components.storage import log_group

# Nothing, or the hash of a run's inputs and a package.
ROLLOUT = "|[0-9a-f]{{32}} arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{{12}}:model-package/{group}/[0-9]+"


class ServingStack(Stack):
    """The model that answers, and nothing that could change what anybody may do: rollouts update this stack.

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
        run_service: str,
        topic: sns.ITopic,
        model_role: iam.Role,
        run_inputs: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        # Without the CDK's parameter from Parameter Store: CloudFormation reads it with the rights of whoever updates
        # the stack, and a rollout has none there. The command line checks the bootstrap's version all the same.
        synthesizer = DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
        super().__init__(scope, construct_id, synthesizer=synthesizer, **kwargs)
        name = settings.resource_name
        rollout = CfnParameter(
            self,
            "Rollout",
            default="",
            allowed_pattern=ROLLOUT.format(group=name),
            description="The package that a rollout serves, after the hash of the run's inputs; deployments keep it.",
        )
        run = deployed_run(
            self,
            "PipelineRun",
            settings=settings,
            service_token=run_service,
            pipeline=pipeline,
            inputs=run_inputs,
            rollout=rollout,
        )
        package = run.get_att_string("ModelPackageArn")
        log = log_group(
            self, "EndpointLog", settings=settings.storage, key=place.keys.logs, name=f"/aws/sagemaker/Endpoints/{name}"
        )
        self.endpoint = ModelEndpoint(
            self,
            "Model",
            settings=settings,
            place=place,
            model_package_arn=package,
            role=model_role,
            log=log,
            topic=topic,
        ).endpoint
        if settings.serving.autoscaled:
            EndpointScaling(self, "Scaling", settings=settings.serving, endpoint=self.endpoint, variant=VARIANT)
        CfnOutput(self, "EndpointName", value=self.endpoint.attr_endpoint_name)
        CfnOutput(self, "ModelPackageArn", value=package)
        CfnOutput(self, "RunInputs", value=run.get_att_string("RunInputs"))
        CfnOutput(self, "EndpointLogGroupName", value=log.log_group_name)
