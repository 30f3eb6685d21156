"""Steps that are jobs: created, awaited, and described for the steps that follow."""

import time
from typing import Any

from local.sagemaker.executor.context import Context, Result, StepFailed, invoke
from local.sagemaker.naming import identifier
from local.sagemaker.operations import call

_POLL_S = 0.1
# AWS cuts job names at 63 characters and keeps the random end.
_LONGEST_NAME = 63
# The most training jobs of a tuning job that later steps can refer to, the best first.
_TOP = 50


def job_name(context: Context, step: str) -> str:
    end = identifier(10)
    execution = context.execution_arn.rsplit("/", 1)[-1]
    return f"pipelines-{execution}-{step}"[: _LONGEST_NAME - 11] + f"-{end}"


def _tuning_name(context: Context, step: str) -> str:
    """The name of a tuning job, which has 32 characters at most: its training jobs' begin with it."""
    return f"{context.execution_arn.rsplit('/', 1)[-1]}-{step[:7]}-{identifier(10)}"


def _run_job(kind: str, step: dict[str, Any], context: Context, name: str, shown_as: str = "") -> Result:
    """Create a job, wait for its end, and answer what ``Describe`` says of it."""
    arguments = context.resolve(step["Arguments"])
    arguments[f"{kind}Name"] = name
    arguments["Tags"] = [*arguments.get("Tags", []), *context.tags(step["Name"])]
    answer = invoke(context, f"Create{kind}", arguments)
    # The role must be allowed to look; what is then polled for is the service's own knowledge.
    invoke(context, f"Describe{kind}", {f"{kind}Name": name})
    context.metadata[shown_as or kind] = {"Arn": answer[f"{kind}Arn"]}
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


def processing(step: dict[str, Any], context: Context) -> Result:
    return _run_job("ProcessingJob", step, context, job_name(context, step["Name"]))


def training(step: dict[str, Any], context: Context) -> Result:
    return _run_job("TrainingJob", step, context, job_name(context, step["Name"]))


def tuning(step: dict[str, Any], context: Context) -> Result:
    """Tune, and answer what ``Describe`` says and the best training jobs: the SDK's ``TuningStep`` refers to both."""
    name = _tuning_name(context, step["Name"])
    found = _run_job("HyperParameterTuningJob", step, context, name, shown_as="TuningJob")
    goal = found.described["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["Type"]
    asked = {
        "HyperParameterTuningJobName": name,
        "SortBy": "FinalObjectiveMetricValue",
        "SortOrder": "Descending" if goal == "Maximize" else "Ascending",
        "StatusEquals": "Completed",
        "MaxResults": _TOP,
    }
    listed = invoke(context, "ListTrainingJobsForHyperParameterTuningJob", asked)
    return Result(found.described | {"TrainingJobSummaries": listed["TrainingJobSummaries"]})
