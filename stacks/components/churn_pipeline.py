"""The churn pipeline: prepare, train or tune, evaluate, a gate, then registration or a refusal that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config import TrainingSettings
from stacks.components import jobs
from stacks.components.evaluation_step import COSTS, NUMBERS, evaluate_step
from stacks.components.jobs import JobSurroundings
from stacks.components.pipeline_definition import (
    EXECUTION_ID,
    Json,
    Parameter,
    Step,
    condition,
    definition,
    equals,
    fail,
    join,
    json_get,
    lambda_output,
    lambda_step,
    parameter,
    processing_output,
    step_property,
    text,
)
from stacks.components.registration import Reports, register_step
from stacks.components.run_log import RunLog
from stacks.components.training_steps import Trained, Training, train, tune

# Below the code: what the evaluate step gets in place of a model where none is in production.
NO_MODEL = "ml/no_model/"
SERVING_ENVIRONMENT = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    **jobs.PIP_OFFLINE,
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
    checkpoints_uri: str
    package_group_name: str
    endpoint_name: str
    champion_function_arn: str
    card_function_arn: str
    track_function_arn: str | None
    facts: dict[str, str]
    search_space: Mapping[str, Any]

    def definition(self) -> dict[str, Json]:
        """Build the definition."""
        # The gate waits: what it refuses is logged too, and nothing runs on once a run has failed.
        log = self._log
        tracked = [log.run(raw_data=parameter("RawDataUri"), code_hash=self.facts["code_hash"])] if log else []
        judged = [self._evaluate(), *tracked, self._gate(after=tracked)]
        compared = [self._champion()] if self.settings.compare_with_champion else []
        return definition(
            parameters=self._parameters(), steps=[self._prepare(), *compared, self._trained.step, *judged]
        )

    @property
    def _log(self) -> RunLog | None:
        """The log of runs, where the settings ask for one."""
        return RunLog(self.track_function_arn, experiment=self.package_group_name) if self.track_function_arn else None

    def _parameters(self) -> list[Parameter]:
        return [
            Parameter(name="RawDataUri", default=self.raw_data_uri),
            *(Parameter(name=name, default=float(getattr(self.settings, key))) for key, name in NUMBERS.items()),
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

    def _champion(self) -> Step:
        """Ask which model is in production: what a run starts with cannot know, and an isolated job cannot ask."""
        return lambda_step(
            "Champion",
            function_arn=self.champion_function_arn,
            arguments={
                "EndpointName": self.endpoint_name,
                "Otherwise": f"{self.surroundings.code_uri}{NO_MODEL}",
            },
            outputs=["ModelUri", "Champion"],
        )

    @property
    def _trained(self) -> Trained:
        costs = {key: text(parameter(name)) for key, name in COSTS.items()}
        training = Training(
            surroundings=self.surroundings,
            role_arn=self.training_role_arn,
            channels={
                "train": (self._prepared("train.csv"), jobs.CSV_TYPE),
                "validation": (self._prepared("validation.csv"), jobs.CSV_TYPE),
                "split": (self._prepared("split.json"), jobs.JSON_TYPE),
            },
            output_uri=self._run_uri(self.models_uri, "model"),
            checkpoints_uri=self._run_uri(self.checkpoints_uri),
            hyperparameters={**dict(self.settings.hyperparameters), **costs},
        )
        if self.settings.tuning:
            return tune(training, settings=self.settings.tuning, space=self.search_space)
        return train(training)

    def _prepared(self, name: str) -> Json:
        return join(processing_output("Prepare", "prepared"), name, on="/")

    def _evaluated(self, name: str) -> Json:
        return join(processing_output("Evaluate", "evaluation"), name, on="/")

    def _evaluate(self) -> Step:
        inputs = {"model": self._trained.model_uri, "prepared": processing_output("Prepare", "prepared")}
        champion = None
        if self.settings.compare_with_champion:
            inputs["champion"] = lambda_output("Champion", "ModelUri")
            champion = lambda_output("Champion", "Champion")
        return evaluate_step(
            "Evaluate",
            surroundings=self.surroundings,
            role_arn=self.processing_role_arn,
            inputs=inputs,
            champion=champion,
            output=("evaluation", self._run_uri(self.runs_uri, "evaluation")),
        )

    def _gate(self, *, after: Sequence[Step]) -> Step:
        """Go by the verdict that the evaluation came to; its message has the figures and what was required."""
        message = text(json_get("Evaluate", "Evaluation", "gate.message"))
        return condition(
            "Gate",
            conditions=[equals(json_get("Evaluate", "Evaluation", "gate.verdict"), "passed")],
            then=[self._register(), self._card(), *([self._log.package()] if self._log else [])],
            otherwise=[fail("Refuse", message=message)],
            after=after,
        )

    def _register(self) -> Step:
        return register_step(
            "Register",
            image_uri=self.surroundings.image_uri,
            package_group_name=self.package_group_name,
            model_uri=self._trained.model_uri,
            environment=SERVING_ENVIRONMENT,
            reports=Reports(
                data=self._evaluated("data.json"),
                quality=self._evaluated("evaluation.json"),
                bias=self._evaluated("bias.json"),
                explainability=self._evaluated("explainability.json"),
                baseline=self._evaluated("baseline.json"),
            ),
            facts={**self.facts, "raw_data": parameter("RawDataUri"), "run": EXECUTION_ID, **self._trained.facts},
        )

    def _card(self) -> Step:
        """Write the card of what was registered; what it says, it reads from the registry and the run's reports."""
        return lambda_step(
            "Card",
            function_arn=self.card_function_arn,
            arguments={"Package": step_property("Register", "ModelPackageArn")},
            outputs=["Card", "Page"],
        )
