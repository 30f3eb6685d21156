"""Metrics read from a training job's log by its ``MetricDefinitions``."""

import re
from typing import Any

from local.sagemaker.naming import now


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
