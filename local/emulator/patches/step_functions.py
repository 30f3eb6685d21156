"""Step Functions calls services with the state machine's role; MiniStack calls them as nobody, and not all of them.

A call of ``aws-sdk:…`` (and of the optimised ``sns:publish``, ``sqs:sendMessage`` and ``events:putEvents``) becomes a
signed request with a session of the role, so that IAM decides; ``lambda:invoke`` and ``states:startExecution`` ask IAM,
and then go MiniStack's way. How executions end is a metric (MiniStack has none, and lets none time out).
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

import contextvars
import datetime
import json
import time
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from ministack.services import cloudwatch, stepfunctions

from local.emulator import adapter
from local.sagemaker.errors import ServiceError

_PRINCIPAL = "states.amazonaws.com"
_PREFIX = "arn:aws:states:::"
_SDK = "aws-sdk:"
# The names that Step Functions has for services, where botocore has another.
_CLIENTS = {
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "sagemakerruntime": "sagemaker-runtime",
}
_OPTIMISED = ("sns:publish", "sqs:sendMessage", "events:putEvents")
_ENDS = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "ABORTED": "Aborted", "TIMED_OUT": "TimedOut"}
_role: contextvars.ContextVar[str | None] = contextvars.ContextVar("state_machine_role", default=None)


def install() -> None:
    """Take over how a task calls a service; count how executions end."""
    task, invoke = stepfunctions._execute_task, stepfunctions._invoke_resource
    tell = stepfunctions._emit_execution_status_event

    def execute_task(state: Any, raw: Any, execution: Any, context: Any) -> Any:
        machine = stepfunctions._state_machines.get((execution or {}).get("stateMachineArn", ""))
        token = _role.set((machine or {}).get("roleArn"))
        try:
            return task(state, raw, execution, context)
        finally:
            _role.reset(token)

    def invoke_resource(resource: str, data: Any) -> Any:
        role = _role.get()
        if role is None:
            return invoke(resource, data)
        word = resource.removeprefix(_PREFIX)
        if word.startswith(_SDK) or word in _OPTIMISED:
            service, _, action = word.removeprefix(_SDK).partition(":")
            return call(role, service, action, data or {})
        _ask(role, resource, word, data)
        return invoke(resource, data)

    def tell_and_count(execution: Any) -> None:
        tell(execution)
        if end := _ENDS.get(execution["status"]):
            of = {"StateMachineArn": execution["stateMachineArn"]}
            cloudwatch._store_datum("AWS/States", f"Executions{end}", of, time.time(), "Count", 1.0, None, None, None)

    stepfunctions._execute_task, stepfunctions._invoke_resource = execute_task, invoke_resource
    stepfunctions._emit_execution_status_event = tell_and_count


def _ask(role: str, resource: str, word: str, data: Any) -> None:
    """Ask IAM for the calls that MiniStack makes itself."""
    if word.startswith("lambda:invoke"):
        action, target = "lambda:InvokeFunction", _function(data.get("FunctionName", ""))
    elif ":lambda:" in resource:
        action, target = "lambda:InvokeFunction", resource
    elif word.startswith("states:startExecution"):
        action, target = "states:StartExecution", data.get("StateMachineArn", "")
    else:
        return
    try:
        adapter.host().authorize(action, target, {}, role_arn=role, principal=_PRINCIPAL)
    except ServiceError as exc:
        name = "Lambda.AWSLambdaException" if action.startswith("lambda") else "StepFunctions.AWSStepFunctionsException"
        raise stepfunctions._ExecutionError(name, exc.message) from exc


def _function(name: str) -> str:
    host = adapter.host()
    return name if name.startswith("arn:") else f"arn:aws:lambda:{host.region()}:{host.account_id()}:function:{name}"


def call(role: str, service: str, action: str, arguments: dict[str, Any]) -> Any:
    """Call a service with a session of a role.

    Parameters
    ----------
    role
        ARN of the state machine's role.
    service, action
        As the resource of the task names them, such as ``sagemaker`` and ``describeEndpoint``.
    arguments
        The task's arguments.

    Returns
    -------
    dict
        The answer, with the names, times and texts that Step Functions gives.
    """
    operation = action[:1].upper() + action[1:]
    try:
        client = adapter.host().client(_CLIENTS.get(service, service), role, _PRINCIPAL)
    except ServiceError as exc:
        raise stepfunctions._ExecutionError("States.TaskFailed", exc.message) from exc
    prefix = stepfunctions._AWS_SDK_ERROR_PREFIX.get(service, client.meta.service_model.service_id.replace(" ", ""))
    model = client.meta.service_model.operation_model(operation)
    try:
        answer = getattr(client, xform_name(operation))(**_to_sdk(model.input_shape, arguments))
    except ClientError as exc:
        told = exc.response["Error"]
        raise stepfunctions._ExecutionError(_error(prefix, told["Code"], model), told.get("Message", "")) from exc
    except ParamValidationError as exc:
        raise stepfunctions._ExecutionError("States.Runtime", str(exc)) from exc
    if answer.get("FailedEntryCount") and action == "putEvents":
        raise stepfunctions._ExecutionError("EventBridge.FailedEntry", json.dumps(answer["Entries"]))
    return _from_sdk(model.output_shape, {k: v for k, v in answer.items() if k != "ResponseMetadata"})


def _error(prefix: str, code: str, model: Any) -> str:
    """The error's name, as the SDK for Java has it: an error of the model by its name, any other by the service's."""
    known = [shape.name for shape in model.error_shapes if code in (shape.name, shape.error_code)]
    if not known:
        return f"{prefix}.{prefix}Exception"
    name = stepfunctions._api_name_to_sfn_key(known[0].removesuffix("Exception").removesuffix("Fault"))
    return f"{prefix}.{name}Exception"


def _to_sdk(shape: Shape | None, value: Any) -> Any:
    """Arguments by the names of the API, which may begin with a small letter where Step Functions' do not."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        names = {member.lower(): member for member in shape.members}
        found = {names.get(k.lower(), k): v for k, v in value.items()}
        return {k: _to_sdk(shape.members.get(k), v) for k, v in found.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_to_sdk(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {k: _to_sdk(shape.value, v) for k, v in value.items()}
    if shape is not None and shape.type_name in ("string", "blob") and isinstance(value, (dict, list)):
        # A text that holds JSON (an event's detail, a function's payload) may be given as JSON.
        return json.dumps(value)
    return value


def _from_sdk(shape: Shape | None, value: Any) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        key = stepfunctions._api_name_to_sfn_key
        return {key(k): _from_sdk(shape.members.get(k), v) for k, v in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_from_sdk(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {k: _from_sdk(shape.value, v) for k, v in value.items()}
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if hasattr(value, "read"):
        value = value.read()
    return value.decode() if isinstance(value, bytes) else value
