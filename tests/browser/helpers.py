"""What the browser tests do again and again."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"

# Each scheme once and each size once: colours follow the one, layout the other, and axe takes its time.
each_look = pytest.mark.parametrize(
    ("scheme", "size"), [("light", (1280, 960)), ("dark", (360, 740))], ids=["light-desktop", "dark-phone"]
)


def fill_in(page: Page, customer: dict[str, Any]) -> None:
    """Enter a customer as a person does: by the labels."""
    for name, value in customer.items():
        field = page.locator(f"#field-{name}")
        if isinstance(value, bool):
            field.get_by_label("Yes" if value else "No", exact=True).check()
        elif field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(str(value))


def entered(page: Page) -> dict[str, str]:
    """Return what the form holds."""
    script = "form => Object.fromEntries(new FormData(form))"
    values: dict[str, str] = page.locator("#customer").evaluate(script)
    return values


def as_text(customer: dict[str, Any]) -> dict[str, str]:
    """Return a customer as the form holds it."""
    return {name: _text(value) for name, value in customer.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def predict(page: Page) -> dict[str, Any]:
    """Press the button and return what the API answered."""
    with page.expect_response("**/api/predictions", timeout=35_000) as response:
        page.get_by_role("button", name="Predict the risk").click()
    answer: dict[str, Any] = response.value.json()
    return answer


def screenshot(page: Page, name: str, whole: bool = False) -> None:
    """Keep a picture of what the browser shows, or of the whole page."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)
