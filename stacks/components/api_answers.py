"""What API Gateway itself answers: problem details in the function's shape, for every kind of answer it knows."""

from __future__ import annotations

import json

from aws_cdk import aws_apigateway as apigateway

from contract.rules import PROBLEM, STATUSES, WORTH_ANOTHER_TRY

RETRY_AFTER_S = 5
ResponseType = apigateway.ResponseType

_BODY = (
    'Send a JSON object whose "customers" is a list of at least one customer, each an object; "what_if", if there, a '
    'list of objects, and "offers" true or false. The header is Content-Type: application/json, or text/csv for CSV.'
)
_ADDRESS = "There is nothing at this address: check the method and the path."
_SLOW = "The service does not answer: wait a few seconds and try again."
_FAULT = "Try again; if it fails again, report the request id."
_SIGN_IN = (
    "Send the header Authorization: Bearer with an access token that has not ended and has the scope of this address; "
    "the description of the API names it."
)
_KEY = "Send your API key in the header x-api-key: it says in whose plan the request counts."
# What a 401 has to name (RFC 9110): how to ask, here with a bearer's token (RFC 6750).
CHALLENGE = 'Bearer realm="churn"'

# The validator's and the gateway's own words stay out: they may quote what the client sent. No answer is 403, which the
# distribution would turn into the page of unknown addresses.
PROBLEMS: dict[str, tuple[apigateway.ResponseType, int, str]] = {
    "BadRequestBody": (ResponseType.BAD_REQUEST_BODY, 400, _BODY),
    "BadRequestParameters": (ResponseType.BAD_REQUEST_PARAMETERS, 400, "Check the headers and the address."),
    "Firewall": (ResponseType.WAF_FILTERED, 400, "The request looks like an attack: check what it sends."),
    "Unauthorized": (ResponseType.UNAUTHORIZED, 401, _SIGN_IN),
    "AccessDenied": (ResponseType.ACCESS_DENIED, 401, _SIGN_IN),
    "ExpiredToken": (ResponseType.EXPIRED_TOKEN, 401, _SIGN_IN),
    "InvalidKey": (ResponseType.INVALID_API_KEY, 401, _KEY),
    "UnknownAddress": (ResponseType.MISSING_AUTHENTICATION_TOKEN, 404, _ADDRESS),
    # What an unknown address answers to a request with an Authorization header, as no method asks for a signature.
    "UnknownAddressSigned": (ResponseType.INVALID_SIGNATURE, 404, _ADDRESS),
    "UnknownResource": (ResponseType.RESOURCE_NOT_FOUND, 404, _ADDRESS),
    "RequestTooLarge": (ResponseType.REQUEST_TOO_LARGE, 413, "Send fewer customers at once."),
    "UnsupportedType": (ResponseType.UNSUPPORTED_MEDIA_TYPE, 415, "Send application/json or text/csv."),
    "Throttled": (ResponseType.THROTTLED, 429, "Wait a few seconds and send the request again."),
    "QuotaExceeded": (ResponseType.QUOTA_EXCEEDED, 429, "The quota is used up: wait until it begins anew."),
    "Misconfigured": (ResponseType.API_CONFIGURATION_ERROR, 500, _FAULT),
    "AuthorizerMisconfigured": (ResponseType.AUTHORIZER_CONFIGURATION_ERROR, 500, _FAULT),
    "AuthorizerFailure": (ResponseType.AUTHORIZER_FAILURE, 500, _FAULT),
    "IntegrationFailure": (ResponseType.INTEGRATION_FAILURE, 503, _SLOW),
    "IntegrationTimeout": (ResponseType.INTEGRATION_TIMEOUT, 503, _SLOW),
    # For what API Gateway may come to know: it is told as the general case of its kind.
    "Default4xx": (ResponseType.DEFAULT_4_XX, 400, "Check the method, the path and the headers."),
    "Default5xx": (ResponseType.DEFAULT_5_XX, 500, _FAULT),
}


def add_problem_answers(api: apigateway.RestApi) -> None:
    """Give each of API Gateway's own answers the shape of problem details (RFC 9457)."""
    for name, (kind, status, detail) in PROBLEMS.items():
        headers = {
            "Content-Type": f"'{PROBLEM}'",
            "Cache-Control": "'no-store'",
            "X-Request-Id": "context.requestId",
        }
        if status == 401:
            headers["WWW-Authenticate"] = f"'{CHALLENGE}'"
        if status in WORTH_ANOTHER_TRY:
            headers["Retry-After"] = f"'{RETRY_AFTER_S}'"
        api.add_gateway_response(
            name,
            type=kind,
            status_code=str(status),
            response_headers=headers,
            templates={"application/json": _template(status, detail)},
        )


def _template(status: int, detail: str) -> str:
    body = {
        "type": "about:blank",
        "title": STATUSES[status].title,
        "status": status,
        "detail": detail,
        "request_id": "$context.requestId",
        "errors": [],
    }
    return json.dumps(body, separators=(",", ":"))
