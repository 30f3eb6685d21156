"""POST /predictions and GET /health when all goes well, and what is sent to SageMaker."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from schema import load_examples, load_schema

LOYAL, AT_RISK = load_examples()["loyal"], load_examples()["at_risk"]
Post = Callable[..., dict[str, Any]]


def test_answer_numbers_the_predictions_in_the_order_of_the_customers(post: Post, runtime: Any) -> None:
    runtime.predicts({"probability": 0.02, "churn": False}, {"probability": 0.93, "churn": True})
    answer = post({"customers": [LOYAL, AT_RISK]})
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "application/json"
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert [(p["id"], p["probability"]) for p in answer["json"]["predictions"]] == [(0, 0.02), (1, 0.93)]
    assert answer["json"]["model"]["threshold"] == 0.31


def test_endpoint_gets_the_customers_unchanged(post: Post, runtime: Any) -> None:
    runtime.predicts()
    post({"customers": [AT_RISK]})
    path, headers, body = runtime.requests[0]
    assert path == "/endpoints/churn-test/invocations"
    assert headers["content-type"] == headers["accept"] == "application/json"
    assert headers["x-amzn-sagemaker-inference-id"] == "gateway-request-1"
    assert json.loads(body) == {"instances": [AT_RISK]}


def test_signature_is_the_one_that_a_verifier_computes(post: Post, runtime: Any) -> None:
    runtime.predicts()
    post({"customers": [AT_RISK]})
    path, headers, body = runtime.requests[0]
    assert headers["x-amz-security-token"] == "token-of-the-role"
    signed_names = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert {"host", "x-amz-date", "content-type", "x-amzn-sagemaker-inference-id"} <= set(signed_names)
    # A verifier's way: what came over the wire, signed again with the secret that belongs to the key.
    kept = {name: headers[name] for name in signed_names}
    signer = SigV4Auth(Credentials("AKIAEXAMPLE", "not-a-secret", "token-of-the-role"), "sagemaker", "eu-west-1")
    request = AWSRequest("POST", f"{runtime.url}{path}", headers=kept, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert headers["authorization"].split("Signature=")[1] == expected


def test_connection_is_kept_between_calls(post: Post, runtime: Any) -> None:
    runtime.predicts()
    for _ in range(3):
        assert post({"customers": [AT_RISK]})["statusCode"] == 200
    assert runtime.connections == 1


def test_body_may_come_as_base64(post: Post, runtime: Any) -> None:
    import base64

    runtime.predicts()
    body = base64.b64encode(json.dumps({"customers": [AT_RISK]}).encode()).decode()
    assert post(body, isBase64Encoded=True)["statusCode"] == 200


def test_a_hundred_customers_fit(post: Post, runtime: Any) -> None:
    runtime.predicts(*[{"probability": n / 100} for n in range(100)])
    predictions = post({"customers": [AT_RISK] * 100})["json"]["predictions"]
    assert [p["id"] for p in predictions] == list(range(100))


def test_health_answers_without_the_model_and_says_so(post: Post, runtime: Any) -> None:
    answer = post("", resource="/health", httpMethod="GET", headers=None, body=None)
    assert answer["statusCode"] == 200
    assert answer["json"] == {"status": "ok", "model": "not called", "schema_hash": load_schema().hash}
    assert runtime.requests == []


def test_log_line_joins_the_access_log_and_holds_no_customer(post: Post, runtime: Any, log: Any) -> None:
    runtime.predicts()
    post({"customers": [AT_RISK]})
    line = log()
    assert line["request_id"] == "gateway-request-1"
    assert line["lambda_request_id"] == "lambda-request-1"
    assert (line["level"], line["status"], line["customers"]) == ("INFO", 200, 1)
    assert line["duration_ms"] >= line["model_ms"] > 0
    assert str(AT_RISK["day_mins"]) not in json.dumps(line)


def test_only_the_first_call_of_a_process_is_a_cold_start(post: Post, runtime: Any, log: Any) -> None:
    runtime.predicts()
    starts = []
    for _ in range(3):
        post({"customers": [AT_RISK]})
        starts.append(log()["cold_start"])
    assert starts == [True, False, False]


@pytest.mark.parametrize(
    ("region", "variables", "url"),
    [
        ("eu-west-1", {}, "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/e/invocations"),
        ("cn-north-1", {}, "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn/endpoints/e/invocations"),
        ("eu-west-1", {"AWS_ENDPOINT_URL": "http://all:1/"}, "http://all:1/endpoints/e/invocations"),
        (
            "eu-west-1",
            {"AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "http://one:2"},
            "http://one:2/endpoints/e/invocations",
        ),
    ],
)
def test_address_follows_the_region_and_the_sdks_variables(
    invoker: ModuleType, region: str, variables: dict[str, str], url: str
) -> None:
    env = {
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "ENDPOINT_NAME": "e",
        "INVOKE_TIMEOUT_S": "8",
        **variables,
    }
    assert invoker.ModelClient.from_environment(env)._url == url
