"""One table of everything that can be set about a training run: defaults, limits and help derive from it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ml import money
from ml.container import JobError
from ml.money import Costs


class Tuned(NamedTuple):
    """Between which values tuning looks, and whether it tells them apart by their orders of magnitude."""

    low: float
    high: float
    logarithmic: bool = False


class Hyperparameter(NamedTuple):
    """One row of the table; `for_xgboost` says whether XGBoost itself knows it by that name.

    What is `tuned` must be among what SageMaker lets the image tune, script or not (`tunable` in
    sagemaker_xgboost_container/algorithm_mode/hyperparameter_validation.py), and carry the name it has there.
    """

    name: str
    type: type
    default: float
    minimum: float
    maximum: float
    help: str
    for_xgboost: bool = True
    tuned: Tuned | None = None


TABLE = (
    Hyperparameter("max_depth", int, 5, 1, 15, "Depth of a tree.", tuned=Tuned(3, 8)),
    Hyperparameter(
        "eta", float, 0.1, 0.001, 1, "Share of each tree's correction that is kept.", tuned=Tuned(0.03, 0.3, True)
    ),
    Hyperparameter("gamma", float, 3, 0, 100, "Loss that a split must save.", tuned=Tuned(0, 6)),
    Hyperparameter(
        "min_child_weight", float, 1, 0, 100, "Weight of customers that a leaf must hold.", tuned=Tuned(0.5, 10, True)
    ),
    Hyperparameter("subsample", float, 0.9, 0.1, 1, "Share of customers that each tree sees.", tuned=Tuned(0.6, 1)),
    Hyperparameter(
        "colsample_bynode", float, 0.6, 0.1, 1, "Share of columns that each split may use.", tuned=Tuned(0.3, 1)
    ),
    Hyperparameter("reg_lambda", float, 0.3, 0, 1000, "Shrinkage of the leaves."),
    Hyperparameter("num_parallel_tree", int, 8, 1, 50, "Trees that each round averages."),
    Hyperparameter("seed", int, 1729, 0, 2**31 - 1, "Seed of every random choice."),
    Hyperparameter("num_round", int, 300, 1, 10000, "Rounds at most.", False),
    Hyperparameter("early_stopping_rounds", int, 40, 1, 10000, "Rounds without gain on validation to stop at.", False),
    Hyperparameter("refit", int, 1, 0, 1, "1: train again on train and validation, as many rounds as chosen.", False),
    Hyperparameter(
        "checkpoint_rounds", int, 25, 1, 10000, "Rounds between checkpoints; each stretch has a seed.", False
    ),
    Hyperparameter("cost_missed_churner", float, 500, 0, 1e9, "USD lost with a churner left alone.", False),
    Hyperparameter("cost_wasted_incentive", float, 100, 0, 1e9, "USD given to one who would have stayed.", False),
    Hyperparameter("cost_saved_customer", float, 100, 0, 1e9, "USD given to a churner who then stays.", False),
)
BY_NAME = {row.name: row for row in TABLE}
# The SDK and the tuning service mix their own settings into the same file (_tuning_objective_metric).
_RESERVED = ("sagemaker_", "_tuning_")


def defaults() -> dict[str, Any]:
    """Return the default of every hyperparameter."""
    return {row.name: row.type(row.default) for row in TABLE}


def parse(values: Mapping[str, object]) -> dict[str, Any]:
    """Return typed hyperparameters: the defaults, overridden by `values`, which may be texts as SageMaker sends them.

    Raises
    ------
    JobError
        When a name is unknown, a value is of the wrong type or out of range, or the costs contradict each other; all
        of them are named.
    """
    settings, problems = defaults(), []
    for name, value in values.items():
        if name.startswith(_RESERVED):
            continue
        row = BY_NAME.get(name)
        if row is None:
            problems.append(f"{name} is no hyperparameter; there are {', '.join(BY_NAME)}")
            continue
        text = str(value).strip().strip('"')  # the SDK sends texts JSON-encoded
        kind = "a whole number" if row.type is int else "a number"
        try:
            number = row.type(text)
        except ValueError:
            number = None
        if number is None or not row.minimum <= number <= row.maximum:
            problems.append(f"{name} must be {kind} from {row.minimum:g} to {row.maximum:g}, not {text!r}")
        else:
            settings[name] = number
    if not problems:
        problems = money.problems(costs(settings))
    if problems:
        raise JobError("Hyperparameters: " + "; ".join(problems) + ".")
    return settings


def read(argv: Sequence[str], file: Path) -> dict[str, Any]:
    """Return hyperparameters from the command line over those in `file` over the defaults.

    Raises
    ------
    JobError
        As `parse`, or when the file is not a JSON object.
    """
    parser = argparse.ArgumentParser(prog="python -m ml.train", description=__doc__, allow_abbrev=False)
    for row in TABLE:
        parser.add_argument(f"--{row.name}", metavar=row.type.__name__, help=f"{row.help} ({row.default:g})")
    given = {name: value for name, value in vars(parser.parse_args(argv)).items() if value is not None}
    in_file: Any = {}
    if file.is_file():
        try:
            in_file = json.loads(file.read_text() or "{}")
        except ValueError as exc:
            raise JobError(f"{file.name} is not JSON ({exc}); correct it.") from exc
        if not isinstance(in_file, dict):
            raise JobError(f"{file.name} must hold a JSON object of names and values; correct it.")
    return parse({**in_file, **given})


def search_space() -> dict[str, Any]:
    """Return what a tuning job is told of this table, as SageMaker's API takes it.

    Returns
    -------
    dict
        ``ranges``: where it looks (ParameterRanges). ``fixed``: what the image's list requires of every request
        (StaticHyperParameters); a script would know its own default.
    """
    found: dict[str, list[dict[str, str]]] = {"IntegerParameterRanges": [], "ContinuousParameterRanges": []}
    for row in TABLE:
        if row.tuned:
            kind = "Integer" if row.type is int else "Continuous"
            bounds = {"MinValue": f"{row.tuned.low:g}", "MaxValue": f"{row.tuned.high:g}"}
            scale = "Logarithmic" if row.tuned.logarithmic else "Linear"
            found[f"{kind}ParameterRanges"].append({"Name": row.name, **bounds, "ScalingType": scale})
    return {"ranges": found, "fixed": {"num_round": str(BY_NAME["num_round"].default)}}


def for_xgboost(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the settings that XGBoost itself takes."""
    own = {row.name: settings[row.name] for row in TABLE if row.for_xgboost}
    return {"objective": "binary:logistic", "tree_method": "hist", **own}


def costs(settings: Mapping[str, Any]) -> Costs:
    """Return the part of the settings that is about money."""
    return Costs(**{name: settings[f"cost_{name}"] for name in Costs._fields})
