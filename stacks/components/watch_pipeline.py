"""The pipeline of the watch: what is live, the comparison, the metrics."""

from __future__ import annotations

from config import WatchingSettings
from stacks.components import jobs
from stacks.components.jobs import JobSurroundings
from stacks.components.pipeline_definition import (
    EXECUTION_ID,
    Json,
    Parameter,
    definition,
    join,
    lambda_output,
    lambda_step,
    parameter,
    processing_output,
)

INPUTS = {"watched": "WatchedUri", "evaluation": "EvaluationUri", "model": "ModelUri"}


def watch_pipeline(
    *,
    settings: WatchingSettings,
    surroundings: JobSurroundings,
    job_role_arn: str,
    function_arn: str,
    reports_uri: str,
) -> dict[str, Json]:
    """Build the definition; addresses may hold CloudFormation tokens."""
    live = lambda_step(
        "Live",
        function_arn=function_arn,
        arguments={"Step": "Live", "Run": EXECUTION_ID, "PeriodHours": parameter("PeriodHours")},
        outputs=[*INPUTS.values()],
    )
    told = {
        **{name: jobs.input_path(name) for name in INPUTS},
        "output-dir": jobs.OUTPUT_PATH,
        "fewest-customers": str(settings.fewest_customers),
    }
    drift = jobs.processing_step(
        "Drift",
        module="watch",
        surroundings=surroundings,
        role_arn=job_role_arn,
        inputs={name: lambda_output("Live", output) for name, output in INPUTS.items()},
        manifests=["watched"],
        output=("report", join(reports_uri, EXECUTION_ID, "report", on="/")),
        arguments=[part for name, value in told.items() for part in (f"--{name}", value)],
    )
    publish = lambda_step(
        "Publish",
        function_arn=function_arn,
        arguments={"Step": "Publish", "ReportUri": processing_output("Drift", "report")},
        outputs=["Verdict", "Message", "Report"],
    )
    hours = Parameter(name="PeriodHours", default=float(settings.period_hours))
    return definition(parameters=[hours], steps=[live, drift, publish])
