"""The functions of a rollout: one steers the stack, one asks the golden customers, one keeps records and tells people.

Three, because each may do what the others may not; one folder, because they share what they know of the endpoint.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import boto3
import golden
import live
import records
from botocore.config import Config
from steering import Steering

Event = dict[str, Any]

# The functions have 60 seconds; a call that hangs must leave time for the next.
_CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 2})
# Each round asks every golden customer once: in a canary, some reach the new model and some the old.
PROBE_ROUNDS = 4


class WrongAnswers(RuntimeError):
    """The endpoint does not answer the golden customers as its model should; the message says where."""


@functools.cache
def client(service: str) -> Any:
    """Make a client when it is first needed: each function needs others."""
    return boto3.client(service, region_name=os.environ["AWS_REGION"], config=_CONFIG)


def steer(event: Event, _context: object) -> Event:
    """Take one step of a rollout."""
    steering = Steering(
        cloudformation=client("cloudformation"),
        sagemaker=client("sagemaker"),
        states=client("stepfunctions"),
        stack=os.environ["STACK"],
        endpoint=os.environ["ENDPOINT"],
        by_person=os.environ["APPROVAL"] == "person",
        wait_s=int(os.environ["WAIT_S"]),
        update_s=int(os.environ["UPDATE_S"]),
        types=tuple(os.environ["CHANGED_TYPES"].split(",")),
    )
    if event["step"] == "look":
        context = {name: event[name] for name in ("machine", "execution", "started")}
        return steering.look(event["rollout"], **context)
    steps = {"update": steering.update, "ask": steering.ask, "restore": steering.restore}
    return steps[event["step"]](event["rollout"])


def probe(event: Event, _context: object) -> Event:
    """Ask the golden customers: of a package that must be live, or, without one, of whatever may answer just now.

    The second is what alarms are for while a model is replaced: how many answers were wrong becomes a metric.
    """
    endpoint, sagemaker = os.environ["ENDPOINT"], client("sagemaker")
    ask = functools.partial(golden.check, client("sagemaker-runtime"), endpoint)
    if package := event.get("package"):
        if wrong := ask(_golden([package])):
            told = "; ".join(str(one) for one in wrong)
            raise WrongAnswers(f"The endpoint does not answer as {live.version(package)} should: {told}.")
        return {"wrong": []}
    found = live.look(sagemaker, endpoint)
    packages = [one for one in (found.package, found.coming) if one]
    if not packages:
        return {"wrong": []}
    expected = _golden(packages)
    wrong = [one for _ in range(PROBE_ROUNDS) for one in ask(expected)]
    counts = golden.counted(wrong, live=_number(found.package), coming=_number(found.coming))
    client("cloudwatch").put_metric_data(
        Namespace=os.environ["NAMESPACE"],
        MetricData=[
            {
                "MetricName": os.environ["METRIC"],
                "Dimensions": [{"Name": os.environ["DIMENSION"], "Value": config}],
                "Value": count,
                "Unit": "Count",
            }
            for config, count in zip((found.config, found.coming_config), counts, strict=True)
            if config
        ],
    )
    for one in wrong:
        print(one)
    return {"wrong": [str(one) for one in wrong]}


def record(event: Event, _context: object) -> Event:
    """Keep what came of a rollout, or was left of one that was dropped; of a failed one, tell people what is live."""
    sagemaker, endpoint = client("sagemaker"), os.environ["ENDPOINT"]
    if event["step"] == "fail":
        return records.fail(sagemaker, client("sns"), os.environ["TOPIC"], endpoint, event["rollout"])
    return {"keep": records.keep, "drop": records.drop}[event["step"]](sagemaker, endpoint, event["rollout"])


def _golden(packages: list[str]) -> dict[str, golden.Golden]:
    return {_number(package): _known(package) for package in packages}


def _number(package: str) -> str:
    return package.rpartition("/")[2]


@functools.cache
def _known(package: str) -> golden.Golden:
    """What a package's answers are does not change."""
    return golden.known(client("sagemaker"), client("s3"), package)
