"""Application Auto Scaling: targets and policies, as a MiniStack service module.

What it does: it keeps a registered target's capacity between its minimum and maximum at the moment they are set, as
AWS does ("minimum capacity was set to 2"). What it does not: no metric makes it scale, since one process stands for all
instances here; a policy is a record.
https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""

import asyncio
import functools
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.model import ServiceModel
from ministack.core.responses import AccountRegionScopedDict

from local.emulator import adapter
from local.sagemaker import shapes

Request = dict[str, Any]
Answer = dict[str, Any]
_KEY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_targets, _policies, _activities = (AccountRegionScopedDict() for _ in range(3))


class Refused(Exception):
    """An error answer: its type, and what the caller reads."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@functools.cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("application-autoscaling")


async def handle_request(
    _method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]
) -> tuple[int, dict[str, str], bytes]:
    """Answer a request; scaling asks SageMaker, so it happens on a thread."""
    name = headers.get("x-amz-target", "").rpartition(".")[2]
    try:
        answer = await asyncio.to_thread(call, name, json.loads(body or b"{}"))
        status, told = 200, answer
    except Refused as exc:
        status, told = 400, {"__type": exc.code, "message": str(exc)}
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(told).encode()


def call(name: str, request: Request) -> Answer:
    """Answer an operation of the API, after a check against botocore's model of it."""
    handler = _HANDLERS.get(name)
    if handler is None:
        raise Refused("UnknownOperationException", f"The laptop run does not answer {name} (AWS does)")
    found = shapes.problems(_model().operation_model(name).input_shape, request)
    if found:
        raise Refused("ValidationException", "; ".join(found))
    return handler(request)


def _key(request: Request) -> str:
    return "|".join(str(request[one]) for one in _KEY)


def _register(request: Request) -> Answer:
    endpoint, variant = _variant_of(request)
    known = _targets.get(_key(request))
    if known is None and not {"MinCapacity", "MaxCapacity"} <= request.keys():
        raise Refused("ValidationException", "MinCapacity and MaxCapacity are required for a new scalable target.")
    arn = f"{_arn('scalable-target')}/{uuid.uuid4().hex[:20]}"
    account = adapter.host().account_id()
    role = f"arn:aws:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com"
    fresh = {
        "ScalableTargetARN": arn,
        "CreationTime": time.time(),
        "RoleARN": f"{role}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
    }
    target = {**fresh, **(known or {}), **{k: v for k, v in request.items() if k not in ("RoleARN", "Tags")}}
    if target["MinCapacity"] > target["MaxCapacity"]:
        raise Refused("ValidationException", "Maximum capacity cannot be less than minimum capacity")
    _targets[_key(request)] = target
    _fit(target, endpoint, variant)
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


def _variant_of(request: Request) -> tuple[str, Answer]:
    """The endpoint and the variant that a target names."""
    parts = request["ResourceId"].split("/")
    if request["ScalableDimension"] != _DIMENSION or len(parts) != 4:
        raise Refused("ValidationException", "The laptop run scales variants of endpoints only (AWS scales more)")
    client = adapter.host().client("sagemaker")
    try:
        found = client.describe_endpoint(EndpointName=parts[1])
    except client.exceptions.ClientError as exc:
        raise Refused("ValidationException", f"No endpoint {parts[1]}: {exc}") from exc
    for variant in found.get("ProductionVariants", []):
        if variant["VariantName"] == parts[3]:
            return parts[1], variant
    raise Refused("ValidationException", f"Endpoint {parts[1]} has no variant {parts[3]}")


def _fit(target: Answer, endpoint: str, variant: Answer) -> None:
    """Bring a capacity that is out of its bounds back into them."""
    have, low, high = variant["DesiredInstanceCount"], target["MinCapacity"], target["MaxCapacity"]
    wanted = min(max(have, low), high)
    if wanted == have:
        return
    adapter.host().client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": variant["VariantName"], "DesiredInstanceCount": wanted}],
    )
    bound, limit = ("minimum", low) if wanted > have else ("maximum", high)
    _activities[str(uuid.uuid4())] = {
        **{one: target[one] for one in _KEY},
        "ActivityId": str(uuid.uuid4()),
        "Description": f"Setting desired instance count to {wanted}.",
        "Cause": f"{bound} capacity was set to {limit}",
        "StartTime": time.time(),
        "StatusCode": "Successful",
    }


def _deregister(request: Request) -> Answer:
    if _targets.pop(_key(request), None) is None:
        raise Refused("ObjectNotFoundException", f"No scalable target found for {_key(request)}")
    for name, policy in list(_policies.items()):
        # With the target go its policies.
        if _key(policy) == _key(request):
            _policies.pop(name)
    return {}


def _put_policy(request: Request) -> Answer:
    if _targets.get(_key(request)) is None:
        raise Refused("ObjectNotFoundException", f"No scalable target registered for {_key(request)}")
    name = f"{_key(request)}|{request['PolicyName']}"
    word = f"{uuid.uuid4()}:resource/sagemaker/{request['ResourceId']}:policyName/{request['PolicyName']}"
    fresh = {"PolicyARN": f"{_arn('scalingPolicy', 'autoscaling')}:{word}", "CreationTime": time.time()}
    _policies[name] = {**fresh, **(_policies.get(name) or {}), **request}
    return {"PolicyARN": _policies[name]["PolicyARN"], "Alarms": []}


def _delete_policy(request: Request) -> Answer:
    if _policies.pop(f"{_key(request)}|{request['PolicyName']}", None) is None:
        raise Refused("ObjectNotFoundException", f"No scaling policy found for {_key(request)}")
    return {}


def _listing(kept: AccountRegionScopedDict, member: str) -> Callable[[Request], Answer]:
    def describe(request: Request) -> Answer:
        ids = request.get("ResourceIds") or ([request["ResourceId"]] if "ResourceId" in request else [])
        found = [one for one in kept.values() if one["ServiceNamespace"] == request["ServiceNamespace"]]
        return {member: [one for one in found if not ids or one["ResourceId"] in ids]}

    return describe


def _arn(kind: str, service: str = "application-autoscaling") -> str:
    host = adapter.host()
    return f"arn:aws:{service}:{host.region()}:{host.account_id()}:{kind}"


_HANDLERS: dict[str, Callable[[Request], Answer]] = {
    "RegisterScalableTarget": _register,
    "DescribeScalableTargets": _listing(_targets, "ScalableTargets"),
    "DeregisterScalableTarget": _deregister,
    "PutScalingPolicy": _put_policy,
    "DescribeScalingPolicies": _listing(_policies, "ScalingPolicies"),
    "DeleteScalingPolicy": _delete_policy,
    "DescribeScalingActivities": _listing(_activities, "ScalingActivities"),
}
_KEPT = {"targets": _targets, "policies": _policies, "activities": _activities}


def get_state() -> dict[str, Any]:
    """What MiniStack saves at a clean stop."""
    return dict(_KEPT)


def load_persisted_state(data: dict[str, Any]) -> None:
    """What MiniStack gives back at the next start."""
    for name, kept in _KEPT.items():
        kept.update(data.get(name) or {})


def reset() -> None:
    """Forget everything."""
    for kept in _KEPT.values():
        kept.clear()
