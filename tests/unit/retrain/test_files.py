"""What becomes of files: which one is taken, under which name, and where the others go."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta, timezone
from types import ModuleType
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCEPTED = {"Bucket": "data", "Prefix": "raw/accepted.json", "MaxKeys": 1}
LISTED = {"Bucket": "data", "Prefix": "raw/incoming/"}
BODY = b"State,Churn?\nKS,False.\n"
DIGEST = hashlib.sha256(BODY).hexdigest()


def waiting(s3: Stubber, *files: tuple[str, str, datetime], size: int = 10) -> None:
    contents = [
        {"Key": f"raw/incoming/{name}", "ETag": f'"{etag}"', "Size": size, "LastModified": at}
        for name, etag, at in files
    ]
    s3.add_response("list_objects_v2", {"Contents": contents}, LISTED)


def arrived(name: str, etag: str) -> dict[str, Any]:
    """EventBridge's event, whose ETag has no quotes."""
    return {
        "step": "choose",
        "execution": "e1",
        "started": datetime.now(UTC).isoformat(),
        "event": {
            "source": "aws.s3",
            "detail": {"bucket": {"name": "data"}, "object": {"key": f"raw/incoming/{name}", "etag": etag}},
        },
    }


def accepted(s3: Stubber, **document: str) -> None:
    s3.add_response("list_objects_v2", {"Contents": [{"Key": "raw/accepted.json"}]} if document else {}, ACCEPTED)
    if document:
        body = json.dumps(document).encode()
        s3.add_response(
            "get_object",
            {"Body": StreamingBody(io.BytesIO(body), len(body))},
            {"Bucket": "data", "Key": "raw/accepted.json"},
        )


def no_run(sagemaker: Stubber, status: str = "Succeeded") -> None:
    sagemaker.add_response(
        "list_pipeline_executions", {"PipelineExecutionSummaries": [{"PipelineExecutionStatus": status}]}
    )


def test_the_only_file_is_taken_under_its_time_and_content(
    handler: ModuleType, s3: Stubber, sagemaker: Stubber
) -> None:
    at = NOON.astimezone(timezone(timedelta(hours=2)))
    for _ in range(2):
        waiting(s3, ("", "x", at), ("march.csv", "e", at))
    accepted(s3, name="february.csv", dropped_at="20260228T120000Z")
    no_run(sagemaker)
    s3.add_response(
        "get_object",
        {"Body": StreamingBody(io.BytesIO(BODY), len(BODY))},
        {"Bucket": "data", "Key": "raw/incoming/march.csv", "IfMatch": '"e"'},
    )
    key = f"raw/taken/20260301T120000Z-{DIGEST[:12]}.csv"
    s3.add_response(
        "copy_object",
        {},
        {
            "Bucket": "data",
            "Key": key,
            "CopySource": {"Bucket": "data", "Key": "raw/incoming/march.csv"},
            "CopySourceIfMatch": '"e"',
            "TaggingDirective": "REPLACE",
        },
    )
    answer = handler.handler(arrived("march.csv", "e"), None)
    assert answer["state"] == "go"
    assert (answer["file"]["uri"], answer["file"]["sha256"]) == (f"s3://data/{key}", DIGEST)


def test_an_older_file_is_set_aside_for_a_newer_one_and_says_so(handler: ModuleType, s3: Stubber) -> None:
    for _ in range(2):
        waiting(s3, ("a.csv", "ea", NOON), ("b.csv", "eb", NOON + timedelta(seconds=1)))
    moved = {"Bucket": "data", "Key": "quarantine/20260301T120000Z-a.csv/a.csv", "CopySource": ANY}
    s3.add_response("copy_object", {}, {**moved, "CopySourceIfMatch": '"ea"', "TaggingDirective": "REPLACE"})
    reasons: list[bytes] = []
    handler._s3.meta.events.register(
        "before-parameter-build.s3.PutObject", lambda params, **_: reasons.append(params["Body"])
    )
    s3.add_response("put_object", {})
    s3.add_response("delete_object", {}, {"Bucket": "data", "Key": "raw/incoming/a.csv", "IfMatch": '"ea"'})
    answer = handler.handler(arrived("a.csv", "ea"), None)
    assert answer["state"] == "over"
    assert "replaced by b.csv" in answer["told"]
    assert json.loads(reasons[0])["reasons"] == ["b.csv came after it, before it was used. It was not looked at."]


def test_a_file_that_is_looked_at_after_a_newer_one_was_accepted_is_set_aside(handler: ModuleType, s3: Stubber) -> None:
    for _ in range(2):
        waiting(s3, ("a.csv", "ea", NOON))
    accepted(s3, name="b.csv", dropped_at="20260301T120001Z")
    for operation in ("copy_object", "put_object", "delete_object"):
        s3.add_response(operation, {})
    assert "replaced by b.csv" in handler.handler(arrived("a.csv", "ea"), None)["told"]


def test_of_two_files_of_one_second_the_later_name_is_the_newer(
    handler: ModuleType, s3: Stubber, sagemaker: Stubber
) -> None:
    for _ in range(2):
        waiting(s3, ("b.csv", "eb", NOON), ("a.csv", "ea", NOON))
    accepted(s3)
    no_run(sagemaker, "Executing")
    assert handler.handler(arrived("b.csv", "eb"), None) == {"state": "wait", "cause": "file"}


def test_who_waits_for_too_long_fails_and_what_has_ended_is_settled_however_late(
    handler: ModuleType, sagemaker: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = {"started": (datetime.now(UTC) - timedelta(seconds=901)).isoformat()}
    no_run(sagemaker, "Executing")
    with pytest.raises(TimeoutError, match=r"retraining\.time_limit_s"):
        handler.handler({"step": "choose", "event": {"source": "aws.events"}, **long_ago}, None)
    looked = {"step": "look", "chosen": {"state": "running", "run": "r"}, **long_ago}
    monkeypatch.setitem(handler._STEPS, "look", lambda event: event["chosen"])
    with pytest.raises(TimeoutError, match="runs still go on"):
        handler.handler(looked, None)
    monkeypatch.setitem(handler._STEPS, "look", lambda event: {"state": "over"})
    assert handler.handler(looked, None) == {"state": "over"}


@pytest.mark.parametrize("there", [[], [("march.csv", "other", NOON)]], ids=["gone", "written again"])
def test_a_file_that_is_not_there_as_it_was_is_left_to_others(
    handler: ModuleType, s3: Stubber, there: list[tuple[str, str, datetime]]
) -> None:
    waiting(s3, *there)
    answer = handler.handler(arrived("march.csv", "e"), None)
    assert (answer["state"], "not there any more" in answer["told"]) == ("over", True)


def test_a_file_larger_than_the_limit_is_set_aside_unread_and_people_are_told(
    handler: ModuleType, s3: Stubber, sagemaker: Stubber, sns: Stubber
) -> None:
    for _ in range(2):
        waiting(s3, ("march.csv", "e", NOON), size=(1 << 20) + 1)
    accepted(s3)
    no_run(sagemaker)
    for operation in ("copy_object", "put_object", "delete_object"):
        s3.add_response(operation, {})
    topic = "arn:aws:sns:eu-west-1:111122223333:notices"
    subject = "Churn test: the new data cannot be used"
    sns.add_response("publish", {}, {"TopicArn": topic, "Subject": subject, "Message": ANY})
    answer = handler.handler(arrived("march.csv", "e"), None)
    assert answer["outcome"] == "unusable"
    assert "1,048,577 bytes, and 1,048,576 are the limit (retraining.maximum_file_mb)" in answer["told"]


def test_a_schedule_trains_on_the_latest_accepted_file(handler: ModuleType, s3: Stubber, sagemaker: Stubber) -> None:
    file = {"key": "raw/taken/x.csv", "uri": "s3://data/raw/taken/x.csv", "name": "march.csv"}
    no_run(sagemaker)
    accepted(s3, **file)
    answer = handler.handler({"step": "choose", "event": {"source": "aws.events"}}, None)
    assert answer == {"state": "go", "cause": "schedule", "file": file}


def test_before_any_file_was_accepted_it_trains_on_the_deployment_s(
    handler: ModuleType, s3: Stubber, sagemaker: Stubber
) -> None:
    no_run(sagemaker)
    accepted(s3)
    answer = handler.handler({"step": "choose", "event": {"source": "aws.cloudwatch"}}, None)
    assert answer == {"state": "go", "cause": "drift", "file": None}


@pytest.mark.parametrize(("status", "raises"), [(404, False), (412, False), (403, True)])
def test_what_has_come_under_the_file_s_name_since_is_not_deleted(
    handler: ModuleType, s3: Stubber, status: int, raises: bool
) -> None:
    s3.add_client_error("delete_object", http_status_code=status)
    file = {"incoming": "raw/incoming/march.csv", "etag": "e"}
    if raises:
        with pytest.raises(handler._s3.exceptions.ClientError):
            handler._files.clear(file)
    else:
        handler._files.clear(file)


FILE = {"uri": "s3://data/raw/taken/x.csv", "name": "march.csv"}


@pytest.mark.parametrize(
    ("kind", "cause", "place", "words"),
    [
        ("trained", "file", None, ["New data arrived. Trained on: march.csv", "Version 7", "current raw data"]),
        ("trained", "schedule", None, ["The schedule asked", "make models ENV=test"]),
        ("refused", "file", None, ["words of the run/7", "evaluation.html", "current raw data from now on"]),
        ("unusable", "file", "s3://data/quarantine/x/", ["march.csv cannot be used", "words of the run", "FILE=<file>",
                                                        "s3://data/quarantine/x/", "stream job1/"]),
        ("unusable", "drift", None, ["An alarm of the watch", "words of the run"]),
        ("failed", "file", "s3://data/quarantine/x/", ["Nothing is known against the file", "make retrain ENV=test"]),
        ("failed", "person", None, ["A person asked", "not touched", "make retrain ENV=test"]),
    ],
)  # fmt: skip
def test_people_are_told_what_happened_and_what_to_do(
    handler: ModuleType, kind: str, cause: str, place: str | None, words: list[str]
) -> None:
    good = place is None
    ended = handler.runs.Outcome(kind, "words of the run/7", data_are_good=good, job="arn:aws:sagemaker:x/job1")
    notice = handler.notices.of_run("test", {"cause": cause, "file": FILE, "run": "arn:run"}, ended, place)
    for word in words:
        assert word in notice.text
    assert notice.subject.isascii()
    assert notice.subject.startswith("Churn test: ")
    assert len(notice.subject) < 100
