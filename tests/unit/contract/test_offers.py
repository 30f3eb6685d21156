"""Offers: what they change of a customer, and which cannot be."""

from typing import Any

import pytest

from config import ENVIRONMENTS, load_settings
from contract import offers
from contract.offers import Offer, OfferError
from schema import load_examples, load_schema

SCHEMA = load_schema()
LOYAL, AT_RISK = load_examples()["loyal"], load_examples()["at_risk"]


def offer(*changes: tuple[str, str, Any]) -> Offer:
    return Offer("one", "One", 10.0, changes)


@pytest.mark.parametrize(
    ("change", "customer", "expected"),
    [
        (("intl_plan", "set", False), AT_RISK, {"intl_plan": False}),
        (("intl_plan", "set", False), LOYAL, {}),
        (("custserv_calls", "at_most", 1), AT_RISK, {"custserv_calls": 1}),
        (("custserv_calls", "at_most", 1), LOYAL, {}),
        (("day_mins", "times", 0.8), AT_RISK, {"day_mins": 214.72}),
        (("day_mins", "times", 10), AT_RISK, {"day_mins": 600}),
        (("day_calls", "times", 0.5), AT_RISK, {"day_calls": 56}),
        (("account_length", "times", 0), AT_RISK, {"account_length": 1}),
        (("day_mins", "times", 1), AT_RISK, {}),
    ],
)
def test_an_offer_changes_what_it_says_and_stays_within_the_schema(
    change: tuple[str, str, Any], customer: dict[str, Any], expected: dict[str, Any]
) -> None:
    offers.check([offer(change)], SCHEMA)
    changed = offer(change).applied(customer, SCHEMA)
    assert changed == expected
    assert SCHEMA.validate({**customer, **changed}) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("shoe_size", "set", 44), "no input"),
        (("phone", "set", "555"), "no input"),
        (("churn", "set", False), "no input"),
        (("state", "set", "XX"), "must be one of 51 codes"),
        (("intl_plan", "set", "no"), "must be true or false"),
        (("intl_plan", "at_most", False), "no quantity"),
        (("day_mins", "at_most", 9999), "must be a number from 0 to 600"),
        (("day_mins", "times", -1), "multiplied by 0 to 10"),
        (("day_mins", "times", True), "multiplied by 0 to 10"),
        (("day_mins", "plus", 1), "set, at_most, times"),
    ],
)
def test_an_offer_that_cannot_be_is_told_by_name_rule_and_remedy(change: tuple[str, str, Any], words: str) -> None:
    with pytest.raises(OfferError, match=words) as caught:
        offers.check([offer(change)], SCHEMA)
    assert str(caught.value).startswith("offer one: ")


def test_what_is_written_for_the_function_is_what_it_reads() -> None:
    given = (offer(("intl_plan", "set", False), ("day_mins", "times", 0.8)),)
    assert offers.read(offers.write(given)) == given


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environments_offers_fit_the_schema_and_the_functions_environment(name: str) -> None:
    chosen = [Offer(o.name, o.text, o.cost_usd, o.changes) for o in load_settings(name).api.offers]
    assert chosen
    offers.check(chosen, SCHEMA)
    assert len(offers.write(chosen)) < 3000  # of the 4 KB that all variables share
