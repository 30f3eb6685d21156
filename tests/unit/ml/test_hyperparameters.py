"""One table: defaults, texts as SageMaker sends them, and every wrong value named."""

import json
from pathlib import Path

import pytest

from ml import hyperparameters
from ml.container import JobError
from ml.money import Costs


def test_the_defaults_keep_their_own_rules() -> None:
    assert hyperparameters.parse(hyperparameters.defaults()) == hyperparameters.defaults()
    assert all(row.help.endswith(".") for row in hyperparameters.TABLE)


def test_texts_are_typed_and_the_sdks_own_settings_left_out() -> None:
    parsed = hyperparameters.parse(
        {"max_depth": "7", "eta": '"0.3"', "sagemaker_program": "x.py", "_tuning_objective_metric": "m"}
    )
    assert parsed == {**hyperparameters.defaults(), "max_depth": 7, "eta": 0.3}
    assert isinstance(parsed["max_depth"], int)


# `tunable=True` in the image's own list (sagemaker_xgboost_container/algorithm_mode/hyperparameter_validation.py).
TUNABLE = {"alpha", "colsample_bylevel", "colsample_bynode", "colsample_bytree", "eta", "gamma", "lambda",
           "max_delta_step", "max_depth", "min_child_weight", "num_round", "subsample"}  # fmt: skip


def test_tuning_looks_where_training_may_go_and_where_the_image_lets_it() -> None:
    tuned = {row.name: row for row in hyperparameters.TABLE if row.tuned}
    assert tuned.keys() <= TUNABLE
    assert len(tuned) > 3
    for row in tuned.values():
        assert row.tuned is not None
        assert row.minimum <= row.tuned.low < row.tuned.high <= row.maximum
        assert row.tuned.low <= row.default <= row.tuned.high, "what is known to be good is among what is tried"
        assert row.tuned.low > 0 or not row.tuned.logarithmic
        assert row.type is not int or row.tuned.low == int(row.tuned.low)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"max_deph": "3"}, "max_deph is no hyperparameter"),
        ({"max_depth": "deep"}, "max_depth must be a whole number from 1 to 15, not 'deep'"),
        ({"max_depth": "3.5"}, "max_depth must be a whole number"),
        ({"max_depth": "99"}, "max_depth must be"),
        ({"eta": "nan"}, "eta must be a number"),
        ({"eta": ""}, "eta must be a number"),
        ({"cost_missed_churner": "-1"}, "cost_missed_churner must be"),
        ({"cost_missed_churner": "nan"}, "cost_missed_churner must be"),
        ({"cost_missed_churner": "50"}, "cost_saved_customer .* must not exceed cost_missed_churner"),
    ],
)
def test_a_wrong_value_is_named(given: dict[str, str], told: str) -> None:
    with pytest.raises(JobError, match=told):
        hyperparameters.parse(given)


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(JobError, match=r"(?s)eta.*gamma"):
        hyperparameters.parse({"eta": "x", "gamma": "y"})


def test_the_command_line_goes_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "hyperparameters.json"
    file.write_text(json.dumps({"max_depth": "3", "gamma": "1"}))
    settings = hyperparameters.read(["--max_depth", "4"], file)
    assert (settings["max_depth"], settings["gamma"]) == (4, 1.0)
    assert settings["eta"] == hyperparameters.defaults()["eta"]


@pytest.mark.parametrize("content", ["{", "[1]", '"text"'])
def test_a_malformed_file_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "h.json").write_text(content)
    with pytest.raises(JobError, match=r"h\.json"):
        hyperparameters.read([], tmp_path / "h.json")


def test_xgboost_gets_its_own_settings_and_money_the_rest() -> None:
    settings = hyperparameters.defaults()
    own = hyperparameters.for_xgboost(settings)
    assert own["objective"] == "binary:logistic"
    assert not {"num_round", "refit", "early_stopping_rounds"} & set(own)
    assert hyperparameters.costs(settings) == Costs()
