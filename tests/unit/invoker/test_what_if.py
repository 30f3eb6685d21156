"""What a change would do, and which offer pays: one call of the model, and the arithmetic behind the answer."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from schema import load_examples

from .conftest import COSTS, OFFERS

LOYAL, AT_RISK = load_examples()["loyal"], load_examples()["at_risk"]
Post = Callable[..., dict[str, Any]]


def score(probability: float) -> dict[str, Any]:
    return {"probability": probability, "churn": probability >= 0.2}


def test_effects_come_from_one_call_and_the_strongest_first(post: Post, runtime: Any) -> None:
    runtime.predicts(score(0.9), score(0.7), score(0.95), score(0.3))
    changes = [{"custserv_calls": 1}, {"day_mins": 400}, {"intl_plan": False, "custserv_calls": 1}]
    answer = post({"customers": [AT_RISK], "what_if": changes})
    (sent,) = runtime.requests
    body = json.loads(sent[2])
    assert body["instances"] == [AT_RISK, *({**AT_RISK, **change} for change in changes)]
    assert body["explain"] == 1
    (prediction,) = answer["json"]["predictions"]
    told = [(one["changes"], one["probability"], one["churn"]) for one in prediction["what_if"]]
    assert told == [(changes[2], 0.3, True), (changes[0], 0.7, True), (changes[1], 0.95, True)]
    assert [one["effect"] for one in prediction["what_if"]] == pytest.approx([-0.6, -0.2, 0.05])
    assert "offers" not in prediction
    assert "association" in answer["json"]["note"]


def test_each_customer_gets_its_own_effects(post: Post, runtime: Any) -> None:
    runtime.predicts(score(0.1), score(0.9), score(0.05), score(0.5))
    answer = post({"customers": [LOYAL, AT_RISK], "what_if": [{"custserv_calls": 0}]})
    first, second = answer["json"]["predictions"]
    assert first["what_if"][0]["effect"] == pytest.approx(-0.05)
    assert second["what_if"][0]["effect"] == pytest.approx(-0.4)


def test_offers_are_valued_by_the_models_own_costs(post: Post, runtime: Any) -> None:
    # at_risk: 4 service calls, the international plan, 268.4 day minutes: every offer has something to give
    runtime.predicts(score(0.9), score(0.7), score(0.2), score(0.85))
    (prediction,) = post({"customers": [AT_RISK], "offers": True})["json"]["predictions"]
    sent = json.loads(runtime.requests[0][2])["instances"]
    assert sent[1:] == [
        {**AT_RISK, "custserv_calls": 1},
        {**AT_RISK, "intl_plan": False},
        {**AT_RISK, "day_mins": 214.72},
    ]
    told = {one["name"]: one for one in prediction["offers"]}
    # (0.9 - p) * 500 - cost
    assert {name: one["expected_value_usd"] for name, one in told.items()} == {
        "no_plan": 320.0,
        "call": 75.0,
        "discount": -65.0,
    }
    assert list(told) == ["no_plan", "call", "discount"]
    assert prediction["suggested_offer"] == "no_plan"
    assert told["call"]["changes"] == {"custserv_calls": 1}
    assert (told["call"]["cost_usd"], told["call"]["text"]) == (25.0, "A call")
    assert COSTS["missed_churner"] == 500


def test_an_offer_that_changes_nothing_of_a_customer_is_left_out(post: Post, runtime: Any) -> None:
    # loyal: one service call, no international plan: only the discount is left
    runtime.predicts(score(0.02), score(0.01))
    (prediction,) = post({"customers": [LOYAL], "offers": True})["json"]["predictions"]
    assert [one["name"] for one in prediction["offers"]] == ["discount"]
    assert prediction["offers"][0]["expected_value_usd"] == pytest.approx(-85)
    assert prediction["suggested_offer"] is None


def test_nothing_to_offer_is_an_empty_list(post: Post, runtime: Any) -> None:
    quiet = {**LOYAL, "day_mins": 0, "custserv_calls": 0}
    runtime.predicts(score(0.02))
    answer = post({"customers": [quiet], "offers": True})
    (prediction,) = answer["json"]["predictions"]
    assert (prediction["offers"], prediction["suggested_offer"]) == ([], None)
    assert answer["json"]["note"]


def test_both_at_once_with_customers_left_out(post: Post, runtime: Any) -> None:
    runtime.predicts(score(0.9), score(0.8), *(score(0.5) for _ in OFFERS))
    body = {"customers": [{}, {"id": "x", **AT_RISK}], "what_if": [{"custserv_calls": 0}], "offers": True}
    answer = post(body, {"Prefer": "handling=lenient"})
    refused, prediction = answer["json"]["predictions"]
    assert (refused["id"], prediction["id"]) == (0, "x")
    assert "what_if" not in refused
    assert len(prediction["what_if"]) == 1
    assert len(prediction["offers"]) == len(OFFERS)


@pytest.mark.parametrize("asked", [{}, {"what_if": []}, {"offers": False}, {"what_if": [], "offers": False}])
def test_nothing_asked_is_nothing_told(post: Post, runtime: Any, asked: dict[str, Any]) -> None:
    runtime.predicts(score(0.9))
    answer = post({"customers": [AT_RISK], **asked})["json"]
    assert set(answer) == {"predictions", "model"}
    assert set(answer["predictions"][0]) == {"id", "probability", "churn"}
    assert json.loads(runtime.requests[0][2]) == {"instances": [AT_RISK]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"day_mins": -1}, "day_mins"),
        ({"state": "XX"}, "state"),
        ({"shoe_size": 44}, "shoe_size"),
        ({"phone": "555"}, "phone"),
        ({"id": 1}, "id"),
        ({}, ""),
        (7, ""),
        ([], ""),
    ],
)
def test_a_change_that_cannot_be_is_told_by_its_place(post: Post, runtime: Any, change: Any, field: str) -> None:
    answer = post({"customers": [AT_RISK], "what_if": [{"custserv_calls": 0}, change]})
    assert answer["statusCode"] == 400
    (error,) = answer["json"]["errors"]
    assert (error["change"], error["field"]) == (1, field)
    assert error["rule"]
    assert error["remedy"]
    assert runtime.requests == []


def test_what_if_of_another_shape(post: Post) -> None:
    for asked in ({"what_if": {"custserv_calls": 1}}, {"what_if": None}, {"offers": "yes"}, {"offers": 1}):
        assert post({"customers": [AT_RISK], **asked})["statusCode"] == 400
    assert post({"customers": [AT_RISK], "what_if": [{"custserv_calls": 0}] * 21})["statusCode"] == 413


def test_effects_have_no_csv(post: Post) -> None:
    answer = post({"customers": [AT_RISK], "offers": True}, {"Accept": "text/csv"})
    assert answer["statusCode"] == 406
    assert "application/json" in answer["json"]["detail"]
