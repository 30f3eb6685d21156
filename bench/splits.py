"""How much one split says: the pipeline's own split, fit and evaluation over many seeds: `python -m bench.splits`.

The gate's numbers come from here: a sound model must pass whatever the seed, a broken one must not. Broken models are
the usual accidents: labels out of step with their rows, a column of minutes fed in seconds, and too few churners.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.crossval import raw_data
from ml import fit, hyperparameters, metrics, money, prepare
from ml.dataset import Dataset, stratified_split
from schema import load_schema

Damage = Callable[[Dataset, Dataset, Dataset], tuple[Dataset, Dataset, Dataset]]


def out_of_step(train: Dataset, validation: Dataset, test: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """Labels belong to the row before."""
    return Dataset(train.features, np.roll(train.labels, 1)), validation, test


def seconds(train: Dataset, validation: Dataset, test: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """The day minutes of the test customers are seconds; the columns derived from them follow."""
    columns = load_schema().columns
    features = test.features.copy()
    day = features[:, columns.index("day_mins")].copy()
    features[:, columns.index("day_mins")] = 60 * day
    for name in ("total_charge", "charge_without_vmail"):
        features[:, columns.index(name)] += 0.17 * 59 * day * (features[:, columns.index(name)] > 0)
    return train, validation, Dataset(features, test.labels)


def few_churners(train: Dataset, validation: Dataset, test: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """One churner in ten reached the training file."""
    churners = np.flatnonzero(train.labels == 1)
    kept = np.concatenate((np.flatnonzero(train.labels == 0), churners[::10]))
    return train.take(kept), validation, test


def sound(train: Dataset, validation: Dataset, test: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """Nothing is wrong."""
    return train, validation, test


def evaluate(data: Dataset, seed: int, damage: Damage) -> tuple[float, float]:
    """Return average precision and expected cost on the test customers of one seed's split."""
    columns, settings = load_schema().columns, hyperparameters.defaults()
    parts = stratified_split(data.labels, list(prepare.FRACTIONS.values()), seed)
    train, validation, test = damage(*(data.take(part) for part in parts))
    fitted = fit.fit(train, validation, columns, settings, log=lambda _: None)
    scores = fit.probabilities(fitted.booster, test.features, columns)
    cost = money.expected_cost(test.labels, scores, fitted.threshold, hyperparameters.costs(settings))
    return metrics.average_precision(test.labels, scores), cost


def main(argv: list[str] | None = None) -> None:
    """Print the spread over the seeds."""
    parser = argparse.ArgumentParser(prog="python -m bench.splits", description=__doc__)
    parser.add_argument("--input", type=Path, default=raw_data())
    parser.add_argument("--seeds", type=int, default=30)
    args = parser.parse_args(argv)
    schema = load_schema()
    data = prepare.encode(prepare.check(prepare.read_text(args.input), schema), schema)
    print(f"{'':<14}{'average precision':^36}{'expected cost, USD':^36}")
    print(f"{'':<14}" + f"{'mean':>9}{'sd':>9}{'min':>9}{'max':>9}" * 2, flush=True)
    for damage in (sound, out_of_step, seconds, few_churners):
        seeds = range(args.seeds if damage is sound else min(args.seeds, 5))
        results = np.array([evaluate(data, seed, damage) for seed in seeds])
        spread = (results.mean(axis=0), results.std(axis=0), results.min(axis=0), results.max(axis=0))
        name = damage.__name__.replace("_", " ")
        print(f"{name:<14}" + "".join(f"{s[k]:>9.4f}" for k in (0, 1) for s in spread), flush=True)


if __name__ == "__main__":
    main()
