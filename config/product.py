"""Settings of what people and other systems touch: the API and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from config.offers import OFFERS, OfferSettings
from config.section import Section

# API Gateway's integration timeout for a REST API, unless a quota was raised.
API_TIMEOUT_LIMIT_S = 29
# Each is scored for each customer that asks for offers, and all of them travel in the function's environment (4 KB).
OFFER_LIMIT = 10
# Lambda keeps as many of an account's concurrent executions for functions that reserve none.
UNRESERVED_CONCURRENCY = 100


@dataclass(frozen=True, kw_only=True)
class ApiSettings(Section):
    """The REST API and the function behind it.

    Attributes
    ----------
    throttle_rate_per_s, throttle_burst : int
        Requests of a method that the stage lets through: steady, and at once. Those who come by the page share as many.
    endpoint_timeout_s, function_timeout_s, gateway_timeout_s : int
        How long a call of the endpoint, of the function, and of the API may take. Each must leave
        the next one room to answer properly.
    function_memory_mb : int
        Memory, and with it processor share, of the function.
    reserved_concurrency : int
        How many requests the function may answer at the same time; as many are kept for it. With 0 it shares the
        account's pool with all other functions.
    snap_start : bool
        Whether new processes of the function start from a snapshot of an initialised one.
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
    reserved_concurrency: int = 0
    snap_start: bool = False
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
        self.require_range(
            "reserved_concurrency",
            low=0,
            high=900,
            remedy=f"An account has 1000 at first, or fewer, of which {UNRESERVED_CONCURRENCY} stay for all.",
        )
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
