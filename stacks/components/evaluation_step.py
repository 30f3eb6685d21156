"""The step that judges a model: its quality, its bias and its explanation, and whether all that lets it through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from stacks.components import jobs
from stacks.components.jobs import JobSurroundings
from stacks.components.pipeline_definition import Json, Step, parameter, text

COSTS = {
    "cost_missed_churner": "CostMissedChurner",
    "cost_wasted_incentive": "CostWastedIncentive",
    "cost_saved_customer": "CostSavedCustomer",
}
LIMITS = {
    "minimum_average_precision": "MinimumAveragePrecision",
    "maximum_cost_per_customer": "MaximumCostPerCustomer",
    "maximum_accuracy_difference": "MaximumAccuracyDifference",
    "maximum_recall_difference": "MaximumRecallDifference",
    "maximum_loss_of_precision": "MaximumLossOfPrecision",
    "maximum_cost_increase_per_customer": "MaximumCostIncreasePerCustomer",
}
# Parameters of the pipeline that are numbers, by the setting that each has its default from.
NUMBERS = {**COSTS, **LIMITS}
# Who looks for these in the pipeline's graph finds them: they are one job (docs/decisions/bias.md).
SHOWN_AS = "Evaluate: quality, bias check, explainability"


def evaluate_step(
    name: str,
    *,
    surroundings: JobSurroundings,
    role_arn: str,
    inputs: Mapping[str, Json],
    champion: Json | None,
    output: tuple[str, Json],
) -> Step:
    """Judge the model among the inputs on the test customers among them.

    Parameters
    ----------
    champion : Json or None
        The name of the model in production, which is among the inputs then.
    """
    told = {
        **{one: jobs.input_path(one) for one in inputs},
        "output-dir": jobs.OUTPUT_PATH,
        **{key.replace("_", "-"): text(parameter(number)) for key, number in NUMBERS.items()},
        **({"champion-is": champion} if champion else {}),
    }
    step = jobs.processing_step(
        name,
        surroundings=surroundings,
        role_arn=role_arn,
        inputs=inputs,
        output=output,
        arguments=[part for one, value in told.items() for part in (f"--{one}", value)],
        property_files={"Evaluation": (output[0], "evaluation.json")},
    )
    return replace(step, members={**step.members, "DisplayName": SHOWN_AS})
