"""CloudFront origins at ``execute-api``: MiniStack refuses to dial AWS's hosts, and our API is right here."""

import http.client
import re
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.services import cloudfront

_EXECUTE_API = re.compile(r"([a-z0-9]+)\.execute-api\.")


def install() -> None:
    """Answer requests for such an origin in this process."""
    fetch = cloudfront._fetch_from_origin

    async def fetch_from_origin(  # noqa: PLR0917 (MiniStack's signature)
        origin: dict[str, Any],
        method: str,
        uri: str,
        query: str,
        headers: dict[str, str],
        body: bytes,
        viewer_is_https: bool,
        client_ip: str,
        viewer_xff: str,
        dist_arn: str,
    ) -> Any:
        match = _EXECUTE_API.match(origin["domain_name"])
        if not match:
            return await fetch(
                origin, method, uri, query, headers, body, viewer_is_https, client_ip, viewer_xff, dist_arn
            )
        sent = cloudfront._origin_request_headers(origin, headers, client_ip, viewer_xff)
        status, answered, data = await app._handle_execute_api_request(
            f"{match[1]}.execute-api.{app._MINISTACK_HOST}",
            (origin.get("origin_path") or "") + uri,
            method,
            {name.lower(): value for name, value in sent.items()},
            body,
            parse_qs(query, keep_blank_values=True),
        )
        pairs = [
            (name, value)
            for name, values in answered.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        return status, http.client.responses.get(status, ""), cloudfront._multidict_from_pairs(pairs), data

    cloudfront._fetch_from_origin = fetch_from_origin
