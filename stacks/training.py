"""Training: the code and data that a run needs, the roles of its jobs, the pipeline and the registry of packages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import Settings
from schema import load_schema
from stacks.components import roles
from stacks.components.bucket_rules import CHECKPOINTS
from stacks.components.champion_lookup import champion_lookup
from stacks.components.churn_pipeline import ChurnPipeline
from stacks.components.experiments import experiments
from stacks.components.jobs import surroundings_at
from stacks.components.model_card import model_card_writer
from stacks.components.pipeline_role import pipeline_role
from stacks.components.place import Place
from stacks.components.raw_data import RawData
from stacks.components.registrar import registrar_role
from stacks.components.storage import log_group, removal_policy
from stacks.components.training_inputs import upload_inputs

PARALLEL_STEPS = 2


class TrainingStack(Stack):
    """Everything that makes a model, up to its registration."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        raw_data: RawData,
        search_space: Mapping[str, Any],
        serving_stack: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        inputs = upload_inputs(self, settings=settings, place=place, raw_data=raw_data)
        self.notebooks_uri, self.code_uri = inputs.notebooks_uri, inputs.code_uri
        if settings.storage.owns_job_logs:
            for jobs in ("ProcessingJobs", "TrainingJobs", "TransformJobs"):
                log_group(self, jobs, settings=settings.storage, key=place.keys.logs, name=f"/aws/sagemaker/{jobs}")
        self.package_group = sagemaker.CfnModelPackageGroup(
            self, "Packages", model_package_group_name=settings.resource_name
        )
        self.package_group.apply_removal_policy(removal_policy(settings.storage))
        lookup = champion_lookup(self, "ChampionLookup", settings=settings, keys=place.keys)
        card_writer = model_card_writer(self, "ModelCard", settings=settings, place=place)
        self.experiments = experiments(self, settings=settings, place=place)
        tracker = self.experiments.tracker if self.experiments else None
        processing_role = roles.processing_role(self, place=place)
        training_role = roles.training_role(self, place=place, spot=settings.training.spot)
        runs_as = pipeline_role(
            self,
            place=place,
            jobs=[processing_role, training_role],
            package_group=self.package_group,
            functions=[lookup, card_writer, *([tracker] if tracker else [])],
            instance_types=settings.training.instance_types,
            tunes=settings.training.tuning is not None,
        )
        registrar = registrar_role(
            self,
            settings=settings.identity,
            place=place,
            package_group=self.package_group,
            pipeline_name=settings.resource_name,
        )
        # Here and not beside the endpoint: SageMaker still needs it after the endpoint's deletion, to take its network
        # interfaces down, and this stack goes later.
        self.model_role = roles.model_role(
            self,
            place=place,
            endpoint_name=settings.resource_name,
            captures=settings.serving.data_capture_percent > 0,
            rollback_alarms=f"{serving_stack}-*" if settings.serving.canary_percent else None,
        )
        definition = ChurnPipeline(
            settings=settings.training,
            surroundings=surroundings_at(self, settings=settings.training, place=place, code_uri=inputs.code_uri),
            processing_role_arn=processing_role.role_arn,
            training_role_arn=training_role.role_arn,
            raw_data_uri=inputs.raw_data_uri,
            runs_uri=place.data.s3_url_for_object(roles.RUNS.rstrip("/")),
            models_uri=place.models.s3_url_for_object(roles.RUNS.rstrip("/")),
            checkpoints_uri=place.models.s3_url_for_object(CHECKPOINTS.rstrip("/")),
            package_group_name=settings.resource_name,
            endpoint_name=settings.resource_name,
            champion_function_arn=lookup.function_arn,
            card_function_arn=card_writer.function_arn,
            track_function_arn=tracker.function_arn if tracker else None,
            facts={"schema_hash": load_schema().hash, "code_hash": inputs.code_hash},
            search_space=search_space,
        ).definition()
        self.pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=settings.resource_name,
            pipeline_display_name=settings.resource_name,
            role_arn=runs_as.role_arn,
            # As plain data: the typed property would write its keys in the wrong case.
            pipeline_definition={"PipelineDefinitionBody": self.to_json_string(definition)},
            parallelism_configuration={"MaxParallelExecutionSteps": PARALLEL_STEPS},
        )
        self.pipeline.node.add_dependency(inputs.upload, self.package_group)
        resolved = json.dumps(self.resolve(definition), sort_keys=True)
        self.run_inputs = {
            "Definition": hashlib.sha256(resolved.encode()).hexdigest(),
            "RawData": raw_data.sha256,
        }
        CfnOutput(self, "PipelineName", value=self.pipeline.ref)
        CfnOutput(self, "PackageGroupName", value=settings.resource_name)
        CfnOutput(self, "RegistrarRoleArn", value=registrar.role_arn)
