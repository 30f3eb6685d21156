"""Training inside SageMaker's contract, as a subprocess: what it prints, leaves, and says when it fails."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import xgboost

from ml import artifact, fit, hyperparameters, money
from ml.dataset import Dataset, read_csv, stratified_split
from schema import load_schema

# As the image's own metric definitions read the log, but for all metrics at once.
METRIC = re.compile(r"validation-(auc|aucpr|logloss):([0-9.]+)")
COLUMNS = load_schema().columns


def test_it_prints_metric_lines(trained: tuple[Path, str]) -> None:
    lines = [line for line in trained[1].splitlines() if line.startswith("[")]
    assert len(lines) >= 10
    assert re.fullmatch(
        r"\[0\]\ttrain-logloss:[\d.]+\tvalidation-logloss:[\d.]+\tvalidation-auc:[\d.]+\tvalidation-aucpr:[\d.]+",
        lines[0],
    )
    found = [dict(METRIC.findall(line)) for line in lines]
    assert all(set(values) == {"auc", "aucpr", "logloss"} for values in found)
    assert float(found[-1]["logloss"]) < float(found[0]["logloss"])
    # SageMaker goes by the last line: that of the rounds that the model consists of.
    metadata = artifact.load_metadata(trained[0])
    assert lines[-1].startswith(f"[{metadata['rounds'] - 1}]\t")
    assert float(found[-1]["logloss"]) == pytest.approx(metadata["metrics"]["validation"]["log_loss"], abs=1e-5)
    assert float(found[-1]["logloss"]) == pytest.approx(min(float(one["logloss"]) for one in found), abs=1e-5)


def test_the_artifact_holds_all_that_serving_needs(trained: tuple[Path, str]) -> None:
    model = trained[0]
    assert {p.name for p in model.iterdir()} == {"xgboost-model", "metadata.json", "features.json", "code"}
    assert {"inference.py", "ml", "schema"} == {p.name for p in (model / "code").iterdir()}
    assert (model / "code" / "schema" / "features.json").is_file()
    assert not list(model.rglob("__pycache__"))
    assert (model / "xgboost-model").read_bytes()[:1] == b"{"  # UBJSON
    assert load_schema(model / "features.json").hash == load_schema().hash


def test_the_metadata_tells_what_the_model_is(trained: tuple[Path, str], prepared: Path) -> None:
    metadata = artifact.load_metadata(trained[0])
    assert metadata["columns"] == list(COLUMNS)
    assert metadata["schema_hash"] == load_schema().hash
    assert metadata["hyperparameters"]["max_depth"] == 4  # from the file, where it is a quoted text
    assert 0 < metadata["threshold"] < 1
    assert metadata["break_even"] == pytest.approx(0.2)
    assert 1 <= metadata["rounds"] <= 40
    data = read_csv(prepared / "train.csv", len(COLUMNS)).join(read_csv(prepared / "validation.csv", len(COLUMNS)))
    assert metadata["base_probability"] == pytest.approx(data.labels.mean())
    day = data.features[:, COLUMNS.index("day_mins")]
    assert metadata["typical"]["day_mins"] == pytest.approx({"mean": day.mean(), "std": day.std()})
    assert metadata["metrics"]["validation"]["auc"] > 0.8
    assert metadata["split"] == json.loads((prepared / "split.json").read_text())


def test_without_the_channel_a_model_does_not_say_how_its_customers_were_split(tmp_path: Path, job) -> None:  # type: ignore[no-untyped-def]
    assert job("--num_round", "2").returncode == 0
    shutil.rmtree(tmp_path / "input/data/split")
    assert job("--num_round", "2").returncode == 0
    assert artifact.load_metadata(tmp_path / "model")["split"] is None


def test_the_command_line_goes_over_the_file(job, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = job("--max_depth", "2", "--num_round", "3", max_depth="6")
    assert done.returncode == 0, done.stderr
    metadata = artifact.load_metadata(tmp_path / "model")
    assert metadata["hyperparameters"]["max_depth"] == 2
    assert metadata["rounds"] <= 3


@pytest.mark.parametrize(
    ("arguments", "spoil", "told"),
    [
        (["--max_depth", "deep"], None, "max_depth must be a whole number"),
        ([], lambda b: (b / "input/data/split/split.json").write_text("{"), "split.json is not JSON"),
        ([], lambda b: (b / "input/data/train/train.csv").unlink(), "holds no CSV"),
        ([], lambda b: (b / "input/data/train/train.csv").write_text("churn,state\n0,1\n"), "not all numbers"),
        ([], lambda b: (b / "input/data/validation/validation.csv").write_text("0,1,2\n1,2,3\n"), "3 columns where"),
        (
            [],
            lambda b: (b / "input/data/validation/validation.csv").write_text("0" + ",1" * len(COLUMNS) + "\n"),
            "validation set needs churners and others",
        ),
    ],
)
def test_a_failure_says_why_where_sagemaker_looks(  # type: ignore[no-untyped-def]
    tmp_path: Path, prepared: Path, job, arguments: list[str], spoil, told: str
) -> None:
    if spoil:
        job("--num_round", "1")  # lays the contract out
        for name in ("train", "validation"):
            (tmp_path / "input/data" / name / f"{name}.csv").write_bytes((prepared / f"{name}.csv").read_bytes())
        spoil(tmp_path)
    done = job(*arguments)
    assert done.returncode == 1
    assert told in (tmp_path / "output" / "failure").read_text()
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def parts(encoded: Dataset) -> tuple[Dataset, Dataset]:
    first, second = stratified_split(encoded.labels, (0.8, 0.2), 3)
    return encoded.take(first), encoded.take(second)


def settings(**changes: float) -> dict[str, float]:
    return {**hyperparameters.defaults(), "num_round": 30, "num_parallel_tree": 1, **changes}


def test_the_same_seed_gives_the_same_model(parts: tuple[Dataset, Dataset]) -> None:
    def raw(seed: int) -> bytes:
        fitted = fit.fit(*parts, COLUMNS, settings(seed=seed), log=lambda _: None)
        return bytes(fitted.booster.save_raw("ubj"))

    assert raw(1) == raw(1)
    assert raw(1) != raw(2)


def test_it_stops_where_validation_is_best_and_fits_again_on_all(parts: tuple[Dataset, Dataset]) -> None:
    lines: list[str] = []
    once = fit.fit(*parts, COLUMNS, settings(refit=0, eta=0.5, num_round=60, early_stopping_rounds=5), log=lines.append)
    losses = [float(re.findall(r"validation-logloss:([\d.]+)", line)[0]) for line in lines[:-1]]
    assert once.rounds == pytest.approx(int(np.argmin(losses)) + 1, abs=1)  # the log has five decimals
    assert len(losses) < 60
    again = fit.fit(*parts, COLUMNS, settings(eta=0.5, num_round=60, early_stopping_rounds=5), log=lambda _: None)
    assert again.rounds == once.rounds == again.booster.num_boosted_rounds()
    whole = xgboost.train(
        hyperparameters.for_xgboost(settings(eta=0.5)), fit.matrix(parts[0].join(parts[1]), COLUMNS), once.rounds
    )
    np.testing.assert_array_equal(
        fit.probabilities(again.booster, parts[1].features, COLUMNS),
        fit.probabilities(whole, parts[1].features, COLUMNS),
    )


def test_threshold_and_metrics_come_from_the_model_that_has_not_seen_validation(
    parts: tuple[Dataset, Dataset],
) -> None:
    once = fit.fit(*parts, COLUMNS, settings(refit=0), log=lambda _: None)
    again = fit.fit(*parts, COLUMNS, settings(refit=1), log=lambda _: None)
    assert again.validation == once.validation
    honest = fit.probabilities(once.booster, parts[1].features, COLUMNS)
    costs = hyperparameters.costs(settings())
    assert once.threshold == again.threshold == money.choose_threshold(parts[1].labels, honest, costs)
    assert json.dumps(once.validation)  # plain numbers
