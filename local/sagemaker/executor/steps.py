"""What each kind of step does: the API call it makes as the pipeline's role, and its metadata."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from local.sagemaker import model
from local.sagemaker.executor import conditions, job_steps
from local.sagemaker.executor.context import Context, Result, StepFailed, invoke
from local.sagemaker.naming import name_of
from local.sagemaker.operations import call


def _register(step: dict[str, Any], context: Context) -> Result:
    arguments = context.resolve(step["Arguments"])
    answer = invoke(context, "CreateModelPackage", arguments)
    context.metadata["RegisterModel"] = {"Arn": answer["ModelPackageArn"]}
    invoke(context, "DescribeModelPackage", {"ModelPackageName": answer["ModelPackageArn"]})
    return Result(call("DescribeModelPackage", {"ModelPackageName": answer["ModelPackageArn"]}))


def _model(step: dict[str, Any], context: Context) -> Result:
    arguments = context.resolve(step["Arguments"])
    arguments["ModelName"] = job_steps.job_name(context, step["Name"])
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
    "Processing": job_steps.processing,
    "Training": job_steps.training,
    "Tuning": job_steps.tuning,
    "RegisterModel": _register,
    "Model": _model,
    "Lambda": _lambda,
    "Condition": _condition,
    "Fail": _fail,
}

_CREATES = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "Tuning": "CreateHyperParameterTuningJob",
    "RegisterModel": "CreateModelPackage",
    "Model": "CreateModel",
}


def unknown_arguments(kind: str, arguments: dict[str, Any]) -> list[str]:
    """Members of a step's arguments that its API call does not have."""
    if kind not in _CREATES:
        return []
    known = model.input_shape(_CREATES[kind]).members
    return [name for name in arguments if name not in known]
