"""A file that is more than the page scores itself: sent as a whole, followed, and its results fetched."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.helpers import screenshot
from tests.browser.lists import as_csv, made_up
from tests.browser.test_access import AXE, assert_accessible
from tests.browser.test_prediction import Examples
from tests.browser.test_sign_in import NO_TOKEN, REFUSED, end_session, sign_in, sign_in_beside
from tests.local import test_batches as batches
from tests.local.deployment import Deployment

# Checked, scored and merged on a machine that does much else.
WAIT_MS = 240_000
ROWS, NOTE = 540, "x" * 100_000  # 54 MB, by notes, because customers take their time


def choose(page: Page, file: Any) -> None:
    page.goto("/#/list")
    page.get_by_label("Choose a file").set_input_files(file)
    expect(page.get_by_text("It is larger than what the page scores itself")).to_be_visible()


def test_a_large_file_is_sent_scored_and_fetched_and_its_address_leads_back(
    new_page: Callable[..., Page], deployment: Deployment, watch: Any, examples: Examples, tmp_path: Path
) -> None:
    watch.expected = ("net::ERR_FAILED",)
    customers = [{**one, "note": NOTE} for one in made_up(examples, ROWS)]
    customers[7]["state"] = customers[8]["state"] = "XX"
    large = tmp_path / "everybody.csv"
    large.write_bytes(as_csv(customers))
    page = new_page(group="agent")
    choose(page, large)
    screenshot(page, "batch-ask")
    storage = re.compile(re.escape(deployment.settings.endpoint))
    page.route(storage, lambda route: route.abort())
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_text("No connection.")).to_be_visible()
    page.unroute(storage)
    page.get_by_role("button", name="Try again").click()
    expect(page).to_have_url(re.compile(r"/#/list\?batch=[0-9a-f-]{36}$"))
    words = f"Done: {ROWS - 2} customers scored."
    expect(page.locator(".progress-words")).to_have_text(words, timeout=WAIT_MS)
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download the results").click()
    with Path(fetched.value.path()).open(encoding="utf-8-sig", newline="") as result:
        back = list(csv.DictReader(result))
    assert [row["Customer ID"] for row in back] == [one["Customer ID"] for one in customers]
    assert [place for place, row in enumerate(back) if row["error"]] == [7, 8]
    risky = sum(row["churn"] == "true" for row in back)
    expect(page.locator(".tile", has_text="to make an offer").locator(".tile-number")).to_have_text(str(risky))
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download the refused rows").click()
    assert Path(fetched.value.path()).read_text(encoding="utf-8-sig").count("must be one of 51 codes") == 2
    link = page.url
    # Elsewhere: nothing of the file was kept there, and its address is enough.
    again = new_page(group="agent", bypass_csp=True)
    again.goto(link)
    expect(again.locator(".progress-words")).to_have_text(words)
    refused = again.locator(".refusals")
    expect(refused.get_by_role("listitem")).to_have_text("2 rowsState must be one of 51 codes, such as AK.")
    again.add_script_tag(path=AXE)
    assert_accessible(again, "a batch, done")
    screenshot(again, "batch-done")
    again.set_viewport_size({"width": 360, "height": 740})
    again.emulate_media(color_scheme="dark")
    assert again.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(again, "a batch, done, dark")
    screenshot(again, "batch-done-phone", whole=True)
    again.get_by_role("link", name="The model").click()
    again.get_by_role("link", name="A list").click()
    expect(again).to_have_url(link)
    again.get_by_role("button", name="Another file").click()
    expect(again.get_by_text("Drop a CSV file here")).to_be_visible()
    assert again.url.endswith("#/list")


def test_many_rows_may_be_sent_and_stopping_keeps_the_file_here(page: Page, deployment: Deployment) -> None:
    rows = b"a,b\n" + b"1,2\n" * 100_001
    choose(page, {"name": "many.csv", "mimeType": "text/csv", "buffer": rows})

    def never_answer(route: Route) -> None:
        pass

    page.route(re.compile(re.escape(deployment.settings.endpoint)), never_answer)
    page.get_by_role("button", name="Send the file").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. The file was not sent.")).to_be_visible()
    expect(page.get_by_role("button", name="Send the file")).to_be_focused()
    assert page.url.endswith("#/list")


def test_a_batch_that_cannot_be_scored_says_why(page: Page, deployment: Deployment, watch: Any) -> None:
    watch.expected = ("status of 404",)
    batch = batches.begun(deployment)
    assert batches.send(batch["upload"], b"not,customers\n1,2\n") == 204
    page.goto(f"/#/list?batch={batch['id']}")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This file cannot be used")
    expect(alert).to_contain_text("The file: the first line is not a header. Put the column names there:")
    screenshot(page, "batch-failed")
    page.goto("/#/list?batch=none")
    expect(alert).to_contain_text("You have sent no such file.")


def test_a_session_that_ends_while_a_batch_is_followed_goes_on_with_it(
    new_page: Callable[..., Page], deployment: Deployment, watch: Any
) -> None:
    watch.expected = (REFUSED, NO_TOKEN)
    page = new_page(group="")
    sign_in(page, deployment, "analyst")
    end_session(page, deployment)
    batch = batches.begun(deployment)
    page.goto(f"/#/list?batch={batch['id']}")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    sign_in_beside(page, deployment, "analyst", watch)
    expect(page.get_by_text("Waiting for the file.")).to_be_visible()
