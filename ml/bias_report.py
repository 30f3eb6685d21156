"""Bias in the shape of Clarify's ``analysis.json``, with limits on what a model may do to a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ml import bias
from ml.facets import Group
from schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRE, POST = "pre_training_bias_metrics", "post_training_bias_metrics"
LIMITED = ("AD", "RD")
CONFIDENCE = 0.95  # of all limited differences together


def pre_training(schema: Schema, groups: Sequence[Group], churned: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the bias of labels, ready for JSON; `churned` is of shape (n_customers,)."""
    nobody = np.zeros(len(churned), dtype=bool)
    counted = [(group, *bias.count(churned, nobody, group.members)) for group in groups]
    entries = [(group, _entry(group, d, bias.pre_training(a, d))) for group, a, d in counted]
    return {"version": "1.0", PRE: _section(schema, entries)}


def post_training(
    schema: Schema,
    groups: Sequence[Group],
    churned: NDArray[np.bool_],
    called: NDArray[np.bool_],
    limits: Mapping[str, float],
) -> dict[str, Any]:
    """Return the bias of decisions, ready for JSON.

    Parameters
    ----------
    churned, called : array, shape (n_customers,)
        What became of the customers, and whom the model calls churners.
    limits : mapping
        For each of `LIMITED`, the largest size that is allowed. A difference is beyond its limit when its whole
        interval is: more than luck with few customers explains. The intervals hold together, by Bonferroni's
        correction: with many groups, one is always unlucky.
    """
    counted = [(group, *bias.count(churned, called, group.members)) for group in groups]
    each = 1 - (1 - CONFIDENCE) / max(len(counted) * len(LIMITED), 1)
    entries = []
    for group, a, d in counted:
        entry = _entry(group, d, bias.post_training(a, d))
        intervals = {
            "AD": bias.difference_interval(a.right, a.n, d.right, d.n, each),
            "RD": bias.difference_interval(a.both, a.churned, d.both, d.churned, each),
        }
        for metric in entry["metrics"]:
            if metric["name"] in LIMITED and metric["value"] is not None:
                low, high = intervals[metric["name"]]
                limit = limits[metric["name"]]
                metric |= {"low": low, "high": high, "limit": limit, "beyond": low > limit or high < -limit}
        entries.append((group, entry))
    return {"version": "1.0", POST: _section(schema, entries)}


def _entry(group: Group, d: bias.Counts, metrics: bias.Metrics) -> dict[str, Any]:
    described = [
        {"name": name, "description": f"{bias.NAMES[name]} ({name})", "value": value} for name, value in metrics.items()
    ]
    return {"value_or_threshold": group.name, "customers": d.n, "churners": d.churned, "metrics": described}


def _section(schema: Schema, entries: Sequence[tuple[Group, dict[str, Any]]]) -> dict[str, Any]:
    facets: dict[str, list[dict[str, Any]]] = {}
    for group, entry in entries:
        facets.setdefault(group.facet, []).append(entry)
    return {"label": schema.label.name, "label_value_or_threshold": "1", "facets": facets}


def beyond(report: Mapping[str, Any], schema: Schema) -> list[str]:
    """Return a sentence for each difference of decisions that is beyond its limit."""
    return [
        f"{schema.by_name[facet].label} {entry['value_or_threshold']}: {metric['description']} {metric['value']:+.3f}, "
        f"surely beyond {metric['limit']:g} (interval {metric['low']:+.3f} to {metric['high']:+.3f})"
        for facet, entries in report[POST]["facets"].items()
        for entry in entries
        for metric in entry["metrics"]
        if metric.get("beyond")
    ]
