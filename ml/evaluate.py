"""Judge a model on the test customers: ``python -m ml.evaluate --model DIR --prepared DIR --output-dir DIR``.

Writes evaluation.json with the gate's verdict, bias.json and explainability.json in the shape of SageMaker Clarify's
reports, data.json on all customers, baseline.json that later customers are compared with, golden.json, by which the
endpoint is checked, predictions.csv, by which another model can be compared with this one customer by customer, and
evaluation.html for people.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml import artifact, bias_report, drift, evaluation_page, explain, facets, gate, metrics, money
from ml.champion import SEED, Judged, compare
from ml.compare import Predictions, intervals
from ml.container import JobError, base_dir, processing_message_file, run, write
from ml.gate import Limits
from ml.golden import golden
from ml.held_out import Champion, Model, document, in_production, load, read
from ml.money import Costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

CURVE_POINTS = 300
SCORE_BINS = 25
# What the model says of itself that whoever reads an evaluation asks for; "metrics" are those of the validation part.
OF_THE_MODEL = ("trained_at", "rounds", "schema_hash", "hyperparameters", "metrics", "n_customers")


def evaluate(labels: NDArray[np.float64], judged: Judged, costs: Costs) -> dict[str, Any]:
    """Return the evaluation, ready for JSON; `labels` of the test customers are of shape (n_customers,)."""
    probabilities, threshold = judged
    best = money.best_threshold(labels, probabilities, costs)
    edges = np.linspace(0, 1, SCORE_BINS + 1)
    precision, recall = metrics.precision_recall(labels, probabilities)
    false_rate, true_rate = metrics.roc(labels, probabilities)
    return {
        "metrics": metrics.score(labels, probabilities, threshold),
        "confusion_matrix": metrics.confusion(labels, probabilities, threshold),
        "calibration": metrics.calibration(labels, probabilities),
        "cost": {
            "threshold": threshold,
            "expected_cost_per_customer": money.expected_cost(labels, probabilities, threshold, costs),
            "do_nothing_cost_per_customer": money.expected_cost(labels, probabilities, np.inf, costs),
            "best_threshold": best,
            "best_cost_per_customer": money.expected_cost(labels, probabilities, best, costs),
            "break_even": costs.break_even,
            "curve": [{"threshold": t, "cost": c} for t, c in money.cost_curve(labels, probabilities, costs)],
            **{f"cost_{name}": value for name, value in costs._asdict().items()},
        },
        "outcomes": money.outcomes(labels, probabilities, threshold),
        "curves": {
            "roc": _thinned(false_rate, true_rate),
            "precision_recall": _thinned(recall, precision),
            "scores": {
                "edges": edges.round(4).tolist(),
                "churners": np.histogram(probabilities[labels == 1], edges)[0].tolist(),
                "others": np.histogram(probabilities[labels == 0], edges)[0].tolist(),
            },
        },
        "n_customers": len(labels),
        "n_churners": int(labels.sum()),
    }


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[list[float]]:
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), CURVE_POINTS)).astype(int))
    return [[round(float(a), 5), round(float(b), 5)] for a, b in zip(x[keep], y[keep], strict=True)]


def judge(model: Model, prepared: Path, champion: Champion, costs: Costs, limits: Limits) -> dict[str, str]:
    """Judge a model on the test customers and return the content of the output files by name.

    Parameters
    ----------
    prepared : Path
        The output of the prepare step.
    champion : Champion
        The model in production, or none.

    Raises
    ------
    JobError
        When the test customers do not fit the model, or something is missing.
    """
    held_out = read(prepared, model.schema)
    if problem := model.problem(held_out):
        raise JobError(f"The test customers do not fit the model ({problem}); prepare them with its schema.")
    judged = model.judge(held_out)
    result = evaluate(held_out.labels, judged, costs)
    groups = facets.groups(model.schema, held_out.records)
    after = bias_report.post_training(model.schema, groups, held_out.labels == 1, judged.called, limits.of_bias)
    bias = {**document(prepared, "bias.json"), **after}
    explanation = explain.explain(model.booster, model.schema, model.metadata["typical"], held_out.records)
    split = document(prepared, "split.json")
    other = in_production(champion, held_out, split)
    comparison = other if isinstance(other, str) else compare(held_out.labels, judged, other, costs, groups)
    sure = intervals(Predictions(held_out.labels, judged.probabilities), judged.threshold, costs, seed=SEED)
    result["intervals"] = {name: figure._asdict() for name, figure in sure.items()}
    result["model"] = {key: model.metadata[key] for key in OF_THE_MODEL}
    against = {"not_compared": comparison} if isinstance(comparison, str) else comparison
    result["champion"] = {"name": champion.name, **against}
    data = document(prepared, "report.json")
    result["data"] = {key: data[key] for key in ("raw_sha256", "recipe", "seed", "parts")}
    result["data"]["split"] = split
    result["gate"] = gate.verdict(result, after, limits, model.schema)
    baseline = {**document(prepared, "baseline.json"), "predictions": drift.numbers(judged.probabilities)}
    return {
        "evaluation.json": _json(result),
        "data.json": _json(data),
        "bias.json": _json(bias),
        "explainability.json": _json(explanation),
        "baseline.json": json.dumps(baseline, allow_nan=False) + "\n",
        "predictions.csv": Predictions(held_out.labels, judged.probabilities).to_csv(),
        "evaluation.html": evaluation_page.render(result, bias, explanation, model.schema),
    }


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line; limits that are not given refuse nothing but what is surely worse than the champion."""
    given = base_dir() / "processing" / "input"
    parser = argparse.ArgumentParser(prog="python -m ml.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=given / "model", help="holds model.tar.gz")
    parser.add_argument("--prepared", type=Path, default=given / "prepared", help="the output of the prepare step")
    parser.add_argument("--champion", type=Path, default=given / "champion", help="holds model.tar.gz, or nothing")
    parser.add_argument("--champion-is", default="none was given", help="the champion's name, or why there is none")
    parser.add_argument("--output-dir", type=Path, default=base_dir() / "processing" / "output")
    for name, value in Costs()._asdict().items():
        parser.add_argument(f"--cost-{name.replace('_', '-')}", type=float, default=value, help="USD")
    for name, value in Limits()._asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=value, help=f"of the gate ({value:g})")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the step and return its exit code."""
    args = arguments(argv)

    def job() -> None:
        costs = Costs(**{name: getattr(args, f"cost_{name}") for name in Costs._fields})
        if wrong := money.problems(costs):
            raise JobError(f"The costs cannot be used: {'; '.join(wrong)}.")
        limits = Limits(**{name: getattr(args, name) for name in Limits._fields})
        if any(math.isnan(limit) for limit in limits):
            raise JobError("The gate's limits must be numbers; correct the one that is not.")
        with artifact.unpacked(args.model) as folder:
            files = judge(load(folder), args.prepared, Champion(args.champion, args.champion_is), costs, limits)
            files["golden.json"] = _json(golden(folder))
        write(files, args.output_dir)
        result = json.loads(files["evaluation.json"])
        told = ", ".join(f"{name} {value:.4f}" for name, value in result["metrics"].items())
        print(f"{result['n_customers']:,} test customers: {told}")
        print(f"Expected cost per customer: {result['cost']['expected_cost_per_customer']:.2f} USD")
        print(f"Gate: {result['gate']['message']}")

    return run(job, processing_message_file())


if __name__ == "__main__":
    sys.exit(main())
