"""MLflow's REST API, as SageMaker's managed MLflow app speaks it: JSON over HTTPS, signed by AWS's signature 4.

The app is told by a header; its address is the region's. A request is signed for ``sagemaker`` and IAM asks for
``sagemaker:CallMlflowAppApi`` on the app, whatever the request does.
https://mlflow.org/docs/latest/api_reference/rest-api.html
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

Json = dict[str, Any]
APP_HEADER = "x-sm-mlflow-app-arn"
# MLflow's limits for one request.
METRICS_AT_ONCE, PARAMETERS_AT_ONCE = 1000, 100
_TOLD = 300


class MlflowError(Exception):
    """MLflow did not answer, or refused; the message says which request and why."""


class Mlflow:
    """One MLflow app.

    Parameters
    ----------
    url : str
        Where it answers: ``https://…``.
    app : str
        The app's ARN.
    signer : SigV4Auth
        Signs a request in place.
    budget_s : float
        Seconds for all requests together.
    """

    def __init__(self, url: str, app: str, signer: SigV4Auth, *, budget_s: float) -> None:
        self._url, self._app, self._signer = url.rstrip("/"), app, signer
        self._deadline = time.monotonic() + budget_s

    def experiment(self, name: str) -> str:
        """The id of an experiment, which is made when there is none."""
        found = self._call("experiments/search", {"filter": f"name = '{name}'", "max_results": 1})
        for experiment in found.get("experiments", []):
            return str(experiment["experiment_id"])
        return str(self._call("experiments/create", {"name": name})["experiment_id"])

    def run(self, experiment: str, name: str, tag: tuple[str, str]) -> Json:
        """The run that carries a tag, which is made when there is none: a step that is tried again makes no second."""
        key, value = tag
        wanted = {"experiment_ids": [experiment], "filter": f"tags.{key} = '{value}'", "max_results": 1}
        for run in self._call("runs/search", wanted).get("runs", []):
            return dict(run["info"])
        made = {"experiment_id": experiment, "run_name": name, "start_time": _now_ms()}
        answer = self._call("runs/create", made | {"tags": _pairs({key: value})})
        return dict(answer["run"]["info"])

    def log(self, run: str, *, metrics: Sequence[Json], parameters: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Log what a run was made with and came to; the same parameter twice is fine if it says the same."""
        if len(metrics) > METRICS_AT_ONCE or len(parameters) > PARAMETERS_AT_ONCE:
            raise MlflowError(f"{len(metrics)} metrics or {len(parameters)} parameters are more than MLflow takes.")
        now = _now_ms()
        timed = [{"timestamp": now, "step": 0, **metric} for metric in metrics]
        batch = {"run_id": run, "metrics": timed, "params": _pairs(parameters), "tags": _pairs(tags)}
        self._call("runs/log-batch", batch)

    def use_data(self, run: str, *, name: str, digest: str, source: str) -> None:
        """Note which data a run was trained on."""
        data = {"name": name, "digest": digest, "source_type": "s3", "source": json.dumps({"uri": source})}
        context = [{"key": "mlflow.data.context", "value": "training"}]
        self._call("runs/log-inputs", {"run_id": run, "datasets": [{"dataset": data, "tags": context}]})

    def end(self, run: str) -> None:
        """Note that a run has ended."""
        self._call("runs/update", {"run_id": run, "status": "FINISHED", "end_time": _now_ms()})

    def _call(self, path: str, body: Json) -> Json:
        """Make a request.

        Raises
        ------
        MlflowError
            When there is no answer in time, or one that is no good.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise MlflowError(f"No time was left for {path}.")
        data = json.dumps(body).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Amz-Content-SHA256": sha256(data).hexdigest(),
            APP_HEADER: self._app,
        }
        request = AWSRequest("POST", f"{self._url}/api/2.0/mlflow/{path}", data=data, headers=headers)
        self._signer.add_auth(request)
        sent = urllib.request.Request(request.url, data, dict(request.headers.items()), method="POST")
        try:
            with urllib.request.urlopen(sent, timeout=min(left, 10)) as answer:
                found: Json = json.loads(answer.read() or b"{}")
                return found
        except urllib.error.HTTPError as exc:
            raise MlflowError(f"MLflow answered {path} with {exc.code}: {_told(exc.read())[:_TOLD]}") from exc
        except (OSError, ValueError) as exc:
            raise MlflowError(f"MLflow did not answer {path}: {exc}") from exc


def _told(body: bytes) -> str:
    """Take the message out of an error's answer; both MLflow and AWS call it so."""
    text = body.decode("utf-8", "replace")
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text


def _pairs(values: Mapping[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _now_ms() -> int:
    return round(time.time() * 1000)
