"""What a watch found, in a sentence for people and in metrics for alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml import drift

CALM, DRIFTED, TOO_FEW = "calm", "drifted", "too few"
NAMED = 5


def message(found: Mapping[str, Any], verdict: str, fewest: int) -> str:
    """Say in a sentence or two what was found."""
    customers, moved, quality = found["traffic"]["customers"], found["attributes"], found["quality"]
    if verdict == TOO_FEW:
        told = f"Too few customers to compare: {customers:,} of the {fewest:,} that it takes."
    elif verdict == CALM:
        told = f"Calm: nothing has moved among {customers:,} customers."
    else:
        names = [f"{one['name']} ({one['stability_index']:.2f})" for one in moved if one["drifted"]]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        told = f"Drifted, with the stability index of each: {', '.join(names[:NAMED])}{more}; {customers:,} customers."
    if "not_judged" not in quality:
        worse = [
            f"{name.replace('_', ' ')} {one['live']:.3f}, registered {one['registered']:.3f}"
            for name, one in quality["metrics"].items()
            if one["worse"]
        ]
        told += f" Live quality is worse: {'; '.join(worse)}." if worse else " Live quality is as registered."
    if refused := len(found["refused_labels"]):
        told += f" {refused} label {'file was' if refused == 1 else 'files were'} refused."
    return told


def published(found: Mapping[str, Any]) -> dict[str, float]:
    """Return what CloudWatch is told; what could not be judged is left out, and its alarm stays as it is."""
    told: dict[str, float] = {
        "WatchedCustomers": found["traffic"]["customers"],
        "RefusedLabelFiles": len(found["refused_labels"]),
    }
    moved = {one["name"]: one for one in found["attributes"]}
    predictions = moved.pop(drift.PREDICTIONS, None)
    if moved:
        told["DriftedAttributes"] = sum(one["drifted"] for one in moved.values())
    if predictions:
        told["PredictionStabilityIndex"] = predictions["stability_index"]
        told["PredictionsDrifted"] = float(predictions["drifted"])
    if "metrics" in found["quality"]:
        of = found["quality"]["metrics"]
        told["LiveAveragePrecision"] = of["average_precision"]["live"]
        told["LiveCostPerCustomer"] = of["expected_cost_per_customer"]["live"]
        told["LiveLogLoss"] = of["log_loss"]["live"]
        told["LiveQualityWorse"] = float(found["quality"]["worse"])
    return told
