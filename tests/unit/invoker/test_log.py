"""The line that each request leaves: what joins it with other logs, its metrics, and what it never holds."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from schema import load_examples

LOYAL, AT_RISK = load_examples()["loyal"], load_examples()["at_risk"]
Post = Get = Callable[..., dict[str, Any]]


def metrics(line: dict[str, Any]) -> dict[str, Any]:
    """What CloudWatch makes of a line, by the format's own rules: each metric's name, and its values at the root."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Churn/Api"
    for dimensions in directive["Dimensions"]:
        assert 0 < len(dimensions) <= 30
        assert all(isinstance(line[name], str) and line[name] for name in dimensions)
    units = {"Count", "Milliseconds", "None"}
    assert all(metric["Unit"] in units for metric in directive["Metrics"])
    return {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}


def test_line_joins_the_other_logs_and_holds_no_customer(post: Post, runtime: Any, log: Any) -> None:
    runtime.predicts({"probability": 0.93, "churn": True}, {"probability": 0.021, "churn": False})
    post({"customers": [{"id": "jane-doe", **AT_RISK}, LOYAL]})
    line = log()
    assert line["request_id"] == "gateway-request-1"
    assert line["lambda_request_id"] == "lambda-request-1"
    assert (line["level"], line["status"], line["Resource"]) == ("INFO", 200, "/predictions")
    assert line["duration_ms"] >= line["ModelLatency"] > 0
    text = json.dumps(line)
    assert str(AT_RISK["day_mins"]) not in text
    assert "jane" not in text


def test_line_carries_the_metrics_of_a_prediction(post: Post, runtime: Any, log: Any) -> None:
    runtime.predicts({"probability": 0.934, "churn": True}, {"probability": 0.021, "churn": False})
    post({"customers": [AT_RISK, LOYAL]})
    line = log()
    found = metrics(line)
    assert (found["Requests"], found["Refusals"], found["Faults"], found["Customers"]) == (1, 0, 0, 2)
    assert found["ModelLatency"] > 0
    # A distribution: sorted, so that it tells nothing of who was who.
    assert found["Score"] == [0.02, 0.93]
    assert line["_aws"]["Timestamp"] > 1.7e12
    assert line["Endpoint"] == "churn-test"


def test_a_full_request_stays_within_the_format(post: Post, runtime: Any, log: Any) -> None:
    runtime.scores_whatever_comes()
    post({"customers": [AT_RISK] * 100, "what_if": [{"custserv_calls": 0}] * 20, "offers": True})
    assert len(metrics(log())["Score"]) == 100  # of the customers, not of what was tried on them


@pytest.mark.parametrize(
    ("body", "status", "refusals", "faults"), [({"customers": [{}]}, 400, 1, 0), ({"customers": [LOYAL]}, 500, 0, 1)]
)
def test_what_fails_is_counted_by_whose_fault_it_is(
    post: Post, runtime: Any, log: Any, body: Any, status: int, refusals: int, faults: int
) -> None:
    runtime.refuses(403, "AccessDeniedException")
    assert post(body)["statusCode"] == status
    found = metrics(log())
    assert (found["Requests"], found["Refusals"], found["Faults"]) == (1, refusals, faults)
    assert "Score" not in found


def test_other_addresses_count_requests_alone(get: Get, log: Any) -> None:
    get("/health")
    assert metrics(log()) == {"Requests": 1, "Refusals": 0, "Faults": 0}


def test_correlation_id_goes_from_the_caller_to_the_endpoint_and_back(post: Post, runtime: Any, log: Any) -> None:
    runtime.predicts()
    answer = post({"customers": [AT_RISK]}, {"X-Correlation-ID": "page-0193.7a:1"})
    assert answer["headers"]["X-Correlation-Id"] == "page-0193.7a:1"
    assert runtime.requests[0][1]["x-amzn-sagemaker-custom-attributes"] == "correlation-id=page-0193.7a:1"
    assert log()["correlation_id"] == "page-0193.7a:1"


def test_the_trace_goes_on_to_the_endpoint_unsigned(post: Post, runtime: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.predicts()
    post({"customers": [AT_RISK]})
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    post({"customers": [AT_RISK]})
    (_, before, _), (_, headers, _) = runtime.requests
    assert "x-amzn-trace-id" not in before
    assert headers["x-amzn-trace-id"] == trace
    # Whatever passes it on may change it: a signature over it would break.
    assert "trace" not in headers["authorization"]


@pytest.mark.parametrize("sent", ["", "two words", "a\nb", "x" * 65, "-", "ünïcode", '{"a": 1}', "a;b", "a=b"])
def test_correlation_id_of_another_form_is_replaced_by_the_requests(
    post: Post, runtime: Any, log: Any, sent: str
) -> None:
    runtime.predicts()
    answer = post({"customers": [AT_RISK]}, {"X-Correlation-Id": sent})
    assert answer["statusCode"] == 200
    assert answer["headers"]["X-Correlation-Id"] == log()["correlation_id"] == "gateway-request-1"


def test_line_names_the_trace_that_api_gateway_began(
    post: Post, runtime: Any, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.predicts()
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-6740-abc;Parent=def;Sampled=1;Lineage=1:1:0")
    post({"customers": [AT_RISK]})
    assert log()["trace_id"] == "1-6740-abc"


def test_only_the_first_call_of_a_process_is_a_cold_start(post: Post, runtime: Any, log: Any) -> None:
    runtime.predicts()
    starts = []
    for _ in range(3):
        post({"customers": [AT_RISK]})
        starts.append(log()["cold_start"])
    assert starts == [True, False, False]
