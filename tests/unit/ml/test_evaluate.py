"""The evaluation step: from model.tar.gz and the test customers to what the gate and people read."""

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.metrics

from ml import artifact, evaluate, evaluation_page, fit
from ml.compare import Predictions
from ml.dataset import read_csv
from ml.predictor import Predictor
from schema import load_examples, load_schema

pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture
def packed(trained: tuple[Path, str], tmp_path: Path) -> Path:
    """The model as SageMaker ships it."""
    folder = tmp_path / "packed"
    folder.mkdir()
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        for entry in sorted(trained[0].iterdir()):
            tar.add(entry, entry.name)
    return folder


def run(model: Path, prepared: Path, out: Path, *more: str) -> int:
    return evaluate.main(["--model", str(model), "--prepared", str(prepared), "--output-dir", str(out), *more])


@pytest.fixture
def evaluation(packed: Path, prepared: Path, tmp_path: Path) -> dict[str, Any]:
    assert run(packed, prepared, tmp_path / "out") == 0
    result: dict[str, Any] = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    return result


def test_the_metrics_are_those_of_the_models_own_predictions(
    evaluation: dict[str, Any], trained: tuple[Path, str], prepared: Path
) -> None:
    columns = load_schema().columns
    data = read_csv(prepared / "test.csv", len(columns))
    scores = fit.probabilities(artifact.load_booster(trained[0]), data.features, columns)
    called = scores >= artifact.load_metadata(trained[0])["threshold"]
    assert evaluation["n_customers"] == len(data.labels)
    assert evaluation["metrics"] == pytest.approx(
        {
            "auc": sklearn.metrics.roc_auc_score(data.labels, scores),
            "average_precision": sklearn.metrics.average_precision_score(data.labels, scores),
            "log_loss": sklearn.metrics.log_loss(data.labels, scores),
            "accuracy": sklearn.metrics.accuracy_score(data.labels, called),
            "precision": sklearn.metrics.precision_score(data.labels, called),
            "recall": sklearn.metrics.recall_score(data.labels, called),
            "f1": sklearn.metrics.f1_score(data.labels, called),
        }
    )
    tn, fp, fn, tp = sklearn.metrics.confusion_matrix(data.labels, called).ravel().tolist()
    assert evaluation["confusion_matrix"] == {"tp": tp, "fp": fp, "tn": tn, "fn": fn}
    cost = evaluation["cost"]
    assert cost["expected_cost_per_customer"] == pytest.approx((500 * fn + 100 * fp + 100 * tp) / len(data.labels))
    assert cost["do_nothing_cost_per_customer"] == pytest.approx(500 * data.labels.mean())
    assert min(point["cost"] for point in cost["curve"]) == pytest.approx(cost["best_cost_per_customer"])
    assert cost["best_cost_per_customer"] <= cost["expected_cost_per_customer"]


def test_the_evaluation_says_how_sure_it_is_and_what_the_model_was_made_of(
    evaluation: dict[str, Any], trained: tuple[Path, str], prepared: Path
) -> None:
    sure = evaluation["intervals"]
    assert sure["average_precision"]["value"] == pytest.approx(evaluation["metrics"]["average_precision"], abs=1e-12)
    cost = evaluation["cost"]["expected_cost_per_customer"]
    assert sure["expected_cost_per_customer"]["value"] == pytest.approx(cost, abs=1e-12)
    assert all(one["low"] < one["value"] < one["high"] for one in sure.values())
    metadata = artifact.load_metadata(trained[0])
    assert evaluation["model"]["metrics"]["validation"] == metadata["metrics"]["validation"]
    assert evaluation["model"]["n_customers"] == metadata["n_customers"]
    assert evaluation["data"]["split"] == json.loads((prepared / "split.json").read_text())


def test_the_golden_customers_get_what_the_endpoint_will_answer(
    evaluation: dict[str, Any], tmp_path: Path, trained: tuple[Path, str]
) -> None:
    golden = json.loads((tmp_path / "out" / "golden.json").read_text())["customers"]
    assert {name: one["customer"] for name, one in golden.items()} == load_examples()
    assert golden["loyal"]["probability"] < evaluation["cost"]["threshold"] <= golden["at_risk"]["probability"]
    served = Predictor(trained[0]).predict(list(load_examples().values()))["predictions"]
    for kept, answer in zip(golden.values(), served, strict=True):
        assert kept["probability"] == pytest.approx(answer["probability"], abs=1e-9)
        assert kept["churn"] == answer["churn"]


def test_the_predictions_are_kept_without_the_customers(
    evaluation: dict[str, Any], tmp_path: Path, trained: tuple[Path, str], prepared: Path
) -> None:
    text = (tmp_path / "out" / "predictions.csv").read_text()
    said = Predictions.from_csv(text)
    data = read_csv(prepared / "test.csv", len(load_schema().columns))
    scores = fit.probabilities(artifact.load_booster(trained[0]), data.features, load_schema().columns)
    assert said.labels.tolist() == data.labels.tolist()
    assert said.probabilities.tolist() == scores.tolist()
    assert {line.count(",") for line in text.splitlines()} == {1}
    assert sklearn.metrics.average_precision_score(*said) == pytest.approx(evaluation["metrics"]["average_precision"])


def test_costs_are_parameters(packed: Path, prepared: Path, tmp_path: Path, evaluation: dict[str, Any]) -> None:
    more = ["--cost-missed-churner", "1000", "--cost-wasted-incentive", "50", "--cost-saved-customer", "0"]
    assert run(packed, prepared, tmp_path / "other", *more) == 0
    other = json.loads((tmp_path / "other" / "evaluation.json").read_text())
    c = other["confusion_matrix"]
    expected = (1000 * c["fn"] + 50 * c["fp"]) / other["n_customers"]
    assert other["cost"]["expected_cost_per_customer"] == pytest.approx(expected)
    assert other["metrics"] == evaluation["metrics"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--cost-missed-churner", "nan"], "cost_missed_churner must be a finite number of at least 0 USD, not nan"),
        (["--cost-wasted-incentive", "inf"], "cost_wasted_incentive must be a finite number"),
        (["--cost-saved-customer=-1"], "cost_saved_customer must be a finite number"),
        (["--cost-saved-customer", "501"], "must not exceed cost_missed_churner"),
    ],
)
def test_impossible_costs_are_refused(
    packed: Path, prepared: Path, tmp_path: Path, base: Path, more: list[str], told: str
) -> None:
    assert run(packed, prepared, tmp_path / "out", *more) == 1
    assert told in (base / "output" / "message").read_text()
    assert not (tmp_path / "out").exists()


def test_the_page_is_self_contained_and_shows_pictures(evaluation: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    page = (out / "evaluation.html").read_text()
    others = [json.loads((out / f"{name}.json").read_text()) for name in ("bias", "explainability")]
    assert page == evaluation_page.render(evaluation, *others, load_schema())
    assert page.count("<svg") == 6
    assert "\u00a0UTC, schema" in page
    assert evaluation["model"]["trained_at"] not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert f"{evaluation['cost']['expected_cost_per_customer']:.2f} USD" in page


def lines(change: Any) -> Any:
    """Spoil the test customers line by line."""

    def spoil(_: Path, prepared: Path) -> None:
        file = prepared / "test.jsonl"
        file.write_text("\n".join(change(json.loads(line)) for line in file.read_text().splitlines()) + "\n")

    return spoil


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda m, p: (m / "model.tar.gz").unlink(), "holds neither"),
        (lambda m, p: (m / "model.tar.gz").write_bytes(b"not a tar"), "cannot be unpacked"),
        (lambda m, p: (m / "model.tar.gz").write_bytes((m / "model.tar.gz").read_bytes()[:900]), "cannot be unpacked"),
        (lines(lambda record: json.dumps({**record, "day_mins": -1})), "day_mins must be a number"),
        (lines(lambda record: json.dumps({**record, "churn": False})), "churners and others"),
        (lines(lambda record: json.dumps({"state": record["state"]})), "does not hold customers"),
        (lines(lambda record: "{555-0142"), "does not hold customers"),
        (lambda m, p: (p / "test.jsonl").unlink(), "holds no test.jsonl"),
        (lambda m, p: (p / "bias.json").unlink(), "holds no usable bias.json"),
        (lambda m, p: (p / "split.json").write_text("{"), "holds no usable split.json"),
    ],
)
def test_a_failure_says_why(packed: Path, prepared: Path, tmp_path: Path, base: Path, spoil: Any, told: str) -> None:
    spoilt = tmp_path / "prepared"
    shutil.copytree(prepared, spoilt)
    spoil(packed, spoilt)
    assert run(packed, spoilt, tmp_path / "out") == 1
    message = (base / "output" / "message").read_text()
    assert told in message
    assert "555-0142" not in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("limit", ["--maximum-recall-difference", "--minimum-average-precision"])
def test_a_limit_that_is_no_number_is_refused(
    packed: Path, prepared: Path, tmp_path: Path, base: Path, limit: str
) -> None:
    assert run(packed, prepared, tmp_path / "out", limit, "nan") == 1
    assert "limits must be numbers" in (base / "output" / "message").read_text()


def test_all_that_a_package_keeps_is_written(evaluation: dict[str, Any], tmp_path: Path, prepared: Path) -> None:
    out = tmp_path / "out"
    names = {"evaluation.json", "evaluation.html", "bias.json", "explainability.json", "baseline.json", "data.json"}
    assert {p.name for p in out.iterdir()} == names | {"golden.json", "predictions.csv"}
    bias = json.loads((out / "bias.json").read_text())
    assert bias.keys() == {"version", "pre_training_bias_metrics", "post_training_bias_metrics"}
    before = json.loads((prepared / "bias.json").read_text())
    assert bias["pre_training_bias_metrics"] == before["pre_training_bias_metrics"]
    baseline = json.loads((out / "baseline.json").read_text())
    assert sum(baseline["predictions"]["weights"]) == evaluation["n_customers"]
    assert baseline["inputs"] == json.loads((prepared / "baseline.json").read_text())["inputs"]
    assert evaluation["data"]["raw_sha256"] == json.loads((prepared / "report.json").read_text())["raw_sha256"]


def test_curves_of_many_customers_are_thinned(rng: np.random.Generator) -> None:
    from ml.champion import Judged
    from ml.money import Costs

    labels = (rng.random(5000) < 0.2).astype(float)
    result = evaluate.evaluate(labels, Judged(rng.random(5000), 0.2), Costs())
    assert len(result["curves"]["roc"]) <= 300
    assert result["curves"]["roc"][0] == [0, 0]
    assert result["curves"]["roc"][-1] == [1, 1]
