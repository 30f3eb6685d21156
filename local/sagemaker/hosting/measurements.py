"""Metrics of endpoints, gathered and published every few seconds: a prediction must not wait for its own bookkeeping.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from local.sagemaker import platform

_PAUSE_S = 2.0
# PutMetricData takes 150 values of a metric.
_MOST_VALUES = 150
_Scope = tuple[str, str]
_Series = tuple[tuple[str, str], ...]


class Measurements:
    """Values of each metric that were not published yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[_Scope, _Series, str, str], list[float]] = defaultdict(list)
        self._publishing = False

    def add(self, *, endpoint: str, variant: str, config: str, status: int, model_s: float, overhead_s: float) -> None:
        """Note one invocation.

        Parameters
        ----------
        endpoint, variant, config
            Names; a configuration's own series tells the new fleet from the old one while an update shifts traffic.
        status
            The container's HTTP status.
        model_s, overhead_s
            The container's time, and what SageMaker added.
        """
        host = platform.current()
        scope = host.account_id(), host.region()
        values = (
            ("Invocations", 1.0, "Count"),
            ("ModelLatency", model_s * 1e6, "Microseconds"),
            ("OverheadLatency", overhead_s * 1e6, "Microseconds"),
            ("Invocation4XXErrors", float(400 <= status < 500), "Count"),
            ("Invocation5XXErrors", float(status >= 500), "Count"),
        )
        both = (("EndpointName", endpoint), ("VariantName", variant))
        with self._lock:
            for series in (both, (*both, ("EndpointConfigName", config))):
                for name, value, unit in values:
                    self._values[scope, series, name, unit].append(value)
            if self._publishing:
                return
            self._publishing = True
        host.background("endpoint metrics", self._publish)

    def _publish(self) -> None:
        """Publish until there is nothing left; the next invocation starts another thread."""
        while True:
            time.sleep(_PAUSE_S)
            with self._lock:
                gathered, self._values = self._values, defaultdict(list)
                if not gathered:
                    self._publishing = False
                    return
            by_scope: dict[_Scope, list[dict[str, Any]]] = defaultdict(list)
            for (scope, series, name, unit), values in gathered.items():
                by_scope[scope] += _data(series, name, unit, values)
            for scope, data in by_scope.items():
                host = platform.current()
                with host.scope(*scope):
                    host.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=data)


def _data(series: _Series, name: str, unit: str, values: list[float]) -> Iterator[dict[str, Any]]:
    dimensions = [{"Name": key, "Value": value} for key, value in series]
    for start in range(0, len(values), _MOST_VALUES):
        some = values[start : start + _MOST_VALUES]
        yield {"MetricName": name, "Dimensions": dimensions, "Unit": unit, "Values": some}


#: The one of the process.
measurements = Measurements()
