"""The public address of the run: a port on loopback that is the CloudFront distribution, with the managed login beside
it: neither CloudFront's domain nor Cognito's leads here.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ministack.services import cloudfront

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]
_MANAGED_LOGIN = ("/login", "/logout", "/oauth2/authorize", "/oauth2/token", "/oauth2/revoke")
_NO_DISTRIBUTION = b"Nothing is deployed yet: the distribution does not exist."


def _distribution() -> dict[str, Any] | None:
    """The distribution of the app; the laptop run has one account with one."""
    for distribution in cloudfront._distributions._data.values():
        return distribution
    return None


def front_door(gateway: Application, web_port: int) -> Application:
    """An application that answers on the web port as the distribution and otherwise as the gateway.

    Parameters
    ----------
    gateway
        MiniStack's application.
    web_port
        The port that browsers use.
    """

    async def application(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await gateway(scope, receive, send)
            return
        headers = list(scope["headers"])
        if scope["server"][1] == web_port and scope["path"] not in _MANAGED_LOGIN:
            distribution = _distribution()
            if distribution is None:
                await _unavailable(send)
                return
            headers = [(name, value) for name, value in headers if name != b"host"]
            headers.append((b"host", distribution["DomainName"].encode()))
        # Loopback counts as TLS; see the server's docstring.
        headers = [(name, value) for name, value in headers if name != b"x-forwarded-proto"]
        headers.append((b"x-forwarded-proto", b"https"))
        await gateway({**scope, "headers": headers}, receive, send)

    return application


async def _unavailable(send: Any) -> None:
    headers = [(b"content-type", b"text/plain"), (b"retry-after", b"5")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _NO_DISTRIBUTION})
