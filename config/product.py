"""Settings of what people and other systems touch: the API and the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from config.section import Section

# API Gateway's integration timeout for a REST API, unless a quota was raised.
API_TIMEOUT_LIMIT_S = 29
# Each is scored for each customer that asks for offers, and all of them travel in the function's environment (4 KB).
OFFER_LIMIT = 10
OFFER_TEXT_LIMIT = 120
OFFER_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class OfferSettings(Section):
    """What an agent may offer a customer who is about to leave.

    Attributes
    ----------
    name, text : str
        For programs, and for people.
    cost_usd : float
        What keeping the promise costs.
    changes : tuple of (attribute, how, value)
        What it changes of the customer's record: ``set`` an attribute to the value, bring it to ``at_most`` the value,
        or take it ``times`` the value. ``app.py`` checks them against the schema.
    """

    section: ClassVar[str] = "api.offers"

    name: str
    text: str
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
        cost_usd=25.0,
        changes=(("custserv_calls", "at_most", 1),),
    ),
    OfferSettings(
        name="drop_international_plan",
        text="A tariff without the international plan, changed free of charge",
        cost_usd=30.0,
        changes=(("intl_plan", "set", False),),
    ),
    OfferSettings(
        name="voice_mail",
        text="Voice mail at no charge for a year",
        cost_usd=40.0,
        changes=(("vmail_plan", "set", True),),
    ),
    OfferSettings(
        name="new_tariff",
        text="A new tariff: voice mail, no international plan, a fifth off the day minutes",
        cost_usd=140.0,
        changes=(("vmail_plan", "set", True), ("intl_plan", "set", False), ("day_mins", "times", 0.8)),
    ),
    OfferSettings(
        name="day_discount",
        text="A fifth off the day minutes for a year",
        cost_usd=90.0,
        changes=(("day_mins", "times", 0.8),),
    ),
)


@dataclass(frozen=True, kw_only=True)
class ApiSettings(Section):
    """The REST API and the function behind it.

    Attributes
    ----------
    throttle_rate_per_s, throttle_burst : int
        Requests that the stage lets through: steady, and at once.
    endpoint_timeout_s, function_timeout_s, gateway_timeout_s : int
        How long a call of the endpoint, of the function, and of the API may take. Each must leave
        the next one room to answer properly.
    function_memory_mb : int
        Memory, and with it processor share, of the function.
    manages_log_role : bool
        Whether this deployment sets the role by which API Gateway writes logs. There is one per
        account and region: of several deployments in one account, one sets it.
    in_vpc : bool
        Whether the function sits in the VPC and reaches the model through an interface endpoint only.
    offers : tuple of OfferSettings
        What an agent may offer, at most ten; answers say which of them pays.
    """

    section: ClassVar[str] = "api"

    throttle_rate_per_s: int = 20
    throttle_burst: int = 40
    endpoint_timeout_s: int = 10
    function_timeout_s: int = 15
    gateway_timeout_s: int = 20
    function_memory_mb: int = 512
    manages_log_role: bool = True
    in_vpc: bool = True
    offers: tuple[OfferSettings, ...] = OFFERS

    def check(self) -> None:
        """Check the limits and that the timeouts nest."""
        names = [offer.name for offer in self.offers]
        self.require(
            len(names) <= OFFER_LIMIT and len(set(names)) == len(names),
            "offers",
            rule=f"must be at most {OFFER_LIMIT}, each with a name of its own",
            remedy="Keep those that agents really use.",
        )
        self.require_range("throttle_rate_per_s", low=1, high=10000, remedy="10000 is the quota.")
        self.require(
            self.throttle_rate_per_s <= self.throttle_burst <= 5000,
            "throttle_burst",
            rule=f"must be from api.throttle_rate_per_s ({self.throttle_rate_per_s}) to 5000, the account's quota",
            remedy="A burst below the steady rate would throttle the steady rate.",
        )
        self.require_range("function_memory_mb", low=128, high=10240, remedy="512 give a fast cold start.")
        self.require(
            1 <= self.endpoint_timeout_s < self.function_timeout_s,
            "endpoint_timeout_s",
            rule=f"must be from 1 to less than api.function_timeout_s ({self.function_timeout_s})",
            remedy="The function must outlive its call of the endpoint to answer with an error.",
        )
        self.require(
            self.function_timeout_s < self.gateway_timeout_s,
            "function_timeout_s",
            rule=f"must be less than api.gateway_timeout_s ({self.gateway_timeout_s})",
            remedy="The API must outlive the function to pass its answer on.",
        )
        self.require(
            self.gateway_timeout_s <= API_TIMEOUT_LIMIT_S,
            "gateway_timeout_s",
            rule=f"must be at most {API_TIMEOUT_LIMIT_S}",
            remedy="API Gateway gives up then.",
        )


@dataclass(frozen=True, kw_only=True)
class WebSettings(Section):
    """The page.

    Attributes
    ----------
    edge_locations : {"europe-and-north-america", "most", "all"}
        Where CloudFront keeps the page; more places cost more.
    hsts_days : int
        How long browsers insist on HTTPS for this address.
    """

    section: ClassVar[str] = "web"

    edge_locations: Literal["europe-and-north-america", "most", "all"] = "europe-and-north-america"
    hsts_days: int = 365

    def check(self) -> None:
        """Check the period."""
        self.require_range("hsts_days", low=1, high=730, remedy="One year is usual.")
