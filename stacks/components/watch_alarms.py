"""The alarms of the watch."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components.alarms import CALM, MINUTE, told_alarm
from stacks.components.watch_function import namespace

# Metrics come once a look: an alarm looks at one minute, and keeps its state until the next look has told something.
KEEP, FORGET = cloudwatch.TreatMissingData.IGNORE, CALM


class WatchAlarms(Construct):
    """Alarms that tell people by the topic.

    Attributes
    ----------
    of_drift : CompositeAlarm
        Whether any says that the model no longer fits: a retraining may go by it. One look may raise several, and is
        to start one.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, topic: sns.ITopic, pipeline_name: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._topic = settings, topic
        attributes = settings.watching.alarm_attributes
        no_longer_fits = [
            self._found(
                "AttributesDrifted",
                "DriftedAttributes",
                f"At least {attributes} of the attributes that the model goes by drifted: see the watch's last report.",
                threshold=attributes,
            ),
            self._found(
                "PredictionsDrifted",
                "PredictionsDrifted",
                "The model's predictions are no longer spread as they were when it was made: see the last report.",
            ),
            self._found(
                "QualityWorse",
                "LiveQualityWorse",
                "On customers whose fate became known, the model is surely worse than registered: see the last report.",
            ),
        ]
        self.of_drift = cloudwatch.CompositeAlarm(
            self,
            "NoLongerFits",
            alarm_description="The model no longer fits the customers that it meets: its other alarms say in what.",
            alarm_rule=cloudwatch.AlarmRule.any_of(*no_longer_fits),
        )
        self._found(
            "LabelsRefused",
            "RefusedLabelFiles",
            "A file of labels broke the rules and was moved to quarantine/labels/, where its reasons lie beside it.",
            missing=FORGET,
        )
        failed = cloudwatch.Metric(
            namespace="AWS/Sagemaker/ModelBuildingPipeline",
            metric_name="ExecutionFailed",
            dimensions_map={"PipelineName": pipeline_name},
            statistic="Sum",
            period=MINUTE,
        )
        self._alarm("WatchFailed", failed, "The watch itself failed: nobody sees whether the model fits.", 1, FORGET)

    def _found(
        self,
        name: str,
        metric: str,
        description: str,
        *,
        threshold: float = 1,
        missing: cloudwatch.TreatMissingData = KEEP,
    ) -> cloudwatch.Alarm:
        found = cloudwatch.Metric(
            namespace=namespace(self._settings), metric_name=metric, statistic="Maximum", period=MINUTE
        )
        return self._alarm(name, found, description, threshold, missing)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.Metric,
        description: str,
        threshold: float,
        missing: cloudwatch.TreatMissingData,
    ) -> cloudwatch.Alarm:
        return told_alarm(
            self,
            name,
            metric=metric,
            says=description,
            topic=self._topic,
            threshold=threshold,
            missing=missing,
        )
