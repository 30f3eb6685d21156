"""What people have: a terminal, in which they call the make targets, and a mailbox, in which notices arrive."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.settings import ROOT
from tests.local.deployment import Deployment

LIMIT_S = 900


def make(deployment: Deployment, target: str, *arguments: str) -> tuple[int, str]:
    """What ``make <target> ENV=local`` runs: its exit code, and what it prints."""
    variables = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", f"operate.{target}", "--env", "local", *arguments],
        cwd=ROOT,
        env=variables | {"CHURN_LOCAL_DIR": str(deployment.settings.directory)},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    return done.returncode, done.stdout + done.stderr


class Mailbox:
    """A queue that is subscribed to the notices, and read as somebody reads mail."""

    def __init__(self, deployment: Deployment, queue: str) -> None:
        self._sqs, self._queue = deployment.client("sqs"), queue
        self._received: list[str] = []

    def wait(self, words: str, within_s: float = 240) -> str:
        """Wait for a notice that holds some words: its subject, and its text."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            for message in self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
                envelope = json.loads(message["Body"])
                self._received.append(f"{envelope.get('Subject')}\n{envelope['Message']}")
            for one in self._received:
                if words in one:
                    return one
            time.sleep(0.2)
        pytest.fail(f"nobody was told of {words!r}, but of: {self._received}")


@contextmanager
def subscribed(deployment: Deployment) -> Iterator[Mailbox]:
    """Subscribe to the topic, and take the subscription back."""
    sqs, sns = deployment.client("sqs"), deployment.client("sns")
    topic = deployment.output("Notices", "NoticesTopicArn")
    queue = sqs.create_queue(QueueName=f"notices-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    letting_in = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(letting_in)})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    try:
        yield Mailbox(deployment, queue)
    finally:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=queue)
