"""An alarm that people hear of by the topic."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

# What is not there counts as all right, unless somebody says otherwise.
CALM = cloudwatch.TreatMissingData.NOT_BREACHING
MINUTE = Duration.minutes(1)


def told_alarm(
    scope: Construct,
    construct_id: str,
    *,
    metric: cloudwatch.IMetric,
    says: str,
    topic: sns.ITopic,
    threshold: float = 1,
    periods: int = 1,
    missing: cloudwatch.TreatMissingData = CALM,
    name: str | None = None,
) -> cloudwatch.Alarm:
    """Make an alarm that goes off when a metric reaches its threshold, in so many periods in a row.

    Parameters
    ----------
    name : str or None
        Only where something goes by it; CloudFormation makes others up.
    """
    alarm = cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_name=name,
        alarm_description=says,
        metric=metric,
        threshold=threshold,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluation_periods=periods,
        treat_missing_data=missing,
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
    return alarm
