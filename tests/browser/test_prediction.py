"""From an empty form to an answer, with the real model behind it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import as_text, entered, fill_in, predict, screenshot

Examples = dict[str, dict[str, Any]]


def shown(probability: float) -> str:
    """Write a probability as the page does."""
    if not 0.001 <= probability <= 0.999:
        return "under 0.1%" if probability < 0.5 else "over 99.9%"
    if 0.01 <= probability <= 0.99:
        return f"{probability:.0%}"
    return f"{round(probability * 100, 1):g}%"


def test_each_request_can_be_followed_from_the_page_to_the_logs(page: Page, examples: Examples) -> None:
    fill_in(page, examples["loyal"])
    ids = set()
    for _ in range(2):
        with page.expect_response("**/api/predictions") as response:
            page.get_by_role("button", name="Predict the risk").click()
        sent = response.value.request.headers["x-correlation-id"]
        assert response.value.headers["x-correlation-id"] == sent
        ids.add(sent)
        expect(page.get_by_role("img", name="Risk of leaving")).to_be_visible()
        expect(page.get_by_role("button", name="Predict the risk")).to_have_attribute("aria-disabled", "false")
    assert len(ids) == 2


def test_filled_in_form_shows_what_the_model_answers(page: Page, examples: Examples) -> None:
    screenshot(page, "empty")
    fill_in(page, examples["at_risk"])
    answer = predict(page)
    prediction, model = answer["predictions"][0], answer["model"]
    panel = page.get_by_role("region", name="The answer")
    gauge = panel.get_by_role("img", name=f"Risk of leaving: {shown(prediction['probability'])}")
    expect(gauge).to_be_visible()
    expect(gauge).to_have_accessible_name(re.compile(re.escape(f"changes at {shown(model['threshold'])}.")))
    decision = "Make a retention offer" if prediction["churn"] else "No offer needed"
    expect(panel.get_by_text(decision)).to_be_visible()
    reasons = panel.locator(".reasons li .sentence")
    expect(reasons).to_have_text([reason["text"] for reason in prediction["reasons"]])
    expect(reasons.first).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text(decision)
    page.evaluate("scrollTo(0, 0)")
    screenshot(page, "at-risk")


def test_bars_point_the_way_of_their_reasons(page: Page, examples: Examples) -> None:
    fill_in(page, examples["at_risk"])
    reasons = predict(page)["predictions"][0]["reasons"]
    page.get_by_text("smaller reasons").click()
    for reason in reasons:
        row = page.locator(f'li[data-attribute="{reason["attribute"]}"]')
        bar, track = row.locator(".bar-fill").bounding_box(), row.locator(".bar-track").bounding_box()
        assert bar
        assert track
        middle = track["x"] + track["width"] / 2
        if reason["contribution"] > 0:
            assert bar["x"] == pytest.approx(middle, abs=1.5)
        else:
            assert bar["x"] + bar["width"] == pytest.approx(middle, abs=1.5)


def test_examples_fill_the_form_and_differ_in_risk(page: Page, examples: Examples) -> None:
    risks = {}
    for name, label in (("loyal", "Load a loyal customer"), ("at_risk", "Load a customer at risk")):
        page.get_by_role("button", name=label).click()
        assert entered(page) == as_text(examples[name])
        risks[name] = predict(page)["predictions"][0]["probability"]
        expect(page.get_by_role("img", name=f"Risk of leaving: {shown(risks[name])}")).to_be_visible()
        page.evaluate("scrollTo(0, 0)")
        screenshot(page, f"example-{name}")
    assert risks["loyal"] < risks["at_risk"]


def test_what_was_typed_comes_back_after_an_example_or_a_reload(page: Page, examples: Examples) -> None:
    page.get_by_label("Day minutes").fill("123.4")
    page.get_by_role("button", name="Load a loyal customer").click()
    assert entered(page) == as_text(examples["loyal"])
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Day minutes")).to_have_value("123.4")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_label("Day minutes")).to_have_value("")
    page.get_by_role("button", name="Undo").click()
    page.reload()
    expect(page.get_by_label("Day minutes")).to_have_value("123.4")


def test_answer_says_when_the_form_has_moved_on(page: Page) -> None:
    page.get_by_role("button", name="Load a loyal customer").click()
    predict(page)
    stale = page.get_by_text("The form has changed since this answer.")
    expect(page.get_by_role("img", name="Risk of leaving")).to_be_visible()
    expect(stale).to_have_count(0)
    page.locator("#field-day_mins").fill("100")
    expect(stale).to_be_visible()
    predict(page)
    expect(stale).to_have_count(0)


def test_footer_tells_what_the_model_is(page: Page) -> None:
    page.get_by_role("button", name="Load a loyal customer").click()
    metrics = predict(page)["model"]["metrics"]["validation"]
    page.get_by_text("About the model").click()
    row = page.locator(".model dt", has_text="Average precision").locator("+ dd")
    expect(row).to_have_text(f"{metrics['average_precision']:.3f}")
    expect(page.locator(".model dt", has_text="Measured on").locator("+ dd")).to_have_text("validation customers")
    expect(page.locator(".model .fine")).to_contain_text("Training has seen the validation customers")
    screenshot(page, "about-the-model")


@pytest.mark.parametrize("height", [720, 800, 960])
def test_page_stays_where_it_is_when_the_answer_is_in_sight(new_page: Callable[..., Page], height: int) -> None:
    page = new_page(viewport={"width": 1280, "height": height})
    page.get_by_role("button", name="Load a customer at risk").click()
    predict(page)
    expect(page.locator(".decision")).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 0
    screenshot(page, f"desktop-{height}")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}),
        ("small-phone-dark", {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "color_scheme": "dark"}),
    ],
)
def test_other_screens(new_page: Callable[..., Page], name: str, options: dict[str, Any]) -> None:
    page = new_page(**options)
    screenshot(page, f"{name}-empty")
    page.get_by_role("button", name="Load a customer at risk").click()
    predict(page)
    gauge = page.get_by_role("img", name="Risk of leaving")
    expect(gauge).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= options.get("viewport", {"width": 1280})["width"]
    screenshot(page, name)
