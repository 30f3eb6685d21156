"""Cross-validate the model beside the AWS lab's recipe: `python -m bench.crossval`.

Both see the same folds. Ours goes through the very code of the pipeline: `schema` encodes, validation customers are
split off inside each fold's training part, and `ml.fit` chooses rounds and threshold on them and fits. Nothing is
fitted, stopped, selected or decided on a held-out fold. The lab's recipe is its feature matrix and hyperparameters,
100 rounds, decided at 0.5.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ml import fit, hyperparameters, lab, metrics, money, prepare, raw_file
from ml.dataset import Dataset, stratified_split
from schema import load_schema

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = {
    "auc": "AUC",
    "average_precision": "avg precision",
    "log_loss": "log loss",
    "accuracy_half": "accuracy at 0.5",
    "accuracy": "accuracy",
    "cost_half": "USD at 0.5",
    "cost": "USD at threshold",
}
Recipe = Callable[[Dataset, Dataset, int], tuple[np.ndarray, float]]


def ours(settings: dict[str, Any]) -> Recipe:
    """Return the project's recipe: (training customers, held-out ones, seed) → probabilities, threshold."""
    columns = load_schema().columns

    def recipe(train: Dataset, held_out: Dataset, seed: int) -> tuple[np.ndarray, float]:
        share = prepare.FRACTIONS["validation"] / (prepare.FRACTIONS["train"] + prepare.FRACTIONS["validation"])
        inner, validation = stratified_split(train.labels, (1 - share, share), seed)
        fitted = fit.fit(
            train.take(inner), train.take(validation), columns, {**settings, "seed": seed}, log=lambda _: None
        )
        return fit.probabilities(fitted.booster, held_out.features, columns), fitted.threshold

    return recipe


def labs(train: Dataset, held_out: Dataset, seed: int) -> tuple[np.ndarray, float]:
    """Return the lab's probabilities, and 0.5."""
    return lab.predict(train, held_out.features, seed), 0.5


def cross_validate(recipe: Recipe, data: Dataset, seeds: int, folds: int) -> list[dict[str, float]]:
    """Return the metrics of each held-out fold, `seeds` × `folds` of them."""
    costs = hyperparameters.costs(hyperparameters.defaults())
    results = []
    for seed in range(seeds):
        parts = stratified_split(data.labels, [1 / folds] * folds, seed)
        for held in range(folds):
            train = data.take(np.concatenate([part for i, part in enumerate(parts) if i != held]))
            test = data.take(parts[held])
            probabilities, threshold = recipe(train, test, seed)
            row = metrics.score(test.labels, probabilities, threshold)
            row["cost"] = money.expected_cost(test.labels, probabilities, threshold, costs)
            row["cost_half"] = money.expected_cost(test.labels, probabilities, 0.5, costs)
            half = metrics.confusion(test.labels, probabilities, 0.5)
            row["accuracy_half"] = metrics.decision_metrics(half)["accuracy"]
            row["threshold"] = threshold
            results.append(row)
    return results


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each metric over the folds."""
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def raw_data() -> Path:
    """The data set: the file that CHURN_DATA names, or what `make data` found."""
    return Path(os.environ.get("CHURN_DATA") or ROOT / "build" / "data" / "churn.csv")


def main(argv: list[str] | None = None) -> None:
    """Print the table and, when asked, write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.crossval", description=__doc__)
    parser.add_argument("--input", type=Path, default=raw_data())
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--json", type=Path, help="also write the means and each fold's metrics here")
    args = parser.parse_args(argv)
    text = raw_file.read_text(args.input)
    rows = raw_file.check(text, load_schema())
    contestants = {
        "lab's recipe": (labs, lab.features(text)),
        "this project": (ours(hyperparameters.defaults()), prepare.encode(rows, load_schema())),
    }
    print(
        f"{args.folds}-fold cross-validation, {args.seeds} seeds, {len(rows):,} customers, means over held-out folds:\n"
    )
    print(f"{'':<16}" + "".join(f"{title:>17}" for title in COLUMNS.values()), flush=True)
    report: dict[str, dict[str, Any]] = {}
    for name, (recipe, data) in contestants.items():
        started = time.monotonic()
        folds = cross_validate(recipe, data, args.seeds, args.folds)
        mean = summary(folds)
        report[name] = {"mean": mean, "folds": folds, "seconds": round(time.monotonic() - started, 1)}
        print(f"{name:<16}" + "".join(f"{mean[key]:>17.4f}" for key in COLUMNS), flush=True)
    theirs, mine = (report[name]["mean"] for name in contestants)
    ratio = mine["cost"] / theirs["cost_half"]
    print(
        f"\nExpected cost per customer: {ratio:.3f} of the lab's at its cut-off 0.5 (our mean threshold: "
        f"{mine['threshold']:.2f})."
    )
    print("Took " + ", ".join(f"{report[name]['seconds']} s ({name})" for name in contestants) + ".")
    if args.json:
        args.json.write_text(json.dumps({**report, "cost_ratio": ratio}, indent=2) + "\n")


if __name__ == "__main__":
    main()
