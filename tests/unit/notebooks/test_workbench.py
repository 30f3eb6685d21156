"""The notebook's helpers, as far as they need no deployment."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent
CELLS = json.loads((ROOT / "notebooks" / "churn.ipynb").read_text())["cells"]


@pytest.fixture(autouse=True)
def as_in_studio(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The notebook's folder on the path, as Jupyter puts it; forgotten afterwards."""
    monkeypatch.syspath_prepend(str(ROOT / "notebooks"))
    yield
    for name in ("definition", "models", "workbench", "experiment", "pictures"):
        sys.modules.pop(name, None)


def test_what_a_step_refers_to_is_filled_in() -> None:
    from definition import resolve

    known = {"Parameters.Cost": 500.0, "Steps.Train.Artifact": "s3://models/a.tar.gz"}
    value = {
        "A": {"Get": "Steps.Train.Artifact"},
        "B": [{"Std:Join": {"On": "/", "Values": ["s3://data", {"Get": "Parameters.Cost"}]}}, 1, True],
    }
    assert resolve(value, known) == {"A": "s3://models/a.tar.gz", "B": ["s3://data/500.0", 1, True]}


def test_what_the_workbench_cannot_tell_is_named() -> None:
    from definition import WorkbenchError, resolve

    with pytest.raises(WorkbenchError, match=r"Steps\.Other\.Place"):
        resolve([{"Get": "Steps.Other.Place"}], {})


def test_an_address_has_a_bucket_and_a_key() -> None:
    from definition import split

    assert split("s3://data/runs/a/test.csv") == ("data", "runs/a/test.csv")
    assert split("s3://data") == ("data", "")


def test_jobs_are_named_as_the_permissions_want_them() -> None:
    from experiment import job_name

    first, second = job_name("lab-settings"), job_name("lab-settings")
    assert first.startswith("experiment-lab-settings-")
    assert first != second
    # CreateTrainingJob: 1 to 63 letters, digits and hyphens.
    assert len(first) <= 63
    assert first.replace("-", "").isalnum()


def test_an_old_sdk_is_refused_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    from definition import WorkbenchError
    from workbench import check_sdk

    monkeypatch.setitem(sys.modules, "sagemaker.core.resources", None)
    with pytest.raises(WorkbenchError, match=r"older than 3.*image"):
        check_sdk()


def test_a_folder_without_the_deployments_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import workbench
    from definition import WorkbenchError

    monkeypatch.setattr(workbench, "check_sdk", lambda: None)
    with pytest.raises(WorkbenchError, match=r"studio\.json is missing"):
        workbench.Workbench(tmp_path)


def test_the_notebook_explains_more_than_it_computes() -> None:
    """Short cells, each part with words before it; what is longer belongs into a module beside it."""
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    words = [cell for cell in CELLS if cell["cell_type"] == "markdown"]
    assert len(words) >= len(code) * 0.8
    assert max(len(cell["source"]) for cell in code) <= 16
    assert sum("\n## " in "\n" + "".join(cell["source"]) for cell in words) == 8


@pytest.mark.parametrize("served", ["2024-05-01", "2024-06-01"])
def test_the_live_model_is_the_one_that_the_endpoint_serves(monkeypatch: pytest.MonkeyPatch, served: str) -> None:
    from definition import WorkbenchError
    from workbench import Workbench

    # The newest first, as the registry lists them; what is served is the older one, or none of them.
    registered = [
        {"uri": f"s3://data/{day}", "evaluation": {"model": {"trained_at": day}}}
        for day in ("2024-05-02", "2024-05-01")
    ]
    monkeypatch.setattr(Workbench, "examples", {"loyal": {}})
    monkeypatch.setattr(Workbench, "name", "churn", raising=False)
    monkeypatch.setattr(Workbench, "ask", lambda _self, _customers: {"model": {"trained_at": served}})
    monkeypatch.setattr(Workbench, "_registered", lambda _self, **_only: iter(registered))
    bench = object.__new__(Workbench)
    if served == "2024-05-01":
        assert bench._live is registered[1]
    else:
        with pytest.raises(WorkbenchError, match=r"trained at 2024-06-01, which no approved package of churn holds"):
            _ = bench._live
