"""A file through the deployed system: sent by its form alone, scored by the live model, and fetched by its address."""

import csv
import io
import json
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest

from schema import load_examples, load_schema
from tests.local.deployment import Deployment

NAMES = [attribute.name for attribute in load_schema().inputs]
LOYAL, AT_RISK = (load_examples()[name] for name in ("loyal", "at_risk"))
WAITS_S = 240
Json = dict[str, Any]


def cells(customer: Json) -> list[str]:
    return ["yes" if value is True else "no" if value is False else str(value) for value in map(customer.get, NAMES)]


def send(form: Json, content: bytes, **changes: str) -> int:
    """Send a file by a form, as a browser does: without any other credentials."""
    mark = uuid.uuid4().hex
    part = f'--{mark}\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    head = "".join(part % pair for pair in {**form["fields"], **changes}.items())
    head += f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(form["url"], body, headers), timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as exc:
        return exc.code


def begun(deployment: Deployment) -> Json:
    status, batch = deployment.post("api/batches", {})
    assert status == 201, batch
    return batch


def ended(deployment: Deployment, batch: Json) -> Json:
    deadline = time.monotonic() + WAITS_S
    while batch["status"] in ("waiting", "checking", "scoring") and time.monotonic() < deadline:
        time.sleep(0.5)
        status, batch = deployment.get(batch["links"]["self"].lstrip("/"))
        assert status == 200, batch
    return batch


def fetched(batch: Json, kind: str) -> str:
    with urllib.request.urlopen(batch["files"][kind]["url"], timeout=60) as answer:
        text: str = answer.read().decode("utf-8-sig")
    return text


def test_a_file_is_scored_as_single_customers_are_and_no_good_row_is_lost(deployment: Deployment) -> None:
    header = ["name", "note", *reversed(NAMES)]
    # Ten megabytes: more than clients of S3 take in one piece.
    note = "x" * 5000
    rows = [
        [f"=C{n}", note, *reversed(cells({**(AT_RISK if n % 2 else LOYAL), "day_mins": n / 4}))] for n in range(1000)
    ]
    rows[17][-1], rows[500] = "XX", ["short"]
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([header, *rows])
    batch = begun(deployment)
    content = out.getvalue().replace("=C999", '"=C999').encode("utf-16")
    assert send(batch["upload"], content) == 204
    done = ended(deployment, batch)
    assert done["status"] == "done", done
    assert done["progress"] == {"rows_read": 1000, "rows_refused": 3, "scored": 1}
    found = list(csv.DictReader(io.StringIO(fetched(done, "result"), newline=""), delimiter=";"))
    assert [row["name"] for row in found[:999]] == [f"'=C{n}" if n != 500 else "short" for n in range(999)]
    assert [n for n, row in enumerate(found) if row["error"]] == [17, 500, 999]
    some = [0, 1, 16, 18, 501, 998]
    customers = [{**(AT_RISK if n % 2 else LOYAL), "day_mins": n / 4} for n in some]
    status, answer = deployment.post("api/predictions", {"customers": customers})
    assert status == 200
    for n, one in zip(some, answer["predictions"], strict=True):
        assert float(found[n]["probability"]) == pytest.approx(one["probability"], abs=1e-9)
        assert found[n]["churn"] == str(one["churn"]).lower()
        assert found[n]["reason_1"] == one["reasons"][0]["text"]
    refusals = list(csv.DictReader(io.StringIO(fetched(done, "refusals"), newline="")))
    assert {refusal["row"] for refusal in refusals} == {"18", "501", "1000"}
    report = json.loads(fetched(done, "report"))
    assert (report["rows_scored"], report["model"]["version"]) == (997, answer["model"]["version"])
    assert report["to_call"] == sum(row["churn"] == "true" for row in found)


def test_a_form_takes_one_file_of_its_size_under_its_name(deployment: Deployment) -> None:
    batch = begun(deployment)
    form = batch["upload"]
    assert send(form, b"1", key="states/other.json") == 403
    assert send(form, b"") == 400
    assert send(form, b"not,customers\n1,2\n") == 204
    failed = ended(deployment, batch)
    assert failed["status"] == "failed"
    assert failed["problem"]["rule"] == "the first line is not a header"
    # What comes after the first file changes nothing.
    assert send(form, f"{','.join(NAMES)}\n{','.join(cells(LOYAL))}\n".encode()) == 204
    deployment.settle()
    assert ended(deployment, {**failed, "status": "waiting"})["status"] == "failed"


@pytest.mark.parametrize("identity", ["none", "271e8143-6a61-45d3-89f8-a48ba427362a"])
def test_an_unknown_batch_is_not_found(deployment: Deployment, identity: str) -> None:
    status, problem = deployment.get(f"api/batches/{identity}")
    assert (status, problem["title"]) == (404, "Not Found")


def test_another_callers_batch_is_not_found(deployment: Deployment) -> None:
    batch = begun(deployment)
    headers = {"Authorization": f"Bearer {deployment.tokens('agent')['access_token']}"}
    request = urllib.request.Request(f"{deployment.site_url}{batch['links']['self'].lstrip('/')}", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 404
    assert deployment.get(batch["links"]["self"].lstrip("/"))[1]["status"] == "waiting"
