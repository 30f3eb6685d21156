"""Notices: the topic by which people hear of alarms, refusals and quarantined files."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Settings
from stacks.components.keys import Keys


class NoticesStack(Stack):
    """One topic for one environment; who subscribes to it hears everything."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, keys: Keys, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.topic = sns.Topic(
            self,
            "Topic",
            display_name=f"Churn {settings.name}",
            master_key=keys.notices,
            enforce_ssl=True,
        )
        self.topic.add_to_resource_policy(_from_alarms(self, self.topic))
        for address in settings.operations.notify_emails:
            sns.Subscription(self, address, topic=self.topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=address)
        CfnOutput(self, "NoticesTopicArn", value=self.topic.topic_arn)


def _from_alarms(stack: Stack, topic: sns.Topic) -> iam.PolicyStatement:
    """Let this account's alarms publish; everything else does so under a role that may (permissions.publish_notices).

    Not EventBridge: "You can't use Condition blocks in Amazon SNS topic policies for EventBridge" (its user guide), so
    the statement would let every account's rules in.
    """
    return iam.PolicyStatement(
        sid="Alarms",
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["sns:Publish"],
        resources=[topic.topic_arn],
        conditions={
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": stack.format_arn(service="cloudwatch", resource="alarm:*")},
        },
    )
