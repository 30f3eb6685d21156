"""The client of docs/api.md, against a server that sends it away as the API would."""

import base64
import http.server
import json
import random
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
(CODE,) = (code for code in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if "WORTH_ANOTHER_TRY" in code)
DROPPED = 0


class Api:
    """Answers with statuses in turn, the last of them for ever; 0 breaks the connection."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.bought: list[tuple[str, str, str]] = []
        self.expires_in = 1800
        own = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/login/oauth2/token":
                    own.bought.append((self.headers["Authorization"], self.headers["Content-Type"], sent.decode()))
                    token = {"access_token": f"token-{len(own.bought)}", "expires_in": own.expires_in}
                    self._answer(200, token)
                    return
                body = json.loads(sent)
                own.requests.append((self.path, dict(self.headers), body))
                status = own.statuses.pop(0) if len(own.statuses) > 1 else own.statuses[0]
                if status == DROPPED:
                    self.close_connection = True
                    return
                self._answer(status, {"predictions": [{"id": 0, "probability": 0.9, "churn": True}]})

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                answer = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                if status in (429, 503):
                    self.send_header("Retry-After", "5" if status == 503 else "2")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    found = Api()
    here = f"http://127.0.0.1:{found.server.server_port}"
    for name, value in {
        "API_URL": f"{here}/api",
        "API_KEY": "the-key",
        "LOGIN_URL": f"{here}/login",
        "CLIENT_ID": "crm",
        "CLIENT_SECRET": "not a secret",
    }.items():
        monkeypatch.setenv(name, value)
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client would have waited; another test's thread that still runs really waits."""
    found: list[float] = []
    here, sleep = threading.get_ident(), time.sleep
    monkeypatch.setattr(time, "sleep", lambda s: found.append(s) if threading.get_ident() == here else sleep(s))
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)
    return found


def run(code: str = CODE) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "docs/api.md", "exec"), names)  # noqa: S102 (our own text)
    return names


def test_it_waits_as_long_as_it_is_told_and_somewhat_longer(
    api: Api, waits: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    api.statuses = [503, 429, DROPPED, 200]
    run()
    assert waits == [7.5, 3.0, 1.5]
    assert json.loads(capsys.readouterr().out) == {"probability": 0.9, "churn": True}
    assert len(api.requests) == 4
    path, headers, body = api.requests[0]
    assert (path, headers["Content-Type"]) == ("/api/predictions", "application/json")
    assert {request[1]["Authorization"] for request in api.requests} == {"Bearer token-1"}
    assert headers["X-Api-Key"] == "the-key"
    assert len(body["customers"]) == 1
    assert all(request[2] == body for request in api.requests)


@pytest.mark.parametrize(("status", "tries"), [(503, 5), (429, 5), (400, 1), (401, 1), (500, 1)])
def test_it_gives_up_in_the_end_and_at_once_where_nothing_gets_better(
    api: Api, waits: list[float], status: int, tries: int
) -> None:
    api.statuses = [status]
    with pytest.raises(OSError, match=str(status)):
        run()
    assert len(api.requests) == tries
    assert len(waits) == tries - 1


def test_a_token_is_bought_with_id_and_secret_and_kept_until_shortly_before_it_ends(
    api: Api, waits: list[float]
) -> None:
    api.statuses = [200]
    names = run()
    for _ in range(2):
        names["predict"]([names["customer"]])
    (bought,) = api.bought
    proof = base64.b64encode(b"crm:not a secret").decode()
    assert bought == (f"Basic {proof}", "application/x-www-form-urlencoded", "grant_type=client_credentials")
    # One that ends within the minute is none to begin with.
    api.expires_in = 60
    names["token"]["until"] = 0.0
    for _ in range(2):
        names["predict"]([names["customer"]])
    assert [request[1]["Authorization"] for request in api.requests[-2:]] == ["Bearer token-2", "Bearer token-3"]
    assert not waits
