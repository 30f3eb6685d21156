"""Whether an account has the concurrent executions of Lambda that an environment's settings reserve.

"You can reserve up to the Unreserved account concurrency value minus 100"; a new account may have 10 in all, and then
none to reserve. CloudFormation would find out after the stacks before have been made.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from __future__ import annotations

from config import UNRESERVED_CONCURRENCY, Settings
from operate.account import Account, pages
from operate.inventory import stack_prefix


def shortage(account: Account, settings: Settings) -> str:
    """Say what is lacking and what to do; empty when nothing is, or when the environment has its reserve already."""
    reserve = settings.api.reserved_concurrency
    if not reserve:
        return ""
    held = _held(account, f"{stack_prefix(settings)}Api")
    if reserve <= held:
        return ""
    limit = account.client("lambda").get_account_settings()["AccountLimit"]
    free: int = limit["UnreservedConcurrentExecutions"] + held
    if free - reserve >= UNRESERVED_CONCURRENCY:
        return ""
    return (
        f"{settings.name} was not deployed: api.reserved_concurrency keeps {reserve} of Lambda's concurrent executions "
        f"for the API, and {UNRESERVED_CONCURRENCY} must stay for other functions; the account has {free} left of "
        f"{limit['ConcurrentExecutions']}.\n"
        "  Ask for more (Service Quotas, Lambda, Concurrent executions), or set api.reserved_concurrency to 0 in "
        "config/environments.py."
    )


def _held(account: Account, stack: str) -> int:
    """Count what the stack's functions have reserved already; nothing where there is no such stack."""
    listed = pages(account.client("cloudformation"), "list_stack_resources", "StackResourceSummaries", StackName=stack)
    functions = [one["PhysicalResourceId"] for one in listed if one["ResourceType"] == "AWS::Lambda::Function"]
    asked = account.client("lambda").get_function_concurrency
    return sum(asked(FunctionName=name).get("ReservedConcurrentExecutions", 0) for name in functions)
