"""Everything that can go wrong with a request or behind it: the status, the shape, and what stays inside."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema import load_examples, load_schema

CUSTOMER = load_examples()["at_risk"]
SECRET = "987654"  # the stand-in's error messages quote it as a customer's value
Post = Callable[..., dict[str, Any]]


def assert_problem(answer: dict[str, Any], status: int) -> dict[str, Any]:
    """Check the shape that RFC 9457 gives, and that the answer is about this request; return its body."""
    body: dict[str, Any] = answer["json"]
    assert answer["statusCode"] == body["status"] == status
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"].endswith(".")
    assert set(body) == {"type", "title", "status", "detail", "request_id", "errors"}
    assert isinstance(body["errors"], list)
    assert body["request_id"] == answer["headers"]["X-Request-Id"] == "gateway-request-1"
    return body


def test_all_problems_of_all_customers_come_at_once(post: Post, runtime: Any) -> None:
    wrong = {**CUSTOMER, "day_mins": 9999, "intl_plan": "yes", "shoe_size": 44}
    del wrong["state"]
    body = assert_problem(post({"customers": [CUSTOMER, wrong, 7]}), 400)
    found = {(error["customer"], error["field"]) for error in body["errors"]}
    assert found == {(1, "state"), (1, "day_mins"), (1, "intl_plan"), (1, "shoe_size"), (2, "")}
    assert all(error["rule"] and error["remedy"] for error in body["errors"])
    assert runtime.requests == []


def test_errors_say_what_the_schema_says(post: Post) -> None:
    wrong = {**CUSTOMER, "custserv_calls": -1}
    errors = post({"customers": [wrong]})["json"]["errors"]
    assert errors == [{"customer": 0, **p._asdict()} for p in load_schema().validate(wrong)]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        '{"customers": {}}',
        '{"customers": []}',
        '{"customers": [], "more": 1}',
        "[" * 100_000,
        '{"customers": [{"day_mins": 1' + "0" * 5000 + "}]}",
    ],
    ids=lambda body: body[:40],
)
def test_body_that_is_no_list_of_customers_is_refused(post: Post, runtime: Any, body: str) -> None:
    problem = assert_problem(post(body), 400)
    assert "Send a JSON object" in problem["detail"]
    assert runtime.requests == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('{"customers": [{"day_mins": 1, "day_mins": 2}]}', "names a field twice"),
        ('{"customers": [], "customers": []}', "names a field twice"),
        ('{"customers": [{"day_mins": NaN}]}', "NaN or Infinity"),
        ('{"customers": [{"day_mins": -Infinity}]}', "NaN or Infinity"),
        ('{"customers": [', "not valid JSON"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_the_rule_it_breaks(post: Post, runtime: Any, body: str, rule: str) -> None:
    problem = assert_problem(post(body), 400)
    assert rule in problem["detail"]
    assert "day_mins" not in problem["detail"]
    assert problem["errors"] == []
    assert runtime.requests == []


def test_a_body_that_is_not_what_it_claims_to_be_is_refused(post: Post) -> None:
    assert_problem(post("%%%", isBase64Encoded=True), 400)
    assert_problem(post("\ud800"), 400)


def test_too_many_customers(post: Post) -> None:
    assert "100 customers" in assert_problem(post({"customers": [CUSTOMER] * 101}), 413)["detail"]


def test_too_many_bytes(post: Post) -> None:
    body = json.dumps({"customers": [CUSTOMER]}) + " " * (256 * 1024)
    assert "256 KiB" in assert_problem(post(body), 413)["detail"]


def test_answer_to_a_body_full_of_errors_stays_sendable(post: Post) -> None:
    answer = post({"customers": [{f"f{n}": 0 for n in range(20_000)}]})
    assert assert_problem(answer, 400)["detail"].startswith("20015 problems")
    assert len(answer["body"]) < 6_000_000


def test_other_content_types(post: Post) -> None:
    for kind in ("application/xml", "text/plain", "multipart/form-data; boundary=x", "csv"):
        assert "text/csv" in assert_problem(post("a,b", headers={"content-type": kind}), 415)["detail"]
    wanted = {"CONTENT-TYPE": "Application/JSON; charset=utf-8"}
    assert_problem(post("{}", headers=wanted), 400)


def test_other_addresses_and_methods(post: Post) -> None:
    assert_problem(post("{}", resource="/nothing"), 404)
    answer = post("{}", httpMethod="GET")
    assert "POST" in assert_problem(answer, 405)["detail"]
    assert answer["headers"]["Allow"] == "POST"


@pytest.mark.parametrize("accept", ["text/html", "application/xml, image/*", "application/json;q=0", "text/csv;q=0, x"])
def test_an_answer_in_no_form_that_there_is(post: Post, runtime: Any, accept: str) -> None:
    body = assert_problem(post({"customers": [CUSTOMER]}, {"Accept": accept}), 406)
    assert "application/json or text/csv" in body["detail"]
    assert runtime.requests == []


@pytest.mark.parametrize(
    ("identity", "fine"),
    [
        (0, True),
        (2**53 - 1, True),
        ("A-17", True),
        ("x" * 64, True),
        ("jane.doe@example.org", True),
        (7.0, True),
        (-1, False),
        (2**53, False),
        (1.5, False),
        (True, False),
        (None, False),
        ("", False),
        ("x" * 65, False),
        ("=1+1", False),
        ("-1", False),
        ("@sum", False),
        ("+1", False),
        ("a,b", False),
        ("a\nb", False),
        ("a\n", False),
        ("é", False),
        ({}, False),
    ],
)
def test_ids_that_a_spreadsheet_would_execute_and_others_that_are_none(
    post: Post, runtime: Any, identity: Any, fine: bool
) -> None:
    runtime.predicts()
    answer = post({"customers": [{"id": identity, **CUSTOMER}]})
    if fine:
        assert answer["json"]["predictions"][0]["id"] == identity
        assert "id" not in json.loads(runtime.requests[0][2])["instances"][0]
    else:
        (error,) = assert_problem(answer, 400)["errors"]
        assert (error["customer"], error["field"]) == (0, "id")
        assert runtime.requests == []


@pytest.mark.parametrize(
    ("status", "error", "extra", "cause"),
    [
        (400, "ValidationError", {}, "ValidationError"),
        (429, "ModelNotReadyException", {}, "ModelNotReadyException"),
        (400, "ThrottlingException", {}, "ThrottlingException"),
        (503, "ServiceUnavailable", {}, "ServiceUnavailable"),
        (500, "InternalFailure", {}, "InternalFailure"),
        (530, "InternalDependencyException", {}, "InternalDependencyException"),
        (424, "ModelError", {"OriginalStatusCode": 503}, "ModelError 503"),
        (424, "ModelError", {"OriginalStatusCode": 0}, "ModelError 0"),
        (502, "", {}, "Http502"),
    ],
)
def test_trouble_that_passes_is_503_with_retry_after(
    post: Post, runtime: Any, log: Any, status: int, error: str, extra: dict[str, Any], cause: str
) -> None:
    runtime.refuses(status, error, **extra)
    answer = post({"customers": [CUSTOMER]})
    assert_problem(answer, 503)
    assert int(answer["headers"]["Retry-After"]) > 0
    line = log()
    assert (line["level"], line["cause"], line["status"]) == ("WARNING", cause, 503)
    assert SECRET not in answer["body"] + json.dumps(line)


@pytest.mark.parametrize(
    ("status", "error", "extra", "cause"),
    [
        (403, "AccessDeniedException", {}, "AccessDeniedException"),
        (424, "ModelError", {"OriginalStatusCode": 500}, "ModelError 500"),
        (424, "ModelError", {"OriginalStatusCode": 400}, "ModelError 400"),
        (424, "ModelError", {}, "ModelError"),
    ],
)
def test_trouble_that_stays_is_500_without_internals(
    post: Post, runtime: Any, log: Any, status: int, error: str, extra: dict[str, Any], cause: str
) -> None:
    runtime.refuses(status, error, **extra)
    answer = post({"customers": [CUSTOMER]})
    body = assert_problem(answer, 500)
    assert body["detail"] == "The request could not be served."
    assert "Retry-After" not in answer["headers"]
    assert len(runtime.requests) == 1
    line = log()
    assert (line["level"], line["error"], line["cause"]) == ("ERROR", "ModelFailure", cause)
    assert any(place.startswith("model_client.py:") for place in line["where"])
    assert SECRET not in answer["body"] + json.dumps(line)


@pytest.mark.parametrize(
    "body",
    [b"no json", [1], {"predictions": []}, {"predictions": [], "model": {}}, {"predictions": [7], "model": {}}],
    ids=str,
)
def test_answer_of_the_model_that_makes_no_sense_is_500(post: Post, runtime: Any, body: object) -> None:
    runtime.answers(200, body)
    assert_problem(post({"customers": [CUSTOMER]}), 500)


def test_slow_endpoint_is_503_within_the_timeout(post: Post, runtime: Any, log: Any) -> None:
    runtime.slow = True
    runtime.predicts()
    answer = post({"customers": [CUSTOMER]})
    assert_problem(answer, 503)
    line = log()
    assert line["cause"] == "Timeout"
    assert (line["Requests"], line["Refusals"], line["Faults"]) == (1, 0, 1)
    # INVOKE_TIMEOUT_S is 0.5, and it is not tried again; the endpoint would take a minute.
    assert 450 <= line["duration_ms"] < 30_000
    assert len(runtime.requests) == 1


def test_unreachable_endpoint_is_503(post: Post, runtime: Any, log: Any) -> None:
    runtime.server.shutdown()
    runtime.server.server_close()
    answer = post({"customers": [CUSTOMER]})
    assert_problem(answer, 503)
    assert log()["cause"] == "NewConnectionError"


def test_dropped_connection_is_tried_once_more(post: Post, runtime: Any) -> None:
    runtime.drop_next = True
    runtime.predicts()
    assert post({"customers": [CUSTOMER]})["statusCode"] == 200
    assert len(runtime.requests) == 2


def test_brief_failure_is_tried_once_more_and_only_once(post: Post, runtime: Any) -> None:
    runtime.refuses(503, "ServiceUnavailable")
    runtime.predicts()
    assert post({"customers": [CUSTOMER]})["statusCode"] == 200
    runtime.script.clear()
    runtime.requests.clear()
    runtime.refuses(503, "ServiceUnavailable")
    assert post({"customers": [CUSTOMER]})["statusCode"] == 503
    assert len(runtime.requests) == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=20,
)
changes = st.dictionaries(st.sampled_from([*CUSTOMER, "x", "id"]), json_values)
customers = st.lists(changes.map(lambda found: {**CUSTOMER, **found}), max_size=3)
asked = {"what_if": st.lists(changes, max_size=2) | json_values, "offers": st.booleans() | json_values}


# The fixtures serve all examples; and a machine that is busy makes up few of them in a second.
UNWATCHED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@given(body=json_values | st.fixed_dictionaries({"customers": customers | json_values}, optional=asked))
@settings(max_examples=200, deadline=None, suppress_health_check=UNWATCHED)
def test_no_body_makes_it_fail(post: Post, runtime: Any, body: Any) -> None:
    runtime.script.clear()
    runtime.scores_whatever_comes()
    for handling in ({}, {"Prefer": "handling=lenient"}):
        assert post(body, handling)["statusCode"] in (200, 400)


@given(text=st.text(max_size=200) | st.lists(st.text(max_size=12), max_size=12).map(",".join))
@settings(max_examples=200, deadline=None, suppress_health_check=UNWATCHED)
def test_no_csv_makes_it_fail(post: Post, runtime: Any, text: str) -> None:
    header = ",".join(["id", *CUSTOMER])
    good = ",".join(
        ["7", *(str(value).lower() if isinstance(value, bool) else str(value) for value in CUSTOMER.values())]
    )
    runtime.script.clear()
    runtime.scores_whatever_comes()
    for body in (text, f"{header}\n{text}", f"{header}\n{good}\n{text}\n"):
        answer = post(body, headers={"content-type": "text/csv", "prefer": "handling=lenient"})
        assert answer["statusCode"] in (200, 400)
