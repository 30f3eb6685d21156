"""Retraining: new data, a schedule or an alarm of the watch lead to a run of the pipeline."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components.bucket_rules import INCOMING
from stacks.components.data_owner import data_owner_role
from stacks.components.intake import Intake
from stacks.components.place import Place
from stacks.components.state_machine import Starts


class RetrainingStack(Stack):
    """What makes a model again when its time has come. Whether it is served is decided elsewhere."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        place: Place,
        pipeline: sagemaker.CfnPipeline,
        topic: sns.ITopic,
        drift_alarm: cloudwatch.IAlarm,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        retraining = settings.retraining
        machine = Intake(self, "Intake", settings=settings, place=place, pipeline=pipeline, topic=topic).machine
        starts = Starts(self, "EventsRole", machine=machine)
        owner = data_owner_role(self, settings=retraining, place=place, pipeline=pipeline, machine=machine)
        if retraining.on_new_data:
            starts.on(
                "NewData",
                "A file of raw data has arrived",
                event_pattern={
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {
                        "bucket": {"name": [place.data.bucket_name]},
                        "object": {"key": [{"prefix": INCOMING}]},
                    },
                },
            )
        if retraining.schedule:
            starts.on("Schedule", "It is time to train again", schedule_expression=retraining.schedule)
        if retraining.on_drift:
            starts.on(
                "Drift",
                "An alarm of the watch has gone off",
                event_pattern={
                    "source": ["aws.cloudwatch"],
                    "detail-type": ["CloudWatch Alarm State Change"],
                    "resources": [drift_alarm.alarm_arn],
                    "detail": {"state": {"value": ["ALARM"]}},
                },
            )
        CfnOutput(self, "IntakeArn", value=machine.ref)
        CfnOutput(self, "DataOwnerRoleArn", value=owner.role_arn)
