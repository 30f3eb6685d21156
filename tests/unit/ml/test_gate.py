"""The gate and the comparison with the model in production: what passes, what does not, and what is said of it."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from ml import artifact, bias, bootstrap, champion, evaluate, facets, gate, metrics
from ml.champion import Judged
from ml.gate import Limits
from ml.money import Costs
from schema import load_schema

SCHEMA = load_schema()
COSTS = Costs()
Files = dict[str, Any]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 4)), min_size=2, max_size=40))
@settings(deadline=None)
def test_a_weighted_average_precision_is_that_of_the_customers_repeated(rows: list[tuple[bool, int, int]]) -> None:
    labels, scores, weights = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    if not (labels * weights).any():
        return
    repeated = np.repeat(labels, weights.astype(int)), np.repeat(scores, weights.astype(int))
    found = bootstrap.Ranking(labels, scores).average_precision(weights)
    assert found == pytest.approx(metrics.average_precision(*repeated), abs=1e-9)
    assert found == pytest.approx(sklearn.metrics.average_precision_score(*repeated), abs=1e-9)


def test_draws_hold_as_many_of_each_kind_and_repeat_with_the_seed() -> None:
    labels = (np.arange(50) % 5 == 0).astype(float)
    drawn = list(bootstrap.draws(labels, seed=3, samples=200))
    assert all((w[labels == 1].sum(), w[labels == 0].sum()) == (10, 40) for w in drawn)
    assert np.array(drawn).mean(axis=0) == pytest.approx(np.ones(50), abs=0.35)
    again = list(bootstrap.draws(labels, seed=3, samples=200))
    assert all((a == b).all() for a, b in zip(drawn, again, strict=True))


def people(n: int) -> list[dict[str, Any]]:
    states = ("NY", "OH", "TX", "CA")
    return [
        {"state": states[i % 4], "area_code": ("408", "415", "510")[i % 3], "intl_plan": i % 10 == 0} for i in range(n)
    ]


def world(n: int, seed: int, noise: float) -> tuple[np.ndarray, Judged]:
    """Customers of whom one in six churns, and a model that sees it through noise of its own."""
    labels = (np.random.default_rng(99).random(n) < 1 / 6).astype(float)
    margins = 4 * labels - 3 + noise * np.random.default_rng(seed).normal(size=n)
    return labels, Judged(1 / (1 + np.exp(-margins)), 0.2)


def compared(challenger: Judged, other: Judged, labels: np.ndarray) -> dict[str, Any]:
    groups = facets.groups(SCHEMA, people(len(labels)))
    found = champion.compare(labels, challenger, other, COSTS, groups)
    assert json.dumps(found, allow_nan=False)
    return found


def test_a_model_is_not_worse_than_itself() -> None:
    labels, model = world(600, 1, 1.0)
    found = compared(model, model, labels)
    for one in (found["average_precision"], found["expected_cost_per_customer"], *found["bias"]):
        assert (one["difference"], one["low"], one["high"], one["worse"]) == (0, 0, 0, False)
    assert len(found["bias"]) == 16  # eight groups, accuracy and recall


def test_the_sizes_of_bias_are_those_of_the_report() -> None:
    labels, model = world(600, 1, 1.5)
    _, other = world(600, 2, 1.0)
    groups = facets.groups(SCHEMA, people(600))
    for one in compared(model, other, labels)["bias"]:
        group = next(g for g in groups if (g.facet, g.name) == (one["facet"], one["group"]))
        for side, judged in (("challenger", model), ("champion", other)):
            expected = bias.post_training(*bias.count(labels == 1, judged.called, group.members))[one["metric"]]
            assert one[side] == pytest.approx(abs(expected or 0.0), abs=1e-9)
        assert one["low"] <= one["difference"] <= one["high"]


def test_noise_makes_a_worse_model_and_the_reverse_a_better_one() -> None:
    labels, good = world(600, 1, 1.0)
    _, poor = world(600, 2, 3.0)
    worse, better = compared(poor, good, labels), compared(good, poor, labels)
    assert worse["average_precision"]["worse"]
    assert worse["expected_cost_per_customer"]["worse"]
    assert not better["average_precision"]["worse"]
    assert not better["expected_cost_per_customer"]["worse"]
    assert better["average_precision"]["difference"] == -worse["average_precision"]["difference"] > 0


def test_models_of_the_same_kind_are_seldom_called_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(champion, "SAMPLES", 400)
    refused = 0
    for seed in range(30):
        labels, first = world(400, 2 * seed, 1.5)
        _, second = world(400, 2 * seed + 1, 1.5)
        found = compared(first, second, labels)
        refused += found["average_precision"]["worse"] or found["expected_cost_per_customer"]["worse"]
        assert not any(one["worse"] for one in found["bias"])
    assert refused <= 4


def test_a_new_bias_is_seen_where_the_old_model_had_none() -> None:
    labels, fair = world(600, 1, 0.5)
    texas = np.array([person["state"] == "TX" for person in people(600)])
    unfair = Judged(np.where(texas, 0.01, fair.probabilities), fair.threshold)
    found = compared(unfair, fair, labels)
    assert {(one["group"], one["metric"]) for one in found["bias"] if one["worse"]} >= {("South", "RD")}
    assert not any(one["worse"] for one in compared(fair, unfair, labels)["bias"])


def evaluation(**champion_told: Any) -> dict[str, Any]:
    told = champion_told or {"not_compared": "the endpoint churn-test serves none yet"}
    return {
        "metrics": {"average_precision": 0.9},
        "cost": {"expected_cost_per_customer": 25.0},
        "champion": {"name": "churn-test/3", **told},
    }


def no_bias() -> dict[str, Any]:
    return {"post_training_bias_metrics": {"facets": {}}}


def figures(challenger: float, other: float, low: float, high: float, *, worse: bool) -> dict[str, Any]:
    difference = challenger - other
    told = {"challenger": challenger, "champion": other, "difference": difference}
    return {**told, "low": low, "high": high, "worse": worse}


def test_a_model_within_all_limits_passes_and_says_what_it_was_compared_with() -> None:
    found = gate.verdict(evaluation(), no_bias(), Limits(0.8, 32.0, 0.05, 0.2), SCHEMA)
    assert found == {
        "verdict": "passed",
        "reasons": [],
        "message": "The model passes: average precision 0.9000, cost 25.00 USD a customer. "
        "Not compared with a model in production: the endpoint churn-test serves none yet.",
    }


def test_a_refusal_names_each_figure_and_what_was_required() -> None:
    found = gate.verdict(evaluation(), no_bias(), Limits(0.95, 20.0, 0.05, 0.2), SCHEMA)
    assert found["verdict"] == "refused"
    assert found["reasons"] == [
        "average precision 0.9000, required at least 0.95",
        "expected cost 25.00 USD a customer, required at most 20",
    ]
    assert found["message"].startswith("The model is refused on the test customers: average precision 0.9000, ")


def test_limits_themselves_pass() -> None:
    assert gate.verdict(evaluation(), no_bias(), Limits(0.9, 25.0), SCHEMA)["verdict"] == "passed"


def test_a_challenger_that_is_worse_is_told_by_how_much() -> None:
    told = evaluation(
        average_precision=figures(0.88, 0.91, -0.05, -0.01, worse=True),
        expected_cost_per_customer=figures(26.0, 22.0, 2.5, 5.5, worse=True),
        bias=[
            {"facet": "state", "label": "State", "group": "South", "metric": "RD"}
            | figures(0.3, 0.1, 0.05, 0.35, worse=True)
        ],
    )
    found = gate.verdict(told, no_bias(), Limits(), SCHEMA)
    assert found["verdict"] == "refused"
    assert found["reasons"] == [
        "average precision is 0.0300 below that of the model in production (interval 0.0100 to 0.0500)",
        "it costs 4.00 USD a customer more than the model in production (interval 2.50 to 5.50)",
        "State South: the size of RD is 0.300, with the model in production 0.100 "
        "(interval of the difference +0.050 to +0.350)",
    ]
    assert found["message"].endswith(
        "In production (churn-test/3), on the same customers: average precision 0.9100, cost 22.00 USD a customer."
    )


@pytest.mark.parametrize(("lost", "dearer", "reasons"), [(0.03, 4.0, 0), (0.0299, 4.0, 1), (0.03, 3.99, 1)])
def test_a_sure_loss_within_what_is_tolerated_passes(lost: float, dearer: float, reasons: int) -> None:
    told = evaluation(
        average_precision=figures(0.875, 0.905, -0.05, -0.01, worse=True),
        expected_cost_per_customer=figures(26.0, 22.0, 2.5, 5.5, worse=True),
        bias=[],
    )
    limits = Limits(maximum_loss_of_precision=lost + 1e-12, maximum_cost_increase_per_customer=dearer)
    assert len(gate.verdict(told, no_bias(), limits, SCHEMA)["reasons"]) == reasons


def test_a_loss_that_may_be_luck_passes() -> None:
    told = evaluation(
        average_precision=figures(0.8, 0.9, -0.21, 0.01, worse=False),
        expected_cost_per_customer=figures(30.0, 22.0, -0.1, 16.0, worse=False),
        bias=[],
    )
    assert gate.verdict(told, no_bias(), Limits(), SCHEMA)["verdict"] == "passed"


def test_the_message_is_no_longer_than_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate.bias_report, "beyond", lambda *_: ["a group: " + "x" * 100] * 20)
    assert len(gate.verdict(evaluation(), no_bias(), Limits(), SCHEMA)["message"]) == gate.LONGEST


# The step itself, with the artifacts of real models.


@pytest.fixture
def packed(trained: tuple[Path, str], tmp_path: Path) -> Callable[..., Path]:
    """Pack the trained model as SageMaker ships it, its metadata changed first."""

    def pack(name: str, change: Callable[[dict[str, Any]], object] = lambda _: None, model: Path = trained[0]) -> Path:
        metadata = artifact.load_metadata(model)
        change(metadata)
        (tmp_path / "metadata.json").write_text(json.dumps(metadata))
        (tmp_path / name).mkdir()
        with tarfile.open(tmp_path / name / "model.tar.gz", "w:gz") as tar:
            for entry in sorted(model.iterdir()):
                tar.add(tmp_path / "metadata.json" if entry.name == "metadata.json" else entry, entry.name)
        return tmp_path / name

    return pack


@pytest.fixture
def judged(packed: Callable[..., Path], prepared: Path, tmp_path: Path) -> Callable[..., Files]:
    """Evaluate the trained model against a champion; the content of evaluation.json."""

    def run(in_production: Path, *more: str) -> Files:
        model = tmp_path / "model" if (tmp_path / "model").is_dir() else packed("model")
        out = tmp_path / "out"
        arguments = ["--model", model, "--prepared", prepared, "--output-dir", out, "--champion", in_production]
        named = ["--champion-is", "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn-test/3"]
        assert evaluate.main([*map(str, arguments), *named, *more]) == 0
        found: Files = json.loads((out / "evaluation.json").read_text())
        return found

    return run


def test_the_same_model_in_production_is_no_hindrance(
    judged: Callable[..., Files], packed: Callable[..., Path], tmp_path: Path
) -> None:
    found = judged(packed("champion"))
    assert found["gate"]["verdict"] == "passed"
    assert found["champion"]["name"] == "churn-test/3"
    assert found["champion"]["average_precision"]["difference"] == 0
    assert found["champion"]["average_precision"]["champion"] == pytest.approx(found["metrics"]["average_precision"])
    cost = found["champion"]["expected_cost_per_customer"]["champion"]
    assert cost == pytest.approx(found["cost"]["expected_cost_per_customer"])
    page = (tmp_path / "out" / "evaluation.html").read_text()
    assert "Against production" in page
    assert "In production (churn-test/3)" in page


def test_a_champion_that_is_better_refuses_the_challenger(
    judged: Callable[..., Files], packed: Callable[..., Path]
) -> None:
    """The challenger offers nobody anything: the same scores, and far dearer."""

    def never(metadata: dict[str, Any]) -> None:
        metadata["threshold"] = 1.1

    packed("model", never)
    found = judged(packed("champion"))
    assert found["gate"]["verdict"] == "refused"
    assert found["gate"]["reasons"][0].startswith("it costs ")
    assert "a customer more than the model in production" in found["gate"]["reasons"][0]
    assert not any(reason.startswith("average precision") for reason in found["gate"]["reasons"])


def test_a_champion_of_other_columns_is_asked_all_the_same(
    judged: Callable[..., Files], packed: Callable[..., Path], prepared: Path, tmp_path: Path
) -> None:
    """A model that was made before the derived columns were thought of encodes customers its own way."""
    from ml import fit, hyperparameters, reasons
    from ml.dataset import Dataset, read_csv
    from schema import Schema

    before = Schema({**SCHEMA.document, "derived": []})
    parts = [read_csv(prepared / f"{name}.csv", len(SCHEMA.columns)) for name in ("train", "validation")]
    plain = [Dataset(part.features[:, : len(before.columns)], part.labels) for part in parts]
    settings = {**hyperparameters.defaults(), "num_round": 20, "num_parallel_tree": 1}
    fitted = fit.fit(plain[0], plain[1], before.columns, settings, log=lambda _: None)
    metadata = {
        "threshold": fitted.threshold,
        "split": json.loads((prepared / "split.json").read_text()),
        "typical": reasons.typical_values(before, plain[0].features),
    }
    artifact.save(tmp_path / "old", fitted.booster, before.document, metadata)
    found = judged(packed("champion", model=tmp_path / "old"))
    assert found["champion"]["average_precision"]["champion"] > 0.5
    assert found["gate"]["verdict"] == "passed"


def forget(metadata: dict[str, Any]) -> None:
    del metadata["split"]


def reseed(metadata: dict[str, Any]) -> None:
    metadata["split"] = {"recipe": "default", "seed": 4, "identity": ["area_code", "phone"], "test_from": 0.8}


@pytest.mark.parametrize(("change", "told"), [(forget, "does not say how"), (reseed, "another seed")])
def test_a_champion_that_may_have_seen_the_test_customers_is_not_compared(
    judged: Callable[..., Files], packed: Callable[..., Path], change: Callable[[dict[str, Any]], None], told: str
) -> None:
    found = judged(packed("champion", change))
    assert told in found["champion"]["not_compared"]
    assert found["gate"]["verdict"] == "passed"
    assert "Not compared with a model in production: it may have been trained on" in found["gate"]["message"]


def test_a_champion_whose_schema_knows_other_customers_is_not_compared(
    judged: Callable[..., Files], packed: Callable[..., Path], trained: tuple[Path, str], tmp_path: Path
) -> None:
    import shutil

    old = tmp_path / "old"
    shutil.copytree(trained[0], old)
    document = json.loads((old / "features.json").read_text())
    for attribute in document["attributes"]:
        if attribute["name"] == "day_mins":
            attribute["maximum"] = 100
    (old / "features.json").write_text(json.dumps(document))
    found = judged(packed("champion", model=old))
    assert "day_mins must be a number from 0 to 100" in found["champion"]["not_compared"]


def test_where_none_is_in_production_there_is_nothing_to_compare(judged: Callable[..., Files], tmp_path: Path) -> None:
    folder = Path(evaluate.__file__).parent / "no_model"
    assert list(folder.iterdir())
    found = judged(folder, "--champion-is", "the endpoint churn-test serves none yet")
    assert found["champion"]["not_compared"] == "the endpoint churn-test serves none yet"
    assert found["gate"]["verdict"] == "passed"


def test_limits_of_the_command_line_refuse(judged: Callable[..., Files], tmp_path: Path) -> None:
    more = ("--minimum-average-precision", "0.9999", "--maximum-cost-per-customer", "0.5")
    found = judged(tmp_path / "nothing", *more)
    assert found["gate"]["verdict"] == "refused"
    assert len(found["gate"]["reasons"]) == 2
    assert "required at least 0.9999" in found["gate"]["message"]
    assert "required at most 0.5" in found["gate"]["message"]
