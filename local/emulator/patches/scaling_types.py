"""The CloudFormation types of Application Auto Scaling, on our service."""

from typing import Any

from ministack.services.cloudformation import provisioners, stacks

from local.emulator import autoscaling

_TARGET, _POLICY = (f"AWS::ApplicationAutoScaling::{word}" for word in ("ScalableTarget", "ScalingPolicy"))
_KEY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_NUMBERS = ("MinCapacity", "MaxCapacity")
_CONFIG = "TargetTrackingScalingPolicyConfiguration"
Props = dict[str, Any]
Answer = tuple[str, dict[str, str]]


def install() -> None:
    """Register both, on threads of their own: they ask SageMaker."""
    handlers = provisioners._RESOURCE_HANDLERS
    handlers[_TARGET] = {"create": _create_target, "update": _update_target, "delete": _delete_target}
    handlers[_POLICY] = {"create": _create_policy, "update": _update_policy, "delete": _delete_policy}
    runs_on_thread = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: kind in (_TARGET, _POLICY) or runs_on_thread(kind)


def _create_target(_logical_id: str, props: Props, _stack: str) -> Answer:
    request = {key: props[key] for key in _KEY} | {key: int(props[key]) for key in _NUMBERS}
    autoscaling.call("RegisterScalableTarget", request)
    # Ref, and Id, are the three words in this order.
    identity = "|".join((props["ResourceId"], props["ScalableDimension"], props["ServiceNamespace"]))
    return identity, {"Id": identity}


def _update_target(identity: str, _old: Props, new: Props, stack: str) -> Answer:
    made = _create_target("", new, stack)
    if made[0] != identity:
        _delete_target(identity, {})
    return made


def _delete_target(identity: str, _props: Props) -> None:
    _quietly("DeregisterScalableTarget", _named(identity))


def _named(identity: str) -> Props:
    resource, dimension, namespace = identity.split("|")
    return {"ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": namespace}


def _create_policy(_logical_id: str, props: Props, _stack: str) -> Answer:
    target = _named(props["ScalingTargetId"]) if "ScalingTargetId" in props else {key: props[key] for key in _KEY}
    config = dict(props[_CONFIG])
    config["TargetValue"] = float(config["TargetValue"])
    config |= {key: int(config[key]) for key in ("ScaleInCooldown", "ScaleOutCooldown") if key in config}
    request = {**target, "PolicyName": props["PolicyName"], "PolicyType": props["PolicyType"], _CONFIG: config}
    arn = autoscaling.call("PutScalingPolicy", request)["PolicyARN"]
    return arn, {"Arn": arn}


def _update_policy(_arn: str, _old: Props, new: Props, stack: str) -> Answer:
    return _create_policy("", new, stack)


def _delete_policy(_arn: str, props: Props) -> None:
    target = _named(props["ScalingTargetId"]) if "ScalingTargetId" in props else {key: props[key] for key in _KEY}
    _quietly("DeleteScalingPolicy", {**target, "PolicyName": props["PolicyName"]})


def _quietly(operation: str, request: Props) -> None:
    """Delete; what is gone already is fine."""
    try:
        autoscaling.call(operation, request)
    except autoscaling.Refused as exc:
        if exc.code != "ObjectNotFoundException":
            raise
