"""Fit a model: pure functions from data to booster and threshold, the same in training and in the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ml import hyperparameters, metrics, money
from ml.container import JobError
from ml.dataset import Dataset

if TYPE_CHECKING:
    import xgboost
    from numpy.typing import NDArray

EVAL_METRICS = ("auc", "aucpr", "logloss")  # XGBoost stops early on the last
Log = Callable[[str], None]


class Fitted(NamedTuple):
    """A model, the threshold to decide at, and how both did on the validation customers.

    `validation` holds honest metrics: those of the booster before it was fitted again with these customers.
    """

    booster: xgboost.Booster
    threshold: float
    rounds: int
    validation: dict[str, float]


def fit(
    train: Dataset, validation: Dataset, columns: Sequence[str], settings: Mapping[str, Any], log: Log = print
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

    Raises
    ------
    JobError
        When either set lacks churners or others.
    """
    import xgboost

    for name, data in (("train", train), ("validation", validation)):
        if len(np.unique(data.labels)) < 2:
            raise JobError(f"The {name} set needs churners and others; give it more customers.")
    parameters = hyperparameters.for_xgboost(settings)
    inner = matrix(train, columns), matrix(validation, columns)
    stop = xgboost.callback.EarlyStopping(
        rounds=settings["early_stopping_rounds"], metric_name="logloss", data_name="validation", save_best=True
    )
    booster = xgboost.train(
        {**parameters, "eval_metric": list(EVAL_METRICS)},
        inner[0],
        settings["num_round"],
        evals=[(inner[0], "train"), (inner[1], "validation")],
        callbacks=[stop, _metric_lines(log)],
        verbose_eval=False,
    )
    rounds = booster.num_boosted_rounds()
    probabilities = booster.predict(inner[1]).astype(np.float64)
    costs = hyperparameters.costs(settings)
    threshold = money.choose_threshold(validation.labels, probabilities, costs)
    scores = metrics.score(validation.labels, probabilities, threshold)
    scores["expected_cost_per_customer"] = money.expected_cost(validation.labels, probabilities, threshold, costs)
    if settings["refit"]:
        booster = xgboost.train(parameters, matrix(train.join(validation), columns), rounds, verbose_eval=False)
    return Fitted(booster, threshold, rounds, scores)


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


def _metric_lines(log: Log) -> Any:
    """Return a callback that tells each round's metrics in the form that SageMaker's metric definitions read."""
    import xgboost

    class MetricLines(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
            told = (("train", "logloss"), ("validation", "logloss"), ("validation", "auc"), ("validation", "aucpr"))
            log("\t".join([f"[{epoch}]", *(f"{d}-{m}:{evals_log[d][m][-1]:.5f}" for d, m in told)]))
            return False

    return MetricLines()
