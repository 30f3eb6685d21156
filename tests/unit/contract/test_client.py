"""The client of docs/api.md, against a server that sends it away as the API would."""

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
        own = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                own.requests.append((self.path, dict(self.headers), body))
                status = own.statuses.pop(0) if len(own.statuses) > 1 else own.statuses[0]
                if status == DROPPED:
                    self.close_connection = True
                    return
                predictions = [{"id": 0, "probability": 0.9, "churn": True}]
                answer = json.dumps({"predictions": predictions}).encode()
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
    monkeypatch.setenv("SITE", f"http://127.0.0.1:{found.server.server_port}")
    monkeypatch.setenv("TOKEN", "a-token")
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client would have waited."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)
    return found


def run(code: str = CODE) -> None:
    exec(compile(code, "docs/api.md", "exec"), {"__name__": "__main__"})  # noqa: S102 (our own text)


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
    assert headers["Authorization"] == "Bearer a-token"
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
