"""What might keep a customer: offers with their worth, "what if" that answers at once, links to a customer."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.helpers import as_text, entered, predict, screenshot
from tests.browser.test_prediction import Examples, shown

SCREENS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}


def answered(page: Page, example: str = "Load a customer at risk") -> dict[str, Any]:
    """Load an example and return what the API said of it, once the page shows it."""
    page.get_by_role("button", name=example).click()
    prediction: dict[str, Any] = predict(page)["predictions"][0]
    expect(page.get_by_role("region", name="What if…")).to_be_visible()
    return prediction


def test_the_offer_that_is_worth_most_is_suggested(page: Page) -> None:
    prediction = answered(page)
    best = prediction["offers"][0]
    assert prediction["suggested_offer"] == best["name"]
    offers = page.get_by_role("region", name="Suggested offer")
    card = offers.locator(f'[data-offer="{best["name"]}"]')
    expect(card).to_contain_text(best["text"])
    expect(card).to_contain_text(f"${best['expected_value_usd']:,.0f}")
    expect(card).to_contain_text(f"Risk {shown(prediction['probability'])} → {shown(best['probability'])}")
    offers.get_by_text("other offers").click()
    assert offers.locator("[data-offer]").count() == len(prediction["offers"])


def test_no_offer_is_pressed_on_a_loyal_customer(page: Page) -> None:
    prediction = answered(page, "Load a loyal customer")
    assert prediction["suggested_offer"] is None
    expect(page.get_by_role("heading", name="No offer pays for this customer")).to_be_visible()


@pytest.mark.parametrize("screen", SCREENS)
def test_what_if_answers_what_the_model_says_of_the_changes(
    new_page: Callable[..., Page], examples: Examples, screen: str
) -> None:
    page = new_page(**SCREENS[screen])
    prediction = answered(page)
    part = page.get_by_role("region", name="What if…")
    number = part.locator(".try-number")
    expect(number).to_have_text(shown(prediction["probability"]))
    calls = part.get_by_role("slider", name="Customer service calls")
    with page.expect_response("**/api/predictions") as first:
        calls.press("Home")
    (effect,) = first.value.json()["predictions"][0]["what_if"]
    assert effect["changes"] == {"custserv_calls": 0}
    expect(number).to_have_text(shown(effect["probability"]))
    with page.expect_response("**/api/predictions") as second:
        part.get_by_role("switch", name="International plan").click()
    (effect,) = second.value.json()["predictions"][0]["what_if"]
    assert effect["changes"] == {"custserv_calls": 0, "intl_plan": False}
    expect(number).to_have_text(shown(effect["probability"]))
    expect(part).to_contain_text(f"{round(effect['effect'] * 100)} points")
    expect(page.get_by_role("status")).to_contain_text(f"Risk with these changes: {shown(effect['probability'])}")
    part.scroll_into_view_if_needed()
    screenshot(page, f"what-if-{screen}")
    part.get_by_role("button", name="Back to the customer’s values").click()
    expect(number).to_have_text(shown(prediction["probability"]))
    expect(calls).to_have_value(str(examples["at_risk"]["custserv_calls"]))
    assert entered(page) == as_text(examples["at_risk"])


def test_only_the_latest_values_count_and_not_each_is_asked_about(page: Page) -> None:
    """The first question is held back: the second is answered all the same, and alone."""
    prediction = answered(page)
    held: list[Route] = []
    page.route("**/api/predictions", lambda route: route.continue_() if held else held.append(route))
    asked: list[dict[str, Any]] = []
    page.on("request", lambda request: asked.append(json.loads(request.post_data or "{}")))
    part = page.get_by_role("region", name="What if…")
    minutes = part.get_by_role("slider", name="Day minutes")
    with page.expect_request("**/api/predictions"):
        minutes.press("Home")
    with page.expect_response("**/api/predictions") as response:
        # Faster than any pause between two questions, however slow the machine.
        minutes.evaluate(
            """node => {
                for (let tenths = 6000; tenths >= 5980; tenths -= 1) {
                    node.value = tenths / 10;
                    node.dispatchEvent(new Event("input", { bubbles: true }));
                }
            }"""
        )
    assert len(held) == 1
    (effect,) = response.value.json()["predictions"][0]["what_if"]
    assert effect["changes"] == {"day_mins": 598.0}
    expect(part.locator(".try-number")).to_have_text(shown(effect["probability"]))
    assert len(asked) == 2, "a slider on its way asks nothing"
    assert shown(effect["probability"]) != shown(0.0)
    assert prediction["probability"] > 0


def test_what_if_says_when_the_model_does_not_answer(page: Page, watch: Any) -> None:
    watch.expected = ("status of 503",)
    answered(page)
    page.route("**/api/predictions", lambda route: route.fulfill(status=503, body="{}"))
    part = page.get_by_role("region", name="What if…")
    part.get_by_role("switch", name="Voice mail plan").click()
    expect(part.get_by_text("The model did not answer.")).to_be_visible()


def test_a_link_brings_a_customer_to_the_form_and_to_no_server(
    new_page: Callable[..., Page], examples: Examples
) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    expect(page.get_by_role("button", name="Copy link")).to_be_hidden()
    answered(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status")).to_contain_text("Link copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    other = new_page()
    urls: list[str] = []
    other.on("request", lambda request: urls.append(request.url))
    other.goto(link)
    other.reload()
    other.goto("about:blank")
    with other.expect_response("**/api/predictions"):
        other.goto(link)
    expect(other.get_by_role("img", name="Risk of leaving")).to_be_visible()
    assert entered(other) == as_text(examples["at_risk"])
    assert other.evaluate("location.hash") == "#/customer", "a customer's values stay out of the history"
    assert not [url for url in urls if "day_mins" in url]


def test_a_link_with_values_that_cannot_be_shows_the_form_s_errors(page: Page, examples: Examples) -> None:
    spoilt = {name: str(value).lower() for name, value in examples["at_risk"].items()} | {"day_mins": "9999", "x": "1"}
    page.goto(f"/#/customer?{urlencode(spoilt)}")
    expect(page.get_by_role("alert")).to_contain_text("Day minutes must be a number from 0 to 600 minutes.")


def test_views_have_addresses_and_the_way_back_works(page: Page) -> None:
    navigation = page.get_by_role("navigation", name="Views")
    for name, heading in (("A list", "Who is about to leave?"), ("The model", "How good is the model?")):
        navigation.get_by_role("link", name=name).click()
        title = page.get_by_role("heading", level=1, name=heading)
        expect(title).to_be_focused()
        expect(page).to_have_title(f"{name} – Churn risk")
        expect(navigation.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Who is about to leave?")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Who is about to leave?")).to_be_visible()
