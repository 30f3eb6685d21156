"""What of a run MLflow keeps: what the model was made with, what it came to, and what it was judged by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
# MLflow's names of metrics: letters, digits and these.
_OTHERS = re.compile(r"[^\w\-. :/]+")
LIMITED = ("AD", "RD")


def parameters(evaluation: Json) -> dict[str, str]:
    """Return the hyperparameters that were really used, with the threshold and the split that came of them."""
    model, data = evaluation["model"], evaluation["data"]
    return {
        **{name: f"{value:g}" for name, value in model["hyperparameters"].items()},
        "threshold": f"{evaluation['cost']['threshold']:g}",
        "rounds": str(model["rounds"]),
        "split.recipe": data["recipe"],
        "split.seed": str(data["seed"]),
    }


def metrics(evaluation: Json, bias: Json) -> list[Json]:
    """Return the figures of the evaluation; the cost curve as one metric whose step is the threshold in per cent."""
    curve = [
        {"key": "cost_by_threshold", "value": point["cost"], "step": round(100 * point["threshold"])}
        for point in evaluation["cost"]["curve"]
    ]
    return [{"key": key, "value": value} for key, value in _figures(evaluation, bias)] + curve


def _figures(evaluation: Json, bias: Json) -> Iterator[tuple[str, float]]:
    yield from evaluation["metrics"].items()
    for name in ("expected_cost_per_customer", "do_nothing_cost_per_customer"):
        yield name, evaluation["cost"][name]
    for name, figure in evaluation["intervals"].items():
        yield f"{name}.low", figure["low"]
        yield f"{name}.high", figure["high"]
    for name, value in evaluation["model"]["metrics"]["validation"].items():
        yield f"validation.{name}", value
    champion = evaluation["champion"]
    if "not_compared" not in champion:
        for name in ("average_precision", "expected_cost_per_customer"):
            for part in ("difference", "low", "high"):
                yield f"champion.{name}.{part}", champion[name][part]
    for facet, entries in bias["post_training_bias_metrics"]["facets"].items():
        for entry in entries:
            for metric in entry["metrics"]:
                if metric["name"] in LIMITED and metric["value"] is not None:
                    group = _OTHERS.sub("_", str(entry["value_or_threshold"]))
                    yield f"bias.{facet}.{group}.{metric['name']}", metric["value"]


def tags(event: Mapping[str, str], evaluation: Json) -> dict[str, str]:
    """Return what tells runs apart: whose they are, of which data and code, and what the gate said."""
    return {
        "mlflow.user": "pipeline",
        "mlflow.source.type": "JOB",
        "mlflow.source.name": event["RunArn"],
        # MLflow shows it as the run's description.
        "mlflow.note.content": evaluation["gate"]["message"],
        "gate": evaluation["gate"]["verdict"],
        "champion": evaluation["champion"]["name"],
        "data_sha256": evaluation["data"]["raw_sha256"],
        "schema_hash": evaluation["model"]["schema_hash"],
        "code_hash": event["CodeHash"],
    }
