"""Cognito's parts that MiniStack leaves out.

- A token that is refreshed is written anew: Cognito asks the trigger with the groups that the person has by then.
  MiniStack asks it with none, which would take every scope away.
- Nobody signs up where only operators make users (``AllowAdminCreateUserOnly``).
- ``POST /oauth2/revoke`` of the managed login, by which an app ends a session of its own.
  https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html
"""

from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.services import cognito

REVOKE = "/oauth2/revoke"
Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Add them."""
    write_token, answer_body = cognito._fake_token, app._handle_cognito_body_request
    sign_up = cognito._sign_up

    def fake_token(sub: str, pool_id: str, *rest: Any, **more: Any) -> str:
        if more.get("trigger_source") == "TokenGeneration_RefreshTokens" and not more.get("groups"):
            more["groups"] = _groups(pool_id, more.get("username", ""))
        token: str = write_token(sub, pool_id, *rest, **more)
        return token

    async def handle_body(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        if (method, path) == ("POST", REVOKE):
            return _revoke(headers, body)
        return await answer_body(method, path, headers, body, query)

    def sign_up_if_allowed(data: dict[str, Any]) -> Any:
        _pool_id, pool, _client = cognito._find_pool_by_client_id(data.get("ClientId", ""))
        if ((pool or {}).get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly"):
            told = "SignUp is not permitted for this user pool"
            return cognito.error_response_json("NotAuthorizedException", told, 400)
        return sign_up(data)

    cognito._sign_up = sign_up_if_allowed
    cognito._fake_token, app._handle_cognito_body_request = fake_token, handle_body


def _groups(pool_id: str, username: str) -> list[str]:
    pool = cognito._get_pool_unscoped(pool_id) or {}
    return list(pool.get("_users", {}).get(username, {}).get("_groups", []))


def _revoke(headers: dict[str, str], body: bytes) -> Answer:
    """Revoke a refresh token for the client that it was given to; of a token that is none, Cognito says nothing."""
    form = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
    identity, secret = cognito._authenticate_client(headers, form)
    _pool_id, _pool, client = cognito._find_pool_by_client_id(identity)
    if not client or (client.get("ClientSecret") or "") != (secret or ""):
        refused: Answer = cognito._oauth2_error("invalid_client", "Client authentication failed.", 401)
        return refused
    if not form.get("token"):
        missing: Answer = cognito._oauth2_error("invalid_request", "token is required.")
        return missing
    cognito._revoke_token({"Token": form["token"], "ClientId": identity})
    return 200, {}, b""
