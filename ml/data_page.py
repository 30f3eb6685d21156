"""The data report as a page with pictures."""

from __future__ import annotations

from typing import Any

from ml import charts
from ml.page import figure, page, section, table, tiles

KEY = (
    '<p class="key dim"><i style="background:var(--churners)"></i>churned'
    '<i style="background:var(--others)"></i>stayed</p>'
)

MOST_CATEGORIES = 20


def render(report: dict[str, Any]) -> str:
    """Return the page of a report made by `data_report.describe` and `prepare`."""
    rate = report["n_churners"] / report["n_customers"]
    subtitle = (
        f"Recipe {report['recipe']}, seed {report['seed']}, schema {report['schema_hash']}, "
        f"raw file SHA-256 {report['raw_sha256'][:16]}…"
    )
    big = [
        (f"{report['n_customers']:,}", "customers"),
        (f"{report['n_churners']:,}", "churned"),
        (f"{rate:.1%}", "churn rate"),
        (f"{report['n_columns']}", "columns the model sees"),
    ]
    sections = [
        tiles(big),
        _balance(report),
        _identical(report),
        _leakage(report),
        _alone(report),
        _distributions(report, rate),
    ]
    return page("Data report", subtitle, [*sections, _correlations(report)])


def _balance(report: dict[str, Any]) -> str:
    parts = report["parts"].items()
    everyone = ("all", report["n_churners"], report["n_customers"] - report["n_churners"])
    split = [(name, part["churners"], part["customers"] - part["churners"]) for name, part in parts]
    picture = charts.shares([everyone, *split], title="Churned and stayed, among all customers and in each part")
    numbers = [
        (name, f"{churners + others:,}", f"{churners:,}", f"{others:,}", f"{churners / max(churners + others, 1):.2%}")
        for name, churners, others in (everyone, *split)
    ]
    body = figure("Churned and stayed", KEY + picture, full=True) + figure(
        "The parts", table(("part", "customers", "churned", "stayed", "rate"), numbers, numbers=True), full=True
    )
    text = "Fitted on the first part, stopped on the second, judged on the last. "
    text += (
        "The lab shuffles and cuts, so the churn rates of its parts differ by chance."
        if report["recipe"] == "lab"
        else "A customer's part depends on who it is and on nobody else, so it is the same in every run; the churn "
        "rates of the parts differ by chance."
    )
    return section("Class balance", text, f'<div class="grid-of wide">{body}</div>')


def _identical(report: dict[str, Any]) -> str:
    found = report["identical_customers"]
    if not found["n_customers"]:
        return ""
    text = (
        f"{found['n_customers']:,} customers are identical to another but for the text that names them, in "
        f"{found['n_groups']:,} groups. Most likely they are the same customer more than once: keep one. "
    )
    apart = found["n_groups_in_several_parts"]
    text += (
        f"{apart:,} groups stand in several parts, so the last part is judged on customers that training has seen."
        if apart
        else "Each group stands in one part, so no customer is judged that training has seen."
    )
    lines = [(", ".join(f"{line:,}" for line in group),) for group in found["lines"]]
    if len(lines) < found["n_groups"]:
        lines.append((f"and {found['n_groups'] - len(lines):,} more groups",))
    return section("Warning: identical customers", text, table(("lines of the file",), lines))


def _leakage(report: dict[str, Any]) -> str:
    rows = [(item["labels"], item["why"], item["status"]) for item in report["suspected_leakage"]]
    text = "Columns that name customers, predict the label by themselves, or say (nearly) the same thing twice."
    body = table(("attributes", "why", "what is done"), rows) if rows else "<p>None found.</p>"
    return section("Suspected leakage and redundancy", text, body)


def _alone(report: dict[str, Any]) -> str:
    ranked = sorted((a for a in report["attributes"] if a["auc"] is not None), key=lambda a: -a["auc"])
    items = [(a["label"], max(a["auc"] - 0.5, 0), f"{a['auc']:.3f}") for a in ranked]
    text = (
        "AUC of each attribute by itself: 0.5 tells nothing, 1 tells all. Categories are scored by the churn rate of "
        "the category among customers other than those scored. Attributes that act together show less than they tell."
    )
    return section("What each attribute tells alone", text, figure("AUC", charts.bars(items, title="AUC by attribute")))


def _distributions(report: dict[str, Any], rate: float) -> str:
    figures = []
    for a in report["attributes"]:
        if "histogram" in a:
            h = a["histogram"]
            picture = charts.histogram(
                h["edges"],
                (("others", h["others"]), ("churners", h["churners"])),
                unit=a["unit"],
                title=f"{a['label']} of those who stayed and those who churned",
            )
            caption = f"mean {a['mean_of_churners']:.4g} of those who churned, {a['mean_of_others']:.4g} of the others"
            figures.append(figure(_named(a), picture, caption))
        elif "categories" in a:
            figures.append(_rates(a, rate))
    text = "Shares within each group, so that the smaller group shows its shape; churn rates for categories."
    return section("Distributions by label", text, KEY + f'<div class="grid-of">{"".join(figures)}</div>')


def _rates(attribute: dict[str, Any], rate: float) -> str:
    """Return churn rates by category; of many categories, those with the highest and lowest rates."""
    found = attribute["categories"]
    caption = "dashed: all customers"
    if len(found) > MOST_CATEGORIES:
        ranked = sorted(found, key=lambda c: (-c["churn_rate"], c["value"]))
        half = MOST_CATEGORIES // 2
        found = ranked[:half] + ranked[-half:]
        fewest, most = min(c["n_customers"] for c in found), max(c["n_customers"] for c in found)
        caption += (
            f"; the {half} highest and the {half} lowest of {len(ranked)}, with {fewest:,} to {most:,} customers each: "
            "so few that chance explains much of the spread"
        )
    items = [
        (c["value"], 100 * c["churn_rate"], f"{c['value']}: {c['churn_rate']:.1%} of {c['n_customers']:,} churned")
        for c in found
    ]
    title = f"Churn rate by {attribute['label']}"
    picture = charts.columns(items, unit="% churned", title=title, level=100 * rate)
    return figure(_named(attribute), picture, caption, full=len(items) > 12)


def _named(attribute: dict[str, Any]) -> str:
    return attribute["label"] + (" (dropped)" if attribute["role"] == "dropped" else "")


def _correlations(report: dict[str, Any]) -> str:
    c = report["correlations"]
    picture = charts.heatmap(c["labels"], c["matrix"], title="Correlations of the attributes and the label")
    text = "Pearson's correlation; red is positive, blue negative. Point at a square for its number."
    return section("Correlations", text, figure("Attributes and label", picture))
