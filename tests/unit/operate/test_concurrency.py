"""Whether the account can reserve what the settings ask for, before anything is made."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from botocore.stub import Stubber

from config import Settings, load_settings
from operate.account import Account
from operate.concurrency import shortage

Stub = Callable[[str], Stubber]


def reserving(reserve: int) -> Settings:
    settings = load_settings("prod")
    return replace(settings, api=replace(settings.api, reserved_concurrency=reserve))


def has(stub: Stub, limit: int, free: int) -> None:
    told = {"AccountLimit": {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": free}}
    stub("lambda").add_response("get_account_settings", told, {})


def no_stack(stub: Stub) -> None:
    stub("cloudformation").add_client_error(
        "list_stack_resources", "ValidationError", "Stack with id Churn-prod-Api does not exist"
    )


def a_stack(stub: Stub, held: int) -> None:
    function = {
        "LogicalResourceId": "Invoker",
        "PhysicalResourceId": "invoker",
        "ResourceType": "AWS::Lambda::Function",
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": "2026-01-01T00:00:00Z",
    }
    log = function | {"LogicalResourceId": "Log", "ResourceType": "AWS::Logs::LogGroup"}
    stub("cloudformation").add_response(
        "list_stack_resources", {"StackResourceSummaries": [log, function]}, {"StackName": "Churn-prod-Api"}
    )
    answer = {"ReservedConcurrentExecutions": held} if held else {}
    stub("lambda").add_response("get_function_concurrency", answer, {"FunctionName": "invoker"})


@pytest.mark.parametrize(("limit", "free", "enough"), [(1000, 1000, True), (1000, 200, True), (1000, 199, False)])
def test_a_hundred_stay_for_other_functions(account: Account, stub: Stub, limit: int, free: int, enough: bool) -> None:
    no_stack(stub)
    has(stub, limit, free)
    assert (shortage(account, reserving(100)) == "") is enough


def test_a_new_account_is_told_what_to_ask_for(account: Account, stub: Stub) -> None:
    no_stack(stub)
    has(stub, 10, 10)
    said = shortage(account, reserving(1))
    assert said.startswith("prod was not deployed: api.reserved_concurrency keeps 1 of Lambda's concurrent executions")
    assert "the account has 10 left of 10" in said
    assert "Concurrent executions), or set api.reserved_concurrency to 0" in said


def test_what_reserves_nothing_needs_nothing(account: Account) -> None:
    assert shortage(account, reserving(0)) == ""


def test_what_an_environment_has_reserved_already_is_not_asked_for_twice(account: Account, stub: Stub) -> None:
    a_stack(stub, held=100)
    assert shortage(account, reserving(100)) == ""


@pytest.mark.parametrize(
    ("held", "free", "enough"), [(0, 199, False), (0, 200, True), (60, 139, False), (60, 140, True)]
)
def test_a_first_or_larger_reserve_of_an_environment_that_stands_is_looked_at(
    account: Account, stub: Stub, held: int, free: int, enough: bool
) -> None:
    a_stack(stub, held)
    has(stub, 1000, free)
    assert (shortage(account, reserving(100)) == "") is enough
