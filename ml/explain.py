"""What the model goes by, on the whole: the mean size of each attribute's contribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.reasons import Explainer, Typical
from schema import Schema

if TYPE_CHECKING:
    import xgboost

MOST_EXPLAINED = 5000  # customers; more would change the means by less than the page shows


def explain(
    booster: xgboost.Booster, schema: Schema, typical: Typical, records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return global attributions of an explanation by exact TreeSHAP, ready for JSON, in the shape of Clarify's
    ``analysis.json``.

    Parameters
    ----------
    typical : mapping
        From the model's metadata.
    records : sequence of mapping, length n_customers
        At most `MOST_EXPLAINED` of them are explained, evenly picked.

    Returns
    -------
    dict
        ``global_shap_values`` holds the mean size of each attribute's contribution in log-odds, the largest first;
        ``mean_contributions`` the mean with its sign; ``expected_value`` the log-odds with no attribute known.
    """
    import xgboost

    picked = np.unique(np.linspace(0, len(records) - 1, min(len(records), MOST_EXPLAINED)).astype(int))
    chosen = [records[i] for i in picked]
    rows = [schema.encode(record) for record in chosen]
    data = xgboost.DMatrix(np.array(rows, dtype=np.float64), feature_names=list(schema.columns))
    columns = booster.predict(data, pred_contribs=True).astype(np.float64)
    explainer = Explainer(schema, typical)
    each = np.array(
        [explainer.by_attribute(r, row, c) for r, row, c in zip(chosen, rows, columns[:, :-1], strict=True)]
    )
    sizes = np.abs(each).mean(axis=0)
    order = np.argsort(-sizes, kind="stable")
    names = [attribute.name for attribute in schema.inputs]
    return {
        "version": "1.0",
        "explanations": {
            "tree_shap": {
                "label0": {
                    "global_shap_values": {names[i]: float(sizes[i]) for i in order},
                    "mean_contributions": {names[i]: float(each[:, i].mean()) for i in order},
                    "expected_value": float(columns[:, -1].mean()),
                }
            }
        },
        "n_customers": len(chosen),
    }
