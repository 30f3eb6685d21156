"""Metrics in log lines (CloudWatch's embedded metric format): AWS makes metrics of them, MiniStack keeps the text only.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ministack.services import cloudwatch, lambda_svc

# The format's own limits; what is beyond them makes no metric.
_MOST_VALUES, _MOST_METRICS, _MOST_DIMENSIONS = 100, 100, 30


class Datum(NamedTuple):
    """One metric of a line, with the values it has there."""

    namespace: str
    name: str
    unit: str
    dimensions: dict[str, str]
    timestamp_s: float
    values: list[float]


def install() -> None:
    """Read the lines of functions as they are written."""
    emit = lambda_svc._emit_lambda_logs

    def emit_and_measure(function: dict[str, Any], request_id: str, log_text: str, *rest: Any, **more: Any) -> None:
        emit(function, request_id, log_text, *rest, **more)
        for line in log_text.splitlines():
            for datum in data_of(line):
                cloudwatch._store_datum(
                    datum.namespace,
                    datum.name,
                    datum.dimensions,
                    datum.timestamp_s,
                    datum.unit,
                    None,
                    datum.values,
                    None,
                    None,
                )

    lambda_svc._emit_lambda_logs = emit_and_measure


def data_of(line: str) -> Iterator[Datum]:
    """Give the metrics of a log line; a line that is not of the format has none."""
    if '"_aws"' not in line:
        return
    try:
        root = json.loads(line)
        timestamp_s = root["_aws"]["Timestamp"] / 1000
        for directive in root["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                if len(names) <= _MOST_DIMENSIONS and all(isinstance(root.get(name), str) for name in names):
                    dimensions = {name: root[name] for name in names}
                    yield from _metrics(root, directive, dimensions, timestamp_s)
    except (ValueError, TypeError, KeyError):
        return


def _metrics(
    root: dict[str, Any], directive: dict[str, Any], dimensions: dict[str, str], timestamp_s: float
) -> Iterator[Datum]:
    for metric in directive["Metrics"][:_MOST_METRICS]:
        found = root.get(metric["Name"])
        values = found if isinstance(found, list) else [found]
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        if numbers and 0 < len(values) <= _MOST_VALUES:
            unit = metric.get("Unit", "None")
            yield Datum(directive["Namespace"], metric["Name"], unit, dimensions, timestamp_s, [*map(float, values)])
