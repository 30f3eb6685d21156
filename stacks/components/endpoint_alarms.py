"""The alarms of a model in service: SageMaker goes back by them while it comes, and people hear of them always.

They watch the machines of one endpoint configuration, so that a model which raises them is not in the way of the one
that is to replace it ("if your current production fleet already causes errors",
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html).
"""

from __future__ import annotations

from aws_cdk import Aws, Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components.alarms import MINUTE, told_alarm
from stacks.components.golden_metric import golden_mismatches

MICROSECONDS = 1000
# Minutes in a row: the first answers of a new machine may be slow, and the next minute shows whether that was all. How
# long a canary has to be watched for it is ServingSettings.alarm_delay_s.
SLOW_PERIODS = 2


class EndpointAlarms(Construct):
    """Errors, latency, and the answers to golden customers.

    Parameters
    ----------
    config_name : str
        The endpoint configuration that is watched. It is part of the alarms' names, so that another has other alarms,
        whose state nothing has set before.

    Attributes
    ----------
    all : list of Alarm
        By which an update of the endpoint is rolled back.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        variant: str,
        config_name: str,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic, self._config_name = topic, config_name
        name, slowest_ms = settings.resource_name, settings.serving.maximum_latency_ms
        served = {"EndpointName": name, "VariantName": variant, "EndpointConfigName": config_name}

        def metric(metric_name: str, statistic: str) -> cloudwatch.Metric:
            return cloudwatch.Metric(
                namespace="AWS/SageMaker",
                metric_name=metric_name,
                dimensions_map=served,
                statistic=statistic,
                # SageMaker's metrics come by the minute.
                period=MINUTE,
            )

        self.all = [
            self._alarm("Errors", metric("Invocation5XXErrors", "Sum"), f"The model behind {name} fails on requests"),
            self._alarm(
                "Latency",
                metric("ModelLatency", "p99"),
                f"The model behind {name} takes {slowest_ms} ms or longer for one request in a hundred",
                # The metric is in microseconds.
                threshold=slowest_ms * MICROSECONDS,
                periods=SLOW_PERIODS,
            ),
            self._alarm(
                "Golden",
                golden_mismatches(settings, config_name, period=MINUTE),
                f"{name} answers golden customers otherwise than its model should",
            ),
        ]

    def _alarm(
        self, construct_id: str, metric: cloudwatch.Metric, says: str, *, threshold: float = 1, periods: int = 1
    ) -> cloudwatch.Alarm:
        return told_alarm(
            self,
            construct_id,
            metric=metric,
            says=f"{says}; docs/operations.md says what to do.",
            topic=self._topic,
            threshold=threshold,
            periods=periods,
            # The stack's name first: by that the model's role may look at it.
            name=Fn.join("-", [Aws.STACK_NAME, construct_id, self._config_name]),
        )
