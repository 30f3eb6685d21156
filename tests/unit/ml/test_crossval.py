"""The benchmark measures what training does: the same splits, the same functions, nothing of the held-out fold."""

import json
from pathlib import Path

import numpy as np
import pytest

from bench import crossval
from ml import fit, hyperparameters, lab
from ml.dataset import Dataset


def test_held_out_labels_change_the_score_and_not_the_model(encoded: Dataset) -> None:
    seen: list[tuple[Dataset, Dataset]] = []

    def recipe(train: Dataset, held_out: Dataset, seed: int) -> tuple[np.ndarray, float]:
        seen.append((train, held_out))
        return np.full(len(held_out.labels), 0.1), 0.5

    crossval.cross_validate(recipe, encoded, seeds=2, folds=4)
    assert len(seen) == 8
    for first in (0, 4):
        held = np.vstack([test.features for _, test in seen[first : first + 4]])
        assert sorted(map(tuple, held.tolist())) == sorted(map(tuple, encoded.features.tolist()))
    for train, test in seen:
        assert len(train.labels) + len(test.labels) == len(encoded.labels)
        assert not {tuple(row) for row in train.features.tolist()} & {tuple(row) for row in test.features.tolist()}


def test_ours_is_the_pipelines_fit(encoded: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = fit.fit

    def spy(train: Dataset, validation: Dataset, *args: object, **kwargs: object) -> fit.Fitted:
        calls.append(len(train.labels) + len(validation.labels))
        return real(train, validation, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(fit, "fit", spy)
    settings = {**hyperparameters.defaults(), "num_round": 5, "num_parallel_tree": 1}
    train, test = encoded.take(np.arange(1000)), encoded.take(np.arange(1000, 1500))
    probabilities, threshold = crossval.ours(settings)(train, test, 0)
    assert calls == [1000]
    assert probabilities.shape == (500,)
    assert 0 < threshold < 1


def test_it_prints_both_and_writes_json(
    made_up: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, report = tmp_path / "raw.csv", tmp_path / "cv.json"
    raw.write_text(made_up)
    monkeypatch.setattr(hyperparameters, "defaults", _quick(hyperparameters.defaults()))
    crossval.main(["--input", str(raw), "--seeds", "1", "--folds", "3", "--json", str(report)])
    printed = capsys.readouterr().out
    assert "lab's recipe" in printed
    assert "this project" in printed
    result = json.loads(report.read_text())
    ours, theirs = result["this project"]["mean"], result["lab's recipe"]["mean"]
    assert len(result["this project"]["folds"]) == 3
    assert result["cost_ratio"] == pytest.approx(ours["cost"] / theirs["cost_half"])
    assert ours["average_precision"] > theirs["average_precision"]


def _quick(values: dict[str, float]):  # type: ignore[no-untyped-def]
    return lambda: {**values, "num_round": 40, "num_parallel_tree": 1}


def test_the_labs_features_are_the_files_customers_in_order(made_up: str, encoded: Dataset) -> None:
    data = lab.features(made_up)
    assert (data.labels == encoded.labels).all()
    assert data.features.shape == (1500, 69)
