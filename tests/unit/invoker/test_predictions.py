"""POST /predictions when all goes well, the addresses that tell of the API, and what is sent to SageMaker."""

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
Post = Get = Callable[..., dict[str, Any]]


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


def test_an_id_that_is_given_comes_back_and_the_others_are_counted(post: Post, runtime: Any) -> None:
    runtime.predicts(*[{"probability": n / 10} for n in range(3)])
    answer = post({"customers": [{"id": "A-17", **LOYAL}, AT_RISK, {**LOYAL, "id": 4711}]})
    assert [one["id"] for one in answer["json"]["predictions"]] == ["A-17", 1, 4711]
    assert json.loads(runtime.requests[0][2]) == {"instances": [LOYAL, AT_RISK, LOYAL]}


@pytest.mark.parametrize("preference", ["respond-async, handling=lenient", 'Handling = "lenient"; wait=5'])
def test_lenient_handling_scores_the_valid_and_tells_of_the_others_in_their_places(
    post: Post, runtime: Any, preference: str
) -> None:
    runtime.predicts({"probability": 0.1, "churn": False}, {"probability": 0.9, "churn": True})
    wrong = {"id": "B", **AT_RISK, "day_mins": -1}
    body = {"customers": [LOYAL, wrong, 7, {"id": "D", **AT_RISK}]}
    answer = post(body, {"Prefer": preference})
    assert answer["statusCode"] == 200
    assert answer["headers"]["Preference-Applied"] == "handling=lenient"
    first, second, third, fourth = answer["json"]["predictions"]
    assert first == {"id": 0, "probability": 0.1, "churn": False}
    assert second["id"] == "B"
    assert [(e["customer"], e["field"]) for e in second["errors"]] == [(1, "day_mins")]
    assert (third["id"], third["errors"][0]["field"]) == (2, "")
    assert (fourth["id"], fourth["probability"]) == ("D", 0.9)
    assert json.loads(runtime.requests[0][2]) == {"instances": [LOYAL, AT_RISK]}


def test_lenient_handling_of_nobody_valid_is_an_error_still(post: Post, runtime: Any) -> None:
    answer = post({"customers": [{}]}, {"Prefer": "handling=lenient"})
    assert (answer["statusCode"], len(answer["json"]["errors"])) == (400, len(load_schema().inputs))
    assert runtime.requests == []


@pytest.mark.parametrize("preference", ["handling=strict", "lenient", "return=minimal", ""])
def test_strict_is_the_rule(post: Post, preference: str) -> None:
    answer = post({"customers": [LOYAL, {}]}, {"Prefer": preference})
    assert answer["statusCode"] == 400
    assert "Preference-Applied" not in answer["headers"]


def test_health_answers_without_the_model_and_says_so(get: Get, runtime: Any) -> None:
    answer = get("/health")
    assert answer["statusCode"] == 200
    assert answer["json"] == {"status": "ok", "model": "not called", "schema_hash": load_schema().hash}
    assert runtime.requests == []


def test_model_is_what_the_endpoint_says_of_itself(get: Get, runtime: Any) -> None:
    runtime.answers(200, {"predictions": [], "model": {"version": "3", "threshold": 0.31}})
    answer = get("/model")
    assert answer["json"] == {"version": "3", "threshold": 0.31}
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert json.loads(runtime.requests[0][2]) == {"instances": []}


def test_model_that_does_not_answer_is_503_as_for_predictions(get: Get, runtime: Any) -> None:
    runtime.refuses(400, "ValidationError")
    answer = get("/model")
    assert answer["statusCode"] == 503
    assert int(answer["headers"]["Retry-After"]) > 0


def test_schema_tells_the_inputs_and_no_other(get: Get, runtime: Any) -> None:
    answer = get("/schema")
    told = answer["json"]
    assert [one["name"] for one in told["inputs"]] == [attribute.name for attribute in load_schema().inputs]
    by_name = {one["name"]: one for one in told["inputs"]}
    assert by_name["day_mins"] == {
        "name": "day_mins",
        "column": "Day Mins",
        "label": "Day minutes",
        "type": "number",
        "group": "usage",
        "help": "Minutes called by day during the billing period.",
        "rule": "a number from 0 to 600 minutes",
        "unit": "minutes",
        "minimum": 0,
        "maximum": 600,
        "step": 0.1,
    }
    assert by_name["intl_plan"]["csv_values"] == {"yes": True, "no": False}
    assert by_name["state"]["category_labels"]["NJ"] == "New Jersey"
    assert {one["group"] for one in told["inputs"]} == {group["id"] for group in told["groups"]}
    assert runtime.requests == []


def test_schema_is_sent_again_only_when_it_has_changed(get: Get) -> None:
    first = get("/schema")
    tag = first["headers"]["ETag"]
    assert tag == f'"{load_schema().hash}"'
    assert first["headers"]["Cache-Control"] == "no-cache"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = get("/schema", {"If-None-Match": known})
        assert (again["statusCode"], again["body"], again["headers"]["ETag"]) == (304, "", tag)
    assert get("/schema", {"If-None-Match": '"other"'})["statusCode"] == 200


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
