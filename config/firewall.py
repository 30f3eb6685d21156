"""Settings of the firewall in front of the API and the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from config.section import Section

# WAF counts at least this many before it blocks an address.
FEWEST_REQUESTS = 10
DISTRIBUTION_ACL = re.compile(
    r"arn:aws[a-z-]*:wafv2:us-east-1:[0-9]{12}:global/webacl/[\w-]{1,128}/[0-9a-f-]{36}", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class FirewallSettings(Section):
    """The web ACLs, each about 9 USD a month (5, and 1 for each of four rules) and 0.60 per million requests.

    Attributes
    ----------
    enabled : bool
        Whether there are any.
    requests_per_address : int
        Requests that one address may send in five minutes. Those who come by the page share CloudFront's addresses at
        the API, so it must not be less than the page's plan lets through.
    distribution_acl_arn : str
        A web ACL of the scope CLOUDFRONT for the page, where this deployment is not in us-east-1: only there can one be
        made. Empty there means none.
    """

    section: ClassVar[str] = "firewall"

    enabled: bool = True
    requests_per_address: int = 30_000
    distribution_acl_arn: str = ""

    def check(self) -> None:
        """Check the limit and the ARN."""
        self.require_range(
            "requests_per_address", low=FEWEST_REQUESTS, high=2_000_000_000, remedy="WAF takes limits from 10 on."
        )
        self.require(
            not self.distribution_acl_arn or DISTRIBUTION_ACL.fullmatch(self.distribution_acl_arn) is not None,
            "distribution_acl_arn",
            rule="must be the ARN of a web ACL of the scope CLOUDFRONT, which is in us-east-1",
            remedy='Write it like "arn:aws:wafv2:us-east-1:111122223333:global/webacl/page/<id>".',
        )
