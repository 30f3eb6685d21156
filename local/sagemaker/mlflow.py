"""MLflow apps: the resource, and its API, which a real MLflow server on this machine answers where one runs."""

import copy
import json
import os
import urllib.error
import urllib.request
from urllib.parse import urlencode

from local.sagemaker import listing, platform, roles, tags
from local.sagemaker.authors import author
from local.sagemaker.errors import ServiceError, not_found
from local.sagemaker.naming import arn, identifier, name_of, now
from local.sagemaker.operations import Answer, Request, operation
from local.sagemaker.store import Record, records

#: By this header AWS knows which app a request to MLflow's API is for.
APP_HEADER = "x-sm-mlflow-app-arn"
_KIND = "MlflowApp"
_LIMIT_S = 30
# Of an answer, what a client of MLflow reads; the rest is between the server and this process.
_PASSED_ON = ("content-type",)
# The version that is installed for the laptop run; AWS tells its own.
_VERSION = "3.17.2"


def url() -> str:
    """Where the server answers; empty when none was started."""
    return os.environ.get("CHURN_MLFLOW_URL", "")


def require(arn_: str) -> Record:
    """The record of an app, by its ARN."""
    record = records.get(_KIND, name_of(_KIND, arn_))
    if record is None:
        raise not_found(f"MLflow App {arn_} does not exist.")
    return record


@operation("CreateMlflowApp")
def _create(request: Request) -> Answer:
    roles.hand_over(request["RoleArn"])
    # The name "is not part of the ARN": SageMaker makes an id up.
    app = f"app-{identifier(12).upper()}"
    record = copy.deepcopy(request) | {
        "Arn": arn(_KIND, app),
        "Status": "Created",
        "MlflowVersion": _VERSION,
        "CreationTime": now(),
        "CreatedBy": author(),
        "LastModifiedTime": now(),
        "LastModifiedBy": author(),
    }
    record.setdefault("ModelRegistrationMode", "AutoModelRegistrationDisabled")
    record.setdefault("AccountDefaultStatus", "DISABLED")
    record.pop("Tags", None)
    tags.keep(record["Arn"], request)
    records.put(_KIND, app, record)
    return record


@operation("DescribeMlflowApp")
def _describe(request: Request) -> Answer:
    return require(request["Arn"])


@operation("UpdateMlflowApp")
def _update(request: Request) -> Answer:
    record = require(request["Arn"])
    record |= copy.deepcopy(request) | {"LastModifiedTime": now(), "LastModifiedBy": author(), "Status": "Updated"}
    return record


@operation("ListMlflowApps")
def _list(request: Request) -> Answer:
    found = [one for one in records.all(_KIND) if request.get("Status") in (None, one["Status"])]
    return listing.page("ListMlflowApps", request, found, member="Summaries", name="Name", status="Status")


@operation("DeleteMlflowApp")
def _delete(request: Request) -> Answer:
    record = require(request["Arn"])
    records.remove(_KIND, name_of(_KIND, record["Arn"]))
    tags.forget(record["Arn"])
    return {"Arn": record["Arn"]}


@operation("CreatePresignedMlflowAppUrl")
def _open(request: Request) -> Answer:
    require(request["Arn"])
    return {"AuthorizedUrl": _running()}


def _running() -> str:
    """Where the server answers.

    Raises
    ------
    ServiceError
        When none was started.
    """
    if not url():
        raise ServiceError(
            "ServiceUnavailable", "No MLflow server runs on this machine: start it with `make local MLFLOW=1`.", 503
        )
    return url()


def forward(
    method: str, path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """Ask the server what a client of an app asks, if the client may.

    Raises
    ------
    ServiceError
        ``AccessDeniedException``, an app that is not there, or no server.
    """
    app = headers[APP_HEADER]
    platform.current().authorize("sagemaker:CallMlflowAppApi", app, {})
    record = require(app)
    if path.endswith("/experiments/create"):
        body = _in_the_store(body, record["ArtifactStoreUri"])
    asked = f"{_running()}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    kept = {name: value for name, value in headers.items() if name in ("content-type", "accept")}
    request = urllib.request.Request(asked, body or None, kept, method=method)
    # No proxy of the user's stands between two processes of one machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_LIMIT_S) as answer:
            return answer.status, _passed_on(answer.headers), answer.read()
    except urllib.error.HTTPError as exc:
        return exc.code, _passed_on(exc.headers), exc.read()
    except OSError as exc:
        raise ServiceError("ServiceUnavailable", f"The MLflow server does not answer: {exc}", 503) from exc


def _in_the_store(body: bytes, store: str) -> bytes:
    """A request for an experiment whose artifacts lie in the app's store, unless it names another place."""
    asked = json.loads(body)
    return json.dumps({"artifact_location": f"{store.rstrip('/')}/{asked['name']}"} | asked).encode()


def _passed_on(headers: object) -> dict[str, str]:
    return {name: value for name in _PASSED_ON if (value := headers.get(name))}  # type: ignore[attr-defined]
