"""The API when things go wrong under it: too many requests, a model that is gone, and one that hangs.

Bounded: some hundred requests of the example customer, to this machine only. What is asserted is who answers what and
until when, never how fast: the machine may be busy.
"""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench import autocannon
from config import load_settings
from tests.local.deployment import Deployment
from tests.local.test_api_errors import GOOD, JSON, Answer, ask, assert_problem

API = load_settings("local").api
# What the nested timeouts promise, and a busy machine's own time.
LONGEST_S = API.gateway_timeout_s + 10
RECOVERY_S = 120


def predict(deployment: Deployment) -> Answer:
    return ask(deployment, "POST", "/predictions", JSON, GOOD)


class Load:
    """Requests, one after another, from some threads."""

    def __init__(self, deployment: Deployment, threads: int, pause_s: float) -> None:
        self.answers: list[tuple[float, Answer]] = []
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(threads)
        self._running = [self._pool.submit(self._send, deployment, pause_s) for _ in range(threads)]

    def _send(self, deployment: Deployment, pause_s: float) -> None:
        while not self._over.wait(pause_s):
            began = time.monotonic()
            answer = predict(deployment)
            self.answers.append((time.monotonic() - began, answer))

    def until(self, reached: Callable[[list[int]], bool], limit_s: float) -> None:
        """Go on until the statuses so far are what is waited for."""
        deadline = time.monotonic() + limit_s
        while not reached(statuses := [answer.status for _, answer in list(self.answers)]):
            assert time.monotonic() < deadline, statuses
            time.sleep(0.05)

    def end(self) -> None:
        """Let the last answers come; a fault of a thread is the test's."""
        self._over.set()
        self._pool.shutdown()
        for one in self._running:
            one.result()


@contextlib.contextmanager
def load(deployment: Deployment, threads: int = 4, pause_s: float = 0.2) -> Iterator[Load]:
    """Ask all the while; at last every answer is a prediction, or a problem that says when to ask again."""
    found = Load(deployment, threads, pause_s)
    try:
        yield found
    finally:
        found.end()
    for took_s, answer in found.answers:
        assert took_s < LONGEST_S, "nothing may hang"
        if answer.status == 200:
            assert 0 <= json.loads(answer.body)["predictions"][0]["probability"] <= 1
        else:
            assert_problem(answer, 503)
            assert 1 <= int(answer.headers["Retry-After"]) <= 30


def test_up_to_the_throttle_all_is_answered_and_beyond_it_callers_are_told_to_wait(deployment: Deployment) -> None:
    def asked(times: float) -> autocannon.Fired:
        """Ask for a few seconds at some times the stage's rate."""
        headers = {**JSON, **deployment.signed()}
        rate = round(API.throttle_rate_per_s * times)
        found = autocannon.fire(
            f"{deployment.site_url}api/predictions", rate=rate, seconds=2, body=GOOD, headers=headers
        )
        assert found.lost == 0
        return found

    assert set(asked(0.5).statuses) == {200}
    # On a slow machine those that were let through may be more at once than the reserve: 503 tells them to wait, too.
    assert {200, 429} <= set(asked(8).statuses) <= {200, 429, 503}
    sent_away: list[Answer] = []
    for _ in range(5):  # a machine that has much else to do may not take in as many at once
        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(lambda _: ask(deployment, "GET", "/health"), range(150)))
        if sent_away := [answer for answer in answers if answer.status == 429]:
            break
    assert sent_away
    for answer in sent_away:
        assert_problem(answer, 429)
    # What the bucket of the throttle takes to fill.
    time.sleep(API.throttle_burst / API.throttle_rate_per_s)
    assert set(asked(0.5).statuses) == {200}


def test_a_model_that_is_killed_is_replaced_and_the_callers_are_told_to_ask_again(deployment: Deployment) -> None:
    with load(deployment) as asked:
        asked.until(lambda seen: seen.count(200) >= 8, 60)
        (process,) = deployment.serving_processes()
        os.kill(process, signal.SIGKILL)
        asked.until(lambda seen: 503 in seen, 60)
        # By itself: nothing but ordinary requests, which do not wait for it, and nobody who starts it.
        asked.until(lambda seen: seen[-8:] == [200] * 8, RECOVERY_S)
        (successor,) = deployment.serving_processes()
    assert successor != process


@contextlib.contextmanager
def hanging(process: int) -> Iterator[None]:
    """Stop a process of ours; it goes on in the end, whatever happens."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.fixture
def one_at_a_time(deployment: Deployment) -> Iterator[None]:
    """The function's reserve, brought down to one request."""
    function, client = deployment.resource("Api", "AWS::Lambda::Function", "Invoker"), deployment.client("lambda")
    limit = client.get_function_concurrency(FunctionName=function)["ReservedConcurrentExecutions"]
    assert limit == API.reserved_concurrency
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
    yield
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=limit)


def test_a_model_that_hangs_is_given_up_in_time_and_who_finds_no_place_is_sent_away_at_once(
    deployment: Deployment, one_at_a_time: None
) -> None:
    def timed(_: int) -> tuple[float, str]:
        began = time.monotonic()
        problem = assert_problem(predict(deployment), 503)
        return time.monotonic() - began, problem["detail"]

    (process,) = deployment.serving_processes()
    with hanging(process), ThreadPoolExecutor(4) as pool:
        *refused, (waited_s, waited_for) = sorted(pool.map(timed, range(4)))
    assert waited_for == "The model did not answer in time. Try again."
    assert API.endpoint_timeout_s <= waited_s < LONGEST_S
    # The reserve is used up: API Gateway answers, and the function is never asked.
    assert {detail.split(":")[0] for _, detail in refused} == {"The service does not answer"}
    assert max(took_s for took_s, _ in refused) < API.endpoint_timeout_s
    deadline = time.monotonic() + RECOVERY_S
    while (answer := predict(deployment)).status != 200:
        assert_problem(answer, 503)
        assert time.monotonic() < deadline
    assert deployment.serving_processes() == [process], "what only hangs is not replaced"


def test_asked_again_a_prediction_is_the_same_and_has_changed_nothing(deployment: Deployment) -> None:
    sagemaker, config = deployment.client("sagemaker"), {"EndpointName": "churn-local"}
    before = sagemaker.describe_endpoint(**config)
    answers = [predict(deployment) for _ in range(5)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 5
    after = sagemaker.describe_endpoint(**config)
    unchanged = ("EndpointConfigName", "LastModifiedTime", "ProductionVariants")
    assert [after[name] for name in unchanged] == [before[name] for name in unchanged]
