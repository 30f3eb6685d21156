"""The view of the model: the report's own figures, a threshold that is dragged, costs of one's own."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import screenshot
from tests.browser.test_advice import SCREENS
from tests.local.deployment import Deployment

Report = dict[str, Any]


@pytest.fixture
def report(deployment: Deployment) -> Report:
    status, found = deployment.get("api/model/report")
    assert status == 200
    return found


def open_model(page: Page) -> None:
    page.goto("/#/model")
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()


def cost(report: Report, threshold: float, missed: float = 500, wasted: float = 100, saved: float = 100) -> float:
    """Cost per customer at a threshold, as docs/api.md says to reckon it."""
    test = report["test"]
    place = min(range(99), key=lambda at: abs(test["outcomes"]["thresholds"][at] - threshold))
    tp, fp = test["outcomes"]["tp"][place], test["outcomes"]["fp"][place]
    return float((missed * (test["churners"] - tp) + saved * tp + wasted * fp) / test["customers"])


@pytest.mark.parametrize("screen", SCREENS)
def test_the_view_shows_the_report(new_page: Callable[..., Page], report: Report, screen: str) -> None:
    page = new_page(**SCREENS[screen])
    open_model(page)
    test = report["test"]
    for name, value in test["metrics"].items():
        if name != "f1":
            expect(page.locator(f'[data-metric="{name}"] .tile-number')).to_have_text(f"{value:.3f}")
    expect(page.get_by_text(f"Measured on {test['customers']:,} customers")).to_be_visible()
    for heading in ("What the decision costs", "Can the probabilities be believed?", "Does it treat groups alike?"):
        expect(page.get_by_role("region", name=heading).first).to_be_visible()
    bias = page.get_by_role("table").filter(has=page.get_by_role("columnheader", name="Group"))
    expect(bias.locator("tbody tr:not(.group-head)")).to_have_count(len(report["bias"]))
    (live,) = [one for one in report["versions"] if one["in_service"]]
    assert live["live_since"] > live["registered_at"]
    expect(page.locator(".about")).to_contain_text(f"Version {live['version']}, trained")
    expect(page.locator(".about")).to_contain_text("in service since")
    versions = page.locator(".versions tbody tr")
    expect(versions).to_have_count(len(report["versions"]))
    expect(versions.filter(has_text="in service")).to_contain_text(str(report["version"]))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, f"model-{screen}", whole=True)


def test_the_threshold_is_dragged_and_moved_by_keys(page: Page, report: Report) -> None:
    open_model(page)
    chosen = page.locator(".figures .chosen dd")
    slider = page.get_by_role("slider", name="Threshold")
    threshold = report["test"]["threshold"]
    expect(chosen).to_have_text(f"${cost(report, threshold):.2f}")
    slider.focus()
    slider.press("ArrowRight")
    expect(page.get_by_role("slider", name="Threshold")).to_be_focused()
    page.keyboard.press("PageUp")
    expect(chosen).to_have_text(f"${cost(report, threshold + 0.11):.2f}")
    value = float(page.get_by_role("slider", name="Threshold").get_attribute("aria-valuenow") or "0")
    assert value == pytest.approx(threshold + 0.11)
    box = page.locator(".cost .chart svg").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 80, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 60, middle, steps=8)
    page.mouse.up()
    dragged = float(page.get_by_role("slider", name="Threshold").get_attribute("aria-valuenow") or "0")
    assert dragged > 0.85
    expect(chosen).to_have_text(f"${cost(report, dragged):.2f}")
    place = report["test"]["outcomes"]["thresholds"].index(dragged)
    expect(page.locator('[data-cell="tp"] strong')).to_have_text(str(report["test"]["outcomes"]["tp"][place]))
    page.mouse.move(box["x"] + 80, middle)
    expect(chosen).to_have_text(f"${cost(report, dragged):.2f}")
    page.get_by_role("button", name=re.compile("^The model’s: ")).click()
    expect(chosen).to_have_text(f"${cost(report, threshold):.2f}")


def test_own_costs_move_the_curve_and_the_best_threshold(page: Page, report: Report) -> None:
    open_model(page)
    page.get_by_label("A customer who leaves uncalled").fill("2000")
    page.get_by_label("An incentive for one who stays anyway").fill("12.5")
    page.get_by_label("An incentive that keeps one").fill("40")
    own = {"missed": 2000.0, "wasted": 12.5, "saved": 40.0}
    grid = [place / 100 for place in range(1, 100)]
    least = min(cost(report, t, **own) for t in grid)
    expect(page.locator(".figures .least dd")).to_have_text(f"${least:.2f}")
    expect(page.get_by_text("An incentive pays from a risk of 0.6% on.")).to_be_visible()
    page.get_by_role("button", name="Go to the least cost").click()
    expect(page.locator(".figures .chosen dd")).to_have_text(f"${least:.2f}")
    screenshot(page, "model-own-costs")
    page.get_by_label("An incentive that keeps one").fill("3000")
    expect(page.get_by_role("alert")).to_contain_text("keeping a customer must not cost more")
    expect(page.locator(".figures .chosen dd")).to_have_text(f"${least:.2f}")
    page.get_by_role("button", name="The model’s figures").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_label("A customer who leaves uncalled")).to_have_value("500")


def test_without_the_report_the_model_speaks_for_itself(page: Page, watch: Any) -> None:
    watch.expected = ("status of 503",)
    page.route("**/api/model/report", lambda route: route.fulfill(status=503, body="{}"), times=1)
    page.goto("/#/model")
    expect(page.get_by_role("alert")).to_contain_text("The model is not available")
    expect(page.get_by_text("these figures are the model’s own", exact=False)).to_be_visible()
    expect(page.locator('[data-metric="auc"] .tile-number')).to_have_text(re.compile(r"^0\.\d{3}$"))
    screenshot(page, "model-without-report")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()


def test_gaps_in_the_report_are_told(page: Page, report: Report) -> None:
    """What no deployment of the tests has: outcomes that were not kept, no groups, drift, and a quality that fell."""
    gaps = {
        **report,
        "missing": [],
        "bias": [],
        "test": {**report["test"], "outcomes": None},
        "drift": {
            "from": "2026-11-01T00:00:00+00:00", "to": "2026-11-02T00:00:00+00:00", "customers": 812,
            "verdict": "drifted",
            "fields": [
                {"name": "day_mins", "stability_index": 0.41, "drifted": True},
                {"name": "prediction", "stability_index": 0.12, "drifted": False},
            ],
        },
        "live_quality": {
            "version": "1", "to": "2026-11-02T00:00:00+00:00", "customers": 340, "churners": 49, "worse": True,
            "metrics": [
                {"name": "average_precision", "live": 0.701, "live_low": 0.61, "live_high": 0.78,
                 "registered": 0.905, "worse": True},
                {"name": "expected_cost_per_customer", "live": 24.1, "live_low": 19.0, "live_high": 30.0,
                 "registered": 21.26, "worse": False},
            ],
        },
    }  # fmt: skip
    page.route("**/api/model/report", lambda route: route.fulfill(json=gaps))
    open_model(page)
    expect(page.get_by_text("This version was tested before")).to_be_visible()
    expect(page.get_by_text("No group is marked in the schema")).to_be_visible()
    drift = page.locator(".drift")
    expect(drift).to_contain_text("One field has moved.")
    expect(drift.get_by_role("row").nth(1)).to_contain_text("Day minutes")
    live = page.get_by_role("region", name="Is it still as good?")
    expect(live).to_contain_text("Worse than when it was tested.")
    expect(live).to_contain_text("340 customers whose fate is known, 49 of whom left")
    expect(live.locator('[data-metric="average_precision"]')).to_contain_text("0.610–0.780")
    expect(live.locator('[data-metric="expected_cost_per_customer"]')).to_contain_text("$24.10")
    screenshot(page, "model-drift", whole=True)


def test_what_could_not_be_read_is_named_and_not_taken_for_a_finding(page: Page, report: Report) -> None:
    lost = {
        **report,
        "bias": [],
        "drift": None,
        "live_quality": None,
        "missing": [
            {"part": "bias", "version": report["version"], "why": "refused"},
            {"part": "evaluation", "version": "7", "why": "gone"},
            {"part": "watch", "version": None, "why": "another form"},
        ],
    }
    page.route("**/api/model/report", lambda route: route.fulfill(json=lost))
    open_model(page)
    missing = page.get_by_role("region", name="What this report comes without").get_by_role("listitem")
    expect(missing).to_have_text(
        [
            f"Fairness of version {report['version']}: the page may not read it",
            "Evaluation of version 7: no longer there",
            "The latest watch: in a form that is not known here",
        ]
    )
    for region in ("Does it treat groups alike?", "Do customers still look the same?", "Is it still as good?"):
        expect(page.get_by_role("region", name=region)).to_have_count(0)
