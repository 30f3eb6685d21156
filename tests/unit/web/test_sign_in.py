"""Signing in, as web/js/sign_in.js does it: what it asks for, what it believes, and when it asks for a new token.

The managed login is played by a list of answers; the way through the real one is tests/browser/test_sign_in.py's.
"""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.unit.web.node import Ask, answering

PROGRAM = """
const store = new Map();
globalThis.sessionStorage = {
  getItem: (key) => store.get(key) ?? null,
  setItem: (key, value) => store.set(key, value),
  removeItem: (key) => store.delete(key),
  clear: () => store.clear(),
};
const calls = { fetched: [], left: [], shown: [] };
globalThis.location = {
  origin: "https://page.example", hash: "", search: "", assign: (url) => calls.left.push(url),
};
globalThis.history = { replaceState: (state, title, url) => calls.shown.push(url) };
let answers = [];
globalThis.fetch = async (url, { body }) => {
  calls.fetched.push([url, String(body)]);
  const next = answers.shift();
  if (!next) throw new TypeError("no connection");
  return { status: next.status, ok: next.status < 400, json: async () => next.body };
};
const page = await import("WEB/js/sign_in.js");
page.configure({
  login: "https://login.example", client: "the-page", scopes: ["openid", "churn/predict", "churn/report"],
  report_scope: "churn/report",
});
async function answer({ begin, hash = "", search, given = [], stored, call, times = 1 }) {
  answers = given;
  Object.assign(calls, { fetched: [], left: [], shown: [] });
  if (stored !== undefined) {
    store.clear();
    for (const [key, value] of Object.entries(stored)) store.set(key, JSON.stringify(value));
  }
  location.hash = hash;
  location.search = search ?? "";
  const told = await Promise.all(
    Array.from({ length: times }, () => Promise.resolve(page[call]()).catch((error) => `failed: ${error.message}`)));
  const kept = Object.fromEntries([...store].map(([key, value]) => [key, JSON.parse(value)]));
  return { told: times === 1 ? told[0] : told, kept, ...calls };
}
"""


@pytest.fixture
def ask() -> Iterator[Ask]:
    with answering(PROGRAM) as node:
        yield node


def jwt(**claims: Any) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in ({}, claims)]
    return ".".join([*parts, "signature"])


def bought(nonce: str = "", client: str = "the-page", **more: Any) -> dict[str, Any]:
    """What the token endpoint answers."""
    groups = {"cognito:groups": ["agent"]}
    return {
        "status": 200,
        "body": {
            "access_token": jwt(scope="openid churn/predict"),
            "id_token": jwt(nonce=nonce, aud=client, name="Zoë Żak", email="zoe@example.com", **groups),
            "refresh_token": "r1",
            "expires_in": 1800,
            **more,
        },
    }


def session(ends_in_s: float, refresh: str = "r0") -> dict[str, Any]:
    return {
        "access": "a0",
        "id": jwt(email="a@example.com"),
        "refresh": refresh,
        "ends": 1000 * (time.time() + ends_in_s),
    }


def begun(ask: Ask, back: str = "") -> tuple[dict[str, str], dict[str, Any]]:
    """Begin: what the managed login is asked, and what the tab remembers."""
    found = ask({"call": "begin", "hash": back, "stored": {}})
    (url,) = found["left"]
    assert url.startswith("https://login.example/oauth2/authorize?")
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}, found["kept"]["sign-in"]


def test_the_managed_login_is_asked_for_a_code_that_only_this_tab_can_turn_into_tokens(ask: Ask) -> None:
    asked, remembered = begun(ask, "#/list")
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid churn/predict churn/report"
    assert asked["redirect_uri"] == "https://page.example/"
    digest = hashlib.sha256(remembered["verifier"].encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert asked["code_challenge_method"] == "S256"
    assert len(remembered["verifier"]) >= 43
    assert remembered["verifier"] not in asked.values()
    again, _ = begun(ask)
    assert not {asked[name] for name in ("state", "nonce", "code_challenge")} & set(again.values())


def test_a_code_becomes_a_session_and_the_view_comes_back(ask: Ask) -> None:
    asked, remembered = begun(ask, "#/model")
    found = ask({"call": "finish", "search": f"?code=c1&state={asked['state']}", "given": [bought(asked["nonce"])]})
    assert found["told"] is True
    ((url, body),) = found["fetched"]
    assert url == "https://login.example/oauth2/token"
    assert parse_qs(body) == {
        "client_id": ["the-page"],
        "grant_type": ["authorization_code"],
        "code": ["c1"],
        "redirect_uri": ["https://page.example/"],
        "code_verifier": [remembered["verifier"]],
    }
    assert found["shown"] == ["/#/model"]
    assert set(found["kept"]) == {"session"}
    who = ask({"call": "person"})["told"]
    assert who == {"name": "Zoë Żak", "groups": ["agent"], "mayReadReport": False, "mayPredict": True}


@pytest.mark.parametrize(
    ("search", "given"),
    [
        ("?code=c1&state=another", []),
        ("?code=c1", []),
        ("?error=access_denied&state={state}", []),
        ("?code=c1&state={state}", [{"status": 400, "body": {"error": "invalid_grant"}}]),
        ("?code=c1&state={state}", [bought("another")]),
        ("?code=c1&state={state}", [bought("{nonce}", client="another")]),
    ],
    ids=["foreign state", "no state", "refused", "code refused", "foreign nonce", "token for another app"],
)
def test_what_was_not_asked_for_is_not_believed(ask: Ask, search: str, given: list[dict[str, Any]]) -> None:
    asked, _ = begun(ask)
    for one in given:
        if "{nonce}" in json.dumps(one):
            one["body"]["id_token"] = jwt(nonce=asked["nonce"], aud="another")
    found = ask({"call": "finish", "search": search.format(**asked), "given": given})
    assert found["told"] is False
    assert found["kept"] == {}
    # The address keeps no code that a reload would send once more.
    assert found["shown"] == ["/"]


def test_a_code_counts_once_even_if_it_comes_again(ask: Ask) -> None:
    asked, _ = begun(ask)
    search = f"?code=c1&state={asked['state']}"
    assert ask({"call": "finish", "search": search, "given": [bought(asked["nonce"])]})["told"] is True
    again = ask({"call": "finish", "search": search, "given": [bought(asked["nonce"])]})
    assert (again["told"], again["fetched"]) == (False, [])


def test_a_page_that_comes_from_nowhere_asks_nothing(ask: Ask) -> None:
    found = ask({"call": "finish", "stored": {}})
    assert (found["told"], found["fetched"], found["shown"]) == (True, [], [])
    assert ask({"call": "person"})["told"] is None
    assert ask({"call": "token"})["told"] is None


def test_a_token_is_used_until_shortly_before_its_end_and_then_bought_anew_once(ask: Ask) -> None:
    found = ask({"call": "token", "stored": {"session": session(600)}})
    assert (found["told"], found["fetched"]) == ("a0", [])
    found = ask({"call": "token", "stored": {"session": session(30)}, "given": [bought()], "times": 3})
    ((_, body),) = found["fetched"]
    assert parse_qs(body)["refresh_token"] == ["r0"]
    assert found["told"] == [bought()["body"]["access_token"]] * 3
    assert found["kept"]["session"]["refresh"] == "r1", "the one that was used may not count again"


def test_an_answer_without_a_new_refresh_token_keeps_the_one_at_hand(ask: Ask) -> None:
    answer = bought()
    del answer["body"]["refresh_token"]
    found = ask({"call": "renew", "stored": {"session": session(600)}, "given": [answer]})
    assert found["kept"]["session"]["refresh"] == "r0"


def test_a_session_that_cognito_has_ended_ends_here_but_a_lost_connection_does_not_end_it(ask: Ask) -> None:
    refused = {"status": 400, "body": {"error": "invalid_grant"}}
    found = ask({"call": "renew", "stored": {"session": session(600)}, "given": [refused]})
    assert (found["told"], found["kept"]) == (None, {})
    for given in ([], [{"status": 503, "body": {}}]):
        found = ask({"call": "renew", "stored": {"session": session(600)}, "given": given})
        assert found["told"].startswith("failed: ")
        assert found["kept"]["session"]["refresh"] == "r0"


def test_signing_out_leaves_nothing_behind_even_without_a_connection(ask: Ask) -> None:
    for given in ([{"status": 200, "body": {}}], []):
        stored = {"session": session(600), "customer-draft": {"state": "NJ"}}
        found = ask({"call": "end", "stored": stored, "given": given})
        assert found["kept"] == {}
        ((url, body),) = found["fetched"]
        assert url == "https://login.example/oauth2/revoke"
        assert parse_qs(body) == {"token": ["r0"], "client_id": ["the-page"]}
        (left,) = found["left"]
        assert left.startswith("https://login.example/logout?")
        assert parse_qs(urlsplit(left).query)["logout_uri"] == ["https://page.example/"]
