"""The watch: calm on customers like those of training, loud on a drifted week, and clear about what is missing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import artifact, drift, evaluate, fit, watch, watch_page
from ml.captured import Traffic
from schema import load_schema
from tools import made_up_data

from .captures import line

SCHEMA = load_schema()
PACKAGE = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn-test/3"
Watch = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def evaluation(trained: tuple[Path, str], prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("evaluation")
    assert evaluate.main(["--model", str(trained[0]), "--prepared", str(prepared), "--output-dir", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def unseen() -> list[dict[str, Any]]:
    """Customers of the same world as the model's, none of whom it has seen."""
    text = made_up_data.generate(900, seed=11)
    rows = watch.live_quality.raw_file.customers(text, SCHEMA)
    return [row.record for row in rows]


@pytest.fixture
def look(trained: tuple[Path, str], evaluation: Path, tmp_path: Path) -> Watch:
    """Run the job over customers as the endpoint captures them; `labels` are the contents of label files."""

    def run(
        customers: list[dict[str, Any]], labels: dict[str, str] | None = None, version: str = "3"
    ) -> dict[str, Any]:
        watched, out = tmp_path / "watched", tmp_path / "out"
        (watched / "capture").mkdir(parents=True)
        (watched / "labels").mkdir()
        asked = [{a.name: customer[a.name] for a in SCHEMA.inputs} for customer in customers]
        rows = np.array([SCHEMA.encode(one) for one in asked]).reshape(len(asked), len(SCHEMA.columns))
        said = fit.probabilities(artifact.load_booster(trained[0]), rows, SCHEMA.columns).tolist() if asked else []
        lines = [line(asked[n : n + 50], said[n : n + 50], version=version) for n in range(0, len(asked), 50)]
        (watched / "capture" / "one.jsonl").write_text("\n".join(lines))
        for name, content in (labels or {}).items():
            (watched / "labels" / name).write_text(content)
        period = {"from": "2026-03-01T00:00:00+00:00", "to": "2026-03-08T00:00:00+00:00"}
        period_file = {**period, "package": PACKAGE, "labels": [*(labels or {})]}
        (watched / "period.json").write_text(json.dumps(period_file))
        places = {"watched": watched, "evaluation": evaluation, "model": trained[0], "output-dir": out}
        assert watch.main([part for name, place in places.items() for part in (f"--{name}", str(place))]) == 0
        found: dict[str, Any] = json.loads((out / "drift.json").read_text())
        assert (out / "drift.html").read_text().startswith("<!doctype html>")
        return found

    return run


def test_customers_like_those_of_training_are_calm(look: Watch, unseen: list[dict[str, Any]]) -> None:
    found = look(unseen)
    assert found["verdict"] == "calm"
    assert found["traffic"]["customers"] == found["traffic"]["scored"] == 900
    assert found["metrics"]["DriftedAttributes"] == 0
    assert found["metrics"]["PredictionsDrifted"] == 0
    assert found["message"] == "Calm: nothing has moved among 900 customers."
    assert {one["name"] for one in found["attributes"]} == {a.name for a in SCHEMA.inputs} | {drift.PREDICTIONS}


def test_a_drifted_week_is_told_by_what_has_moved(look: Watch, unseen: list[dict[str, Any]]) -> None:
    shifted = [{**one, "day_mins": min(one["day_mins"] + 90, 350), "intl_plan": True} for one in unseen]
    found = look(shifted)
    assert found["verdict"] == "drifted"
    drifted = {one["name"] for one in found["attributes"] if one["drifted"]}
    assert drifted == {"day_mins", "intl_plan", drift.PREDICTIONS}
    assert found["metrics"]["DriftedAttributes"] == 2
    assert found["metrics"]["PredictionsDrifted"] == 1
    assert found["metrics"]["PredictionStabilityIndex"] > drift.SHIFTED
    assert found["message"].startswith("Drifted, with the stability index of each: ")
    for name in drifted:
        assert name in found["message"]


def test_few_customers_are_not_compared_and_move_no_alarm(look: Watch, unseen: list[dict[str, Any]]) -> None:
    found = look(unseen[:199])
    assert found["verdict"] == "too few"
    assert found["message"] == "Too few customers to compare: 199 of the 200 that it takes."
    assert found["metrics"] == {"WatchedCustomers": 199, "RefusedLabelFiles": 0}
    assert found["attributes"] == []


def test_an_hour_without_traffic_is_told_as_such(look: Watch) -> None:
    assert look([])["message"] == "Too few customers to compare: 0 of the 200 that it takes."


def test_predictions_of_another_version_are_not_the_models(look: Watch, unseen: list[dict[str, Any]]) -> None:
    found = look(unseen[:300], version="2")
    assert found["traffic"]["scored"] == 0
    assert drift.PREDICTIONS not in {one["name"] for one in found["attributes"]}
    assert "PredictionsDrifted" not in found["metrics"]
    assert found["metrics"]["DriftedAttributes"] == 0


def test_labels_judge_the_model_against_its_registered_evaluation(look: Watch) -> None:
    found = look([], {"march.csv": made_up_data.generate(600, seed=21)})
    quality = found["quality"]
    assert quality["files"] == ["march.csv"]
    assert quality["n_customers"] == 600
    assert not quality["worse"]
    assert found["metrics"]["LiveQualityWorse"] == 0
    assert found["metrics"]["LiveAveragePrecision"] == quality["metrics"]["average_precision"]["live"]
    assert "Live quality is as registered." in found["message"]


def test_labels_that_the_model_gets_wrong_are_worse(look: Watch) -> None:
    header, *rows = made_up_data.generate(600, seed=22).splitlines()
    at = header.split(",").index("Churn?")
    cells = [row.split(",") for row in rows]
    fates = np.random.default_rng(1).permutation([cell[at] for cell in cells])
    mixed = [",".join([*cell[:at], str(fate), *cell[at + 1 :]]) for cell, fate in zip(cells, fates, strict=True)]
    found = look([], {"mixed.csv": "\n".join([header, *mixed])})
    assert found["metrics"]["LiveQualityWorse"] == 1
    assert "Live quality is worse: average precision " in found["message"]


def test_a_bad_label_file_is_refused_and_the_rest_goes_on(look: Watch, unseen: list[dict[str, Any]]) -> None:
    found = look(unseen, {"bad.csv": "this,is\nno,label file\n", "few.csv": made_up_data.generate(25, seed=3)})
    assert found["verdict"] == "calm"
    assert list(found["refused_labels"]) == ["bad.csv"]
    assert "bad.csv cannot be used" in found["refused_labels"]["bad.csv"]
    assert found["metrics"]["RefusedLabelFiles"] == 1
    assert "LiveQualityWorse" not in found["metrics"]
    assert found["quality"]["not_judged"].startswith("25 customers with a known fate")
    assert found["message"].endswith("1 label file was refused.")


def test_values_that_the_model_was_made_without_are_counted(evaluation: Path) -> None:
    baseline = json.loads((evaluation / "baseline.json").read_text())
    of_each = {n: base.get("values") or list(base["counts"]) for n, base in baseline["inputs"].items()}
    known = {name: values[0] for name, values in of_each.items()}
    odd = {**known, "day_mins": 1e6, "state": "ZZ"}
    assert watch.outside(baseline, [known]) == {}
    assert watch.outside(baseline, [known, odd, odd]) == {"state": 2, "day_mins": 2}


def test_the_page_escapes_what_comes_from_outside(evaluation: Path) -> None:
    traffic = Traffic()
    found = {
        "model": {"version": "3", "trained_at": "2026-03-01T00:00:00+00:00"},
        "period": {"from": "2026-03-01T00:00:00+00:00", "to": "2026-03-02T00:00:00+00:00"},
        "traffic": watch._told(traffic),
        "attributes": [],
        "outside": {},
        "quality": {"not_judged": "<b>"},
        "refused_labels": {"<script>.csv": "<i>"},
        "verdict": "calm",
        "message": "<u>",
    }
    page = watch_page.render(found, json.loads((evaluation / "baseline.json").read_text()), traffic, SCHEMA)
    assert "&lt;script&gt;" in page
    for tag in ("<script>", "<b></p>", "<i>", "<u>"):
        assert tag not in page


def test_without_a_period_the_job_says_what_is_missing(
    trained: tuple[Path, str], evaluation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"watched": tmp_path, "evaluation": evaluation, "model": trained[0], "output-dir": tmp_path / "out"}
    assert watch.main([part for name, place in places.items() for part in (f"--{name}", str(place))]) == 1
    assert "must hold one period.json, not 0" in capsys.readouterr().err
