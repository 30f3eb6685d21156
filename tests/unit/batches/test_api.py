"""The addresses of batches: what is announced, what is told of each state, and that both are what the contract says."""

import base64
import json
import time
import uuid
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from jsonschema import Draft202012Validator

from contract import openapi
from schema import load_schema
from tests.unit.batches.conftest import BUCKET, Bucket

DOCUMENT = openapi.document(load_schema())
Json = dict[str, Any]
# The same in each process that collects the tests. The other form of an id holds the time, which could be guessed.
UNKNOWN, TIMED = "05d45b5f-bee3-4edc-a8dc-8cd6839494b5", "a89638e8-e5cb-11f1-be59-02fc00000001"


@pytest.fixture
def bucket(api: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket in memory behind the real client, which signs."""
    found = Bucket()
    for method in ("put_object", "get_object", "list_objects_v2"):
        monkeypatch.setattr(api.batches._s3, method, getattr(found, method))
    return found


def ask(
    api: ModuleType, method: str, resource: str, *, identity: str = "", body: str = "", subject: str = "crm"
) -> Json:
    event = {
        "httpMethod": method,
        "resource": resource,
        "body": body,
        "pathParameters": {"id": identity} if identity else None,
        "requestContext": {"requestId": "r-1", "authorizer": {"claims": {"sub": subject}}},
    }
    answer: Json = api.handler(event, None)
    answer["json"] = json.loads(answer["body"])
    operation = DOCUMENT["paths"].get(resource, {}).get(method.lower())
    if operation and answer["statusCode"] < 300:
        content = operation["responses"][str(answer["statusCode"])]["content"]["application/json"]
        Draft202012Validator({**content["schema"], "components": DOCUMENT["components"]}).validate(answer["json"])
    return answer


def state(bucket: Bucket, **facts: Any) -> str:
    identity, now = str(uuid.uuid4()), int(time.time())
    known = {"id": identity, "owner": "crm", "created_at": now, "until": now + 900, **facts}
    bucket.put_object(Bucket=BUCKET, Key=f"states/{identity}.json", Body=json.dumps(known).encode())
    return identity


def test_a_file_is_announced_with_a_form_for_it_alone(api: ModuleType, bucket: Bucket) -> None:
    answer = ask(api, "POST", "/batches")
    assert answer["statusCode"] == 201
    told = answer["json"]
    assert answer["headers"]["Location"] == told["links"]["self"] == f"/api/batches/{told['id']}"
    assert uuid.UUID(told["id"]).version == 4
    policy = json.loads(base64.b64decode(told["upload"]["fields"]["policy"]))
    assert ["content-length-range", 1, 2 * 1024 * 1024] in policy["conditions"]
    assert {"key": f"uploads/{told['id']}.csv"} in policy["conditions"]
    assert {"bucket": BUCKET} in policy["conditions"]
    assert told["upload"]["url"] == f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/"
    assert told["upload"]["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    seen = ask(api, "GET", "/batches/{id}", identity=told["id"])
    assert (seen["statusCode"], seen["json"]["status"]) == (200, "waiting")
    assert "upload" not in seen["json"]
    assert answer["headers"]["Cache-Control"] == seen["headers"]["Cache-Control"] == "no-store"


def test_two_requests_make_two_batches(api: ModuleType, bucket: Bucket) -> None:
    one, two = (ask(api, "POST", "/batches", body=body)["json"]["id"] for body in ("", "{}"))
    assert one != two


def test_a_body_is_told_not_to_be_taken(api: ModuleType, bucket: Bucket) -> None:
    answer = ask(api, "POST", "/batches", body="state,account_length\nKS,128\n")
    assert (answer["statusCode"], bucket.objects) == (400, {})
    assert "where to send the file" in answer["json"]["detail"]


@pytest.mark.parametrize("identity", ["x", "../states", TIMED, f"{UNKNOWN}/", UNKNOWN])
def test_an_unknown_batch_is_not_found(api: ModuleType, bucket: Bucket, identity: str) -> None:
    answer = ask(api, "GET", "/batches/{id}", identity=identity)
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_a_batch_is_unknown_to_all_but_who_announced_it(api: ModuleType, bucket: Bucket) -> None:
    """Whoever may score files may not for that read another's customers by an id that got about."""
    begun = ask(api, "POST", "/batches", subject="crm")["json"]
    assert "owner" not in begun
    for identity in (begun["id"], state(bucket, status="done")):
        own = ask(api, "GET", "/batches/{id}", identity=identity, subject="crm")
        assert own["statusCode"] == 200
        assert "crm" not in own["body"]
        others = ask(api, "GET", "/batches/{id}", identity=identity, subject="billing")
        unknown = ask(api, "GET", "/batches/{id}", identity=UNKNOWN, subject="billing")
        assert (others["statusCode"], others["json"]) == (404, unknown["json"])


@pytest.mark.parametrize(
    ("facts", "status", "progress"),
    [
        ({"status": "waiting"}, "waiting", None),
        ({"status": "waiting", "until": 1}, "expired", None),
        ({"status": "checking"}, "checking", (0, 0, 0)),
        ({"status": "checking", "rows_read": 9, "rows_refused": 1, "parts": 0}, "checking", (9, 1, 0)),
        ({"status": "scoring", "rows_read": 9, "rows_refused": 1, "parts": 4}, "scoring", (9, 1, 0.25)),
        ({"status": "scoring", "until": 1}, "failed", None),
        ({"status": "done", "rows_read": 9, "rows_refused": 1, "parts": 4, "until": 1}, "done", (9, 1, 1)),
    ],
)
def test_how_far_it_is(api: ModuleType, bucket: Bucket, facts: Json, status: str, progress: Any) -> None:
    identity = state(bucket, **facts)
    bucket.put_object(Bucket=BUCKET, Key=f"scoring/out/{identity}/00000.jsonl.out", Body=b"")
    told = ask(api, "GET", "/batches/{id}", identity=identity)["json"]
    assert told["status"] == status
    assert ("files" in told, "problem" in told) == (status == "done", status == "failed")
    found = told.get("progress")
    assert (found and (found["rows_read"], found["rows_refused"], found["scored"])) == progress


def test_what_is_done_can_be_fetched_for_a_while(api: ModuleType, bucket: Bucket) -> None:
    identity = state(bucket, status="done")
    files = ask(api, "GET", "/batches/{id}", identity=identity)["json"]["files"]
    for kind, ending in (("result", "csv"), ("refusals", "csv"), ("report", "json")):
        parts = urlparse(files[kind]["url"])
        asked = parse_qs(parts.query)
        assert parts.netloc == f"{BUCKET}.s3.eu-west-1.amazonaws.com"
        assert parts.path == f"/results/{identity}/{kind}.{ending}"
        assert asked["X-Amz-Expires"] == ["600"]
        assert asked["response-content-disposition"] == [f'attachment; filename="churn-{kind}.{ending}"']


def test_a_failed_one_says_why(api: ModuleType, bucket: Bucket) -> None:
    problem = {"field": "", "rule": "the file is no text", "remedy": "Save it as CSV (UTF-8)."}
    told = ask(api, "GET", "/batches/{id}", identity=state(bucket, status="failed", problem=problem))["json"]
    assert told["problem"] == problem


def refused(code: str, http: int) -> ClientError:
    failed = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": http}}
    return ClientError(failed, "of S3")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (refused("SlowDown", 503), 503),
        (refused("ThrottlingException", 400), 503),
        (ReadTimeoutError(endpoint_url="https://example.com"), 503),
        (refused("AccessDenied", 403), 500),
    ],
)
@pytest.mark.parametrize(("method", "resource"), [("POST", "/batches"), ("GET", "/batches/{id}")])
def test_what_storage_refuses_for_now_is_worth_another_try(
    api: ModuleType,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    resource: str,
    failure: Exception,
    status: int,
) -> None:
    """Whoever asks every second how far a file is must not give up for a storage that is busy once."""
    identity = state(bucket, status="waiting")

    def fails(**_: Any) -> None:
        raise failure

    for call in ("put_object", "get_object"):
        monkeypatch.setattr(api.batches._s3, call, fails)
    answer = ask(api, method, resource, identity=identity if method == "GET" else "")
    assert answer["statusCode"] == answer["json"]["status"] == status
    assert ("Retry-After" in answer["headers"]) is (status == 503)
    assert answer["headers"]["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "resource"), [("DELETE", "/batches"), ("POST", "/batches/{id}")])
def test_other_methods_are_refused(api: ModuleType, bucket: Bucket, method: str, resource: str) -> None:
    answer = ask(api, method, resource)
    assert answer["statusCode"] == 405
    assert answer["headers"]["Allow"] == ("POST" if resource == "/batches" else "GET")
