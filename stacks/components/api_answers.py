"""What API Gateway itself answers: problem details in the Lambda's shape."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import aws_apigateway as apigateway

RETRY_AFTER_S = 5


class Problem(NamedTuple):
    """An answer of API Gateway's own: the title is the status's phrase, as RFC 9457 asks where the type is blank."""

    status: int
    title: str
    detail: str


ResponseType = apigateway.ResponseType
# The validator's and the gateway's own words stay out: they may quote what the client sent.
PROBLEMS: dict[str, tuple[apigateway.ResponseType, Problem]] = {
    "BadRequestBody": (
        ResponseType.BAD_REQUEST_BODY,
        Problem(
            400,
            "Bad Request",
            'Send a JSON object whose \\"customers\\" is a list of at least one customer, each an object, '
            "with the header Content-Type: application/json.",
        ),
    ),
    "RequestTooLarge": (
        ResponseType.REQUEST_TOO_LARGE,
        Problem(413, "Content Too Large", "Send fewer customers at once."),
    ),
    "UnknownAddress": (
        ResponseType.MISSING_AUTHENTICATION_TOKEN,
        Problem(404, "Not Found", "There is nothing at this address: check the method and the path."),
    ),
    # What an unknown address answers to a request with an Authorization header, as no method asks for a signature.
    "UnknownAddressSigned": (
        ResponseType.INVALID_SIGNATURE,
        Problem(404, "Not Found", "There is nothing at this address: check the method and the path."),
    ),
    "Throttled": (
        ResponseType.THROTTLED,
        Problem(429, "Too Many Requests", "Wait a few seconds and send the request again."),
    ),
    "IntegrationFailure": (
        ResponseType.INTEGRATION_FAILURE,
        Problem(503, "Service Unavailable", "The service does not answer: wait a few seconds and try again."),
    ),
    "IntegrationTimeout": (
        ResponseType.INTEGRATION_TIMEOUT,
        Problem(503, "Service Unavailable", "The service does not answer in time: wait a few seconds and try again."),
    ),
    "Default4xx": (
        ResponseType.DEFAULT_4_XX,
        Problem(400, "Client Error", "Check the method, the path and the headers."),
    ),
    "Default5xx": (
        ResponseType.DEFAULT_5_XX,
        Problem(500, "Server Error", "Try again; if it fails again, report the request id."),
    ),
}
KEEPS_ITS_STATUS = {"Default4xx", "Default5xx"}
WORTH_ANOTHER_TRY = {429, 503}


def add_problem_answers(api: apigateway.RestApi) -> None:
    """Give each of API Gateway's own answers the shape of problem details (RFC 9457)."""
    for name, (kind, problem) in PROBLEMS.items():
        keeps = name in KEEPS_ITS_STATUS
        headers = {"Content-Type": "'application/problem+json'", "Cache-Control": "'no-store'"}
        if problem.status in WORTH_ANOTHER_TRY:
            headers["Retry-After"] = f"'{RETRY_AFTER_S}'"
        api.add_gateway_response(
            name,
            type=kind,
            status_code=None if keeps else str(problem.status),
            response_headers=headers,
            templates={"application/json": _template(problem, keeps_status=keeps)},
        )


def _template(problem: Problem, *, keeps_status: bool) -> str:
    # A default answer stands for many codes, and templates know no variable for the code: it is left out there.
    status = "" if keeps_status else f'"status":{problem.status},'
    return (
        f'{{"type":"about:blank","title":"{problem.title}",{status}"detail":"{problem.detail}",'
        '"request_id":"$context.requestId","errors":[]}'
    )
