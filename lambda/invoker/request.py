"""What the function needs of API Gateway's event, and what it learns on the way for its log."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple


class Request(NamedTuple):
    """One request. `facts` goes to the log: it never holds anything of a customer."""

    id: str
    lambda_id: str
    method: str
    resource: str
    content_type: str
    body: str
    is_base64: bool
    facts: dict[str, object]

    @classmethod
    def of(cls, event: dict[str, Any], context: Any) -> Request:
        """Read the event of API Gateway's proxy integration.

        The id is the one in API Gateway's access log, so that the two lines can be joined.
        """
        lambda_id = str(getattr(context, "aws_request_id", ""))
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        return cls(
            id=str((event.get("requestContext") or {}).get("requestId") or lambda_id or "unknown"),
            lambda_id=lambda_id,
            method=event.get("httpMethod") or "",
            resource=event.get("resource") or event.get("path") or "",
            content_type=headers.get("content-type") or "application/json",
            body=event.get("body") or "",
            is_base64=bool(event.get("isBase64Encoded")),
            facts={},
        )

    def bytes(self) -> bytes:
        """Return the body as it came over the wire; ValueError when it is not what it claims."""
        return base64.b64decode(self.body) if self.is_base64 else self.body.encode()
