"""The metric of the golden customers: how many of their answers were not what they should be."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from config import Settings

METRIC = "GoldenMismatches"
# Whose answers they were: those of the old machines or those of the new ones.
DIMENSION = "EndpointConfigName"


def namespace(settings: Settings) -> str:
    """Name the environment's own namespace of metrics."""
    return f"Churn/{settings.name}"


def golden_mismatches(settings: Settings, config_name: str, *, period: Duration) -> cloudwatch.Metric:
    """Give the metric: wrong answers of an endpoint configuration in a period, of those that the probe asked for."""
    return cloudwatch.Metric(
        namespace=namespace(settings),
        metric_name=METRIC,
        dimensions_map={DIMENSION: config_name},
        statistic="Sum",
        period=period,
    )
