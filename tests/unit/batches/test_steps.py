"""From a file to its result: what is scored, what the other rows are told, and that nothing is lost or done twice."""

import json
import sys
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.unit.batches.conftest import ANSWER, AT_RISK, LOYAL, NAMES, cells
from tests.unit.batches.sent import MODEL, Sent, text

Json = dict[str, Any]


def test_a_file_comes_back_with_its_columns_in_its_order(steps: ModuleType) -> None:
    header = ["customer", *reversed(NAMES), "note"]
    rows = [[f"C{n}", *reversed(cells(AT_RISK if n % 2 else LOYAL)), f"row {n}"] for n in range(4)]
    rows[2][-2] = "XX"
    sent = Sent(steps, text(*rows, header=header).encode())
    assert sent.checked["state"] == "start"
    assert sent.records == [LOYAL, AT_RISK, AT_RISK]
    first, *found = sent.merge()
    assert first == [*header, *ANSWER]
    assert [row[: len(header)] for row in found] == rows
    assert [row[len(header) :][:3] for row in found] == [
        ["0.0", "false", "0."],
        ["0.001", "true", "1."],
        ["", "", ""],
        ["0.002", "false", "2."],
    ]
    assert found[2][-1].startswith("Not scored: state must be one of 51 codes")
    (refusal,) = sent.refusals
    assert (refusal["row"], refusal["line"], refusal["field"]) == ("3", "4", "state")
    assert sent.state["status"] == "done"
    report = sent.report
    assert (report["rows_read"], report["rows_refused"], report["rows_scored"], report["to_call"]) == (4, 1, 3, 1)
    assert [(one["field"], one["rows"]) for one in report["refused_by_rule"]] == [("state", 1)]
    assert report["expected_loss_usd"] == 1.5
    assert report["model"] == MODEL


SAVED = {
    "utf-8": ("utf-8", ",", "\n"),
    "utf-8 with a mark": ("utf-8-sig", ",", "\r\n"),
    "utf-16": ("utf-16", "\t", "\r\n"),
    "windows-1252": ("cp1252", ";", "\r\n"),
    "old Mac": ("utf-8", ",", "\r"),
    "semicolons": ("utf-8", ";", "\n"),
    "tabs": ("utf-8", "\t", "\n"),
}


@pytest.mark.parametrize("how", SAVED)
def test_it_is_read_as_it_was_saved(steps: ModuleType, how: str) -> None:
    encoding, separator, end = SAVED[how]
    rows = [['Zoë "Z" Müller, née ß', *cells(LOYAL)], ["two\nlines", *cells(AT_RISK)]]
    body = text(*rows, header=["Käufer", *NAMES], separator=separator, end=end).encode(encoding)
    sent = Sent(steps, body)
    assert sent.records == [LOYAL, AT_RISK]
    first, *found = sent.merge()
    assert first[0] == "Käufer"
    assert [row[0] for row in found] == [row[0] for row in rows]


def test_a_first_line_may_say_what_separates(steps: ModuleType) -> None:
    sent = Sent(steps, f"sep=;\r\n{text(cells(LOYAL), ['x'], separator=';')}".encode())
    assert sent.records == [LOYAL]
    assert [refusal["line"] for refusal in sent.refusals] == ["4"]


@pytest.mark.parametrize(
    ("separator", "other", "good"), [(";", "12,5", True), ("\t", "12,5", True), (";", "12.5", False)]
)
def test_decimal_commas_are_read_where_no_number_has_a_point(
    steps: ModuleType, separator: str, other: str, good: bool
) -> None:
    place = NAMES.index("day_mins")
    one, two = cells({**LOYAL, "intl_mins": 1, "eve_mins": 2, "night_mins": 3}), cells(LOYAL)
    one[place], two[place] = "180,5", other
    sent = Sent(
        steps, text(one, [cell.replace(".", ",") if good else cell for cell in two], separator=separator).encode()
    )
    assert [record["day_mins"] for record in sent.records] == ([180.5, 12.5] if good else [12.5])


def test_what_a_spreadsheet_would_execute_comes_back_as_a_text(steps: ModuleType) -> None:
    told = ["=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "-2+3", "\t=1", "\r=1", " =1", "＝1"]
    numbers = ["-5", "+48", "-1.5e3", "-0,5"]
    rows = [[one, *cells(LOYAL)] for one in [*told, *numbers]]
    first, *found = Sent(steps, text(*rows, header=["=note()", *NAMES]).encode()).merge()
    assert first[0] == "'=note()"
    assert [row[0] for row in found] == [f"'{one}" for one in told] + numbers


def test_broken_rows_cost_themselves_alone(steps: ModuleType) -> None:
    good, line = cells(LOYAL), ",".join(cells(LOYAL))
    lines = [
        ",".join(NAMES),
        line,
        f'"{line}',  # a quote that nobody closes
        line,
        ",".join(good[:-1]),
        f"{line},more,and more",
        f"{'x' * 1_000_000},{','.join(good[1:])}",
        f"{'x' * 3_000_000},{','.join(good[1:])}",
        "",
        "\0" * 9,
        line,
        f'"a"b,{",".join(good[1:])}',
        line,
    ]
    # The zeros stand behind what tells a text from a workbook.
    body = "\n".join([*lines[:5], *[line] * 60, *lines[5:]]).encode()
    sent = Sent(steps, body)
    assert len(sent.records) == 64
    assert [refusal["row"] for refusal in sent.refusals] == ["2", "4", "65", "66", "67", "68", "70"]
    found = sent.merge()[1:]
    assert len(found) == sent.report["rows_read"] == 71
    assert {len(row) for row in found} == {len(NAMES) + len(ANSWER)}
    assert sum(row[-1] == "" for row in found) == 64


WRONG = {
    "empty": (b"", "no header row"),
    "a header alone": (text().encode(), "header and no customer"),
    "no header": (text(cells(LOYAL), header=cells(LOYAL)).encode(), "not a header"),
    "a column missing": (text(cells(LOYAL)[1:], header=NAMES[1:]).encode(), "missing: State"),
    "a column twice": (text(["KS", *cells(LOYAL)], header=["State", *NAMES]).encode(), "repeated: State"),
    "a workbook": (b"PK\x03\x04" + bytes(900), "no text"),
    "too many rows": (text(*[cells(LOYAL)] * 2001).encode(), "more than 2,000 rows"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_file_that_cannot_be_used_is_told_why(steps: ModuleType, what: str) -> None:
    body, told = WRONG[what]
    sent = Sent(steps, body)
    assert sent.checked == {"state": "refused", "id": sent.id}
    assert sent.state["status"] == "failed"
    problem = sent.state["problem"]
    assert told in problem["rule"]
    assert problem["remedy"].endswith(".")
    assert problem["remedy"][0].isupper()
    assert "KS" not in str(problem)


def test_a_file_of_bad_rows_alone_is_answered_without_a_model(steps: ModuleType) -> None:
    sent = Sent(steps, text(["x"], cells({**LOYAL, "state": "XX"})).encode())
    assert sent.checked["state"] == "merge"
    assert [row[-1][:11] for row in sent.merge()[1:]] == ["Not scored:"] * 2
    assert sent.report["model"] is None


def test_columns_of_an_earlier_answer_are_kept_under_another_name(steps: ModuleType) -> None:
    sent = Sent(steps, text(["0.5", *cells(LOYAL)], header=["probability", *NAMES]).encode())
    first, row = sent.merge()
    assert (first[0], row[0]) == ("input_probability", "0.5")
    assert len(set(first)) == len(first)


def test_the_first_file_counts_and_is_read_as_it_was(steps: ModuleType) -> None:
    sent = Sent(steps, text(cells(LOYAL)).encode())
    later = sent.send(b"another")
    # A second file, the same event again for another execution, and the same step of the same execution.
    assert sent.check("second", later) == sent.check("third") == {"state": "ignored"}
    assert len(sent.merge()) == 2
    # The same execution may ask again, as after an answer that was lost.
    assert Sent.check(again := Sent(steps, text(cells(LOYAL)).encode())) == again.checked


@pytest.mark.parametrize(
    "key", ["uploads/x.csv", "uploads/../states/x.json", "uploads/05d45b5f-bee3-4edc-a8dc-8cd6839494b5.csv"]
)
def test_a_file_that_nobody_announced_is_left_alone(steps: ModuleType, key: str) -> None:
    event = {"step": "check", "event": {"detail": {"object": {"key": key}}}, "execution": "first"}
    assert steps.handler(event, None) == {"state": "ignored"}
    assert not steps._s3.objects


def test_long_files_go_in_parts_and_come_back_whole(steps: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["check"], "PART_ROWS", 70)
    monkeypatch.setattr(sys.modules["objects"], "PART_BYTES", 20_000)
    rows = [[f"C{n}", *cells(LOYAL)] for n in range(1000)]
    for n in range(0, 1000, 7):
        rows[n][1] = "XX"
    sent = Sent(steps, text(*rows, header=["id", *NAMES]).encode())
    assert sent.checked["checked"]["parts"] == 13
    found = sent.merge()[1:]
    assert [row[0] for row in found] == [row[0] for row in rows]
    assert [n for n, row in enumerate(found) if row[-1]] == [*range(0, 1000, 7)]


def test_answers_are_found_in_a_folder_too(steps: ModuleType) -> None:
    sent = Sent(steps, text(cells(LOYAL), cells(LOYAL)).encode())
    sent.score()
    direct = f"scoring/out/{sent.id}/00000.jsonl.out"
    sent.s3.objects[f"scoring/out/{sent.id}/{sent.id}/00000.jsonl.out"] = sent.s3.objects.pop(direct)
    assert steps.handler({"step": "merge", "batch": sent.checked}, None)["state"] == "done"
    assert sent.report["rows_scored"] == 2


def test_answers_that_do_not_fit_the_rows_make_no_result(steps: ModuleType) -> None:
    for change in (lambda body: body.rpartition(b'{"prob')[0], lambda body: body + body.splitlines()[-1] + b"\n"):
        sent = Sent(steps, text(cells(LOYAL), cells(LOYAL)).encode())
        sent.score()
        key = f"scoring/out/{sent.id}/00000.jsonl.out"
        sent.s3.objects[key] = change(sent.s3.objects[key])
        with pytest.raises(RuntimeError, match="answers than there are rows"):
            steps.handler({"step": "merge", "batch": sent.checked}, None)
        assert f"results/{sent.id}/result.csv" not in sent.s3.objects
        assert steps.handler({"step": "fail", "event": sent.event}, None) == {"state": "failed"}
        assert sent.state["problem"]["rule"] == "could not be scored"


@pytest.fixture
def sagemaker(steps: ModuleType) -> Any:
    with Stubber(steps._sagemaker) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def live(sagemaker: Stubber) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:111122223333"
    times = {"CreationTime": "2026-01-02T00:00:00Z", "LastModifiedTime": "2026-01-02T00:00:00Z"}
    endpoint = {
        "EndpointName": "churn-test",
        "EndpointArn": f"{arn}:endpoint/churn-test",
        "EndpointConfigName": "config-7",
        "EndpointStatus": "Updating",
        "ProductionVariants": [{"VariantName": "main"}],
        **times,
    }
    variant = {"VariantName": "main", "ModelName": "model-7"}
    config = {
        "EndpointConfigName": "config-7",
        "EndpointConfigArn": f"{arn}:endpoint-config/config-7",
        "ProductionVariants": [variant],
        "CreationTime": times["CreationTime"],
    }
    sagemaker.add_response("describe_endpoint", endpoint, {"EndpointName": "churn-test"})
    sagemaker.add_response("describe_endpoint_config", config, {"EndpointConfigName": "config-7"})


def begin(steps: ModuleType) -> tuple[Sent, Json]:
    sent = Sent(steps, text(cells(LOYAL)).encode())
    return sent, {"step": "start", "batch": sent.checked}


def test_the_live_model_scores_under_our_key(steps: ModuleType, sagemaker: Stubber) -> None:
    sent, event = begin(steps)
    live(sagemaker)
    answer = {"TransformJobArn": f"arn:aws:sagemaker:eu-west-1:111122223333:transform-job/churn-test-{sent.id}"}
    key = "arn:aws:kms:eu-west-1:111122223333:key/1"
    expected = {
        "TransformJobName": f"churn-test-{sent.id}",
        "ModelName": "model-7",
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": 1,
        "MaxConcurrentTransforms": 2,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 120, "InvocationsMaxRetries": 3},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://batches/scoring/in/{sent.id}/"}},
            "ContentType": "application/jsonlines",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://batches/scoring/out/{sent.id}",
            "Accept": "application/jsonlines",
            "AssembleWith": "Line",
            "KmsKeyId": key,
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": key},
    }
    sagemaker.add_response("create_transform_job", answer, expected)
    assert steps.handler(event, None)["state"] == "scoring"
    # Asked once more, as after an answer that was lost.
    live(sagemaker)
    sagemaker.add_client_error("create_transform_job", "ResourceInUse", http_status_code=400)
    assert steps.handler(event, None)["state"] == "scoring"


@pytest.mark.parametrize("code", ["ResourceLimitExceeded", "ThrottlingException"])
def test_without_a_free_machine_a_file_waits_its_turn(steps: ModuleType, sagemaker: Stubber, code: str) -> None:
    sent, event = begin(steps)
    live(sagemaker)
    sagemaker.add_client_error("create_transform_job", code, http_status_code=400)
    assert steps.handler(event, None)["state"] == "busy"
    # But not for ever.
    sent.s3.put_object(Bucket="", Key=f"states/{sent.id}.json", Body=json.dumps({**sent.state, "until": 1}).encode())
    assert steps.handler(event, None)["state"] == "refused"
    assert sent.state["problem"]["rule"] == "took longer than it may"


def test_without_a_model_the_caller_is_told(steps: ModuleType, sagemaker: Stubber) -> None:
    sent, event = begin(steps)
    sagemaker.add_client_error("describe_endpoint", "ValidationException", "Could not find endpoint")
    assert steps.handler(event, None)["state"] == "refused"
    assert sent.state["problem"]["rule"] == "no model is in service"


@pytest.mark.parametrize(
    ("status", "state", "told"),
    [
        ("InProgress", "scoring", "scoring"),
        ("Completed", "merge", "scoring"),
        ("Failed", "refused", "failed"),
        ("Stopped", "refused", "failed"),
    ],
)
def test_the_job_is_looked_at(
    steps: ModuleType, monkeypatch: pytest.MonkeyPatch, status: str, state: str, told: str
) -> None:
    sent, event = begin(steps)
    monkeypatch.setattr(steps.jobs, "status", lambda *_, **__: status)
    assert steps.handler({**event, "step": "look"}, None)["state"] == state
    assert sent.state["status"] == told
