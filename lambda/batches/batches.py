"""What a batch is to its caller: where to send the file, how far it is, where the results lie."""

from __future__ import annotations

import json
import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from passing import worth_another_try

# Signed addresses are of the region's own S3: by the name of all regions, a new bucket's would be redirected. The
# function has 15 seconds for four calls at most.
_CONFIG = Config(
    signature_version="s3v4",
    s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    connect_timeout=2,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 2},
)
_s3 = boto3.client("s3", region_name=os.environ["AWS_REGION"], config=_CONFIG)
_BUCKET = os.environ["BATCHES_BUCKET"]
_MOST_BYTES = int(os.environ["MAXIMUM_FILE_MB"]) * 1024 * 1024
_UPLOAD_S, _LINK_S = int(os.environ["UPLOAD_S"]), int(os.environ["LINK_S"])
_KEPT_S = int(os.environ["KEPT_S"])
# A file that is on its way when its form expires still arrives. What is scored at the last moment is merged yet, for
# which the function has 15 minutes.
_GRACE_S = {"waiting": 120, "checking": 1020, "scoring": 1020}
_KINDS = {"result": "text/csv; charset=utf-8", "refusals": "text/csv; charset=utf-8", "report": "application/json"}
_ENDINGS = {"result": "csv", "refusals": "csv", "report": "json"}
State = dict[str, Any]
Json = dict[str, Any]
_of_files = worth_another_try("The storage of files does not answer. Try again.")


@_of_files
def begun(owner: str) -> Json:
    """Make a batch of a caller's, with the form by which its file is sent."""
    identity, now = str(uuid.uuid4()), int(time.time())
    state: State = {
        "id": identity,
        "owner": owner,
        "status": "waiting",
        "created_at": now,
        "until": now + _UPLOAD_S,
    }
    _s3.put_object(
        Bucket=_BUCKET, Key=_state(identity), Body=json.dumps(state).encode(), ContentType="application/json"
    )
    form = _s3.generate_presigned_post(
        _BUCKET,
        f"uploads/{identity}.csv",
        Fields={"Content-Type": "text/csv"},
        Conditions=[{"Content-Type": "text/csv"}, ["content-length-range", 1, _MOST_BYTES]],
        ExpiresIn=_UPLOAD_S,
    )
    upload = {"url": form["url"], "fields": form["fields"], "expires_at": _text(state["until"])}
    return _outline(state) | {"upload": {**upload, "maximum_bytes": _MOST_BYTES}}


@_of_files
def told(identity: str, owner: str) -> Json | None:
    """Tell of a batch; None when there is none, none any more, or another caller's."""
    # By a list, because reading what is not there is denied and not absent.
    if not _s3.list_objects_v2(Bucket=_BUCKET, Prefix=_state(identity), MaxKeys=1).get("Contents"):
        return None
    state: State = json.load(_s3.get_object(Bucket=_BUCKET, Key=_state(identity))["Body"])
    if state.get("owner", "") != owner:
        return None
    status = state["status"]
    late = status in _GRACE_S and time.time() > state["until"] + _GRACE_S[status]
    if late and status == "waiting":
        state["status"] = "expired"
    elif late:
        rule, remedy = "took longer than it may", "Send the file again; if it happens again, send it in parts."
        state |= {"status": "failed", "problem": {"field": "", "rule": rule, "remedy": remedy}}
    answer = _outline(state)
    if state["status"] in ("checking", "scoring", "done"):
        answer["progress"] = _progress(state)
    if state["status"] == "failed":
        answer["problem"] = state["problem"]
    if state["status"] == "done":
        answer["files"] = {kind: _link(identity, kind) for kind in _KINDS}
    return answer


def _outline(state: State) -> Json:
    identity, created = state["id"], state["created_at"]
    return {
        "id": identity,
        "status": state["status"],
        "created_at": _text(created),
        "kept_until": _text(created + _KEPT_S),
        "links": {"self": f"/api/batches/{identity}"},
    }


def _progress(state: State) -> Json:
    """How many rows were read and refused; and the share of the good ones that is scored, part by part."""
    parts = state.get("parts", 0)
    share = 1.0 if state["status"] == "done" else 0.0
    if state["status"] == "scoring" and parts:
        listed = _s3.list_objects_v2(Bucket=_BUCKET, Prefix=f"scoring/out/{state['id']}/")
        share = min(listed["KeyCount"] / parts, 1.0)
    return {"rows_read": state.get("rows_read", 0), "rows_refused": state.get("rows_refused", 0), "scored": share}


def _link(identity: str, kind: str) -> Json:
    name = f"{kind}.{_ENDINGS[kind]}"
    wanted = {
        "Bucket": _BUCKET,
        "Key": f"results/{identity}/{name}",
        "ResponseContentType": _KINDS[kind],
        "ResponseContentDisposition": f'attachment; filename="churn-{name}"',
    }
    url = _s3.generate_presigned_url("get_object", wanted, ExpiresIn=_LINK_S)
    return {"url": url, "expires_at": _text(int(time.time()) + _LINK_S)}


def _state(identity: str) -> str:
    return f"states/{identity}.json"


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
