"""What the watch found, as a page with pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ml import charts, drift
from ml.captured import Traffic
from ml.page import figure, moment, page, section, table, tiles
from schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY = (
    '<p class="key dim"><i style="background:var(--others)"></i>when the model was made'
    '<i style="background:var(--churners)"></i>now</p>'
)
BINS = 24
CATEGORIES = 8
# Of quiet attributes; everything that drifted is drawn.
DRAWN = 4
QUALITY = {
    "average_precision": ("average precision", "{:.3f}"),
    "expected_cost_per_customer": ("expected cost, USD a customer", "{:.2f}"),
    "log_loss": ("log loss", "{:.3f}"),
}


def render(found: Mapping[str, Any], baseline: Mapping[str, Any], traffic: Traffic, schema: Schema) -> str:
    """Return the page of what `watch.watch` found."""
    period, told = found["period"], found["traffic"]
    subtitle = (
        f"Version {found['model']['version']}, trained {moment(found['model']['trained_at'])}; customers of "
        f"{moment(period['from'])} to {moment(period['to'])}, compared with the {baseline['n_customers']:,} that the "
        "model learnt from."
    )
    drifted = [one["name"] for one in found["attributes"] if one["drifted"]]
    predictions = next((one for one in found["attributes"] if one["name"] == drift.PREDICTIONS), None)
    big = [
        (found["verdict"], "verdict"),
        (f"{told['customers']:,}", "customers"),
        (f"{len([name for name in drifted if name != drift.PREDICTIONS])}", "attributes that drifted"),
        (f"{predictions['stability_index']:.3f}" if predictions else "–", "stability index of the predictions"),
    ]
    sections = [tiles(big), section("The verdict", found["message"], "")]
    if found["attributes"]:
        sections += [_ranking(found["attributes"], schema), _pictures(found["attributes"], baseline, traffic, schema)]
    return page("Model watch", subtitle, [*sections, _quality(found), _data(found, traffic, schema)])


def _label(name: str, schema: Schema) -> str:
    return "Predicted probability" if name == drift.PREDICTIONS else schema.by_name[name].label


def _ranking(moved: Sequence[Mapping[str, Any]], schema: Schema) -> str:
    tests = {"kolmogorov_smirnov": "Kolmogorov-Smirnov", "chi_squared": "chi-squared"}
    rows = [
        (
            _label(one["name"], schema),
            f"{one['stability_index']:.3f}",
            tests[one["test"]],
            f"{one['statistic']:.3f}",
            f"{one['p_value']:.2g}",
            "drifted" if one["drifted"] else "",
        )
        for one in moved
    ]
    text = (
        f"An attribute has drifted when its population stability index is at least {drift.SHIFTED:g} and chance does "
        f"not explain the shift: less than one calm period in {1 / drift.ERROR_RATE:.0f} shows any."
    )
    head = ("attribute", "stability index", "test", "statistic", "probability by chance", "")
    bars = [(_label(one["name"], schema), one["stability_index"], f"{one['stability_index']:.3f}") for one in moved]
    top = max(*(one["stability_index"] for one in moved), drift.SHIFTED)
    picture = charts.bars(bars, title="Stability index by attribute", top=top)
    body = figure("Stability index", picture, full=True) + figure(
        "In numbers", table(head, rows, numbers=True), full=True
    )
    return section("What has moved", text, f'<div class="grid-of">{body}</div>')


def _pictures(moved: Sequence[Mapping[str, Any]], baseline: Mapping[str, Any], traffic: Traffic, schema: Schema) -> str:
    """Draw everything that drifted, the predictions, and the attributes that have moved most of the others."""
    loud = [one["name"] for one in moved if one["drifted"] or one["name"] == drift.PREDICTIONS]
    quiet = [one["name"] for one in moved if one["name"] not in loud]
    figures = []
    for name in loud + quiet[:DRAWN]:
        predicted = name == drift.PREDICTIONS
        base = baseline["predictions"] if predicted else baseline["inputs"][name]
        now = traffic.scored if predicted else [record[name] for record in traffic.records]
        label = _label(name, schema)
        if base["type"] == "number":
            unit = "probability" if predicted else schema.by_name[name].unit
            figures.append(figure(label, _numbers(base, np.array(now, dtype=np.float64), label, unit)))
        else:
            figures.append(figure(label, _categories(base["counts"], Counter(map(drift.written, now)))))
    text = "Shares of the customers, so that samples of different size compare."
    return section("Then and now", text, KEY + f'<div class="grid-of">{"".join(figures)}</div>')


def _numbers(base: Mapping[str, Any], now: NDArray[np.float64], label: str, unit: str) -> str:
    values, weights = np.array(base["values"]), np.array(base["weights"])
    edges = np.linspace(min(values[0], now.min()), max(values[-1], now.max()), BINS + 1)
    counts = np.histogram(values, edges, weights=weights)[0], np.histogram(now, edges)[0]
    groups = (("others", counts[0].tolist()), ("churners", counts[1].tolist()))
    return charts.histogram(edges.tolist(), groups, unit=unit, title=f"{label}, then and now")


def _categories(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """Return the categories whose share has changed most, with both shares."""
    totals = sum(before.values()), sum(after.values())
    shares = {n: (before.get(n, 0) / totals[0], after.get(n, 0) / totals[1]) for n in set(before) | set(after)}
    most = sorted(shares, key=lambda n: (-abs(shares[n][1] - shares[n][0]), n))[:CATEGORIES]
    rows = [(n, f"{shares[n][0]:.1%}", f"{shares[n][1]:.1%}") for n in most]
    return table(("changed most", "then", "now"), rows, numbers=True)


def _quality(found: Mapping[str, Any]) -> str:
    quality = found["quality"]
    if "not_judged" in quality:
        return section("Live quality", f"Not judged: {quality['not_judged']}.", "")
    rows = []
    for name, (told, form) in QUALITY.items():
        one, signed = quality["metrics"][name], form.replace(":", ":+")
        rows.append(
            (
                told,
                form.format(one["live"]),
                f"{form.format(one['live_low'])} to {form.format(one['live_high'])}",
                form.format(one["registered"]),
                f"{signed.format(one['low'])} to {signed.format(one['high'])}",
                "surely worse" if one["worse"] else "",
            )
        )
    text = (
        f"{quality['n_customers']:,} customers whose fate became known, {quality['n_churners']:,} of them churners "
        f"({quality['churn_rate']:.1%}; {quality['registered_churn_rate']:.1%} when the model was registered). Average "
        "precision and cost move with the churn rate, too: read them together."
    )
    head = ("", "live", "95% interval", "registered", "difference, together at 95%", "")
    caption = f"{quality['samples']:,} draws of both samples; from {', '.join(quality['files'])}"
    return section("Live quality", text, figure("Live and registered", table(head, rows, numbers=True), caption))


def _data(found: Mapping[str, Any], traffic: Traffic, schema: Schema) -> str:
    told = found["traffic"]
    rows = [
        ("requests", f"{told['requests']:,}"),
        ("customers, each once", f"{told['customers']:,}"),
        ("of them scored by this version", f"{told['scored']:,}"),
        ("asked about before", f"{told['repeated']:,}"),
        ("variants of customers, left out", f"{told['variants']:,}"),
        ("checks of the endpoint, left out", f"{told['probes']:,}"),
        ("customers who break a rule", f"{told['broken']:,}"),
        ("lines that cannot be read", f"{told['unreadable']:,}"),
    ]
    body = figure("Requests", table(("", ""), rows, numbers=True))
    if hours := sorted(traffic.by_hour):
        days = Counter({hour[:10]: 0 for hour in hours})
        for hour, count in traffic.by_hour.items():
            days[hour[:10]] += count
        columns = [(day[5:], float(count), f"{day}: {count:,} customers") for day, count in sorted(days.items())]
        body += figure("Customers by day", charts.columns(columns, unit="customers", title="Customers by day"))
    strange = [
        (_label(name, schema), f"{count:,}", f"{count / max(told['customers'], 1):.1%}")
        for name, count in found["outside"].items()
    ]
    if strange:
        caption = "beyond the least or greatest that the model learnt from, or a category that is new"
        body += figure("Values not seen before", table(("attribute", "customers", ""), strange, numbers=True), caption)
    if told["rules"]:
        broken = [(rule, f"{count:,}") for rule, count in told["rules"].items()]
        body += figure("Broken rules", table(("rule", "customers"), broken, numbers=True))
    if found["refused_labels"]:
        refused = [*found["refused_labels"].items()]
        body += figure("Label files that were refused", table(("file", "why"), refused), full=True)
    return section("The data", "What was captured, and what was wrong with it.", f'<div class="grid-of">{body}</div>')
