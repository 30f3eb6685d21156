"""Cognito's trigger before it writes a token: takes away the scopes that none of the person's groups gives.

The page asks for all scopes, whoever signs in. What is left of them is what API Gateway then lets the person in for.
Tokens of systems do not come here: their app clients have their own scopes.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html (version 2)
"""

from __future__ import annotations

from typing import Any

from contract.access import GROUPS, SCOPES


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer the event with the scopes to leave out."""
    groups = event["request"]["groupConfiguration"].get("groupsToOverride") or []
    given = {scope for group in groups for scope in GROUPS.get(group, ())}
    refused = [scope for scope in SCOPES if scope not in given]
    event["response"] = {
        "claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToSuppress": refused}},
    }
    return event
