"""What the function needs of API Gateway's event, and what it learns on the way for its log."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from contract.rules import CORRELATION_PATTERN, JSON

_is_correlation_id = re.compile(CORRELATION_PATTERN).fullmatch


class Request(NamedTuple):
    """One request. `facts` goes to the log: it never holds anything of a customer."""

    id: str
    lambda_id: str
    correlation_id: str
    method: str
    resource: str
    headers: Mapping[str, str]
    body: str
    is_base64: bool
    facts: dict[str, object]
    parameters: Mapping[str, str] = {}
    subject: str = ""

    @classmethod
    def of(cls, event: dict[str, Any], context: Any) -> Request:
        """Read the event of API Gateway's proxy integration.

        The id is the one in API Gateway's access log, so that the two lines can be joined. The correlation id is the
        caller's, where it is one. The subject is Cognito's id of the person or the system whose token it was.
        """
        lambda_id = str(getattr(context, "aws_request_id", ""))
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        about = event.get("requestContext") or {}
        identity = str(about.get("requestId") or lambda_id or "unknown")
        claims = (about.get("authorizer") or {}).get("claims") or {}
        correlation = headers.get("x-correlation-id") or ""
        return cls(
            id=identity,
            lambda_id=lambda_id,
            correlation_id=correlation if _is_correlation_id(correlation) else identity,
            method=event.get("httpMethod") or "",
            resource=event.get("resource") or event.get("path") or "",
            headers=headers,
            body=event.get("body") or "",
            is_base64=bool(event.get("isBase64Encoded")),
            facts={},
            parameters=event.get("pathParameters") or {},
            subject=str(claims.get("sub") or ""),
        )

    @property
    def content_type(self) -> str:
        """The media type of the body, in lower case and without parameters."""
        return (self.headers.get("content-type") or JSON).partition(";")[0].strip().lower()

    @property
    def is_lenient(self) -> bool:
        """Whether customers with problems shall not stop the others (``Prefer: handling=lenient``, RFC 7240)."""
        # A word means the same in quotes.
        preferences = self.headers.get("prefer", "").lower().replace(" ", "").replace('"', "").split(",")
        return any(one.partition(";")[0] == "handling=lenient" for one in preferences)

    def bytes(self) -> bytes:
        """Return the body as it came over the wire; ValueError when it is not what it claims."""
        return base64.b64decode(self.body) if self.is_base64 else self.body.encode()
