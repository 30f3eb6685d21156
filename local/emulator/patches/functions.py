"""Lambda acts with the function's role: it writes the log and the traces, and attaches interfaces in a VPC.

MiniStack writes the log whatever the role may do, and makes a function in a VPC, or one that is traced, without asking.
It sends no traces: there is no X-Ray here.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
"""

import logging
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from local.emulator import names

_log = logging.getLogger("local.functions")
_TYPE = "AWS::Lambda::Function"
_WRITE = ("logs:CreateLogStream", "logs:PutLogEvents")
Props = dict[str, Any]


class MissingPermission(Exception):
    """The role may not do what Lambda does with it; the message is Lambda's refusal."""


def install() -> None:
    """Ask before each log and before each function in a VPC."""
    emit, create = lambda_svc._emit_lambda_logs, lambda_svc._create_function
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]

    def emit_logs(function: dict[str, Any], *rest: Any, **more: Any) -> None:
        config = function.get("config") or function
        if _may_log(config):
            emit(function, *rest, **more)

    def create_function(data: Props) -> Any:
        try:
            _check(data)
        except MissingPermission as exc:
            return lambda_svc.error_response_json("InvalidParameterValueException", str(exc), 400)
        return create(data)

    def deploy(logical_id: str, props: Props, stack: str) -> Any:
        _check(props)
        return handlers["create"](logical_id, props, stack)

    def redeploy(physical_id: str, old: Props, new: Props, *rest: Any) -> Any:
        _check(new)
        return handlers["update"](physical_id, old, new, *rest)

    lambda_svc._emit_lambda_logs, lambda_svc._create_function = emit_logs, create_function
    provisioners._RESOURCE_HANDLERS[_TYPE] = {**handlers, "create": deploy, "update": redeploy}


def _may_log(config: Props) -> bool:
    """Whether the role may write its function's log; a function without such a role runs, and leaves no log."""
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
    stream = f"{_arn('logs')}:log-group:{group}:log-stream:$LATEST"
    return _refused(config, [(action, stream) for action in _WRITE]) is None


def _check(props: Props) -> None:
    """Refuse a function whose role may not do what its network and its tracing ask for."""
    _attach(props)
    traced = (props.get("TracingConfig") or {}).get("Mode") == "Active"
    acts = [("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")] if traced else []
    if action := _refused(props, acts):
        word = action.removeprefix("xray:")
        raise MissingPermission(f"The provided execution role does not have permissions to call {word} on XRAY")


def _attach(props: Props) -> None:
    """Do with the role what Lambda does for a function in a VPC.

    These requests are Lambda's own: they carry no ``lambda:SourceFunctionArn``, which those of the code do.
    """
    network = props.get("VpcConfig") or {}
    subnets, groups = network.get("SubnetIds") or [], network.get("SecurityGroupIds") or []
    if not subnets:
        return
    base = _arn("ec2")
    acts = [
        ("ec2:DescribeNetworkInterfaces", "*"),
        ("ec2:DescribeSubnets", "*"),
        ("ec2:CreateNetworkInterface", f"{base}:network-interface/*"),
        *(("ec2:CreateNetworkInterface", f"{base}:subnet/{subnet}") for subnet in subnets),
        *(("ec2:CreateNetworkInterface", f"{base}:security-group/{group}") for group in groups),
        ("ec2:AssignPrivateIpAddresses", f"{base}:network-interface/eni-0"),
        ("ec2:UnassignPrivateIpAddresses", f"{base}:network-interface/eni-0"),
        # Asked for on every resource: a narrower one is refused when the function is made.
        ("ec2:DeleteNetworkInterface", f"{base}:*/*"),
    ]
    if action := _refused(props, acts):
        word = action.removeprefix("ec2:")
        raise MissingPermission(f"The provided execution role does not have permissions to call {word} on EC2")


def _arn(service: str) -> str:
    return f"arn:aws:{service}:{names.get_region()}:{names.get_account_id()}"


def _refused(config: Props, acts: list[tuple[str, str]]) -> str | None:
    """The first act that a function's role may not do."""
    if not names.auth_enabled():
        return None
    name = config.get("FunctionName") or "new"
    function = {
        "FunctionName": name,
        "FunctionArn": f"{_arn('lambda')}:function:{name}",
        "Role": config.get("Role", ""),
    }
    key = lambda_runtime.execution_credentials(function)["AWS_ACCESS_KEY_ID"]
    for action, resource in acts:
        if names.enforce(key, action, resource, {}) is not None:
            _log.warning("%s may not %s on %s", function["Role"], action, resource)
            return action
    return None
