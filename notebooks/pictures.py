"""What the notebook shows: the project's own charts and tables, without a plotting library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from IPython.display import HTML, display
from models import Judged

from ml import charts, metrics, money
from ml.compare import Difference
from ml.money import Costs
from ml.page import STYLE, figure, table, tiles

# The reports' style, kept inside the cell's output: nested, so that it does not restyle the notebook around it.
_STYLE = f"<style>.churn{{font:14px/1.5 system-ui,sans-serif;{STYLE.replace(':root', '&')}}}</style>"
_UNITS = {"average_precision": ("average precision", "+.3f"), "expected_cost_per_customer": ("USD a customer", "+.2f")}


def show(*parts: str) -> None:
    """Show pieces of HTML below the cell, side by side where there is room."""
    display(HTML(f'{_STYLE}<div class="churn"><div class="grid-of wide">{"".join(parts)}</div></div>'))


def churn_rates(report: Mapping[str, Any]) -> str:
    """Return how many churned, in all and in each part of the run's split."""
    parts = [("all", report["n_churners"], report["n_customers"])]
    parts += [(name, part["churners"], part["customers"]) for name, part in report["parts"].items()]
    picture = charts.shares([(n, c, total - c) for n, c, total in parts], title="Churned and stayed")
    return figure("Churned and stayed", picture, "orange: churned; blue: stayed")


def told_alone(report: Mapping[str, Any], most: int = 12) -> str:
    """Return what each attribute tells by itself, the most telling first."""
    ranked = sorted((a for a in report["attributes"] if a["auc"] is not None), key=lambda a: -a["auc"])[:most]
    items = [(a["label"], max(a["auc"] - 0.5, 0), f"{a['auc']:.3f}") for a in ranked]
    return figure("AUC of each attribute alone", charts.bars(items, title="AUC by attribute"), "0.5 tells nothing")


def spread(report: Mapping[str, Any], name: str) -> str:
    """Return how an attribute differs between churners and others."""
    attribute = next(a for a in report["attributes"] if a["name"] == name)
    if "categories" in attribute:
        rate = 100 * report["n_churners"] / report["n_customers"]
        items = [(c["value"], 100 * c["churn_rate"], f"{c['n_customers']:,}") for c in attribute["categories"]]
        picture = charts.columns(items, unit="% churned", title=attribute["label"], level=rate)
        return figure(attribute["label"], picture, "dashed: all customers")
    groups = [(group, attribute["histogram"][group]) for group in ("others", "churners")]
    edges = attribute["histogram"]["edges"]
    picture = charts.histogram(edges, groups, unit=attribute["unit"], title=attribute["label"])
    return figure(attribute["label"], picture, "orange: churned; blue: stayed; each as a share of its group")


def twice_told(report: Mapping[str, Any]) -> str:
    """Return the columns that say the same thing twice, or too much."""
    rows = [(item["labels"], item["why"], item["status"]) for item in report["suspected_leakage"]]
    return figure("Told twice", table(("attributes", "why", "what is done"), rows), full=True)


def quality(*models: Judged) -> str:
    """Return the models' figures beside each other."""
    rows = []
    for name in ("average_precision", "auc", "log_loss", "accuracy", "precision", "recall"):
        rows.append((name.replace("_", " "), *(f"{m.evaluation['metrics'][name]:.3f}" for m in models)))
    costs = (f"{m.evaluation['cost']['expected_cost_per_customer']:.2f}" for m in models)
    rows.append(("expected cost, USD a customer", *costs))
    rows.append(("decides at", *(f"{m.threshold:.2f}" for m in models)))
    return figure("On the test customers", table(("", *(m.name for m in models)), rows, numbers=True))


def ranking(first: Judged, second: Judged) -> str:
    """Return both models' precision at each recall."""
    axes = charts.Axes((0, 1), (0, 1), labels=("recall", "precision"))
    for model, css in ((first, "curve"), (second, "mark")):
        precision, recall = metrics.precision_recall(*model.predictions)
        axes.line(list(zip(recall.tolist(), precision.tolist(), strict=True)), css)
    caption = f"line: {first.name}; dashed: {second.name}"
    return figure("Precision and recall", axes.svg("Precision and recall of both"), caption)


def costs(models: Sequence[Judged], prices: Costs) -> str:
    """Return what each threshold would cost on the test customers, for one or two models, at these prices."""
    curves = [money.cost_curve(*model.predictions, prices) for model in models]
    nothing = money.expected_cost(*models[0].predictions, float("inf"), prices)
    top = 1.1 * max(nothing, *(cost for curve in curves for _, cost in curve))
    axes = charts.Axes((0, 1), (0, top), size=(760, 280), labels=("threshold", "USD a customer"))
    axes.line([(0, nothing), (1, nothing)], "guide")
    for curve, css in zip(curves, ("curve", "mark"), strict=False):
        axes.line(curve, css)
    axes.mark(prices.break_even, f"an offer pays from {prices.break_even:.2f} on")
    names = "; ".join(f"{line}: {model.name}" for line, model in zip(("line", "dashed"), models, strict=False))
    return figure(
        "Expected cost by threshold", axes.svg("Cost by threshold"), f"{names}; flat: nobody is called", full=True
    )


def verdict(found: Mapping[str, Difference]) -> str:
    """Return the differences with the range that chance alone could give them."""
    rows = []
    for name, difference in found.items():
        words, spec = _UNITS[name]
        told = "more than chance" if difference.beyond_chance else "no more than chance"
        span = f"{difference.low:{spec}} to {difference.high:{spec}}"
        rows.append((words, f"{difference.value:{spec}}", span, told))
    return figure(
        "The experiment less the live model",
        table(("", "measured", "95 % of samples", "is that luck?"), rows),
        full=True,
    )


def scenarios(model: Judged, prices: Mapping[str, Costs]) -> str:
    """Return what other prices would do to the decision and to the bill."""
    rows = []
    for name, of in prices.items():
        nothing = money.expected_cost(*model.predictions, float("inf"), of)
        spent = money.expected_cost(*model.predictions, of.break_even, of)
        offers = int((model.predictions.probabilities >= of.break_even).sum())
        rows.append((name, f"{of.break_even:.2f}", f"{offers:,}", f"{spent:.2f}", f"{nothing:.2f}"))
    head = ("", "an offer pays from", "offers made", "USD a customer", "when nothing is done")
    return figure("Other prices", table(head, rows, numbers=True), full=True)


def answers(told: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return what the endpoint said of customers, each with its strongest reasons."""
    cards = []
    for name, one in zip(names, told["predictions"], strict=True):
        rows = [(reason["text"],) for reason in one["reasons"][:3]]
        decision = "make an offer" if one["churn"] else "leave alone"
        cards.append(figure(name, tiles([(f"{one['probability']:.0%}", decision)]) + table(("because",), rows)))
    return "".join(cards)


def registry(packages: Sequence[Mapping[str, Any]]) -> str:
    """Return the registered models, newest first."""
    rows = []
    for one in packages:
        package, evaluation = one["package"], one["evaluation"]
        precision = evaluation["metrics"]["average_precision"]
        cost = evaluation["cost"]["expected_cost_per_customer"]
        made = f"{package['CreationTime']:%d %b %Y, %H:%M}"
        version, status = str(package["ModelPackageVersion"]), package["ModelApprovalStatus"]
        rows.append((version, made, status, f"{precision:.3f}", f"{cost:.2f}"))
    head = ("version", "registered", "status", "average precision", "USD a customer")
    return figure("The registry", table(head, rows), full=True)
