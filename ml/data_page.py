"""The data report as a page with pictures."""

from __future__ import annotations

from typing import Any

from ml import charts
from ml.page import figure, page, section, table, tiles

KEY = (
    '<p class="key dim"><i style="background:var(--churners)"></i>churned'
    '<i style="background:var(--others)"></i>stayed</p>'
)


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
    rows = [
        (name, part["customers"], part["churners"], part["churners"] / max(part["customers"], 1))
        for name, part in report["parts"].items()
    ]
    picture = charts.bars(
        [(name, share, f"{share:.1%} of {size:,}") for name, size, _, share in rows],
        title="Churn rate of each part",
        top=max(share for *_, share in rows) * 1.2,
    )
    numbers = [(name, f"{size:,}", f"{churners:,}", f"{share:.2%}") for name, size, churners, share in rows]
    body = figure("Churn rate by part", picture) + figure(
        "The parts", table(("part", "customers", "churners", "churn rate"), numbers, numbers=True)
    )
    text = "Each part must look like the whole: fitted on the first, stopped on the second, judged on the last."
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
    rows = [(item["attributes"], item["why"], item["status"]) for item in report["suspected_leakage"]]
    text = "Columns that name customers, predict the label by themselves, or say the same thing twice."
    body = table(("attributes", "why", "what is done"), rows) if rows else "<p>None found.</p>"
    return section("Suspected leakage", text, body)


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
            items = [
                (
                    c["value"],
                    100 * c["churn_rate"],
                    f"{c['value']}: {c['churn_rate']:.1%} of {c['n_customers']:,} churned",
                )
                for c in a["categories"]
            ]
            many = len(items) > 20
            picture = charts.columns(items, unit="% churned", title=f"Churn rate by {a['label']}", level=100 * rate)
            figures.append(figure(_named(a), picture, "dashed: all customers", full=many))
    text = "Shares within each group, so that the smaller group shows its shape; churn rates for categories."
    return section("Distributions by label", text, KEY + f'<div class="grid-of">{"".join(figures)}</div>')


def _named(attribute: dict[str, Any]) -> str:
    return attribute["label"] + (" (dropped)" if attribute["role"] == "dropped" else "")


def _correlations(report: dict[str, Any]) -> str:
    c = report["correlations"]
    picture = charts.heatmap(c["labels"], c["matrix"], title="Correlations of the attributes and the label")
    text = "Pearson's correlation; red is positive, blue negative. Point at a square for its number."
    return section("Correlations", text, figure("Attributes and label", picture))
