"""Watching: the pipeline that compares captured customers with those of training, what starts it, and its alarms."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components import watch_roles
from stacks.components.bucket_rules import LABELS, WATCH
from stacks.components.jobs import surroundings_at
from stacks.components.place import Place
from stacks.components.watch_alarms import WatchAlarms
from stacks.components.watch_function import watch_function
from stacks.components.watch_pipeline import watch_pipeline


class WatchingStack(Stack):
    """Whether the model still fits the customers that it meets."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        code_uri: str,
        topic: sns.ITopic,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        name = f"{settings.resource_name}-watch"
        function = watch_function(self, "WatchSteps", settings=settings, place=place).function
        job = watch_roles.job_role(self, place=place)
        runs_as = watch_roles.pipeline_role(
            self,
            place=place,
            job=job,
            function=function,
            instance_types=settings.training.instance_types,
        )
        definition = watch_pipeline(
            settings=settings.watching,
            surroundings=surroundings_at(self, settings=settings.training, place=place, code_uri=code_uri),
            job_role_arn=job.role_arn,
            function_arn=function.function_arn,
            reports_uri=place.data.s3_url_for_object(WATCH.rstrip("/")),
        )
        pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=name,
            pipeline_display_name=name,
            role_arn=runs_as.role_arn,
            # As plain data: the typed property would write its keys in the wrong case.
            pipeline_definition={"PipelineDefinitionBody": self.to_json_string(definition)},
        )
        self._starts(name, pipeline, settings=settings, place=place)
        # It says that the model no longer fits: a retraining may go by it.
        self.drift_alarm = WatchAlarms(self, "Alarms", settings=settings, topic=topic, pipeline_name=name).of_drift
        CfnOutput(self, "WatchPipelineName", value=pipeline.ref)

    def _starts(self, name: str, pipeline: sagemaker.CfnPipeline, *, settings: Settings, place: Place) -> None:
        """Let labels that arrive start it, and the time, where settings say when."""
        role = watch_roles.start_role(self, pipeline_name=name)
        target = events.CfnRule.TargetProperty(
            id="Watch",
            arn=self.format_arn(service="sagemaker", resource="pipeline", resource_name=name),
            role_arn=role.role_arn,
        )
        arrived = {"bucket": {"name": [place.data.bucket_name]}, "object": {"key": [{"wildcard": f"{LABELS}*.csv"}]}}
        rules = [
            events.CfnRule(
                self,
                "LabelsArrived",
                description=f"Starts {name} when labels arrive",
                event_pattern={"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": arrived},
                targets=[target],
            )
        ]
        if settings.watching.schedule:
            rules.append(
                events.CfnRule(
                    self,
                    "Schedule",
                    description=f"Starts {name} when it is time",
                    schedule_expression=settings.watching.schedule,
                    targets=[target],
                )
            )
        for rule in rules:
            rule.node.add_dependency(pipeline)
