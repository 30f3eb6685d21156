"""EventBridge delivers by permission, a policy of the target's or the role that a rule names for it; and to pipelines.

MiniStack delivers to whatever a rule or a schedule names, and knows no SageMaker pipeline among the targets. A delivery
that is refused is logged and dropped, as EventBridge drops it after its retries, and counts it in FailedInvocations.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
"""

import json
import logging
import uuid
from typing import Any

from ministack.services import eventbridge

from local.emulator import adapter, names
from local.sagemaker.errors import ServiceError

_log = logging.getLogger("local.deliveries")
_RULES, _SCHEDULES = "events.amazonaws.com", "scheduler.amazonaws.com"
# What a delivery does to a target, by the service in the target's ARN.
_ACTIONS = {
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "states": "states:StartExecution",
    "sagemaker": "sagemaker:StartPipelineExecution",
    "events": "events:PutEvents",
}
# Rules reach these by the target's own policy, all others by a role; schedules reach everything by their role.
_BY_POLICY = ("lambda", "sqs", "sns")
# The services whose events a person at the terminal wants to see.
_TOLD = ("aws.sagemaker", "aws.states", "aws.cloudwatch")
Target = dict[str, Any]


def install() -> None:
    """Ask before each delivery; tell the driver, too."""
    deliver, dispatch = eventbridge._invoke_target, eventbridge._dispatch_event

    def dispatch_event(event: dict[str, Any], view: Any = None) -> None:
        if event["Source"] in _TOLD:
            adapter.host().tell(event["DetailType"], json.loads(event["Detail"]))
        dispatch(event, view)

    def invoke_target(target: Target, event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        arn = target.get("Arn", "")
        principal = _SCHEDULES if event.get("Source") == "aws.scheduler" else _RULES
        refusal = _refusal(target, arn, rule.get("Arn", ""), principal) if names.auth_enabled() else None
        if refusal:
            _log.warning("%s: not delivered to %s: %s", rule.get("Name"), arn, refusal)
        elif ":pipeline/" in arn:
            host = adapter.host()
            host.background("start a pipeline", lambda: _start(target, principal))
        else:
            deliver(target, event, rule, view)

    eventbridge._invoke_target, eventbridge._dispatch_event = invoke_target, dispatch_event


def _refusal(target: Target, arn: str, source: str, principal: str) -> str | None:
    """Why a delivery may not happen; None when it may."""
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    action = _ACTIONS.get(service)
    if action is None:
        return None
    if principal == _RULES and service in _BY_POLICY:
        if names.service_may(principal, action, arn, source):
            return None
        return f"no policy of the target (or of its key) lets {principal} do {action}"
    role = target.get("RoleArn")
    if not role:
        return "the target names no role"
    try:
        adapter.host().authorize(action, arn, {}, role_arn=role, principal=principal)
    except ServiceError as exc:
        return exc.message
    return None


def _start(target: Target, principal: str) -> None:
    """Start a SageMaker pipeline with the parameters of the target."""
    given = (target.get("SageMakerPipelineParameters") or {}).get("PipelineParameterList") or []
    client = adapter.host().client("sagemaker", target["RoleArn"], principal)
    answer = client.start_pipeline_execution(
        PipelineName=target["Arn"],
        PipelineParameters=[{"Name": one["Name"], "Value": one["Value"]} for one in given],
        ClientRequestToken=uuid.uuid4().hex,
    )
    _log.info("started %s", json.dumps(answer["PipelineExecutionArn"]))
