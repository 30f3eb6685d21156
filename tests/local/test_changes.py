"""Deployments that change the data: a new model takes over without a gap, a bad file changes nothing."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.driver.deploy import DeployError
from local.settings import ROOT
from tests.local.deployment import Deployment

LOYAL: dict[str, Any] = json.loads((ROOT / "schema" / "examples.json").read_text())["loyal"]


def _data(folder: Path, rows: list[str]) -> str:
    """A data folder as `make data` writes it, with other rows."""
    text = "\n".join(rows) + "\n"
    source = json.loads((ROOT / "build" / "data" / "source.json").read_text())
    source |= {"sha256": hashlib.sha256(text.encode()).hexdigest(), "rows": len(rows) - 1}
    folder.mkdir()
    (folder / "churn.csv").write_text(text)
    (folder / "source.json").write_text(json.dumps(source))
    return f"data={folder}"


def _rows() -> list[str]:
    return (ROOT / "build" / "data" / "churn.csv").read_text().splitlines()


def _jobs(deployment: Deployment) -> int:
    return len(deployment.client("sagemaker").list_training_jobs(MaxResults=100)["TrainingJobSummaries"])


def _config(deployment: Deployment) -> str:
    name: str = deployment.client("sagemaker").describe_endpoint(EndpointName="churn-local")["EndpointConfigName"]
    return name


@contextmanager
def _asking(deployment: Deployment) -> Iterator[list[int]]:
    """Ask for predictions all the while, and collect the statuses."""
    statuses: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.2):
            statuses.append(deployment.post("api/predictions", {"customers": [LOYAL]})[0])

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield statuses
    finally:
        done.set()
        thread.join()


def test_new_data_trains_a_model_that_takes_over_without_a_gap(deployment: Deployment, tmp_path: Path) -> None:
    jobs, config = _jobs(deployment), _config(deployment)
    with _asking(deployment) as statuses:
        deployment.cdk().deploy("-c", _data(tmp_path / "new", _rows()[:-50]))
    assert _jobs(deployment) == jobs + 1
    assert _config(deployment) != config
    assert len(statuses) > 10
    assert set(statuses) == {200}
    # Back to the data that a run is known of: its model returns, and nothing is trained.
    deployment.cdk().deploy()
    assert _jobs(deployment) == jobs + 1
    assert deployment.post("api/predictions", {"customers": [LOYAL]})[0] == 200


def test_a_bad_file_fails_the_deployment_and_the_model_goes_on(deployment: Deployment, tmp_path: Path) -> None:
    config, rows = _config(deployment), _rows()
    broken = rows[5].split(",")
    broken[7] = "-5"
    bad = _data(tmp_path / "bad", [*rows[:5], ",".join(broken), *rows[6:]])
    with pytest.raises(DeployError, match=r"Step Prepare: .*AlgorithmError") as caught:
        deployment.cdk().deploy("-c", bad)
    assert "row" in str(caught.value).lower()
    assert _config(deployment) == config
    assert deployment.post("api/predictions", {"customers": [LOYAL]})[0] == 200
    # What is deployed is the good state again: nothing to do.
    jobs = _jobs(deployment)
    deployment.cdk().deploy()
    assert _jobs(deployment) == jobs
