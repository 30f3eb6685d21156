"""The churn pipeline: prepare, train, evaluate, a gate, then registration or a refusal that says why."""

from __future__ import annotations

from dataclasses import dataclass

from config import TrainingSettings
from stacks.components import jobs
from stacks.components.jobs import JobSurroundings
from stacks.components.pipeline_definition import (
    EXECUTION_ID,
    Json,
    Parameter,
    Step,
    at_least,
    at_most,
    condition,
    definition,
    fail,
    join,
    json_get,
    parameter,
    processing_output,
    step_property,
    text,
)

PRECISION_PATH = "metrics.average_precision"
COST_PATH = "cost.expected_cost_per_customer"
COSTS = {
    "cost_missed_churner": "CostMissedChurner",
    "cost_wasted_incentive": "CostWastedIncentive",
    "cost_saved_customer": "CostSavedCustomer",
}
# The serving stack copies the user's code, installs it with pip and must not look for a network. pip negates the
# variable of an option that begins with "no-": PIP_NO_BUILD_ISOLATION=0 is what switches the isolation off.
SERVING_ENVIRONMENT = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_NO_INDEX": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


@dataclass(frozen=True, kw_only=True)
class ChurnPipeline:
    """What the pipeline's definition is made from; addresses may hold CloudFormation tokens."""

    settings: TrainingSettings
    surroundings: JobSurroundings
    processing_role_arn: str
    training_role_arn: str
    raw_data_uri: str
    runs_uri: str
    models_uri: str
    package_group_name: str
    facts: dict[str, str]

    def definition(self) -> dict[str, Json]:
        """Build the definition."""
        return definition(
            parameters=self._parameters(), steps=[self._prepare(), self._train(), self._evaluate(), self._gate()]
        )

    def _parameters(self) -> list[Parameter]:
        costs = [Parameter(name=name, default=float(getattr(self.settings, key))) for key, name in COSTS.items()]
        return [
            Parameter(name="RawDataUri", default=self.raw_data_uri),
            *costs,
            Parameter(name="MinimumAveragePrecision", default=float(self.settings.minimum_average_precision)),
            Parameter(name="MaximumCostPerCustomer", default=float(self.settings.maximum_cost_per_customer)),
        ]

    def _run_uri(self, base: str, *parts: str) -> Json:
        return join(base, EXECUTION_ID, *parts, on="/")

    def _prepare(self) -> Step:
        return jobs.processing_step(
            "Prepare",
            surroundings=self.surroundings,
            role_arn=self.processing_role_arn,
            inputs={"raw": parameter("RawDataUri")},
            output=("prepared", self._run_uri(self.runs_uri, "prepared")),
            arguments=["--input", jobs.input_path("raw"), "--output-dir", jobs.OUTPUT_PATH],
        )

    def _train(self) -> Step:
        hyperparameters = dict(self.settings.hyperparameters)
        costs = {key: text(parameter(name)) for key, name in COSTS.items()}
        channels = {
            name: join(processing_output("Prepare", "prepared"), f"{name}.csv", on="/")
            for name in ("train", "validation")
        }
        return jobs.training_step(
            "Train",
            surroundings=self.surroundings,
            role_arn=self.training_role_arn,
            channels=channels,
            output_uri=self._run_uri(self.models_uri, "model"),
            hyperparameters={**hyperparameters, **costs},
        )

    def _evaluate(self) -> Step:
        costs = [part for key, name in COSTS.items() for part in (f"--{key.replace('_', '-')}", text(parameter(name)))]
        return jobs.processing_step(
            "Evaluate",
            surroundings=self.surroundings,
            role_arn=self.processing_role_arn,
            inputs={
                "model": step_property("Train", "ModelArtifacts.S3ModelArtifacts"),
                "test": join(processing_output("Prepare", "prepared"), "test.csv", on="/"),
            },
            output=("evaluation", self._run_uri(self.runs_uri, "evaluation")),
            arguments=[
                "--model",
                jobs.input_path("model"),
                "--test",
                jobs.input_path("test"),
                "--output-dir",
                jobs.OUTPUT_PATH,
                *costs,
            ],
            property_files={"Evaluation": ("evaluation", "evaluation.json")},
        )

    def _gate(self) -> Step:
        precision = json_get("Evaluate", "Evaluation", PRECISION_PATH)
        cost = json_get("Evaluate", "Evaluation", COST_PATH)
        least, most = parameter("MinimumAveragePrecision"), parameter("MaximumCostPerCustomer")
        message = join(
            "The model is refused: on the test customers its average precision is ",
            precision,
            " (required: at least ",
            least,
            ") and its expected cost is ",
            cost,
            " USD per customer (required: at most ",
            most,
            ").",
        )
        return condition(
            "Gate",
            conditions=[at_least(precision, least), at_most(cost, most)],
            then=[self._register()],
            otherwise=[fail("Refuse", message=message)],
        )

    def _register(self) -> Step:
        return jobs.register_step(
            "Register",
            surroundings=self.surroundings,
            package_group_name=self.package_group_name,
            model_uri=step_property("Train", "ModelArtifacts.S3ModelArtifacts"),
            environment=SERVING_ENVIRONMENT,
            evaluation_uri=join(processing_output("Evaluate", "evaluation"), "evaluation.json", on="/"),
            facts=self.facts,
        )
