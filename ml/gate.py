"""The gate: whether a model may be registered, and, in words for whoever reads why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ml import bias_report
from schema import Schema

PASSED, REFUSED = "passed", "refused"
LONGEST = 900  # characters: what CloudFormation shows of a reason


class Limits(NamedTuple):
    """What a model must reach on the test customers; differences are between groups, and the last two are what it may
    lose, surely, against the model in production.
    """

    minimum_average_precision: float = 0.0
    maximum_cost_per_customer: float = float("inf")
    maximum_accuracy_difference: float = 1.0
    maximum_recall_difference: float = 1.0
    maximum_loss_of_precision: float = 0.0
    maximum_cost_increase_per_customer: float = 0.0

    @property
    def of_bias(self) -> dict[str, float]:
        """The limits by the names of their metrics."""
        return {"AD": self.maximum_accuracy_difference, "RD": self.maximum_recall_difference}


def verdict(
    evaluation: Mapping[str, Any],
    bias: Mapping[str, Any],
    limits: Limits,
    schema: Schema,
) -> dict[str, Any]:
    """Return the verdict, ready for JSON: ``verdict``, ``reasons`` of a refusal, and all in one ``message``.

    Parameters
    ----------
    evaluation : mapping
        From `evaluate.judge`, with what `champion.compare` found, or why there was nothing to compare with.
    bias : mapping
        From `bias_report.post_training`.
    """
    precision, cost = evaluation["metrics"]["average_precision"], evaluation["cost"]["expected_cost_per_customer"]
    reasons = []
    if precision < limits.minimum_average_precision:
        reasons.append(f"average precision {precision:.4f}, required at least {limits.minimum_average_precision:g}")
    if cost > limits.maximum_cost_per_customer:
        reasons.append(
            f"expected cost {cost:.2f} USD a customer, required at most {limits.maximum_cost_per_customer:g}"
        )
    reasons += bias_report.beyond(bias, schema)
    comparison = evaluation["champion"]
    if "not_compared" in comparison:
        against = f"Not compared with a model in production: {comparison['not_compared']}."
    else:
        reasons += _worse(comparison, limits)
        against = _against(comparison)
    if reasons:
        message = f"The model is refused on the test customers: {'; '.join(reasons)}. {against}"
    else:
        message = f"The model passes: average precision {precision:.4f}, cost {cost:.2f} USD a customer. {against}"
    shortened = message if len(message) <= LONGEST else message[: LONGEST - 1] + "…"
    return {"verdict": REFUSED if reasons else PASSED, "reasons": reasons, "message": shortened}


def _worse(comparison: Mapping[str, Any], limits: Limits) -> list[str]:
    """Return a sentence for everything in which the challenger is worse: by more than chance explains, and by more than
    is tolerated, since with many customers every trifle is sure.
    """
    found = []
    precision, cost = comparison["average_precision"], comparison["expected_cost_per_customer"]
    if precision["worse"] and -precision["difference"] > limits.maximum_loss_of_precision:
        found.append(
            f"average precision is {-precision['difference']:.4f} below that of the model in production "
            f"(interval {-precision['high']:.4f} to {-precision['low']:.4f})"
        )
    if cost["worse"] and cost["difference"] > limits.maximum_cost_increase_per_customer:
        found.append(
            f"it costs {cost['difference']:.2f} USD a customer more than the model in production "
            f"(interval {cost['low']:.2f} to {cost['high']:.2f})"
        )
    return found + [
        f"{one['label']} {one['group']}: the size of {one['metric']} is {one['challenger']:.3f}, with the model in "
        f"production {one['champion']:.3f} (interval of the difference {one['low']:+.3f} to {one['high']:+.3f})"
        for one in comparison["bias"]
        if one["worse"]
    ]


def _against(comparison: Mapping[str, Any]) -> str:
    precision, cost = comparison["average_precision"], comparison["expected_cost_per_customer"]
    return (
        f"In production ({comparison['name']}), on the same customers: average precision {precision['champion']:.4f}, "
        f"cost {cost['champion']:.2f} USD a customer."
    )
