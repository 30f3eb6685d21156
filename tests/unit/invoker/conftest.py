"""The invoker as Lambda loads it, and a stand-in for SageMaker's runtime on the loopback interface.

The stand-in answers what a test tells it to: what is tested is the function's part of the conversation. With a real
model the function is tested on the deployed laptop run.
"""

import contextlib
import http.server
import importlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from contract import offers
from contract.offers import Offer
from schema import load_examples

FOLDER = Path(__file__).resolve().parents[3] / "lambda" / "invoker"
MODULES = [path.stem for path in FOLDER.glob("*.py")]
CUSTOMER = load_examples()["at_risk"]
PREDICTION = {"probability": 0.93, "churn": True, "reasons": []}
COSTS = {"missed_churner": 500.0, "wasted_incentive": 100.0, "saved_customer": 100.0}
MODEL = {"version": "3", "threshold": 0.31, "trained_at": "2026-01-01T00:00:00Z", "costs": COSTS}
OFFERS = [
    Offer("call", "A call", 25.0, (("custserv_calls", "at_most", 1),)),
    Offer("no_plan", "No international plan", 30.0, (("intl_plan", "set", False),)),
    Offer("discount", "A fifth off", 90.0, (("day_mins", "times", 0.8),)),
]


class Runtime:
    """SageMaker's runtime, scripted: a list of (status, headers, body), the last of which is repeated."""

    def __init__(self) -> None:
        self.script: list[tuple[int, dict[str, str], bytes]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.drop_next = False
        self.delay = threading.Event()
        self.slow = False
        self.obliging = False
        runtime = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def setup(self) -> None:
                runtime.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                runtime.requests.append((self.path, headers, body))
                if runtime.drop_next:
                    runtime.drop_next = False
                    self.close_connection = True
                    return
                if runtime.slow:
                    runtime.delay.wait(60)
                if runtime.obliging:
                    runtime.script.clear()
                    runtime.predicts(*[PREDICTION] * len(json.loads(body)["instances"]))
                status, extra, data = runtime.script.pop(0) if len(runtime.script) > 1 else runtime.script[0]
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **extra}.items():
                    self.send_header(name, value)
                with contextlib.suppress(OSError):  # the client may have given up
                    self.end_headers()
                    self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answers(self, status: int, body: object, **headers: str) -> None:
        """Add an answer to the script."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.script.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, data))

    def predicts(self, *predictions: dict[str, Any]) -> None:
        """Add a good answer to the script."""
        self.answers(200, {"predictions": list(predictions or (PREDICTION,)), "model": MODEL})

    def scores_whatever_comes(self) -> None:
        """Answer each request with as many good predictions as it has customers."""
        self.obliging = True

    def refuses(self, status: int, error: str, **body: object) -> None:
        """Add one of SageMaker's errors to the script; its message quotes a customer, as messages may."""
        self.answers(status, {"Message": "row 0: day_mins 987654 is absurd", **body}, x_amzn_errortype=f"{error}:")


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    runtime = Runtime()
    yield runtime
    runtime.delay.set()
    runtime.server.shutdown()
    runtime.server.server_close()


@pytest.fixture
def invoker(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The handler's module, freshly imported: each test is a cold start."""
    for name, value in {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_SESSION_TOKEN": "token-of-the-role",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": runtime.url,
        "ENDPOINT_NAME": "churn-test",
        "INVOKE_TIMEOUT_S": "0.5",
        "OFFERS": offers.write(OFFERS),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(FOLDER))
    # Other functions have a module `handler` of their own.
    kept = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    yield importlib.import_module("handler")
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.modules.update(kept)


class Context:
    """What the tests need of Lambda's context object."""

    aws_request_id = "lambda-request-1"


@pytest.fixture
def post(invoker: ModuleType) -> Callable[..., dict[str, Any]]:
    """Send a body to POST /predictions as API Gateway does; `json` of the answer is its parsed body, if it is JSON.

    `extra` are headers beside the content type.
    """

    def send(body: object, /, extra: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
        event = {
            "resource": "/predictions",
            "path": "/predictions",
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json", **(extra or {})},
            "requestContext": {"requestId": "gateway-request-1"},
            "body": body if isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
            **changes,
        }
        answer: dict[str, Any] = invoker.handler(event, Context)
        is_json = "json" in answer["headers"]["Content-Type"] and answer["body"]
        return {**answer, "json": json.loads(answer["body"]) if is_json else None}

    return send


@pytest.fixture
def get(post: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Send a GET as API Gateway does, without a body."""

    def send(resource: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        return post("", resource=resource, path=resource, httpMethod="GET", headers=headers, body=None)

    return send


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, Any]]:
    """The log line of the last request."""

    def last() -> dict[str, Any]:
        line: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return line

    return last
