"""Alarms of CloudWatch by its rules (dimensions, periods, datapoints to alarm, missing data), and told to EventBridge.

MiniStack compares all of a metric's points, whatever their dimensions, when metrics are put, and tells SNS alone,
whatever the topic's policy says. Here alarms are evaluated when metrics are put and every few seconds, over the periods
that end now; AWS evaluates each minute over whole minutes, so the same alarm goes off there a minute or two later.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

import datetime
import json
import logging
import operator
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.emulator import names

_log = logging.getLogger("local.alarms")
_TICK_S = 5.0
_KIND = "CloudWatch Alarm State Change"
_COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
Alarm = dict[str, Any]

_COMPARE: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": ("greater than or equal to", operator.ge),
    "GreaterThanThreshold": ("greater than", operator.gt),
    "LessThanThreshold": ("less than", operator.lt),
    "LessThanOrEqualToThreshold": ("less than or equal to", operator.le),
}


def install() -> None:
    """Evaluate, tell, and know composite alarms in templates."""
    tell_sns = cloudwatch._dispatch_alarm_actions

    def dispatch(alarm: Alarm, before: str, after: str, reason: str) -> None:
        _announce(alarm, before)
        tell_sns(_allowed(alarm), before, after, reason)

    cloudwatch._evaluate_alarm, cloudwatch._dispatch_alarm_actions = evaluate, dispatch
    provisioners._RESOURCE_HANDLERS[_COMPOSITE] = {
        "create": _create_composite,
        "update": _update_composite,
        "delete": lambda name, _props: cloudwatch._delete_alarms({}, {"AlarmNames": [name]}, False, True),
    }
    threading.Thread(target=_keep_evaluating, name="alarms", daemon=True).start()


def _keep_evaluating() -> None:
    while True:
        time.sleep(_TICK_S)
        for account, region in {(account, region) for account, region, _ in list(cloudwatch._alarms._data)}:
            with names.request_scope(account, region):
                cloudwatch._evaluate_all_alarms()


def evaluate(alarm: Alarm) -> None:
    """Bring an alarm to the state that its metric asks for."""
    if not alarm.get("MetricName") or alarm.get("ComparisonOperator") not in _COMPARE:
        # Metric math and anomaly bands are not evaluated: such an alarm stays as it is.
        return
    wanted, reason = state_of(alarm, _windows(alarm))
    before = alarm["StateValue"]
    if wanted == before:
        return
    # One more reader of what the state was than SNS: the event tells it.
    alarm["_before"] = {"value": before, "reason": alarm.get("StateReason", ""), "at": alarm["StateUpdatedTimestamp"]}
    alarm |= {"StateValue": wanted, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
    cloudwatch._record_history(alarm["AlarmName"], before, wanted, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, wanted, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _windows(alarm: Alarm) -> list[float | None]:
    """The metric's value in each evaluation period, the newest last; None where there is no data."""
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    points = cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], dimensions)) or []
    unit = alarm.get("Unit")
    period, count, now = int(alarm.get("Period") or 60), int(alarm.get("EvaluationPeriods") or 1), time.time()
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    values: list[float | None] = []
    for number in range(count, 0, -1):
        start = now - number * period
        inside = [p for p in points if start < p["Timestamp"] <= start + period and unit in (None, p.get("Unit"))]
        found = cloudwatch._calc_stats(inside) if inside else {}
        values.append(cloudwatch._stat_value(found, statistic, inside) if found else None)
    return values


def state_of(alarm: Alarm, values: list[float | None]) -> tuple[str, str]:
    """The state that an alarm should be in, and the reason in CloudWatch's words.

    Parameters
    ----------
    alarm
        Threshold, comparison, datapoints to alarm, how missing data counts, and the state it is in.
    values
        The value of each evaluation period; None where there is no data.
    """
    word, breaches = _COMPARE[alarm["ComparisonOperator"]]
    threshold, missing = float(alarm.get("Threshold") or 0), alarm.get("TreatMissingData") or "missing"
    needed = int(alarm.get("DatapointsToAlarm") or len(values))
    real = [value for value in values if value is not None]
    gaps = len(values) - len(real)
    if not real and missing in ("missing", "ignore"):
        state = "INSUFFICIENT_DATA" if missing == "missing" else alarm["StateValue"]
        return state, f"Insufficient Data: {gaps} datapoints were unknown."
    if gaps and missing == "ignore":
        return alarm["StateValue"], alarm.get("StateReason", "")
    over = sum(breaches(value, threshold) for value in real) + (gaps if missing == "breaching" else 0)
    # Data that is merely missing counts for nothing: fewer points then decide.
    needed = min(needed, len(real)) if missing == "missing" else needed
    state = "ALARM" if over >= needed else "OK"
    stamp = datetime.datetime.now(datetime.UTC).strftime("%d/%m/%y %H:%M:%S")
    shown = ", ".join(f"{value} ({stamp})" for value in real) or f"no datapoints were received for {gaps} periods"
    verb = "was" if state == "ALARM" else "was not"
    return state, (
        f"Threshold Crossed: {over if state == 'ALARM' else len(values) - over} out of the last {len(values)} "
        f"datapoints [{shown}] {verb} {word} the threshold ({threshold}) (minimum {needed} datapoint"
        f"{'s' if needed > 1 else ''} for {'OK -> ALARM' if state == 'ALARM' else 'ALARM -> OK'} transition)."
    )


def _allowed(alarm: Alarm) -> Alarm:
    """The alarm without the actions that the policy of their topic, or of its key, does not allow."""
    if not names.auth_enabled():
        return alarm
    allowed = dict(alarm)
    for field in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        kept = []
        for arn in alarm.get(field) or []:
            if names.service_may("cloudwatch.amazonaws.com", "sns:Publish", arn, alarm["AlarmArn"]):
                kept.append(arn)
            else:
                _log.warning("%s may not publish to %s", alarm["AlarmName"], arn)
        allowed[field] = kept
    return allowed


def _announce(alarm: Alarm, before: str) -> None:
    """Send the event of a change of state."""
    past = alarm.pop("_before", {"value": before, "reason": "", "at": time.time()})
    state = {"value": alarm["StateValue"], "reason": alarm.get("StateReason", ""), "timestamp": _stamp(time.time())}
    detail = {
        "alarmName": alarm["AlarmName"],
        "configuration": _configuration(alarm),
        "previousState": {"value": past["value"], "reason": past["reason"], "timestamp": _stamp(past["at"])},
        "state": state,
    }
    if alarm.get("StateReasonData"):
        state["reasonData"] = alarm["StateReasonData"]
    names.put_service_event("aws.cloudwatch", _KIND, detail, [alarm["AlarmArn"]])


def _configuration(alarm: Alarm) -> dict[str, Any]:
    found: dict[str, Any] = {"description": alarm.get("AlarmDescription") or ""}
    if "AlarmRule" in alarm:
        return found | {"alarmRule": alarm["AlarmRule"]}
    metric = {
        "namespace": alarm.get("Namespace"),
        "name": alarm.get("MetricName"),
        "dimensions": {d["Name"]: d["Value"] for d in alarm.get("Dimensions") or []},
    }
    statistic = {"metric": metric, "period": alarm.get("Period"), "stat": alarm.get("Statistic")}
    return found | {"metrics": [{"id": str(uuid.uuid4()), "metricStat": statistic, "returnData": True}]}


def _stamp(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _create_composite(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    name = props.get("AlarmName") or provisioners._physical_name(stack, logical_id, max_len=255)
    status, _, body = cloudwatch._put_composite_alarm({}, {**props, "AlarmName": name}, False, True)
    if status >= 400:
        raise ValueError(json.loads(body)["message"])
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _update_composite(name: str, _old: Any, new: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    return _create_composite(name, {**new, "AlarmName": name}, stack)
