"""Global attributions: the mean size of what the predictor itself answers, customer by customer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import explain, held_out, raw_file
from ml.predictor import Predictor
from schema import load_schema

SCHEMA = load_schema()


@pytest.fixture(scope="module")
def people(made_up: str) -> list[dict[str, Any]]:
    names = [a.name for a in SCHEMA.inputs]
    return [{name: row.record[name] for name in names} for row in raw_file.check(made_up, SCHEMA)[:120]]


def explained(folder: Path, people: list[dict[str, Any]]) -> dict[str, Any]:
    model = held_out.load(folder)
    return explain.explain(model.booster, model.schema, model.metadata["typical"], people)


def test_it_is_the_mean_of_the_predictors_own_reasons(trained: tuple[Path, str], people: list[dict[str, Any]]) -> None:
    found = explained(trained[0], people)["explanations"]["tree_shap"]["label0"]
    sizes: dict[str, float] = dict.fromkeys((a.name for a in SCHEMA.inputs), 0.0)
    signed = dict(sizes)
    for one in Predictor(trained[0]).predict(people)["predictions"]:
        for reason in one["reasons"]:
            sizes[reason["attribute"]] += abs(reason["contribution"]) / len(people)
            signed[reason["attribute"]] += reason["contribution"] / len(people)
    assert found["global_shap_values"] == pytest.approx(sizes, abs=1e-9)
    assert found["mean_contributions"] == pytest.approx(signed, abs=1e-9)


def test_all_adds_up_to_the_mean_margin(trained: tuple[Path, str], people: list[dict[str, Any]]) -> None:
    found = explained(trained[0], people)["explanations"]["tree_shap"]["label0"]
    probabilities = np.array([p["probability"] for p in Predictor(trained[0]).predict(people)["predictions"]])
    margins = np.log(probabilities / (1 - probabilities))
    total = found["expected_value"] + sum(found["mean_contributions"].values())
    assert total == pytest.approx(margins.mean(), abs=1e-5)  # XGBoost sums in single precision


def test_the_largest_come_first_and_the_bill_leads(trained: tuple[Path, str], people: list[dict[str, Any]]) -> None:
    report = explained(trained[0], people)
    values = list(report["explanations"]["tree_shap"]["label0"]["global_shap_values"].values())
    assert values == sorted(values, reverse=True)
    assert report["n_customers"] == 120
    assert report["version"] == "1.0"


def test_of_many_customers_some_are_picked_evenly(
    trained: tuple[Path, str], people: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "MOST_EXPLAINED", 12)
    report = explained(trained[0], people)
    assert report["n_customers"] == 12
    picked = [people[i] for i in np.linspace(0, 119, 12).astype(int)]
    assert report["explanations"] == explained(trained[0], picked)["explanations"]
