"""The firewall: AWS's own rules and a limit for each address, with a log of what it refuses."""

from __future__ import annotations

from typing import Literal

from aws_cdk import ArnFormat, CfnCondition, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_kms as kms
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from config import Settings
from config.settings import FIREWALL_WINDOW_S
from stacks.components.grants import resource_of
from stacks.components.storage import log_group

# AWS's groups of rules, and those of their rules that only count here. Of a body they see the first 16 KB.
MANAGED: dict[str, tuple[str, ...]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesCommonRuleSet": (
        # 100 customers are more than its 8 KB; API Gateway and the function have limits of their own.
        "SizeRestrictions_BODY",
        # Systems need not say what they run on; a token says who they are.
        "NoUserAgent_HEADER",
    ),
}
# WAF delivers to groups of this name only.
LOG_PREFIX = "aws-waf-logs-"
# They let people and systems in, or say whose plan a request counts in.
SECRET_HEADERS = ("authorization", "x-api-key")


class WebAcl(Construct):
    """One web ACL: what is not refused goes through.

    Attributes
    ----------
    arn : str
        What stands behind it names it by this.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        key: kms.IKey,
        covers: Literal["REGIONAL", "CLOUDFRONT"],
        only_if: CfnCondition | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        what = "api" if covers == "REGIONAL" else "page"
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            scope=covers,
            description=f"What may not reach the {what} of {settings.resource_name}",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[
                _limit(settings.firewall.requests_per_address),
                *(_managed(at, name, counted) for at, (name, counted) in enumerate(MANAGED.items(), start=1)),
            ],
            visibility_config=_visible(what),
        )
        group = log_group(
            self, "Log", settings=settings.storage, key=key, name=f"{LOG_PREFIX}{settings.resource_name}-{what}"
        )
        log = wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            log_destination_configs=[
                Stack.of(self).format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=group.log_group_name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [{"ActionCondition": {"Action": action}} for action in ("BLOCK", "COUNT")],
                    }
                ],
            },
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                for name in SECRET_HEADERS
            ],
        )
        if only_if:
            for resource in (acl, resource_of(group), log):
                resource.cfn_options.condition = only_if
        self.arn = acl.attr_arn

    def stands_before(self, stage: apigateway.Stage) -> None:
        """Let it see every request to a stage of API Gateway."""
        wafv2.CfnWebACLAssociation(self, "Before", resource_arn=stage.stage_arn, web_acl_arn=self.arn)


def _limit(requests: int) -> wafv2.CfnWebACL.RuleProperty:
    rate = wafv2.CfnWebACL.RateBasedStatementProperty(
        aggregate_key_type="IP", limit=requests, evaluation_window_sec=FIREWALL_WINDOW_S
    )
    wait = wafv2.CfnWebACL.CustomHTTPHeaderProperty(name="Retry-After", value=str(FIREWALL_WINDOW_S))
    return wafv2.CfnWebACL.RuleProperty(
        name="RequestsPerAddress",
        priority=0,
        # Not WAF's own 403, which the distribution takes for an unknown address.
        action=wafv2.CfnWebACL.RuleActionProperty(
            block=wafv2.CfnWebACL.BlockActionProperty(
                custom_response=wafv2.CfnWebACL.CustomResponseProperty(response_code=429, response_headers=[wait])
            )
        ),
        statement=wafv2.CfnWebACL.StatementProperty(rate_based_statement=rate),
        visibility_config=_visible("RequestsPerAddress"),
    )


def _managed(priority: int, name: str, counted: tuple[str, ...]) -> wafv2.CfnWebACL.RuleProperty:
    group = wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS",
        name=name,
        rule_action_overrides=[
            wafv2.CfnWebACL.RuleActionOverrideProperty(
                name=rule, action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={})
            )
            for rule in counted
        ]
        or None,
    )
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(managed_rule_group_statement=group),
        visibility_config=_visible(name),
    )


def _visible(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """Let metrics count; samples would show requests, and their headers, in the console."""
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )
