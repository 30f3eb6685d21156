"""Signing in and out at the page, by the managed login itself."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from local.driver import people
from tests.browser.helpers import as_text, each_look, entered, fill_in, predict, screenshot
from tests.browser.lists import as_csv, made_up
from tests.browser.test_access import AXE, assert_accessible
from tests.browser.test_prediction import Examples
from tests.local.deployment import Deployment

REFUSED = "status of 401"
NO_TOKEN = "status of 400"


def person(deployment: Deployment, group: str) -> people.Person:
    (found,) = [one for one in people.people(deployment.settings) if one.group == group]
    return found


def fill_in_credentials(page: Page, deployment: Deployment, group: str) -> None:
    """Sign in at the managed login."""
    page.get_by_label("Username").fill(person(deployment, group).email)
    page.get_by_label("Password").fill(person(deployment, group).password)
    page.get_by_role("button", name="Sign in").click()


def sign_in(page: Page, deployment: Deployment, group: str) -> None:
    """Go to the managed login and come back, as a person does."""
    page.get_by_role("button", name="Sign in", exact=True).click()
    fill_in_credentials(page, deployment, group)
    expect(page.locator("#account")).to_contain_text(f"Demo {group}")


def session(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.evaluate("sessionStorage.getItem('session')"))
    return found


def test_a_visitor_sees_the_way_in_and_comes_back_signed_in(
    new_page: Callable[..., Page], deployment: Deployment, examples: Examples
) -> None:
    page = new_page(group="")
    expect(page.get_by_role("heading", name="Sign in to go on")).to_be_visible()
    expect(page.locator("#views")).to_be_hidden()
    expect(page.locator("#customer")).to_be_hidden()
    screenshot(page, "welcome")
    sign_in(page, deployment, "agent")
    assert page.url == f"{deployment.site_url}", "the address keeps neither code nor state"
    expect(page.locator("#account")).to_contain_text("agent")
    fill_in(page, examples["at_risk"])
    assert predict(page)["predictions"]
    screenshot(page, "signed-in")
    page.reload()
    expect(page.locator("#account")).to_contain_text("Demo agent")
    assert entered(page) == as_text(examples["at_risk"])


def test_signing_out_ends_the_session_everywhere_and_forgets_the_customer(
    new_page: Callable[..., Page], deployment: Deployment, examples: Examples
) -> None:
    page = new_page(group="")
    sign_in(page, deployment, "agent")
    fill_in(page, examples["at_risk"])
    refresh = session(page)["refresh"]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to go on")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    with pytest.raises(people.SignInError):
        people.renew(deployment.settings, refresh)
    page.reload()
    expect(page.get_by_role("heading", name="Sign in to go on")).to_be_visible()
    sign_in(page, deployment, "agent")
    assert not any(entered(page).values())


@pytest.mark.parametrize(("link", "seen"), [("/#/list", "Who is about to leave?"), ("/#/model", "Versions")])
def test_a_link_leads_to_its_view_by_way_of_the_sign_in(
    new_page: Callable[..., Page], deployment: Deployment, link: str, seen: str
) -> None:
    page = new_page(group="")
    page.goto("about:blank")
    page.goto(link)
    sign_in(page, deployment, "analyst")
    expect(page.get_by_role("heading", name=seen)).to_be_visible()
    assert page.url.endswith(link)


def test_a_customers_link_is_asked_about_after_the_sign_in(
    new_page: Callable[..., Page], deployment: Deployment, examples: Examples
) -> None:
    page = new_page(group="")
    page.goto("about:blank")
    values = "&".join(f"{name}={value}" for name, value in as_text(examples["at_risk"]).items())
    page.goto(f"/#/customer?{values}")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url + (request.post_data or "")))
    sign_in(page, deployment, "agent")
    expect(page.get_by_role("img", name="Risk of leaving")).to_be_visible()
    assert entered(page) == as_text(examples["at_risk"])
    sent = [one for one in requests if "/api/" not in one]
    assert not any("custserv_calls" in one for one in sent), "the managed login learns nothing of a customer"


def test_a_wrong_password_lets_nobody_in(new_page: Callable[..., Page]) -> None:
    page = new_page(group="")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Username").fill("agent@example.com")
    page.get_by_label("Password").fill("Not-the-password-1")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Incorrect username or password")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in to go on")).to_be_visible()


def test_a_code_that_this_tab_did_not_ask_for_is_refused(new_page: Callable[..., Page]) -> None:
    page = new_page(group="")
    page.goto("/?code=stolen&state=made-up")
    expect(page.get_by_role("alert")).to_contain_text("The sign-in came to nothing")
    assert "code" not in page.url
    assert page.evaluate("sessionStorage.length") == 0


def end_session(page: Page, deployment: Deployment) -> None:
    """As after a token's end: what is at hand is refused, and there is no other."""
    people.revoke(deployment.settings, session(page)["refresh"])
    page.evaluate(
        "sessionStorage.setItem('session', JSON.stringify({...JSON.parse(sessionStorage.session), access: 'ended'}))"
    )


def apart(route: Route) -> None:
    """Answer as Cognito does, whose pages cut a window off from the one that opened it; the emulator's do not."""
    answer = route.fetch()
    route.fulfill(response=answer, headers={**answer.headers, "cross-origin-opener-policy": "same-origin"})


def sign_in_beside(page: Page, deployment: Deployment, group: str, watch: Any) -> None:
    """Sign in in the second window that the button opens; it closes by itself."""
    page.context.route(re.compile("/oauth2/authorize"), apart)
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Sign in and go on").click()
    beside = opened.value
    watch.on(beside)
    expect(beside.get_by_label("Username")).to_be_visible()
    kept = beside.evaluate("[Object.keys(sessionStorage), window.opener]")
    assert kept == [["sign-in"], None], "the second window knows of no customer, and has no hold on the first"
    with beside.expect_event("close"):
        fill_in_credentials(beside, deployment, group)


def test_a_session_that_ends_during_work_costs_no_value(
    new_page: Callable[..., Page], deployment: Deployment, watch: Any, examples: Examples
) -> None:
    watch.expected = (REFUSED, NO_TOKEN)
    page = new_page(group="")
    sign_in(page, deployment, "agent")
    fill_in(page, examples["at_risk"])
    end_session(page, deployment)
    page.get_by_role("button", name="Predict the risk").click()
    expect(page.get_by_role("alert")).to_contain_text("You are signed out")
    screenshot(page, "signed-out")
    page.evaluate("() => { [window.opens, window.open] = [window.open, () => null] }")
    page.get_by_role("button", name="Sign in and go on").click()
    expect(page.locator("#status")).to_contain_text("The browser opened no window to sign in.")
    page.evaluate("() => { window.open = window.opens }")
    sign_in_beside(page, deployment, "agent", watch)
    expect(page.get_by_role("img", name="Risk of leaving")).to_be_visible()
    assert entered(page) == as_text(examples["at_risk"])


def test_a_session_that_ends_while_a_list_is_scored_costs_no_score(
    new_page: Callable[..., Page], deployment: Deployment, watch: Any, examples: Examples
) -> None:
    watch.expected = (REFUSED, NO_TOKEN)
    page = new_page(group="", bypass_csp=True)
    sign_in(page, deployment, "agent")
    fill_in(page, examples["at_risk"])
    people.revoke(deployment.settings, session(page)["refresh"])
    asked: list[int] = []
    ended = True

    def end_after_the_first(route: Route) -> None:
        asked.append(len((route.request.post_data_json or {})["customers"]))
        # Three are asked at once; the fourth follows an answer.
        tampered = {"authorization": "Bearer ended"} if ended and len(asked) > 3 else {}
        route.continue_(headers={**route.request.headers, **tampered})

    page.route("**/api/predictions", end_after_the_first)
    page.goto("/#/list")
    raw = as_csv(made_up(examples, 450))
    page.get_by_label("Choose a file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": raw})
    again = page.get_by_role("button", name="Sign in and go on")
    expect(again).to_be_focused()
    expect(page.get_by_text("Your session has ended. What was scored is kept below.")).to_be_visible()
    page.add_script_tag(path=AXE)
    assert_accessible(page, "a list without a session")
    screenshot(page, "list-signed-out")
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    again.scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page, "a list without a session, dark")
    screenshot(page, "list-signed-out-phone")
    scored = int(page.locator(".progress-words").inner_text().split()[0])
    assert 0 < scored < 450
    asked.clear()
    ended = False
    sign_in_beside(page, deployment, "agent", watch)
    expect(page.locator(".progress-words")).to_have_text("450 of 450 customers scored")
    assert sum(asked) == 450 - scored, "what was scored is not asked again"
    expect(page.locator("#account")).to_contain_text("Demo agent")


def test_a_second_window_that_nobody_waits_for_says_so(new_page: Callable[..., Page], deployment: Deployment) -> None:
    page = new_page(group="")
    page.goto("about:blank")
    page.goto("/#/sign-in/gone")
    fill_in_credentials(page, deployment, "agent")
    expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()
    expect(page.get_by_text("this one may be closed")).to_be_visible()
    screenshot(page, "signed-in-beside")


def test_a_token_that_the_api_refuses_is_renewed_without_a_word(
    new_page: Callable[..., Page], deployment: Deployment, watch: Any, examples: Examples
) -> None:
    watch.expected = (REFUSED,)
    page = new_page(group="")
    sign_in(page, deployment, "agent")
    fill_in(page, examples["loyal"])
    page.evaluate(
        "sessionStorage.setItem('session', JSON.stringify({...JSON.parse(sessionStorage.session), access: 'ended'}))"
    )
    page.get_by_role("button", name="Predict the risk").click()
    expect(page.get_by_role("img", name="Risk of leaving")).to_be_visible()
    assert session(page)["access"].count(".") == 2


def test_an_agent_is_told_whose_the_models_report_is(new_page: Callable[..., Page]) -> None:
    page = new_page(group="agent")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/#/model")
    expect(page.get_by_text("The whole report is for analysts")).to_be_visible()
    expect(page.locator('[data-metric="auc"]')).to_be_visible()
    assert not any(url.endswith("/model/report") for url in asked)
    screenshot(page, "model-agent")


def test_who_is_in_no_group_is_told_so(new_page: Callable[..., Page], deployment: Deployment) -> None:
    cognito = deployment.client("cognito-idp")
    who = {"UserPoolId": deployment.output("SignIn", "UserPoolId"), "Username": "new@example.org"}
    cognito.admin_create_user(**who, MessageAction="SUPPRESS", TemporaryPassword="First-password-1")
    try:
        page = new_page(group="")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Username").fill(who["Username"])
        page.get_by_label("Password").fill("First-password-1")
        page.get_by_role("button", name="Sign in").click()
        # The invitation's password counts once.
        page.get_by_label("New password", exact=True).fill("Second-password-2")
        page.get_by_label("Confirm").fill("Second-password-2")
        page.get_by_role("button").click()
        expect(page.get_by_role("heading", name="Your account is in no group yet")).to_be_visible()
        expect(page.locator("#account")).to_contain_text(who["Username"])
    finally:
        cognito.admin_delete_user(**who)


@each_look
def test_axe_finds_nothing_around_the_sign_in(
    new_page: Callable[..., Page], scheme: str, size: tuple[int, int]
) -> None:
    look = {"bypass_csp": True, "color_scheme": scheme, "viewport": {"width": size[0], "height": size[1]}}
    page = new_page(group="", **look)
    page.add_script_tag(path=AXE)
    assert_accessible(page, "welcome")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = new_page(group="agent", **look)
    page.add_script_tag(path=AXE)
    assert_accessible(page, "signed in")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, f"bar-{scheme}-{size[0]}")


def test_all_of_it_by_keyboard(new_page: Callable[..., Page], deployment: Deployment) -> None:
    (agent, _) = people.people(deployment.settings)
    page = new_page(group="")
    keyboard = page.keyboard
    for _ in range(2):  # the language, then the button
        keyboard.press("Tab")
    keyboard.press("Tab")
    expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    keyboard.press("Enter")
    expect(page.get_by_label("Username")).to_be_focused()
    keyboard.type(agent.email)
    keyboard.press("Tab")
    keyboard.type(agent.password)
    keyboard.press("Enter")
    expect(page.locator("#account")).to_contain_text("Demo agent")
