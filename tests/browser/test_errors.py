"""What the page says when something is wrong: beside the field, or in the panel, and nothing typed is lost."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.helpers import as_text, entered, predict, screenshot
from tests.browser.test_prediction import Examples

AT_RISK = "Load a customer at risk"
DAY_MINUTES = "Enter the day minutes as a number from 0 to 600 minutes."


def test_bad_input_is_named_beside_the_field_and_not_sent(page: Page) -> None:
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if "/api/" in request.url else None)
    page.get_by_role("button", name=AT_RISK).click()
    field = page.get_by_label("Day minutes")
    field.fill("9999")
    page.get_by_role("button", name="Predict the risk").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(f"From 0 to 600 minutes. {_help('day_mins', page)} {DAY_MINUTES}")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("One field needs another look")
    screenshot(page, "errors")
    summary.get_by_role("link", name="Day minutes must be a number from 0 to 600 minutes.").click()
    expect(field).to_be_focused()
    expect(field).to_have_value("9999")
    field.fill("99.9")
    expect(page.get_by_text(DAY_MINUTES)).to_be_hidden()
    assert sent == []
    predict(page)
    expect(page.get_by_role("img", name="Risk of leaving")).to_be_visible()


def _help(name: str, page: Page) -> str:
    return page.locator(f"#field-{name}-help").inner_text()


def test_empty_form_asks_for_every_field(page: Page) -> None:
    page.get_by_role("button", name="Predict the risk").click()
    count = page.locator(".field").count()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(count)
    expect(page.locator(".field-error:visible")).to_have_count(count)


def test_leaving_a_wrong_field_for_the_button_does_not_lose_the_click(page: Page) -> None:
    page.get_by_role("button", name=AT_RISK).click()
    page.locator("#field-custserv_calls").fill("-1")
    box = page.get_by_role("button", name="Predict the risk").bounding_box()
    assert box
    # A slow press: were the error to appear at once, it would push the button away before the release.
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(200)
    page.mouse.up()
    expect(page.get_by_role("alert")).to_be_focused()


def test_errors_of_the_api_appear_beside_their_fields(page: Page, watch: Any, examples: Examples) -> None:
    """The page checks what the API checks, so the request is spoilt on its way; the answer is the API's own."""
    watch.expected = ("status of 400",)

    def spoil(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        body["customers"][0] |= {"day_mins": 9999, "state": "XX"}
        route.continue_(post_data=json.dumps(body))

    page.route("**/api/predictions", spoil)
    page.get_by_role("button", name=AT_RISK).click()
    problem = predict(page)
    assert problem["status"] == 400
    assert {error["field"] for error in problem["errors"]} == {"day_mins", "state"}
    for error in problem["errors"]:
        field = page.locator(f"#field-{error['field']}")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"#field-{error['field']}-error")).to_have_text(error["remedy"])
    expect(page.get_by_role("alert")).to_be_focused()
    assert entered(page) == as_text(examples["at_risk"])
    screenshot(page, "errors-of-the-api")


def test_mistyped_address_shows_a_page_of_ours(new_page: Callable[..., Page], watch: Any) -> None:
    watch.expected = ("status of 404",)
    page = new_page()
    answer = page.goto("/zzz/nothing.html")
    assert answer
    assert answer.status == 404
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    expect(page.get_by_role("heading", name="There is no page here")).to_be_visible()
    screenshot(page, "not-found")
    page.get_by_role("link", name="Go to the form").click()
    expect(page.get_by_role("button", name=AT_RISK)).to_be_visible()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}], ids=["plain", "authorised"])
def test_unknown_addresses_of_the_api_stay_problem_details(page: Page, headers: dict[str, str]) -> None:
    answer = page.request.get("/api/zzz", headers=headers)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == []


def test_lost_connection_is_explained_and_tried_again(page: Page, watch: Any, examples: Examples) -> None:
    watch.expected = ("ERR_INTERNET_DISCONNECTED",)
    page.get_by_role("button", name=AT_RISK).click()
    page.context.set_offline(True)
    page.get_by_role("button", name="Predict the risk").click()
    expect(page.get_by_role("alert")).to_contain_text("No connection")
    screenshot(page, "offline")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page.get_by_role("img", name="Risk of leaving")).to_be_visible()
    expect(page.get_by_role("heading", name="The answer")).to_be_focused()
    assert entered(page) == as_text(examples["at_risk"])


@pytest.mark.parametrize(
    ("status", "body", "title"),
    [
        (503, '{"status": 503, "request_id": "abc-1"}', "The model is not available"),
        (504, "Gateway Timeout", "No answer in time"),
        (429, '{"message": null}', "Too many requests"),
        (500, "<html>", "Something went wrong"),
        (200, '{"predictions": []}', "Something went wrong"),
    ],
)
def test_failures_one_cannot_provoke_on_demand(
    new_page: Callable[..., Page], watch: Any, status: int, body: str, title: str
) -> None:
    """A busy or broken service, as docs/api.md describes it; the first call gets it, the second the real answer."""
    watch.expected = (f"status of {status}",)
    page = new_page()
    page.route(
        "**/api/predictions",
        lambda route: route.fulfill(status=status, body=body, headers={"Retry-After": "7"}),
        times=1,
    )
    page.get_by_role("button", name=AT_RISK).click()
    page.get_by_role("button", name="Predict the risk").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(title)
    expect(alert).to_contain_text("about 7 seconds")
    if "abc-1" in body:
        expect(page.get_by_text("Request abc-1")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("img", name="Risk of leaving")).to_be_visible()
