"""Whether tuning pays: the defaults beside the best of a tuning job's trials, on the test customers of many splits.

`python -m bench.tuning`. Trials are fitted by the pipeline's own code, proposed by the laptop run's own search, and the
best is taken by the metric that the pipeline tunes for, all on training and validation customers. Test customers are
looked at once.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.crossval import raw_data
from bench.splits import Customers
from local.sagemaker.tuning.ranges import Ranges
from local.sagemaker.tuning.search import propose
from ml import fit, hyperparameters, metrics, money, raw_file
from ml.dataset import Dataset
from ml.money import Costs

MEASURES = ("log loss", "average precision", "cost in USD")


def tune(train: Dataset, validation: Dataset, columns: tuple[str, ...], trials: int, seed: int) -> dict[str, Any]:
    """Return the settings of the trial with the least validation log loss."""
    ranges, defaults = Ranges(hyperparameters.search_space()["ranges"]), hyperparameters.defaults()
    points: list[list[float]] = []
    losses: list[float] = []
    tried = []
    for trial in range(trials):
        point = propose(points, losses, [], launched=trial, dimensions=ranges.dimensions, seed=seed)
        settings = hyperparameters.parse({**defaults, **ranges.values(point)})
        # The second fit changes nothing about what a trial is judged by.
        fitted = fit.fit(train, validation, columns, {**settings, "refit": 0}, log=lambda _: None)
        points.append(ranges.point(ranges.values(point)))
        losses.append(fitted.validation["log_loss"])
        tried.append(settings)
    return tried[int(np.argmin(losses))]


def measure(parts: list[Dataset], columns: tuple[str, ...], settings: dict[str, Any]) -> list[float]:
    """Return what a model of these settings reaches on the test customers."""
    train, validation, test = parts
    fitted = fit.fit(train, validation, columns, settings, log=lambda _: None)
    found = fit.probabilities(fitted.booster, test.features, columns)
    scores = metrics.score(test.labels, found, fitted.threshold)
    cost = money.expected_cost(test.labels, found, fitted.threshold, Costs())
    return [scores["log_loss"], scores["average_precision"], cost]


def main(argv: list[str] | None = None) -> None:
    """Print both, and their paired differences."""
    parser = argparse.ArgumentParser(prog="python -m bench.tuning", description=__doc__)
    parser.add_argument("--input", type=Path, default=raw_data())
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=20)
    args = parser.parse_args(argv)
    customers = Customers(raw_file.read_text(args.input))
    columns, rows, started = customers.schema.columns, [], time.monotonic()
    for seed in range(args.seeds):
        parts, _ = customers.parts(seed)
        chosen = tune(parts[0], parts[1], columns, args.trials, seed)
        rows.append([measure(parts, columns, settings) for settings in (hyperparameters.defaults(), chosen)])
    found = np.array(rows)
    print(f"{args.seeds} splits, {args.trials} trials each, means on the test customers:\n")
    print(f"{'':<24}" + "".join(f"{name:>20}" for name in MEASURES))
    for number, name in enumerate(("defaults", "tuned")):
        print(f"{name:<24}" + "".join(f"{value:>20.4f}" for value in found[:, number].mean(axis=0)))
    difference = found[:, 1] - found[:, 0]
    error = difference.std(axis=0, ddof=1) / np.sqrt(args.seeds)
    told = (f"{m:+.4f} ± {e:.4f}" for m, e in zip(difference.mean(axis=0), error, strict=True))
    print(f"{'difference ± its error':<24}" + "".join(f"{one:>20}" for one in told))
    print(f"\nTook {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
