"""Studio: where data scientists look at the data, at runs and models, and try their own."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import Settings
from stacks.components.place import Place
from stacks.components.storage import log_group
from stacks.components.studio_domain import StudioNetwork, private_space, studio_domain
from stacks.components.studio_roles import compare_runs, data_scientist_role, experiment_role
from stacks.components.studio_setup import lifecycle_config, space_script


class StudioStack(Stack):
    """A domain in the VPC, its users, a private space each, and the roles that they and their jobs have."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        network: StudioNetwork,
        pipeline: sagemaker.CfnPipeline,
        package_group: sagemaker.CfnModelPackageGroup,
        notebooks_uri: str,
        mlflow: sagemaker.CfnMlflowApp | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        name, studio = settings.resource_name, settings.studio
        experiments = experiment_role(self, place=place)
        self.role = data_scientist_role(
            self,
            settings=settings,
            place=place,
            pipeline=pipeline,
            package_group=package_group,
            experiment_role=experiments,
        )
        project = self.to_json_string({"pipeline": name, "experiment_role_arn": experiments.role_arn})
        if mlflow:
            compare_runs(self, self.role, app=mlflow)
        script = space_script(notebooks_uri=notebooks_uri, project=project, repository=studio.git_repository)
        domain = studio_domain(
            self,
            "Domain",
            name=name,
            settings=studio,
            network=network,
            key=place.keys.data,
            role=self.role,
            setup=lifecycle_config(self, "Setup", name=name, script=script),
        )
        if settings.storage.owns_job_logs:
            log = log_group(self, "Log", settings=settings.storage, key=place.keys.logs, name="/aws/sagemaker/studio")
            # Before the first app would make it, without key and end.
            domain.node.add_dependency(log)
        for user in studio.users:
            private_space(self, user=user, domain=domain, settings=studio)
        CfnOutput(self, "DomainId", value=domain.attr_domain_id)
        CfnOutput(self, "DataScientistRoleArn", value=self.role.role_arn)
        CfnOutput(self, "ExperimentRoleArn", value=experiments.role_arn)
