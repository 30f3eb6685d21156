"""A list of customers: any file that spreadsheets save, scored in full, and the results taken away."""

import csv
import io
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.helpers import SCREENSHOTS, as_text, entered, screenshot
from tests.browser.lists import as_csv, made_up
from tests.browser.test_advice import SCREENS
from tests.browser.test_prediction import Examples, shown
from tests.local.deployment import Deployment

SCORED = re.compile(r"^([\d,]+) of \1 customers? scored$")


def open_list(page: Page, raw: bytes, name: str = "customers.csv", wait: bool = True) -> None:
    """Choose a file in the view of lists, and wait until all of it is scored."""
    page.goto("/#/list")
    page.get_by_label("Choose a file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": raw})
    if wait:
        expect(page.locator(".progress-words")).to_have_text(SCORED)
        expect(page.get_by_role("progressbar")).to_be_hidden()


def rows(page: Page) -> Locator:
    return page.locator(".customers tbody tr")


def downloaded(page: Page, delimiter: str = ",") -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the results").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def ask(deployment: Deployment, customers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the API itself says of customers."""
    found: list[dict[str, Any]] = []
    for at in range(0, len(customers), 100):
        some = [{k: v for k, v in one.items() if k not in ("Customer ID", "note")} for one in customers[at : at + 100]]
        _, answer = deployment.post("api/predictions", {"customers": some, "offers": True})
        found += answer["predictions"]
    return found


@pytest.mark.parametrize("screen", SCREENS)
def test_the_riskiest_come_first_with_what_might_keep_them(
    new_page: Callable[..., Page], deployment: Deployment, examples: Examples, screen: str
) -> None:
    page = new_page(**SCREENS[screen])
    customers = made_up(examples, 120)
    page.goto("/#/list")
    expect(page.get_by_text("Drop a CSV file here")).to_be_visible()
    screenshot(page, f"list-empty-{screen}")
    open_list(page, as_csv(customers))
    said = ask(deployment, customers)
    worst = max(said, key=lambda one: one["probability"])
    first = rows(page).first
    expect(first).to_contain_text(shown(worst["probability"]))
    risks = sorted((one["probability"] for one in said), reverse=True)
    expect(page.locator(".risk-number")).to_have_text([shown(risk) for risk in risks[:50]])
    churners = sum(one["churn"] for one in said)
    expect(page.locator(".tile", has_text="to make an offer").locator(".tile-number")).to_have_text(str(churners))
    if screen != "phone":
        offer = next(one for one in worst["offers"] if one["name"] == worst["suggested_offer"])
        expect(first).to_contain_text(offer["text"])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("scrollTo(0, 0)")
    screenshot(page, f"list-{screen}")


def test_a_spreadsheets_file_comes_back_whole_with_its_own_marks(
    page: Page, deployment: Deployment, examples: Examples
) -> None:
    customers = made_up(examples, 30)
    customers[3]["note"] = '=HYPERLINK("http://example.com")'
    customers[4]["note"] = "-12"
    customers[5]["note"] = 'two\nlines; and "quotes"'
    mixed = [dict(sorted(one.items(), key=lambda pair: pair[0][::-1])) for one in customers]
    open_list(page, as_csv(mixed, ";", comma=True))
    expect(page.get_by_role("region", name="customers.csv")).to_contain_text("separated by semicolons, decimal commas")
    back = downloaded(page, ";")
    assert [row["Customer ID"] for row in back] == [one["Customer ID"] for one in customers]
    assert back[3]["note"].startswith("'=")
    assert back[4]["note"] == "-12"
    assert back[5]["note"] == customers[5]["note"]
    for row, said in zip(back, ask(deployment, customers), strict=True):
        assert float(row["probability"].replace(",", ".")) == pytest.approx(said["probability"])
        assert row["decision"] == ("Make a retention offer" if said["churn"] else "No offer needed")
        assert row["reason_1"] == said["reasons"][0]["text"]
        assert row["problem"] == ""


def test_bad_rows_say_why_and_do_not_stop_the_rest(page: Page, examples: Examples) -> None:
    customers = made_up(examples, 12)
    raw = as_csv(customers).decode("utf-8-sig").split("\r\n")
    raw[3] = raw[3].replace(f",{customers[2]['day_mins']},", ",9999,")
    raw[5] = raw[5].rsplit(",", 1)[0]
    raw[7] = raw[7].replace(f",{customers[6]['state']},", ",,")
    open_list(page, "\n".join(raw).encode())
    bad = page.locator(".refusals")
    bad.get_by_text("3 rows could not be scored").click()
    expect(bad.get_by_role("listitem")).to_have_text([
        re.compile("Line 4, C-00002.*Day minutes must be a number from 0 to 600 minutes."),
        re.compile("Line 6, C-00004.*has 16 columns instead of 17."),
        re.compile("Line 8, C-00006.*State is missing."),
    ])  # fmt: skip
    screenshot(page, "list-bad-rows")
    expect(page.locator(".progress-words")).to_have_text("9 of 9 customers scored")
    page.get_by_role("radio", name="Not scored").check()
    expect(rows(page)).to_have_count(3)
    back = downloaded(page)
    assert len(back) == 12
    assert back[2]["problem"] == "Day minutes must be a number from 0 to 600 minutes."
    assert back[2]["probability"] == ""
    assert back[3]["probability"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "It holds no rows."),
        (b"a,b\n", "It holds no rows."),
        (b"a,b\n1,2\n", "These columns are missing: State, Account length"),
        (b"PK\x03\x04\0\0", "It is no text file."),
        (b'a,b\n1,"2\n', "A quotation mark that opens in line 2 never closes."),
    ],
    ids=["empty", "header", "columns", "workbook", "quotes"],
)
def test_a_file_that_cannot_be_used_says_what_to_do(page: Page, raw: bytes, words: str) -> None:
    open_list(page, raw, wait=False)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(words)
    if raw == b"a,b\n1,2\n":
        screenshot(page, "list-unusable")
    expect(page.get_by_text("Drop a CSV file here")).to_be_visible()


def test_a_file_may_be_dropped(page: Page, examples: Examples) -> None:
    page.goto("/#/list")
    raw = as_csv(made_up(examples, 3)).decode()
    transfer = page.evaluate_handle(
        "text => { const t = new DataTransfer(); t.items.add(new File([text], 'dropped.csv')); return t; }", raw
    )
    zone = page.locator(".drop")
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": transfer})
    expect(page.get_by_role("heading", name="dropped.csv: 3 rows")).to_be_visible()
    expect(page.locator(".progress-words")).to_have_text(SCORED)


def test_the_template_can_be_filled_in_and_loaded(page: Page) -> None:
    page.goto("/#/list")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download a template").click()
    open_list(page, Path(download.value.path()).read_bytes())
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("at_risk")


def test_a_busy_service_is_asked_again_when_it_says(page: Page, watch: Any, examples: Examples) -> None:
    watch.expected = ("status of 429", "status of 503")
    left = [503, 429]

    def busy(route: Route) -> None:
        if left:
            route.fulfill(status=left.pop(), body="{}", headers={"Retry-After": "6"})
        else:
            route.continue_()

    page.route("**/api/predictions", busy)
    page.goto("/#/list")
    raw = as_csv(made_up(examples, 250))
    page.get_by_label("Choose a file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": raw})
    # The third request is answered meanwhile; the words stay for the two that wait.
    expect(page.locator(".progress-words")).to_have_text(re.compile(r"^(50|100) of 250"))
    expect(page.get_by_text("The service is busy; the next try is in 6 s.")).to_be_visible()
    expect(page.locator(".progress-words")).to_have_text("250 of 250 customers scored")
    assert left == []


def test_scoring_is_stopped_and_goes_on(page: Page, examples: Examples) -> None:
    seen: list[int] = []
    stopped = threading.Event()

    def slow(route: Route) -> None:
        """The first three are answered; those after them wait for the button, however long it takes to be pressed."""
        seen.append(len(json.loads(route.request.post_data or "")["customers"]))
        while len(seen) > 3 and not stopped.is_set():
            page.wait_for_timeout(50)
        route.continue_()

    page.route("**/api/predictions", slow)
    open_list(page, as_csv(made_up(examples, 900)), wait=False)
    expect(page.locator(".progress-words")).to_contain_text(re.compile(r"^[1-9]\d+ of"))
    page.get_by_role("button", name="Stop").click()
    # The route stays: one that is taken away answers in the place of a handler that still waits.
    stopped.set()
    expect(page.get_by_text("Stopped. What was scored is below.")).to_be_visible()
    before = int((page.locator(".progress-words").inner_text()).split()[0])
    assert 0 < before < 900
    screenshot(page, "list-stopped")
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    page.get_by_role("button", name="Go on").press("Enter")
    expect(page.locator(".progress-words")).to_have_text("900 of 900 customers scored")


def test_sorted_filtered_and_paged_by_keyboard(page: Page, deployment: Deployment, examples: Examples) -> None:
    customers = made_up(examples, 120)
    open_list(page, as_csv(customers))
    head = page.get_by_role("columnheader", name="Customer")
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(rows(page).first).to_contain_text("C-00000")
    page.get_by_role("button", name="Next page").press("Enter")
    expect(rows(page).first).to_contain_text("C-00050")
    expect(page.locator(".pager-words")).to_have_text("51–100 of 120")
    page.get_by_role("button", name="Last page").press("Enter")
    expect(rows(page)).to_have_count(20)
    expect(page.get_by_role("button", name="Last page")).to_be_focused()
    page.get_by_label("Search").fill("note 7")
    expect(rows(page)).to_have_count(11)
    page.get_by_label("Search").fill("nobody")
    expect(page.get_by_text("No customer matches.")).to_be_visible()
    page.get_by_label("Search").fill("")
    risky = sum(one["churn"] for one in ask(deployment, customers))
    page.get_by_role("radio", name="Offer", exact=True).focus()
    page.get_by_role("radio", name="Offer", exact=True).press("Space")
    expect(page.locator(".pager-words")).to_have_text(f"1–{min(risky, 50)} of {risky}")


def test_a_customer_of_the_list_opens_in_the_form_and_the_list_is_still_there(page: Page, examples: Examples) -> None:
    customers = made_up(examples, 5)
    open_list(page, as_csv(customers))
    with page.expect_response("**/api/predictions"):
        page.get_by_role("link", name="Open C-00003").click()
    expect(page.get_by_role("img", name="Risk of leaving")).to_be_visible()
    inputs = {name: value for name, value in customers[3].items() if name not in ("Customer ID", "note")}
    assert entered(page) == as_text(inputs)
    page.go_back()
    expect(rows(page)).to_have_count(5)


def test_ten_thousand_rows_stay_smooth(new_page: Callable[..., Page], examples: Examples) -> None:
    """No task of the page's keeps the browser from drawing for long: 65 ms where this was written.

    The limit leaves room for a machine that has much else to do; where it has still more, it may try again.
    """
    told: list[str] = []
    while _longest_task(new_page(), examples, told) >= 500:
        assert len(told) < 3, told


def _longest_task(page: Page, examples: Examples, told: list[str]) -> float:
    """Score ten thousand rows, sort, turn pages and search: the longest task of the page, in milliseconds."""
    page.goto("/#/list")
    page.evaluate(
        """() => {
            window.longest = 0;
            new PerformanceObserver((list) => {
                for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
            }).observe({ type: "longtask" });
        }"""
    )
    began = time.monotonic()
    open_list(page, as_csv(made_up(examples, 10_000)), "ten-thousand.csv", wait=False)
    expect(page.locator(".progress-words")).to_have_text("10,000 of 10,000 customers scored", timeout=300_000)
    took = time.monotonic() - began
    page.get_by_role("columnheader", name="Customer").get_by_role("button").click()
    page.get_by_role("button", name="Last page").click()
    page.get_by_label("Search").fill("note 99")
    expect(page.locator(".pager-words")).to_have_text("1–50 of 111")
    longest = float(page.evaluate("longest"))
    told.append(f"10,000 rows: scored after {took:.1f} s, longest task {longest:.0f} ms\n")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / "ten-thousand.txt").write_text("".join(told))
    return longest
