"""Who may call what, as the OpenAPI document says it: the ways to a token, and each operation's scope."""

from __future__ import annotations

from typing import Any

from contract import access
from contract.parts import references

# Names of the two ways to come by a token.
PEOPLE, SYSTEMS = "people", "systems"
# Which scope an operation asks for: one for each, but for those that are open.
OPEN = frozenset({"health"})
SCOPE_OF = {
    "predict": access.PREDICT,
    "begin_batch": access.BATCHES,
    "batch": access.BATCHES,
    "model": access.PREDICT,
    "schema": access.PREDICT,
    "model_report": access.REPORT,
}


def schemes() -> dict[str, Any]:
    """Describe sign-in. Its address is another one in each deployment, so it stands in the deployment's outputs."""
    login = "https://managed-login.example"
    tokens = {"tokenUrl": f"{login}/oauth2/token", "scopes": access.SCOPES}
    told = "`managed-login.example` stands for the deployment's own address, its output `LoginUrl`."
    return {
        PEOPLE: {
            "type": "oauth2",
            "description": "Authorization code with PKCE, as the page does it. A person's groups decide what is left "
            f"of the scopes that are asked for. {told}",
            "flows": {"authorizationCode": {"authorizationUrl": f"{login}/oauth2/authorize", **tokens}},
        },
        SYSTEMS: {
            "type": "oauth2",
            "description": f"An id and a secret buy a token. {told} Send the client's API key as `x-api-key`, too, "
            "unless you come by the page's address: it says in whose plan the request counts.",
            "flows": {"clientCredentials": tokens},
        },
    }


def protect(operation: dict[str, Any]) -> None:
    """Say which scope an operation asks for, and that it refuses who has none."""
    name = operation["operationId"]
    if name in OPEN:
        operation["security"] = []
        return
    operation["security"] = [{scheme: [SCOPE_OF[name]]} for scheme in (PEOPLE, SYSTEMS)]
    operation["responses"] |= references(401)
