"""Metrics read from a training job's log by its ``MetricDefinitions``, or by those that an image brings along."""

import re
from typing import Any

from local.sagemaker.errors import invalid
from local.sagemaker.naming import now

#: An image of SageMaker's own, whose metrics and hyperparameters the service knows.
BUILT_IN_IMAGE = re.compile(r"\.dkr\.ecr\..*/sagemaker-xgboost(:|$)")
# What the XGBoost image calls its metrics (sagemaker_xgboost_container/algorithm_mode/metrics.py, which reads a tab as
# the #011 that the log shows).
_XGBOOST = tuple(
    {"Name": f"validation:{name}", "Regex": rf".*\[[0-9]+\].*#011validation-{name}:(\S+)"}
    for name in ("accuracy", "auc", "aucpr", "error", "f1", "logloss", "mae", "map", "mlogloss", "mse", "ndcg", "rmse")
)


def definitions_of(algorithm: dict[str, Any]) -> list[dict[str, str]]:
    """The metric definitions that hold for an ``AlgorithmSpecification``.

    Raises
    ------
    ServiceError
        If a request brings its own to a built-in image, as SageMaker refuses it, script mode or not.
    """
    own: list[dict[str, str]] = algorithm.get("MetricDefinitions", [])
    if not BUILT_IN_IMAGE.search(algorithm.get("TrainingImage", "")):
        return own
    if own:
        raise invalid(
            "You can't override the metric definitions for Amazon SageMaker algorithms. "
            "Please retry the request without specifying metric definitions."
        )
    return list(_XGBOOST)


class MetricReader:
    """Keeps the last value of each metric.

    Parameters
    ----------
    definitions
        ``AlgorithmSpecification.MetricDefinitions``: name and regular expression, the first group of
        which is the number.
    """

    def __init__(self, definitions: list[dict[str, str]]) -> None:
        self._patterns = [(d["Name"], re.compile(d["Regex"])) for d in definitions]
        self._last: dict[str, tuple[float, float]] = {}

    def read(self, line: str) -> None:
        """Look for metrics in one line of the log."""
        for name, pattern in self._patterns:
            match = pattern.search(line)
            if match:
                try:
                    self._last[name] = float(match.group(1)), now()
                except (ValueError, IndexError):
                    continue

    def final(self) -> list[dict[str, Any]]:
        """``FinalMetricDataList``."""
        return [{"MetricName": name, "Value": value, "Timestamp": at} for name, (value, at) in self._last.items()]
