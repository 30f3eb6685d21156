"""The evaluations of a card: how good, compared with what, fair to whom, and what the model goes by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
# SageMaker's limits: of a graph's points and a chart's bars, of the name of an axis, of an observation.
POINTS, AXIS, OBSERVATION = 20, 63, 2096
# Of the differences between a group and all others, those that have a limit.
LIMITED = ("AD", "RD")


def details(reports: Mapping[str, Json]) -> list[Json]:
    """Return the evaluations, each with its groups of metrics."""
    evaluation = reports["evaluation"]
    told = f"{evaluation['n_customers']:,} customers that the model has never seen, of whom "
    told += f"{evaluation['n_churners']:,} churned. {evaluation['gate']['message']}"
    return [
        _detail("Held-out customers", told, [_quality(evaluation), _decisions(evaluation), _calibration(evaluation)]),
        _against(evaluation["champion"]),
        _detail(
            "Bias",
            "Each group of held-out customers against all others, by the metrics of SageMaker Clarify; an offer is the "
            "favourable outcome. A difference is beyond its limit when its whole interval is.",
            list(_bias(reports["bias"])),
        ),
        _detail(
            "Explanation",
            "Mean size of each attribute's contribution to the log-odds of churn, by exact TreeSHAP.",
            [_contributions(reports["explainability"])],
        ),
    ]


def _detail(name: str, observation: str, groups: Sequence[Json]) -> Json:
    return {"name": name, "evaluation_observation": observation[:OBSERVATION], "metric_groups": [*groups]}


def _group(name: str, metrics: Iterable[Json]) -> Json:
    return {"name": name, "metric_data": [*metrics]}


def _number(name: str, value: float, notes: str = "") -> Json:
    return {"name": name, "type": "number", "value": value, **({"notes": notes} if notes else {})}


def _quality(evaluation: Json) -> Json:
    sure = evaluation["intervals"]
    values = {**evaluation["metrics"], "expected_cost_per_customer": evaluation["cost"]["expected_cost_per_customer"]}
    notes = {name: f"95% interval {one['low']:.4g} to {one['high']:.4g}" for name, one in sure.items()}
    notes["expected_cost_per_customer"] += ", USD"
    return _group("Quality", (_number(name, value, notes.get(name, "")) for name, value in values.items()))


def _decisions(evaluation: Json) -> Json:
    found, cost = evaluation["confusion_matrix"], evaluation["cost"]
    matrix = {
        "name": "confusion matrix",
        "type": "matrix",
        "value": [[found["tp"], found["fn"]], [found["fp"], found["tn"]]],
        "x_axis_name": ["called", "not called"],
        "y_axis_name": ["churned", "stayed"],
    }
    return _group("Decisions", [matrix, _number("threshold", cost["threshold"], "An offer is made from here on.")])


def _calibration(evaluation: Json) -> Json:
    graph = {
        "name": "predicted and observed churn",
        "type": "linear_graph",
        "value": _few([[one["predicted"], one["observed"]] for one in evaluation["calibration"]]),
        "x_axis_name": "predicted probability",
        "y_axis_name": "share that churned",
    }
    return _group("Calibration", [graph])


def _few(points: Sequence[Any]) -> list[Any]:
    """At most as many as a graph takes, the first and the last among them."""
    if len(points) <= POINTS:
        return [*points]
    return [points[round(i * (len(points) - 1) / (POINTS - 1))] for i in range(POINTS)]


def _against(champion: Json) -> Json:
    name = "Against the model in production"
    if "not_compared" in champion:
        return _detail(name, f"Not compared: {champion['not_compared']}.", [])
    told = (
        f"Against {champion['name']}, on the same {champion['n_customers']:,} customers, {champion['samples']:,} draws."
    )
    figures = {"average precision": "average_precision", "cost, USD a customer": "expected_cost_per_customer"}
    metrics = [
        _number(
            f"{label}: this model less the other",
            champion[key]["difference"],
            f"{champion[key]['challenger']:.4f} and {champion[key]['champion']:.4f}; {_interval(champion[key])}"
            + ("; surely worse" if champion[key]["worse"] else ""),
        )
        for label, key in figures.items()
    ]
    worse = [one for one in champion["bias"] if one["worse"]]
    metrics.append(_number("groups that fare surely worse", len({(one["facet"], one["group"]) for one in worse})))
    return _detail(name, told, [_group("Differences", metrics)])


def _interval(one: Json) -> str:
    return f"interval {one['low']:+.4f} to {one['high']:+.4f}"


def _bias(report: Json) -> Iterable[Json]:
    """One group of metrics for each facet: the differences that have a limit, of each of its groups."""
    for facet, entries in report["post_training_bias_metrics"]["facets"].items():
        yield _group(
            facet[:AXIS],
            (
                _number(f"{entry['value_or_threshold']}: {metric['description']}", metric["value"], _limits(metric))
                for entry in entries
                for metric in entry["metrics"]
                if metric["name"] in LIMITED and metric["value"] is not None
            ),
        )


def _limits(metric: Json) -> str:
    return f"{_interval(metric)}; limit {metric['limit']:g}" + (", beyond it" if metric["beyond"] else "")


def _contributions(report: Json) -> Json:
    (explained,) = report["explanations"]["tree_shap"].values()
    values = sorted(explained["global_shap_values"].items(), key=lambda item: -item[1])[:POINTS]
    chart = {
        "name": "mean contribution by attribute",
        "type": "bar_chart",
        "value": [value for _, value in values],
        "x_axis_name": [name[:AXIS] for name, _ in values],
        "y_axis_name": "log-odds",
    }
    return _group("Contributions", [chart])
