"""A card as a page for people: every section of its content, in the frame of the run's other reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml import charts
from ml.page import figure, page, section, table, tiles

Json = dict[str, Any]
KINDS = {"user_provided_training_metrics": "metric", "user_provided_hyper_parameters": "hyperparameter"}
WORDS = {
    "model_overview": "The model",
    "intended_uses": "What it is for, and what it is not for",
    "business_details": "Business",
    "training_details": "Training",
    "additional_information": "What to keep in mind",
}


def render(name: str, card: Json) -> str:
    """Return the page of a card."""
    overview = card["model_overview"]
    subtitle = f"Version {overview['model_version']} of {overview['model_name']}. {overview['model_description']}"
    before = [_texts(title, card[key]) for key, title in WORDS.items() if key != "additional_information"]
    evaluations = [_evaluation(detail) for detail in card["evaluation_details"]]
    last = _texts(WORDS["additional_information"], card["additional_information"])
    return page(f"Model card {name}", subtitle, [_first(card), *before, *evaluations, last])


def _first(card: Json) -> str:
    """The figures that a reader looks for first."""
    quality = card["evaluation_details"][0]["metric_groups"][0]["metric_data"]
    values = {metric["name"]: metric["value"] for metric in quality}
    return tiles(
        [
            (f"{values['average_precision']:.3f}", "average precision"),
            (f"{values['expected_cost_per_customer']:.2f} USD", "expected cost a customer"),
            (f"{values['recall']:.0%}", "of churners called"),
            (card["intended_uses"]["risk_rating"], "risk rating"),
        ]
    )


def _texts(title: str, content: Json) -> str:
    return section(title, "", table(("", ""), _rows(content)))


def _rows(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Flatten an object to rows of a name and a text; a further line of a text has a row without a name."""
    rows: list[tuple[str, str]] = []
    for key, value in content.items():
        if isinstance(value, dict):
            rows += _rows(value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            rows += [(_words(f"{KINDS[key]} {one['name']}"), _written(one["value"])) for one in value]
        else:
            lines = value if isinstance(value, list) else _written(value).split("\n")
            rows += [("" if number else _words(key), line) for number, line in enumerate(lines)]
    return rows


def _evaluation(detail: Json) -> str:
    groups = "".join(_metrics(group) for group in detail["metric_groups"])
    return section(detail["name"], detail["evaluation_observation"], f'<div class="grid-of wide">{groups}</div>')


def _metrics(group: Json) -> str:
    numbers = [metric for metric in group["metric_data"] if metric["type"] == "number"]
    rows = [(_words(one["name"]), _written(one["value"]), one.get("notes", "")) for one in numbers]
    shown = figure(group["name"], table(("", "value", ""), rows), full=True) if rows else ""
    return shown + "".join(_picture(one) for one in group["metric_data"] if one["type"] != "number")


def _picture(metric: Json) -> str:
    if metric["type"] == "bar_chart":
        named = zip(metric["x_axis_name"], metric["value"], strict=True)
        drawn = charts.bars([(_words(name), value, f"{value:.2f}") for name, value in named], title=metric["name"])
        return figure(metric["name"], drawn, metric["y_axis_name"], full=True)
    if metric["type"] == "matrix":
        rows = [(name, *map(_written, row)) for name, row in zip(metric["y_axis_name"], metric["value"], strict=True)]
        return figure(metric["name"], table(("", *metric["x_axis_name"]), rows, numbers=True))
    axes = charts.Axes((0, 1), (0, 1), labels=(metric["x_axis_name"], metric["y_axis_name"]))
    axes.line([(0, 0), (1, 1)], "guide")
    axes.line(metric["value"], "curve")
    return figure(metric["name"], axes.svg(metric["name"]), "dashed: perfect")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _written(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
