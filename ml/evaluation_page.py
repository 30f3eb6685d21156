"""The evaluation as a page with pictures."""

from __future__ import annotations

from typing import Any

from ml import charts, judgement_page
from ml.page import figure, moment, page, section, table, tiles
from schema import Schema


def render(evaluation: dict[str, Any], bias: dict[str, Any], explanation: dict[str, Any], schema: Schema) -> str:
    """Return the page of what `evaluate.judge` found."""
    m, cost = evaluation["metrics"], evaluation["cost"]
    subtitle = (
        f"{evaluation['n_customers']:,} test customers, {evaluation['n_churners']:,} of them churners, that took no "
        f"part in training. Model of {moment(evaluation['model']['trained_at'])}, schema "
        f"{evaluation['model']['schema_hash']}."
    )
    big = [
        (f"{m['average_precision']:.3f}", "average precision"),
        (f"{m['auc']:.3f}", "AUC"),
        (f"{m['log_loss']:.3f}", "log loss"),
        (f"{m['accuracy']:.1%}", "accuracy"),
        (f"{cost['expected_cost_per_customer']:.2f} USD", "expected cost per customer"),
        (f"{cost['do_nothing_cost_per_customer']:.2f} USD", "when nothing is done"),
    ]
    sections = [
        tiles(big),
        judgement_page.gate(evaluation),
        _money(cost),
        _decisions(evaluation),
        _ranking(evaluation),
        _calibration(evaluation),
        judgement_page.explanation(explanation, schema),
        judgement_page.bias(bias, schema),
    ]
    return page("Model evaluation", subtitle, sections)


def _money(cost: dict[str, Any]) -> str:
    curve = [(point["threshold"], point["cost"]) for point in cost["curve"]]
    top = max(cost["do_nothing_cost_per_customer"], *(c for _, c in curve)) * 1.1
    axes = charts.Axes((0, 1), (0, top), size=(760, 280), labels=("threshold", "USD per customer"))
    axes.line([(0, cost["do_nothing_cost_per_customer"]), (1, cost["do_nothing_cost_per_customer"])], "guide")
    axes.line(curve, "curve")
    axes.mark(cost["threshold"], f"the model decides at {cost['threshold']:.2f}")
    axes.dot(cost["best_threshold"], cost["best_cost_per_customer"], 4, "dot", "the least cost on these customers")
    text = (
        f"A missed churner costs {cost['cost_missed_churner']:g} USD, a wasted incentive "
        f"{cost['cost_wasted_incentive']:g}, a saved customer {cost['cost_saved_customer']:g}. An incentive pays from "
        f"a probability of {cost['break_even']:.2f} on. On these customers the least cost, "
        f"{cost['best_cost_per_customer']:.2f} USD, is at {cost['best_threshold']:.2f}; it is known in hindsight only."
    )
    caption = "dashed: nothing is done for anyone; dot: the least cost in hindsight"
    return section("Money", text, figure("Expected cost by threshold", axes.svg("Cost by threshold"), caption))


def _decisions(evaluation: dict[str, Any]) -> str:
    c, m, h = evaluation["confusion_matrix"], evaluation["metrics"], evaluation["curves"]["scores"]
    matrix = table(
        ("", "offered an incentive", "left alone"),
        (("churned", f"{c['tp']:,}", f"{c['fn']:,}"), ("stayed", f"{c['fp']:,}", f"{c['tn']:,}")),
        numbers=True,
    )
    rates = table(
        ("", "share"),
        [(name, f"{m[name.lower()]:.1%}") for name in ("Accuracy", "Precision", "Recall", "F1")],
        numbers=True,
    )
    scores = charts.histogram(
        h["edges"],
        (("others", h["others"]), ("churners", h["churners"])),
        unit="probability",
        title="Predicted probability of those who stayed and those who churned",
    )
    body = (
        figure("Confusion matrix", matrix)
        + figure("Rates", rates)
        + figure("Predicted probabilities", scores, "orange: churned; blue: stayed")
    )
    text = f"At the threshold of {evaluation['cost']['threshold']:.2f}."
    return section("Decisions", text, f'<div class="grid-of">{body}</div>')


def _ranking(evaluation: dict[str, Any]) -> str:
    curves, rate = evaluation["curves"], evaluation["n_churners"] / evaluation["n_customers"]
    precision = charts.Axes((0, 1), (0, 1), labels=("recall", "precision"))
    precision.line([(0, rate), (1, rate)], "guide")
    precision.line(curves["precision_recall"], "curve")
    roc = charts.Axes((0, 1), (0, 1), labels=("others called churners", "churners found"))
    roc.line([(0, 0), (1, 1)], "guide")
    roc.line(curves["roc"], "curve")
    body = figure("Precision and recall", precision.svg("Precision and recall"), "dashed: chance") + figure(
        "ROC", roc.svg("ROC curve"), "dashed: chance"
    )
    return section("Ranking", "At every threshold at once.", f'<div class="grid-of wide">{body}</div>')


def _calibration(evaluation: dict[str, Any]) -> str:
    bins = evaluation["calibration"]
    axes = charts.Axes((0, 1), (0, 1), labels=("predicted", "observed"))
    axes.line([(0, 0), (1, 1)], "guide")
    axes.line([(b["predicted"], b["observed"]) for b in bins], "curve")
    for b in bins:
        tip = f"{b['n_customers']:,} customers: predicted {b['predicted']:.1%}, observed {b['observed']:.1%}"
        axes.dot(b["predicted"], b["observed"], 4, "dot", tip)
    rows = [
        (f"{b['from']:.1%} to {b['to']:.1%}", f"{b['n_customers']:,}", f"{b['predicted']:.1%}", f"{b['observed']:.1%}")
        for b in bins
    ]
    numbers = table(("probability", "customers", "predicted", "observed"), rows, numbers=True)
    body = figure("Calibration", axes.svg("Calibration"), "dashed: perfect; each dot is one row of the table")
    body += figure("In numbers", numbers)
    text = "Of those to whom a probability is given, does that share churn? Groups of equal size, lowest risk first."
    return section("Calibration", text, f'<div class="grid-of wide">{body}</div>')
