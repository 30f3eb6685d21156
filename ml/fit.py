"""Fit a model: pure functions from data to booster and threshold, the same in training and in the benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ml import hyperparameters, metrics, money
from ml.checkpoints import NONE, Checkpoints, Log
from ml.container import JobError
from ml.dataset import Dataset

if TYPE_CHECKING:
    import xgboost
    from numpy.typing import NDArray

EVAL_METRICS = ("auc", "aucpr", "logloss")


class Fitted(NamedTuple):
    """A model, the threshold to decide at, and how both did on the validation customers.

    `validation` holds honest metrics: those of the booster before it was fitted again with these customers.
    """

    booster: xgboost.Booster
    threshold: float
    rounds: int
    validation: dict[str, float]


def fit(
    train: Dataset,
    validation: Dataset,
    columns: Sequence[str],
    settings: Mapping[str, Any],
    *,
    log: Log = print,
    kept: Checkpoints = NONE,
) -> Fitted:
    """Fit on `train`; choose rounds and threshold on `validation`; then, unless told not to, fit again on both.

    Parameters
    ----------
    train, validation : Dataset
        Disjoint customers, encoded; shapes (n_rows, n_columns).
    columns : sequence of str
        Names of the encoded columns, in order.
    settings : mapping
        All of `hyperparameters.TABLE`.
    log : callable
        Told the metric lines.
    kept : Checkpoints
        From where an attempt that was cut short goes on.

    Raises
    ------
    JobError
        When either set lacks churners or others.
    """
    import xgboost

    for name, data in (("train", train), ("validation", validation)):
        if len(np.unique(data.labels)) < 2:
            raise JobError(f"The {name} set needs churners and others; give it more customers.")
    progress = kept.load()
    parameters = hyperparameters.for_xgboost(settings)
    inner = matrix(train, columns), matrix(validation, columns)
    watch = _Watch(progress.losses, settings["early_stopping_rounds"], log)
    grow = _Grower(parameters, settings["checkpoint_rounds"])
    while len(progress.losses) < settings["num_round"] and not watch.enough:
        progress.inner = grow(inner[0], progress.inner, settings["num_round"], watch.on(inner))
        kept.save(progress)
    rounds = int(np.argmin(progress.losses)) + 1
    booster = xgboost.Booster(model_file=bytearray(progress.inner))[:rounds]
    probabilities = booster.predict(inner[1]).astype(np.float64)
    costs = hyperparameters.costs(settings)
    threshold = money.choose_threshold(validation.labels, probabilities, costs)
    scores = metrics.score(validation.labels, probabilities, threshold)
    scores["expected_cost_per_customer"] = money.expected_cost(validation.labels, probabilities, threshold, costs)
    if settings["refit"]:
        everyone = matrix(train.join(validation), columns)
        while _rounds_of(progress.whole) < rounds:
            progress.whole = grow(everyone, progress.whole, rounds)
            kept.save(progress)
        booster = xgboost.Booster(model_file=bytearray(progress.whole))
    log(_chosen(bytearray(progress.inner), rounds, inner))
    return Fitted(booster, threshold, rounds, scores)


def _chosen(model: bytearray, rounds: int, data: tuple[xgboost.DMatrix, xgboost.DMatrix]) -> str:
    """Return the metric line of the rounds that were chosen.

    It comes last: what SageMaker goes by, in tuning too, is the last value of a metric, and the rounds that were tried
    after the best are not in the model.
    """
    import xgboost

    booster = xgboost.Booster({"eval_metric": list(EVAL_METRICS)}, model_file=model)[:rounds]
    return str(booster.eval_set([(data[0], "train"), (data[1], "validation")], rounds - 1))


def _rounds_of(model: bytes) -> int:
    import xgboost

    return xgboost.Booster(model_file=bytearray(model)).num_boosted_rounds() if model else 0


class _Grower:
    """Adds a stretch of rounds to a model.

    A stretch begins from the model's bytes and a seed of its own, whether the run was cut short before it or not. So a
    run that goes on from a checkpoint does exactly what one without a break does; XGBoost by itself, told to go on with
    a model, draws other rows and columns than it would have.
    """

    def __init__(self, parameters: Mapping[str, Any], stretch: int) -> None:
        self._parameters = parameters
        self._stretch = stretch

    def __call__(
        self, data: xgboost.DMatrix, model: bytes, rounds: int, watch: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the model, `rounds` long at most; `watch` holds what `xgboost.train` is told of evaluations."""
        import xgboost

        done = _rounds_of(model)
        booster = xgboost.train(
            {**self._parameters, "seed": self._parameters["seed"] + done, "eval_metric": list(EVAL_METRICS)},
            data,
            min(self._stretch, rounds - done),
            xgb_model=bytearray(model) if model else None,
            verbose_eval=False,
            **(watch or {}),
        )
        return bytes(booster.save_raw("ubj"))


class _Watch:
    """Collects the validation losses over all stretches, tells the metric lines, and says when there are enough.

    Enough is when the least loss is `patience` rounds old. The lines have the form that SageMaker's metric definitions
    read.
    """

    def __init__(self, losses: list[float], patience: int, log: Log) -> None:
        self._losses = losses
        self._patience = patience
        self._log = log

    @property
    def enough(self) -> bool:
        """Whether more rounds are hopeless."""
        return len(self._losses) > 0 and len(self._losses) - 1 - int(np.argmin(self._losses)) >= self._patience

    def after_round(self, evals_log: Any) -> bool:
        """Take the losses of a round; return whether to stop."""
        told = (("train", "logloss"), ("validation", "logloss"), ("validation", "auc"), ("validation", "aucpr"))
        self._log("\t".join([f"[{len(self._losses)}]", *(f"{d}-{m}:{evals_log[d][m][-1]:.5f}" for d, m in told)]))
        self._losses.append(evals_log["validation"]["logloss"][-1])
        return self.enough

    def on(self, data: tuple[xgboost.DMatrix, xgboost.DMatrix]) -> dict[str, Any]:
        """Return what `xgboost.train` must be told to watch both sets."""
        import xgboost

        watch = self

        class Callback(xgboost.callback.TrainingCallback):
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
                return watch.after_round(evals_log)

        return {"evals": [(data[0], "train"), (data[1], "validation")], "callbacks": [Callback()]}


def matrix(data: Dataset, columns: Sequence[str]) -> xgboost.DMatrix:
    """Return the dataset as XGBoost takes it."""
    import xgboost

    return xgboost.DMatrix(data.features, data.labels, feature_names=list(columns))


def probabilities(
    booster: xgboost.Booster, features: NDArray[np.float64], columns: Sequence[str]
) -> NDArray[np.float64]:
    """Return churn probabilities of encoded customers; shape (n_rows,)."""
    import xgboost

    data = xgboost.DMatrix(features, feature_names=list(columns))
    return np.asarray(booster.predict(data), dtype=np.float64)
