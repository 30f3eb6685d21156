"""The offers of the settings, as the function behind the API reads them."""

from __future__ import annotations

from config import ApiSettings, SettingsError
from contract import offers
from schema import load_schema


def offers_of(settings: ApiSettings) -> list[offers.Offer]:
    """Take the offers from the settings."""
    return [offers.Offer(one.name, one.text, one.cost_usd, one.changes) for one in settings.offers]


def check_offers(settings: ApiSettings) -> None:
    """Refuse offers that change what a customer's record does not hold: only the schema knows.

    Raises
    ------
    SettingsError
        If an attribute is no input, or a change none that its values allow.
    """
    try:
        offers.check(offers_of(settings), load_schema())
    except offers.OfferError as exc:
        what, _, remedy = str(exc).rpartition("; ")
        raise SettingsError(
            field="api.offers",
            value=tuple(one.name for one in settings.offers),
            rule=f"must fit the schema: {what or remedy}",
            remedy="Correct the offer in config/offers.py.",
        ) from exc
