"""What is left of the scopes that the page asks for: what the person's groups give, and nothing else."""

from typing import Any, get_args

import pytest

from config.sign_in import ClientScope
from contract.access import BATCHES, GROUPS, PREDICT, REPORT, RESOURCE_SERVER, SCOPES
from tests.unit.functions import loaded


def suppressed(monkeypatch: pytest.MonkeyPatch, groups: list[str] | None) -> list[str]:
    """What the trigger takes away, of an event as Cognito sends it (version 2)."""
    event: dict[str, Any] = {
        "version": "2",
        "triggerSource": "TokenGeneration_HostedAuth",
        "userName": "5a1c",
        "request": {
            "userAttributes": {"email": "someone@example.com"},
            "groupConfiguration": {"groupsToOverride": groups},
            "scopes": ["openid", "email", *SCOPES],
        },
        "response": {"claimsAndScopeOverrideDetails": None},
    }
    with loaded("grant_scopes", monkeypatch) as module:
        answer = module.handler(event, None)
    (details,) = answer["response"].values()
    # Nothing else of a token changes: no scope is added, no claim, and no group.
    assert set(details) == {"accessTokenGeneration"}
    assert set(details["accessTokenGeneration"]) == {"scopesToSuppress"}
    found: list[str] = details["accessTokenGeneration"]["scopesToSuppress"]
    return found


@pytest.mark.parametrize(
    ("groups", "left"),
    [
        ([], set()),
        (None, set()),
        (["agent"], {PREDICT, BATCHES}),
        (["analyst"], {PREDICT, BATCHES, REPORT}),
        (["agent", "analyst"], {PREDICT, BATCHES, REPORT}),
        (["owners", "agent"], {PREDICT, BATCHES}),
        (["owners"], set()),
    ],
)
def test_a_person_is_left_with_what_the_groups_give(
    monkeypatch: pytest.MonkeyPatch, groups: list[str] | None, left: set[str]
) -> None:
    assert set(SCOPES) - set(suppressed(monkeypatch, groups)) == left


def test_the_contract_is_whole() -> None:
    assert {scope for scopes in GROUPS.values() for scope in scopes} == set(SCOPES)
    assert {scope.partition("/")[0] for scope in SCOPES} == {RESOURCE_SERVER}
    # What settings may give a system: the settings import nothing, so the names stand there once more.
    assert {f"{RESOURCE_SERVER}/{name}" for name in get_args(ClientScope)} == set(SCOPES)
