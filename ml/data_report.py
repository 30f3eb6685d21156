"""What the raw data look like: distributions by label, correlations, and columns that look too good to be true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml import metrics
from schema import Attribute, Row, Schema

BINS = 24
LEAK_AUC = 0.95
SAME_CORRELATION = 0.999
REDUNDANT_CORRELATION = 0.95


def describe(rows: Sequence[Row], schema: Schema) -> dict[str, Any]:
    """Return the report on checked customers, ready for JSON.

    Parameters
    ----------
    rows : sequence of Row, length n_rows
        All attributes present and valid.
    """
    churned = np.array([bool(row.record[schema.label.name]) for row in rows])
    attributes = []
    for attribute in schema.attributes:
        if attribute.role != "label":
            values = [row.record[attribute.name] for row in rows]
            about = {"name": attribute.name, "label": attribute.label, "type": attribute.type, "role": attribute.role}
            attributes.append({**about, "unit": attribute.unit, **_distribution(attribute, values, churned)})
    numeric = [a for a in schema.attributes if a.is_numeric or a.type == "boolean"]
    correlations = _correlations(numeric, rows)
    return {
        "n_customers": len(rows),
        "n_churners": int(churned.sum()),
        "attributes": attributes,
        "correlations": correlations,
        "suspected_leakage": _leakage(attributes, correlations, schema),
    }


def _distribution(attribute: Attribute, values: list[Any], churned: np.ndarray) -> dict[str, Any]:
    if attribute.is_numeric:
        return _numbers(np.array(values, dtype=np.float64), churned, whole=attribute.type == "integer")
    if attribute.type == "text":
        return {"distinct": len(set(values)), "auc": None}
    table = []
    of = np.array([str(value) for value in values])
    for category in attribute.categories or ("True", "False"):
        inside = of == category
        if inside.any():
            rate = float(churned[inside].mean())
            shown = {"True": "yes", "False": "no"}.get(category, category)
            table.append({"value": shown, "n_customers": int(inside.sum()), "churn_rate": rate})
    # Each half is scored by the other half's rates: with many small categories, own labels would speak for themselves.
    half = np.arange(len(of)) % 2 == 0
    scores = np.full(len(of), churned.mean())
    for category in set(of.tolist()):
        for mine in (half, ~half):
            others = (of == category) & ~mine
            if others.any():
                scores[(of == category) & mine] = churned[others].mean()
    return {"categories": table, "auc": _round(metrics.auc(churned.astype(np.float64), scores))}


def _numbers(values: np.ndarray, churned: np.ndarray, *, whole: bool) -> dict[str, Any]:
    low, high = float(values.min()), float(values.max())
    if whole and high - low < 2 * BINS:
        edges = np.arange(low - 0.5, high + 1.5)
    else:
        edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    area = metrics.auc(churned.astype(np.float64), values)
    return {
        "minimum": low,
        "maximum": high,
        "mean": _round(values.mean()),
        "standard_deviation": _round(values.std()),
        "quartiles": [_round(q) for q in np.quantile(values, (0.25, 0.5, 0.75))],
        "mean_of_churners": _round(values[churned].mean()),
        "mean_of_others": _round(values[~churned].mean()),
        "auc": _round(max(area, 1 - area)),
        "histogram": {
            "edges": [_round(edge) for edge in edges],
            "churners": np.histogram(values[churned], edges)[0].tolist(),
            "others": np.histogram(values[~churned], edges)[0].tolist(),
        },
    }


def _correlations(attributes: Sequence[Attribute], rows: Sequence[Row]) -> dict[str, Any]:
    """Return Pearson's correlations; a constant column correlates with nothing."""
    table = np.array([[float(row.record[a.name]) for a in attributes] for row in rows])  # type: ignore[arg-type]
    spread = table.std(axis=0)
    scaled = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1)
    matrix = scaled.T @ scaled / len(table)
    return {
        "labels": [a.label for a in attributes],
        "names": [a.name for a in attributes],
        "matrix": matrix.round(4).tolist(),
    }


def _leakage(attributes: list[dict[str, Any]], correlations: dict[str, Any], schema: Schema) -> list[dict[str, str]]:
    """Return columns that tell the model what it must not know, or tell it twice, with why and what is done."""
    found = []
    used = {a.name for a in schema.inputs}

    def add(names: Sequence[str], why: str) -> None:
        kept = [name for name in names if name in used]
        done = "still an input: look into it" if len(kept) == len(names) else "one dropped" if kept else "dropped"
        if len(kept) > 1:
            done = "both are inputs: one may do"
        labels = ", ".join(schema.by_name[name].label for name in names)
        found.append({"attributes": ", ".join(names), "labels": labels, "why": why, "status": done})

    for attribute in attributes:
        if attribute["auc"] is not None and attribute["auc"] >= LEAK_AUC:
            add([attribute["name"]], f"predicts the label by itself (AUC {attribute['auc']:.2f})")
        if attribute["type"] == "text":
            add([attribute["name"]], f"{attribute['distinct']:,} distinct values: it names customers")
    names, matrix = correlations["names"], correlations["matrix"]
    for i, first in enumerate(names):
        for j in range(i):
            size = abs(matrix[i][j])
            if size >= REDUNDANT_CORRELATION:
                what = "the same" if size >= SAME_CORRELATION else "nearly the same"
                label = schema.label.name in (first, names[j])
                why = f"{what} {'as the label' if label else 'information'} (correlation {matrix[i][j]:.2f})"
                add([names[j], first], why)
    return found


def _round(value: float) -> float:
    return round(float(value), 4)
