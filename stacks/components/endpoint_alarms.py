"""The alarms of an endpoint: SageMaker goes back by them while it replaces a model, and people hear of them always."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components.golden_metric import golden_mismatches

# SageMaker's metrics come by the minute.
PERIOD = Duration.minutes(1)
MICROSECONDS = 1000


class EndpointAlarms(Construct):
    """Errors, latency, and the answers to golden customers.

    Attributes
    ----------
    all : list of Alarm
        By which an update of the endpoint is rolled back.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, variant: str, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        name, slowest_ms = settings.resource_name, settings.serving.maximum_latency_ms
        served = {"EndpointName": name, "VariantName": variant}

        def metric(metric_name: str, statistic: str) -> cloudwatch.Metric:
            return cloudwatch.Metric(
                namespace="AWS/SageMaker",
                metric_name=metric_name,
                dimensions_map=served,
                statistic=statistic,
                period=PERIOD,
            )

        self.all = [
            self._alarm("Errors", metric("Invocation5XXErrors", "Sum"), f"The model behind {name} fails on requests"),
            self._alarm(
                "Latency",
                metric("ModelLatency", "p99"),
                f"The model behind {name} takes longer than {slowest_ms} ms for one request in a hundred",
                # The metric is in microseconds.
                threshold=slowest_ms * MICROSECONDS,
                comparison=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            ),
            self._alarm(
                "Golden",
                golden_mismatches(settings, period=PERIOD),
                f"{name} answers golden customers otherwise than its model should",
            ),
        ]

    def _alarm(
        self,
        construct_id: str,
        metric: cloudwatch.Metric,
        says: str,
        *,
        threshold: float = 1,
        comparison: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=f"{says}; docs/operations.md says what to do.",
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=1,
            # Without requests there is nothing wrong, and nothing to go back for.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        return alarm
