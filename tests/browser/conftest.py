"""A headless Chromium on the deployed page. Every test also fails on script errors and on CSP violations."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.local.deployment import Deployment

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# A cold endpoint may take its time; the page itself waits for 31 s.
expect.set_options(timeout=35_000)


@pytest.fixture(scope="session")
def site_url(deployment: Deployment) -> str:
    """Address of the page."""
    return deployment.site_url.rstrip("/")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium (CHROMIUM names it, else the first on the PATH), else Playwright's."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    # Chromium's sandbox does not start for root, which containers run as.
    flags = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


class Watch:
    """Collects what a page complains about. A failed request is a complaint only when the test did not provoke it."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()

    def on(self, page: Page) -> None:
        """Listen to a page."""
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        # The emulator's managed login has no icon, for which the browser asks wherever it likes.
        of_the_login = message.location["url"].endswith("/favicon.ico")
        if message.type in ("error", "warning") and not of_the_login:  # a CSP violation is an error too
            self.complaints.append(message.text)

    def check(self) -> None:
        """Fail on complaints that were not provoked."""
        left = [text for text in self.complaints if not any(part in text for part in self.expected)]
        assert not left, f"the page complained: {left}"


@pytest.fixture
def watch() -> Watch:
    return Watch()


def sign_in(context: BrowserContext, tokens: dict[str, Any]) -> None:
    """Let the pages of a context begin with a session, as they are after a sign-in at the managed login."""
    session = {
        "access": tokens["access_token"],
        "id": tokens["id_token"],
        "refresh": tokens["refresh_token"],
        "ends": 1000 * (time.time() + tokens["expires_in"] / 2),
    }
    context.add_init_script(
        f"location.protocol === 'about:' || sessionStorage.setItem('session', JSON.stringify({json.dumps(session)}))"
    )


@pytest.fixture
def new_page(browser: Browser, site_url: str, deployment: Deployment, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Open the page in a browser context of its own, ready to be used; `ready` says in which words: English ones.

    `group` is that of the person who is signed in; "" for a visitor, who sees the way in.
    """
    contexts: list[BrowserContext] = []

    def build(*, ready: bool = True, group: str = "analyst", **options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 960}, "base_url": site_url, "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        if group:
            sign_in(context, deployment.tokens(group))
        page = context.new_page()
        watch.on(page)
        page.goto("/")
        if not group:
            expect(page.locator("#welcome h1")).to_be_visible()
            return page
        loyal = page.get_by_role("button", name="Load a loyal customer")
        expect(loyal if ready else page.locator("[data-example=loyal]")).to_be_visible()
        return page

    yield build
    for context in contexts:
        context.close()
    watch.check()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """The page on a desktop."""
    return new_page()


@pytest.fixture(scope="session")
def examples(browser: Browser, site_url: str) -> dict[str, dict[str, Any]]:
    """The example customers that the site itself serves."""
    context = browser.new_context(base_url=site_url)
    found: dict[str, dict[str, Any]] = context.request.get("/schema.json").json()["examples"]
    context.close()
    return found
