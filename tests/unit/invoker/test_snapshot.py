"""A process that SnapStart restores: what a snapshot may hold, and where the credentials come from afterwards."""

import datetime
import http.server
import json
import threading
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from .conftest import CUSTOMER, Runtime

VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Lambda:
    """What Lambda answers a restored process that asks for its role's credentials: others each time."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.lives_s = 3600.0
        own = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                own.asked.append(self.headers["Authorization"])
                ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=own.lives_s)
                number = len(own.asked)
                told = {"AccessKeyId": f"ASIA{number}", "SecretAccessKey": "s", "Token": f"token-{number}"}
                body = json.dumps({**told, "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/credentials"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def restored(invoker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    """The variables that a process of SnapStart has, from its initialisation on."""
    given = Lambda()
    for name in VARIABLES:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", given.url)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of-the-initialisation")
    yield given
    given.server.shutdown()
    given.server.server_close()


def predict(client: Any) -> None:
    request = SimpleNamespace(id="r", correlation_id="c", facts={})
    client.predict([CUSTOMER], request)


def test_a_snapshot_holds_neither_credentials_nor_connections(
    invoker: ModuleType, restored: Lambda, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.predicts()
    client = type(invoker._client).from_environment()
    assert (restored.asked, runtime.connections) == ([], 0)
    # Restored: each process is given an authorization of its own.
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of-this-process")
    predict(client)
    assert restored.asked == ["of-this-process"]
    assert runtime.requests[0][1]["x-amz-security-token"] == "token-1"
    assert "Credential=ASIA1/" in runtime.requests[0][1]["authorization"]


def test_credentials_are_kept_and_renewed_before_they_end(
    invoker: ModuleType, restored: Lambda, runtime: Runtime
) -> None:
    runtime.predicts()
    client = type(invoker._client).from_environment()
    for _ in range(3):
        predict(client)
    assert len(restored.asked) == 1
    # So soon before they end that nobody should sign with them any more.
    restored.lives_s = 60.0
    again = type(invoker._client).from_environment()
    for _ in range(2):
        predict(again)
    assert [headers["x-amz-security-token"] for _, headers, _ in runtime.requests[-2:]] == ["token-3", "token-4"]
