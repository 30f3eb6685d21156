"""One prediction through the public address: the proof that all of it works, and its warm-up."""

import http.client
import json
import time
from typing import Any

from local.driver import people
from local.settings import ROOT, Settings

# After a restart the first request starts the endpoint's process and the Lambda.
_LIMIT_S = 60.0


class VerifyError(Exception):
    """The system is up and does not predict; the message says what it answered."""


def example(name: str = "at_risk") -> dict[str, Any]:
    """One of the made-up customers that come with the schema."""
    examples: dict[str, dict[str, Any]] = json.loads((ROOT / "schema" / "examples.json").read_text())
    return examples[name]


def predict(settings: Settings) -> tuple[float, float]:
    """Ask for one prediction.

    Returns
    -------
    tuple of (float, float)
        The probability of churn of the example at risk, and the seconds that the answer took.

    Raises
    ------
    VerifyError
        When no prediction comes back.
    """
    body = json.dumps({"customers": [example()]})
    token = people.sign_in(settings, "agent")["access_token"]
    deadline = time.monotonic() + _LIMIT_S
    while True:
        started = time.monotonic()
        status, answer = _post(settings, body, token)
        if status == 200:
            return json.loads(answer)["predictions"][0]["probability"], time.monotonic() - started
        # 503 says "later": the endpoint is starting.
        if status != 503 or time.monotonic() > deadline:
            raise VerifyError(f"POST {settings.page}api/predictions answered {status}: {answer[:500]}")
        time.sleep(0.5)


def _post(settings: Settings, body: str, token: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", settings.web_port, timeout=_LIMIT_S)
    try:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("POST", "/api/predictions", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except OSError as exc:
        return 0, str(exc)
    finally:
        connection.close()
