"""The steps that log a run to MLflow: what it came to, and which version it became."""

from __future__ import annotations

from collections.abc import Mapping

from stacks.components.pipeline_definition import (
    EXECUTION_ARN,
    EXECUTION_ID,
    Json,
    Step,
    lambda_step,
    processing_output,
    step_property,
)


class RunLog:
    """The log of an experiment's runs.

    Parameters
    ----------
    function_arn : str
        The function that writes it.
    """

    def __init__(self, function_arn: str, *, experiment: str) -> None:
        self._function_arn, self._experiment = function_arn, experiment

    def run(self, *, raw_data: Json, code_hash: str) -> Step:
        """Log what the evaluation came to; what keeps it from being logged is answered as a note."""
        reports = processing_output("Evaluate", "evaluation")
        told = {"RunArn": EXECUTION_ARN, "Reports": reports, "RawData": raw_data, "CodeHash": code_hash}
        return self._step("Track", told)

    def package(self) -> Step:
        """Note which version the run became."""
        return self._step("TrackPackage", {"Package": step_property("Register", "ModelPackageArn")})

    def _step(self, name: str, told: Mapping[str, Json]) -> Step:
        return lambda_step(
            name,
            function_arn=self._function_arn,
            arguments={"Experiment": self._experiment, "Run": EXECUTION_ID, **told},
            outputs=["Tracked", "Note"],
        )
