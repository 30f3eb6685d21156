"""How much one split says: the pipeline's own split, fit and evaluation over many seeds: `python -m bench.splits`.

The gate's numbers come from here: a sound model must pass whatever the seed, a broken one must not: the limits or the
comparison with the sound model refuse it. Broken models are the usual accidents: labels out of step with their rows, a
column of minutes fed in seconds, and too few churners.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.crossval import raw_data
from config import TrainingSettings
from ml import bias_report, facets, fit, gate, hyperparameters, metrics, money, prepare, raw_file, split
from ml.champion import Judged, compare
from ml.dataset import Dataset
from ml.facets import Group
from ml.money import Costs
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


def fewer(train: Dataset, validation: Dataset, test: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """Nothing is wrong, but a tenth of the customers was not there yet: as sound a model, of another month."""
    return train.take(np.arange(len(train.labels) // 10, len(train.labels))), validation, test


def newer(train: Dataset, validation: Dataset, test: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """Nothing is wrong, and it is the model in production that lacked a tenth of the customers."""
    return train, validation, test


class Customers:
    """The data set, encoded and as records, and its splits."""

    def __init__(self, text: str) -> None:
        self.schema = load_schema()
        self.rows = raw_file.check(text, self.schema)
        self.data = prepare.encode(self.rows, self.schema)
        self.twins = prepare.identical(self.rows, self.schema)

    def parts(self, seed: int) -> tuple[list[Dataset], list[Group]]:
        """Return one seed's parts, as `prepare` makes them, and the groups of the test customers."""
        places = split.of_customers(self.rows, self.schema, self.twins, seed)
        parts = split.by_position(places, list(prepare.FRACTIONS.values()))
        test = [self.rows[position].record for position in parts[-1]]
        return [self.data.take(part) for part in parts], facets.groups(self.schema, test)

    def judge(self, parts: Sequence[Dataset], test: Dataset) -> Judged:
        """Fit on the first two parts and return what the model says of test customers."""
        settings, columns = hyperparameters.defaults(), self.schema.columns
        fitted = fit.fit(parts[0], parts[1], columns, settings, log=lambda _: None)
        return Judged(fit.probabilities(fitted.booster, test.features, columns), fitted.threshold)


def evaluate(customers: Customers, seed: int, damage: Damage) -> tuple[float, float, bool, bool]:
    """Return average precision, expected cost, and whether the limits and the same seed's sound model refuse it."""
    settings, costs = TrainingSettings(), Costs()
    parts, groups = customers.parts(seed)
    train, validation, test = damage(*parts)
    judged = customers.judge((train, validation), test)
    precision = metrics.average_precision(test.labels, judged.probabilities)
    cost = money.expected_cost(test.labels, judged.probabilities, judged.threshold, costs)
    limits = gate.Limits(**{name: getattr(settings, name) for name in gate.Limits._fields})
    report = bias_report.post_training(customers.schema, groups, test.labels == 1, judged.called, limits.of_bias)
    found: dict[str, Any] = {
        "metrics": {"average_precision": precision},
        "cost": {"expected_cost_per_customer": cost},
        "champion": {"name": "sound", "not_compared": "left out"},
    }
    by_limits = gate.verdict(found, report, limits, customers.schema)["verdict"] == gate.REFUSED
    if damage is sound:
        return precision, cost, by_limits, False
    other = customers.judge(fewer(*parts)[:2] if damage is newer else parts[:2], test)
    found["champion"] = {"name": "sound"} | compare(test.labels, judged, other, costs, groups)
    alone = gate.Limits()._replace(
        maximum_loss_of_precision=limits.maximum_loss_of_precision,
        maximum_cost_increase_per_customer=limits.maximum_cost_increase_per_customer,
    )
    against = gate.verdict(found, report, alone, customers.schema)["verdict"] == gate.REFUSED
    return precision, cost, by_limits, against


def main(argv: list[str] | None = None) -> None:
    """Print the spread over the seeds."""
    parser = argparse.ArgumentParser(prog="python -m bench.splits", description=__doc__)
    parser.add_argument("--input", type=Path, default=raw_data())
    parser.add_argument("--seeds", type=int, default=30)
    args = parser.parse_args(argv)
    customers = Customers(raw_file.read_text(args.input))
    print(f"{'':<14}{'average precision':^36}{'expected cost, USD':^36}{'refused by':^24}")
    heads = f"{'mean':>9}{'sd':>9}{'min':>9}{'max':>9}" * 2
    print(f"{'':<14}{heads}{'limits':>12}{'champion':>12}", flush=True)
    for damage in (sound, newer, fewer, out_of_step, seconds, few_churners):
        seeds = range(args.seeds if damage is sound else min(args.seeds, 20))
        results = np.array([evaluate(customers, seed, damage) for seed in seeds])
        spread = (results.mean(axis=0), results.std(axis=0), results.min(axis=0), results.max(axis=0))
        name = damage.__name__.replace("_", " ")
        figures = "".join(f"{s[k]:>9.4f}" for k in (0, 1) for s in spread)
        refused = "".join(f"{f'{results[:, k].sum():.0f} of {len(results)}':>12}" for k in (2, 3))
        print(f"{name:<14}{figures}{refused}", flush=True)


if __name__ == "__main__":
    main()
