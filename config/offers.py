"""Settings of offers: what an agent may promise a customer who is about to leave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from config.section import Section

OFFER_TEXT_LIMIT = 120
LANGUAGE = re.compile(r"[a-z]{2}")
OFFER_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class OfferSettings(Section):
    """What an agent may offer a customer who is about to leave.

    Attributes
    ----------
    name, text : str
        For programs, and for people: what the API answers.
    translations : tuple of (language, text)
        The text in other languages of the page, by their codes (``"es"``).
    cost_usd : float
        What keeping the promise costs.
    changes : tuple of (attribute, how, value)
        What it changes of the customer's record: ``set`` an attribute to the value, bring it to ``at_most`` the value,
        or take it ``times`` the value. ``app.py`` checks them against the schema.
    """

    section: ClassVar[str] = "api.offers"

    name: str
    text: str
    translations: tuple[tuple[str, str], ...] = ()
    cost_usd: float
    changes: tuple[tuple[str, Literal["set", "at_most", "times"], int | float | str], ...]

    def check(self) -> None:
        """Check name, text and cost; what the changes may be, only the schema knows."""
        self.require(
            OFFER_NAME.fullmatch(self.name) is not None,
            "name",
            rule="must be 1 to 40 lower-case letters, digits and _, a letter first",
            remedy="Programs tell offers apart by it; people read the text.",
        )
        self.require(
            0 < len(self.text) <= OFFER_TEXT_LIMIT,
            "text",
            rule=f"must have 1 to {OFFER_TEXT_LIMIT} characters",
            remedy="Say in one line what the agent may promise.",
        )
        languages = [language for language, _ in self.translations]
        self.require(
            len(set(languages)) == len(languages)
            and all(LANGUAGE.fullmatch(code) and 0 < len(text) <= OFFER_TEXT_LIMIT for code, text in self.translations),
            "translations",
            rule=f"must hold a language's code of two letters once, and a text of 1 to {OFFER_TEXT_LIMIT} characters",
            remedy='Write ("es", "…") for Spanish; English is in text.',
        )
        self.require_range("cost_usd", low=0, high=1e6, remedy="Give the cost in USD of one customer's offer.")
        names = [name for name, _, _ in self.changes]
        self.require(
            bool(names) and len(set(names)) == len(names),
            "changes",
            rule="must hold at least one change, and one of each attribute",
            remedy="Name what the offer changes of the customer's record.",
        )


# What the example's carrier might offer. Costs are assumptions, as the costs of the training settings are.
OFFERS = (
    OfferSettings(
        name="settle_complaints",
        text="A call by a senior agent, who settles what is open",
        translations=(
            ("es", "Una llamada de un agente con experiencia que resuelve lo pendiente"),
            ("pl", "Telefon od doświadczonego doradcy, który załatwi otwarte sprawy"),
        ),
        cost_usd=25.0,
        changes=(("custserv_calls", "at_most", 1),),
    ),
    OfferSettings(
        name="drop_international_plan",
        text="A tariff without the international plan, changed free of charge",
        translations=(
            ("es", "Una tarifa sin plan internacional, con cambio gratuito"),
            ("pl", "Taryfa bez planu międzynarodowego, zmiana bez opłat"),
        ),
        cost_usd=30.0,
        changes=(("intl_plan", "set", False),),
    ),
    OfferSettings(
        name="voice_mail",
        text="Voice mail at no charge for a year",
        translations=(
            ("es", "Buzón de voz gratis durante un año"),
            ("pl", "Poczta głosowa za darmo przez rok"),
        ),
        cost_usd=40.0,
        changes=(("vmail_plan", "set", True),),
    ),
    OfferSettings(
        name="new_tariff",
        text="A new tariff: voice mail, no international plan, a fifth off the day minutes",
        translations=(
            (
                "es",
                "Una tarifa nueva: buzón de voz, sin plan internacional, una quinta parte menos de minutos diurnos",
            ),
            ("pl", "Nowa taryfa: poczta głosowa, bez planu międzynarodowego, o jedną piątą mniej minut dziennych"),
        ),
        cost_usd=140.0,
        changes=(("vmail_plan", "set", True), ("intl_plan", "set", False), ("day_mins", "times", 0.8)),
    ),
    OfferSettings(
        name="day_discount",
        text="A fifth off the day minutes for a year",
        translations=(
            ("es", "Una quinta parte menos de minutos diurnos durante un año"),
            ("pl", "O jedną piątą mniej minut dziennych przez rok"),
        ),
        cost_usd=90.0,
        changes=(("day_mins", "times", 0.8),),
    ),
)
