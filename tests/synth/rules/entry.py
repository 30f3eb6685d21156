"""Who is let in by the API and the user pool: a token with the document's scope, people whom operators have made."""

from collections.abc import Iterator
from typing import Any

from contract import openapi
from contract.access import SCOPES
from schema import load_schema
from tests.synth.conftest import Environment

FEWEST_CHARACTERS = 12
LONGEST_TOKEN_MINUTES = 60
MFA = {"off": "OFF", "optional": "OPTIONAL", "required": "ON"}


def _scopes() -> dict[tuple[str, str], str | None]:
    """Path and method of each operation of the document, with its scope; None where it is open."""
    paths = openapi.document(load_schema())["paths"]
    return {
        (path, method.upper()): next(iter(operation["security"][0].values()))[0] if operation["security"] else None
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def every_method_asks_for_the_documents_scope(environment: Environment) -> Iterator[str]:
    """And for a key, which says in whose plan the request counts. A method that the document does not have, too."""
    wanted = _scopes()
    authorizers = {a.logical_id: a.properties["Type"] for a in environment.resources("AWS::ApiGateway::Authorizer")}
    parts = {r.logical_id: r.properties for r in environment.resources("AWS::ApiGateway::Resource")}

    def path(logical_id: str) -> str:
        above = parts[logical_id]["ParentId"].get("Ref")
        return (path(above) if above else "") + f"/{parts[logical_id]['PathPart']}"

    for method in environment.resources("AWS::ApiGateway::Method"):
        p = method.properties
        scope = wanted.get((path(p["ResourceId"]["Ref"]), p["HttpMethod"]), "one of the document")
        if scope is None:
            continue
        if authorizers.get(p.get("AuthorizerId", {}).get("Ref")) != "COGNITO_USER_POOLS":
            yield f"{method} asks for no token"
        if p.get("AuthorizationType") != "COGNITO_USER_POOLS" or p.get("AuthorizationScopes") != [scope]:
            yield f"{method} asks for {p.get('AuthorizationScopes')}, and not for {scope}"
        if p.get("ApiKeyRequired") is not True:
            yield f"{method} counts in nobody's plan"


def people_are_let_in_by_operators_only(environment: Environment) -> Iterator[str]:
    """And keep what they know to themselves: long passwords, the settings' second factor, nothing by SMS."""
    settings = environment.settings
    for pool in environment.resources("AWS::Cognito::UserPool"):
        p = pool.properties
        policy = p.get("Policies", {}).get("PasswordPolicy", {})
        if p.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly") is not True:
            yield f"{pool} lets people sign up by themselves"
        kinds = [policy.get(f"Require{kind}") for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols")]
        if policy.get("MinimumLength", 0) < FEWEST_CHARACTERS or not all(kinds):
            yield f"{pool} takes short or plain passwords"
        if p.get("MfaConfiguration") != MFA[settings.sign_in.mfa] or "SMS_MFA" in p.get("EnabledMfas", []):
            yield f"{pool} asks for another second factor than the settings"
        if p.get("UserPoolTier") not in ("ESSENTIALS", "PLUS"):
            yield f"{pool} cannot change access tokens"
        kept = ("ACTIVE", "Retain") if settings.storage.retain_on_destroy else ("INACTIVE", "Delete")
        if (p.get("DeletionProtection"), pool.body.get("DeletionPolicy")) != kept:
            yield f"{pool} is not kept as the settings say"


def every_client_is_bounded(environment: Environment) -> Iterator[str]:
    """Either a system with a secret, or an app of people without one that takes codes; short tokens, revocable."""
    for client in environment.resources("AWS::Cognito::UserPoolClient"):
        p = client.properties
        flow = ["client_credentials"] if p.get("GenerateSecret") else ["code"]
        if p.get("AllowedOAuthFlows") != flow:
            yield f"{client} gives tokens by {p.get('AllowedOAuthFlows')}"
        if not p.get("EnableTokenRevocation") or p.get("PreventUserExistenceErrors") != "ENABLED":
            yield f"{client} cannot be revoked, or tells who exists"
        unit = p.get("TokenValidityUnits", {}).get("AccessToken")
        if unit != "minutes" or p.get("AccessTokenValidity", 61) > LONGEST_TOKEN_MINUTES:
            yield f"{client} gives tokens for too long"
        unknown = {one for one in p.get("AllowedOAuthScopes", []) if "/" in one} - set(SCOPES)
        if unknown or "aws.cognito.signin.user.admin" in p.get("AllowedOAuthScopes", []):
            yield f"{client} may ask for more than the API has: {unknown}"
        for url in [*p.get("CallbackURLs", []), *p.get("LogoutURLs", [])]:
            if not _is_ours(url):
                yield f"{client} sends people to {url}"


def _is_ours(url: Any) -> bool:
    """Whether an address is the distribution's, by TLS."""
    join = url.get("Fn::Join", ["", [""]])[1] if isinstance(url, dict) else [url]
    return join[0] == "https://" and "Distribution" in str(join[1:])


RULES = (
    every_method_asks_for_the_documents_scope,
    people_are_let_in_by_operators_only,
    every_client_is_bounded,
)
