"""Retraining: what the state machine of the intake calls, step by step.

``choose`` decides what this execution is to train on, ``start`` starts the run, ``look`` tells whether it has ended and
then settles what becomes of the file. Each may be called twice with the same event and comes to the same.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import notices
import runs
from botocore.config import Config
from files import Files

Event = dict[str, Any]

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
_REGION = os.environ["AWS_REGION"]
_s3, _sagemaker, _sns = (boto3.client(name, region_name=_REGION, config=_CONFIG) for name in ("s3", "sagemaker", "sns"))
_files = Files(_s3, os.environ["DATA_BUCKET"], maximum_bytes=int(os.environ["MAXIMUM_FILE_MB"]) << 20)
_TIME_LIMIT = timedelta(seconds=int(os.environ["TIME_LIMIT_S"]))
_PIPELINE, _TOPIC, _ENVIRONMENT = (os.environ[name] for name in ("PIPELINE", "TOPIC", "ENVIRONMENT"))


def handler(event: Event, _context: object) -> Event:
    """Do one step; what would wait on for too long fails instead, for the machine tells people of that."""
    told = _STEPS[event["step"]](event)
    if told["state"] == "wait" or (event["step"] == "look" and told["state"] == "running"):
        _require_time(event["started"])
    return told


def choose(event: Event) -> Event:
    """Say what to train on; or to wait for the runs that go on; or that there is nothing to do, and why."""
    cause = runs.cause_of(event["event"])
    dropped = _files.dropped(event["event"]["detail"]["object"]) if cause == runs.FILE else None
    if cause == runs.FILE and dropped is None:
        return _over(cause, "The file is not there any more: a newer one of its name, or another run, has it.")
    if dropped and (newer := _files.newer_than(dropped)):
        _files.set_aside(dropped, reasons=f"{newer} came after it, before it was used. It was not looked at.")
        return _over(cause, f"{dropped.name} was replaced by {newer} before it was used, and is set aside.")
    if runs.going_on(_sagemaker, _PIPELINE):
        return {"state": "wait", "cause": cause}
    if dropped and dropped.size > _files.maximum_bytes:
        return _settled(cause, _set_aside(dropped, _files.too_large(dropped)))
    file = _files.take(dropped) if dropped else _files.accepted()
    return {"state": "go", "cause": cause, "file": file}


def start(event: Event) -> Event:
    """Start the run, the same one for the same execution."""
    chosen = event["chosen"]
    run = runs.start(_sagemaker, _PIPELINE, execution=event["execution"], chosen=chosen)
    return chosen | {"state": "running", "run": run}


def look(event: Event) -> Event:
    """Tell whether the run has ended, and if so, settle what becomes of its file and tell people."""
    chosen = event["chosen"]
    ended = runs.outcome(_sagemaker, chosen["run"])
    if ended is None:
        return chosen
    place = None
    if chosen["cause"] == runs.FILE:
        if ended.data_are_good:
            _files.accept(chosen["file"], run=chosen["run"])
        else:
            place = _files.set_aside_taken(chosen["file"], reasons=ended.reason, run=chosen["run"], job=ended.job)
        # Not before: while it lies there, the execution of an older file sees that it has been replaced.
        _files.clear(chosen["file"])
    notice = notices.of_run(_ENVIRONMENT, chosen, ended, place)
    return _settled(chosen["cause"], notice, run=chosen["run"], outcome=ended.kind)


def _require_time(started: str) -> None:
    """Refuse to go on, once all of it has taken longer than the settings allow."""
    if datetime.now(UTC) - datetime.fromisoformat(started) > _TIME_LIMIT:
        raise TimeoutError(f"Nothing has come of it within {_TIME_LIMIT} (retraining.time_limit_s): runs still go on.")


def _set_aside(dropped: Any, reasons: str) -> notices.Notice:
    place = _files.set_aside(dropped, reasons=reasons)
    return notices.unusable(_ENVIRONMENT, dropped.name, reasons, place)


def _settled(cause: str, notice: notices.Notice, **more: str) -> Event:
    """Tell people, and end with what they were told."""
    _sns.publish(TopicArn=_TOPIC, Subject=notice.subject, Message=notice.text)
    return {"outcome": "unusable", **more, **_over(cause, notice.text)}


def _over(cause: str, told: str) -> Event:
    return {"state": "over", "cause": cause, "told": told}


_STEPS = {"choose": choose, "start": start, "look": look}
