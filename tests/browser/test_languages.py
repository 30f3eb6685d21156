"""The page in each of its languages: the browser's own first, another by choice, numbers as it writes them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from config import load_settings
from tests.browser.helpers import screenshot
from tests.browser.test_prediction import Examples


def page_in(new_page: Callable[..., Page], locale: str) -> Page:
    return new_page(locale=locale, ready=False)


@pytest.mark.parametrize(
    ("locale", "title", "button", "reason", "list_title", "model_title"),
    [
        ("es-ES", "¿Se quedará este cliente?", "Predecir el riesgo", "Plan internacional: Sí. Aumenta el riesgo.",
         "¿Quién está a punto de irse?", "¿Cómo de bueno es el modelo?"),
        ("pl-PL", "Czy ten klient zostanie?", "Oblicz ryzyko", "Plan międzynarodowy: Tak. Zwiększa ryzyko.",
         "Kto zamierza odejść?", "Jak dobry jest model?"),
    ],
)  # fmt: skip
def test_a_browser_is_spoken_to_in_its_language(
    new_page: Callable[..., Page], locale: str, title: str, button: str, reason: str, list_title: str, model_title: str
) -> None:
    page = page_in(new_page, locale)
    language = locale[:2]
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.locator("[data-example=at_risk]").click()
    expect(page.locator("#field-day_mins")).to_have_value("268,4")
    page.get_by_role("button", name=button).click()
    expect(page.locator(".reasons .sentence", has_text=reason)).to_be_visible()
    offers = {offer.name: dict(offer.translations)[language] for offer in load_settings("local").api.offers}
    expect(page.locator('[data-offer="new_tariff"] .offer-name')).to_have_text(offers["new_tariff"])
    expect(page.locator('[data-offer="new_tariff"] [lang=en]')).to_have_count(0)
    screenshot(page, f"customer-{language}", whole=True)
    page.goto("/#/list")
    expect(page.get_by_role("heading", level=1)).to_have_text(list_title)
    page.goto("/#/model")
    expect(page.get_by_role("heading", level=1)).to_have_text(model_title)
    expect(page.locator('[data-metric="auc"] .tile-number')).to_have_text(re.compile(r"^0,\d{3}$"))
    screenshot(page, f"model-{language}", whole=True)


def test_another_language_is_chosen_and_kept_and_nothing_typed_is_lost(page: Page, examples: Examples) -> None:
    page.get_by_role("button", name="Load a loyal customer").click()
    page.get_by_label("Language").select_option("pl")
    expect(page.get_by_role("heading", level=1)).to_have_text("Czy ten klient zostanie?")
    expect(page.locator("#field-custserv_calls")).to_have_value(str(examples["loyal"]["custserv_calls"]))
    page.reload()
    expect(page.get_by_label("Język")).to_have_value("pl")
    page.get_by_label("Język").select_option("en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Will this customer stay?")


def test_a_decimal_comma_is_read_in_spanish_and_refused_in_english(new_page: Callable[..., Page], page: Page) -> None:
    page.get_by_role("button", name="Load a loyal customer").click()
    page.locator("#field-day_mins").fill("99,5")
    page.locator("#field-day_mins").blur()
    expect(page.locator("#field-day_mins-error")).to_be_visible()
    spanish = page_in(new_page, "es")
    spanish.locator("[data-example=loyal]").click()
    spanish.locator("#field-day_mins").fill("99,5")
    spanish.locator("#field-day_mins").blur()
    expect(spanish.locator("#field-day_mins-error")).to_be_hidden()
