"""The evaluation page's sections on the gate, on what the model goes by, and on bias."""

from __future__ import annotations

from typing import Any

from ml import charts
from ml.bias_report import POST, PRE
from ml.page import figure, section, table
from schema import Schema

AFTER = ("DPPL", "DI", "AD", "RD", "SD", "DAR")
BEFORE = ("CI", "DPL")


def gate(evaluation: dict[str, Any]) -> str:
    """Return the verdict, and how the model compares with the one in production."""
    found, against = evaluation["gate"], evaluation["champion"]
    if "not_compared" in against:
        return section("The gate", found["message"], "")
    rows = [
        _compared("average precision", against["average_precision"], "{:.4f}", "worse"),
        _compared("expected cost, USD a customer", against["expected_cost_per_customer"], "{:.2f}", "dearer"),
    ]
    rows += [
        _compared(f"{one['label']} {one['group']}: size of {one['metric']}", one, "{:.3f}", "larger")
        for one in against["bias"]
        if one["low"] > 0 or one["high"] < 0
    ]
    caption = (
        f"{against['confidence']:.0%} intervals of the difference, from {against['samples']:,} draws of the same "
        f"{against['n_customers']:,} customers; those of bias hold together, and only what has surely changed is shown"
    )
    head = ("", "this model", "in production", "difference", "interval", "")
    return section("The gate", found["message"], figure("Against production", table(head, rows, numbers=True), caption))


def _compared(name: str, one: dict[str, Any], form: str, worse: str) -> tuple[str, ...]:
    signed = form.replace(":", ":+")
    interval = f"{signed.format(one['low'])} to {signed.format(one['high'])}"
    values = (form.format(one["challenger"]), form.format(one["champion"]), signed.format(one["difference"]))
    return (name, *values, interval, f"surely {worse}" if one["worse"] else "")


def explanation(report: dict[str, Any], schema: Schema) -> str:
    """Return the attributes by the mean size of their contributions."""
    found = report["explanations"]["tree_shap"]["label0"]
    items = [(schema.by_name[name].label, v, f"{v:.2f}") for name, v in found["global_shap_values"].items()]
    text = (
        "The mean size of each attribute's contribution to a customer's log-odds of churn, by exact TreeSHAP. "
        "Derived columns count towards the attributes that they come from."
    )
    picture = charts.bars(items, title="Mean size of contributions by attribute")
    caption = f"log-odds; {report['n_customers']:,} test customers"
    return section("What the model goes by", text, figure("Mean contribution", picture, caption, full=True))


def bias(report: dict[str, Any], schema: Schema) -> str:
    """Return how groups of customers fare against all others, in the labels and in the decisions."""
    text = (
        "Each group against all other customers, by the metrics of SageMaker Clarify; an offer of an incentive is the "
        "favourable outcome. A difference is beyond its limit when its whole interval is: with few customers in a "
        "group, large differences come by chance."
    )
    names = (*BEFORE, *AFTER)
    rows = []
    for facet, entries in report[POST]["facets"].items():
        before = {e["value_or_threshold"]: _by_name(e) for e in report[PRE]["facets"].get(facet, ())}
        for entry in entries:
            name = entry["value_or_threshold"]
            values = {**before.get(name, {}), **_by_name(entry)}
            told = f"{schema.by_name[facet].label}: {name}"
            counts = (f"{entry['customers']:,}", f"{entry['churners']:,}")
            rows.append((told, *counts, *(_written(values.get(metric)) for metric in names)))
    body = figure("Groups", table(("group", "customers", "churned", *names), rows, numbers=True), _legend(), full=True)
    return section("Bias", text, body if rows else "<p>The schema marks no facet.</p>")


def _by_name(entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {metric["name"]: metric for metric in entry["metrics"]}


def _written(metric: dict[str, Any] | None) -> str:
    if metric is None or metric["value"] is None:
        return "–"
    if "limit" not in metric:
        return f"{round(metric['value'], 2) + 0.0:.2f}"  # no -0.00
    beyond = " beyond its limit" if metric["beyond"] else ""
    return f"{metric['value']:+.3f} ({metric['low']:+.2f} to {metric['high']:+.2f}){beyond}"


def _legend() -> str:
    return (
        "CI: class imbalance and DPL: difference in proportions of labels, of the customers learnt from. Of the test "
        "customers' decisions, DPPL: the same for predicted labels, DI: disparate impact (a ratio; 1 is balance), AD: "
        "accuracy, RD: recall, SD: specificity, DAR: acceptance rates. bias.json has the other metrics. "
        "Base rates differ between groups that behave differently: DPL, DPPL and DI alone prove nothing."
    )
