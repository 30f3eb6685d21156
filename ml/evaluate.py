"""Judge a model on the test customers: ``python -m ml.evaluate --model DIR --test DIR --output-dir DIR``.

Writes evaluation.json, which the pipeline's gate reads, evaluation.html for people, and predictions.csv, by which
another model can be compared with this one customer by customer.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml import artifact, evaluation_page, metrics, money
from ml.compare import Predictions
from ml.container import JobError, base_dir, processing_message_file, run
from ml.dataset import Dataset, read_csv
from ml.money import Costs
from schema import load_schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

CURVE_POINTS = 300
SCORE_BINS = 25


def load_test(folder: Path, source: Path) -> Dataset:
    """Return the test customers; `source` is the file, or a folder with test.csv.

    Raises
    ------
    JobError
        When they do not fit the model, or lack churners or others.
    """
    named = source / "test.csv"
    data = read_csv(named if named.is_file() else source, len(load_schema(folder / artifact.FEATURES).columns))
    if len(np.unique(data.labels)) < 2:
        raise JobError("The test set needs churners and others; give it more customers.")
    return data


def evaluate(data: Dataset, probabilities: NDArray[np.float64], threshold: float, costs: Costs) -> dict[str, Any]:
    """Return the evaluation, ready for JSON.

    Parameters
    ----------
    data : Dataset
        Test customers; features of shape (n_customers, n_columns).
    probabilities : array, shape (n_customers,)
    threshold : float
        Where the model decides.
    """
    labels = data.labels
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


def main(argv: list[str] | None = None) -> int:
    """Run the step and return its exit code."""
    processing = base_dir() / "processing"
    parser = argparse.ArgumentParser(prog="python -m ml.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=processing / "input" / "model", help="holds model.tar.gz")
    parser.add_argument("--test", type=Path, default=processing / "input" / "test", help="holds test.csv")
    parser.add_argument("--output-dir", type=Path, default=processing / "output")
    for name, value in Costs()._asdict().items():
        parser.add_argument(f"--cost-{name.replace('_', '-')}", type=float, default=value, help="USD")
    args = parser.parse_args(argv)

    def job() -> None:
        costs = Costs(**{name: getattr(args, f"cost_{name}") for name in Costs._fields})
        if wrong := money.problems(costs):
            raise JobError(f"The costs cannot be used: {'; '.join(wrong)}.")
        with artifact.unpacked(args.model) as folder:
            metadata = artifact.load_metadata(folder)
            data = load_test(folder, args.test)
            from ml import fit

            scores = fit.probabilities(artifact.load_booster(folder), data.features, metadata["columns"])
        result = evaluate(data, scores, metadata["threshold"], costs)
        result["model"] = {key: metadata[key] for key in ("trained_at", "rounds", "schema_hash", "hyperparameters")}
        args.output_dir.mkdir(parents=True, exist_ok=True)
        (args.output_dir / "evaluation.json").write_text(json.dumps(result, indent=2, allow_nan=False) + "\n")
        (args.output_dir / "evaluation.html").write_text(evaluation_page.render(result), encoding="utf-8")
        (args.output_dir / "predictions.csv").write_text(Predictions(data.labels, scores).to_csv())
        told = ", ".join(f"{name} {value:.4f}" for name, value in result["metrics"].items())
        print(f"{len(data.labels):,} test customers: {told}")
        print(f"Expected cost per customer: {result['cost']['expected_cost_per_customer']:.2f} USD")

    return run(job, processing_message_file())


if __name__ == "__main__":
    sys.exit(main())
