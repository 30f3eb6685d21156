"""What each kind of step does: the API call it makes as the pipeline's role, and its metadata."""

import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from local.sagemaker import model
from local.sagemaker.executor import conditions
from local.sagemaker.naming import identifier, name_of
from local.sagemaker.operations import call

_POLL_S = 0.1
# AWS cuts job names at 63 characters and keeps the random end.
_LONGEST_NAME = 63


class StepFailed(Exception):
    """The step failed; the message is its ``FailureReason``."""


@dataclasses.dataclass
class Context:
    """What a running step can reach.

    Attributes
    ----------
    execution_arn
        The execution's ARN.
    client
        Gives a client of a service that carries the pipeline's role.
    resolve
        Replaces references in a value.
    metadata
        The step's ``Metadata``, which the step fills in.
    stopping
        Whether the execution is being stopped.
    """

    execution_arn: str
    client: Callable[[str], Any]
    resolve: Callable[[Any], Any]
    metadata: dict[str, Any]
    stopping: Callable[[], bool]

    def tags(self, step: str) -> list[dict[str, str]]:
        """The tags that SageMaker Pipelines gives to every job of a step."""
        values = {"sagemaker:pipeline-execution-arn": self.execution_arn, "sagemaker:pipeline-step-name": step}
        return [{"Key": key, "Value": value} for key, value in values.items()]


@dataclasses.dataclass
class Result:
    """What later steps may refer to, and for a condition its outcome."""

    described: dict[str, Any] = dataclasses.field(default_factory=dict)
    outcome: bool | None = None


def invoke(context: Context, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call the API as the pipeline's role, so that its permissions are what decides."""
    method = getattr(context.client("sagemaker"), xform_name(operation))
    try:
        return method(**arguments)
    except ClientError as exc:
        detail = exc.response["Error"].get("Message", str(exc))
        raise StepFailed(f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {detail}") from exc
    except ParamValidationError as exc:
        raise StepFailed(f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {exc}") from exc


def _job_name(context: Context, step: str) -> str:
    end = identifier(10)
    execution = context.execution_arn.rsplit("/", 1)[-1]
    return f"pipelines-{execution}-{step}"[: _LONGEST_NAME - 11] + f"-{end}"


def _run_job(kind: str, step: dict[str, Any], context: Context) -> Result:
    """Create a job, wait for its end, and answer what ``Describe`` says of it."""
    arguments = context.resolve(step["Arguments"])
    name = _job_name(context, step["Name"])
    arguments[f"{kind}Name"] = name
    arguments["Tags"] = [*arguments.get("Tags", []), *context.tags(step["Name"])]
    answer = invoke(context, f"Create{kind}", arguments)
    # The role must be allowed to look; what is then polled for is the service's own knowledge.
    invoke(context, f"Describe{kind}", {f"{kind}Name": name})
    context.metadata[kind] = {"Arn": answer[f"{kind}Arn"]}
    stop_sent = False
    while True:
        described = call(f"Describe{kind}", {f"{kind}Name": name})
        status = described[f"{kind}Status"]
        if status == "Completed":
            return Result(described)
        if status == "Failed":
            raise StepFailed(f"ClientError: {described.get('FailureReason', 'the job failed')}")
        if status == "Stopped":
            reason = described.get("FailureReason") or described.get("SecondaryStatus", "")
            raise StepFailed(f"ClientError: The job was stopped. {reason}".strip())
        if context.stopping() and not stop_sent:
            invoke(context, f"Stop{kind}", {f"{kind}Name": name})
            stop_sent = True
        time.sleep(_POLL_S)


def _processing(step: dict[str, Any], context: Context) -> Result:
    return _run_job("ProcessingJob", step, context)


def _training(step: dict[str, Any], context: Context) -> Result:
    return _run_job("TrainingJob", step, context)


def _register(step: dict[str, Any], context: Context) -> Result:
    arguments = context.resolve(step["Arguments"])
    answer = invoke(context, "CreateModelPackage", arguments)
    context.metadata["RegisterModel"] = {"Arn": answer["ModelPackageArn"]}
    invoke(context, "DescribeModelPackage", {"ModelPackageName": answer["ModelPackageArn"]})
    return Result(call("DescribeModelPackage", {"ModelPackageName": answer["ModelPackageArn"]}))


def _model(step: dict[str, Any], context: Context) -> Result:
    arguments = context.resolve(step["Arguments"])
    arguments["ModelName"] = _job_name(context, step["Name"])
    answer = invoke(context, "CreateModel", arguments)
    context.metadata["Model"] = {"Arn": answer["ModelArn"]}
    return Result(call("DescribeModel", {"ModelName": name_of("Model", answer["ModelArn"])}))


def _lambda(step: dict[str, Any], context: Context) -> Result:
    """Call a function with the step's arguments as its event, and keep those of its answers that the step declares."""
    function = step["FunctionArn"]
    context.metadata["Lambda"] = {"Arn": function}
    event = json.dumps(context.resolve(step["Arguments"])).encode()
    try:
        answer = context.client("lambda").invoke(FunctionName=function, Payload=event)
    except ClientError as exc:
        detail = exc.response["Error"].get("Message", str(exc))
        raise StepFailed(f"ClientError: Failed to invoke lambda:InvokeFunction. Error Details: {detail}") from exc
    payload = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise StepFailed(f"ClientError: The Lambda function returned an error: {payload}")
    told = json.loads(payload or "null")
    declared = [output["OutputName"] for output in step.get("OutputParameters", [])]
    missing = [name for name in declared if not isinstance(told, dict) or name not in told]
    if missing:
        raise StepFailed(f"ClientError: The Lambda function's answer lacks {', '.join(missing)}")
    outputs = {name: told[name] for name in declared}
    context.metadata["Lambda"]["OutputParameters"] = [{"Name": k, "Value": str(v)} for k, v in outputs.items()]
    return Result({"OutputParameters": outputs})


def _condition(step: dict[str, Any], context: Context) -> Result:
    # All conditions of a step must hold.
    outcome = all(conditions.holds(c, context.resolve) for c in step["Arguments"]["Conditions"])
    context.metadata["Condition"] = {"Outcome": "True" if outcome else "False"}
    return Result({"Outcome": outcome}, outcome)


def _fail(step: dict[str, Any], context: Context) -> Result:
    message = str(context.resolve(step["Arguments"].get("ErrorMessage", "")))
    context.metadata["Fail"] = {"ErrorMessage": message}
    raise StepFailed(message)


#: How each type of step runs; add a type by adding its function.
KINDS: dict[str, Callable[[dict[str, Any], Context], Result]] = {
    "Processing": _processing,
    "Training": _training,
    "RegisterModel": _register,
    "Model": _model,
    "Lambda": _lambda,
    "Condition": _condition,
    "Fail": _fail,
}

_CREATES = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "RegisterModel": "CreateModelPackage",
    "Model": "CreateModel",
}


def unknown_arguments(kind: str, arguments: dict[str, Any]) -> list[str]:
    """Members of a step's arguments that its API call does not have."""
    if kind not in _CREATES:
        return []
    known = model.input_shape(_CREATES[kind]).members
    return [name for name in arguments if name not in known]
