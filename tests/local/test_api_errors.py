"""Errors from outside: one shape and the right status, whoever answers, API Gateway or the function."""

import http.client
import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from contract import openapi
from contract.rules import STATUSES
from schema import load_examples, load_schema
from tests.local.deployment import Deployment

CUSTOMER = load_examples()["loyal"]
PROBLEM = Draft202012Validator({"$ref": "#/components/schemas/Problem", **openapi.document(load_schema())})
JSON = {"Content-Type": "application/json"}
GOOD = json.dumps({"customers": [CUSTOMER]})


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(
    deployment: Deployment,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: str | bytes | None = None,
) -> Answer:
    address = urlsplit(deployment.site_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    try:
        connection.request(method, f"/api{path}", body, {**deployment.signed(), **(headers or {})})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def assert_problem(answer: Answer, status: int) -> dict[str, Any]:
    """Check status, headers and shape; return the body."""
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.body)
    PROBLEM.validate(body)
    assert (body["status"], body["title"]) == (status, STATUSES[status].title)
    assert answer.headers["X-Request-Id"] == body["request_id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) is (status in (429, 503))
    return body


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/predictions", JSON, "{", 400),
        ("POST", "/predictions", JSON, '{"customers": []}', 400),
        ("POST", "/predictions", JSON, '{"customers": [{}], "offers": 1}', 400),
        ("POST", "/predictions", JSON, '{"customers": [{}], "more": 1}', 400),
        ("POST", "/predictions", JSON, '{"customers": [{}]}', 400),
        ("POST", "/predictions", {"Content-Type": "text/csv"}, "a,b\n1,2\n", 400),
        ("POST", "/predictions", {"Content-Type": "text/csv"}, "Zustand,é\n".encode("latin-1"), 400),
        ("GET", "/nothing", {}, None, 404),
        ("GET", "/predictions", {}, None, 404),
        ("DELETE", "/health", {}, None, 404),
        ("POST", "/predictions", {**JSON, "Accept": "image/png"}, GOOD, 406),
        ("POST", "/predictions", JSON, json.dumps({"customers": [CUSTOMER] * 101}), 413),
        ("POST", "/predictions", JSON, GOOD + " " * 256 * 1024, 413),
        ("POST", "/predictions", {"Content-Type": "application/xml"}, "<a/>", 415),
    ],
)
def test_each_error_has_its_status_and_the_one_shape(
    deployment: Deployment, method: str, path: str, headers: dict[str, str], body: str | bytes | None, status: int
) -> None:
    assert_problem(ask(deployment, method, path, headers, body), status)
