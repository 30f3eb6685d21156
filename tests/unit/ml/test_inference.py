"""The artifact served by its own code alone: golden customers, JSON and CSV, and clear errors for the rest."""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from ml import artifact, fit, inference
from ml.dataset import read_csv
from ml.money import Costs
from schema import load_examples, load_schema, parse_csv

SCHEMA = load_schema()
GOLDEN = load_examples()
Answer = dict[str, Any]


@pytest.fixture(scope="module")
def model(trained: tuple[Path, str]) -> Any:
    return inference.model_fn(str(trained[0]))


@pytest.fixture(scope="module")
def ask(model: Any) -> Callable[..., Answer]:
    def run(records: list[Any]) -> Answer:
        body = json.dumps({"instances": records}).encode()
        text, kind = inference.output_fn(inference.predict_fn(inference.input_fn(body, "application/json"), model))
        assert kind == "application/json"
        answer: Answer = json.loads(text)
        return answer

    return run


def direct(folder: Path, records: list[dict[str, Any]]) -> np.ndarray:
    """What the booster itself says of encoded customers."""
    booster = xgboost.Booster(model_file=bytearray((folder / "xgboost-model").read_bytes()))
    rows = np.array([SCHEMA.encode(record) for record in records])
    return np.asarray(booster.predict(xgboost.DMatrix(rows, feature_names=list(SCHEMA.columns))), dtype=float)


def test_golden_customers_get_what_the_booster_says(trained: tuple[Path, str], ask: Callable[..., Answer]) -> None:
    records = list(GOLDEN.values())
    answer = ask(records)
    assert [p["probability"] for p in answer["predictions"]] == pytest.approx(direct(trained[0], records), abs=1e-6)
    loyal, at_risk = answer["predictions"]
    assert loyal["probability"] < answer["model"]["threshold"] <= at_risk["probability"]
    assert (loyal["churn"], at_risk["churn"]) == (False, True)


def test_a_raw_row_scores_as_its_training_row_does(
    trained: tuple[Path, str], prepared: Path, made_up: str, ask: Callable[..., Answer]
) -> None:
    """One customer through raw CSV, record, encoding and training file: the same columns and the same score."""
    test = read_csv(prepared / "test.csv", len(SCHEMA.columns))
    rows = {tuple(SCHEMA.encode(row.record)): row.record for row in parse_csv(SCHEMA, made_up)}
    records = [rows[tuple(features)] for features in test.features[:20].tolist()]
    by_file = fit.probabilities(artifact.load_booster(trained[0]), test.features[:20], SCHEMA.columns)
    assert [p["probability"] for p in ask(records)["predictions"]] == pytest.approx(by_file, abs=1e-6)


def test_the_answer_says_what_the_model_is(
    ask: Callable[..., Answer], trained: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = artifact.load_metadata(trained[0])
    told = ("threshold", "base_probability", "schema_hash", "trained_at", "costs", "metrics")
    about = {k: metadata[k] for k in told}
    assert ask([GOLDEN["loyal"]])["model"] == {"version": None, **about}
    assert about["costs"] == Costs()._asdict()
    # The version in the registry is not in the artifact: it is given after training, and the deployment tells it.
    monkeypatch.setenv("MODEL_VERSION", "7")
    assert ask([])["model"] == {"version": "7", **about}


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_only_those_that_are_to_be_explained_are(model: Any, count: int) -> None:
    records = [GOLDEN["loyal"], GOLDEN["at_risk"]]
    body = json.dumps({"instances": records, "explain": count})
    predictions = inference.predict_fn(inference.input_fn(body), model)["predictions"]
    full = model.predict(records)["predictions"]
    for place, (one, whole) in enumerate(zip(predictions, full, strict=True)):
        expected = whole if place < count else {name: whole[name] for name in ("probability", "churn")}
        assert one == pytest.approx(expected) if place >= count else one == expected


@pytest.mark.parametrize("explain", [-1, 1.5, True, "all", []])
def test_a_number_to_explain_that_is_none_is_refused(explain: Any) -> None:
    with pytest.raises(inference.RequestError, match="whole number"):
        inference.input_fn(json.dumps({"instances": [], "explain": explain}))


def test_many_customers_keep_their_order_and_do_not_touch_each_other(ask: Callable[..., Answer]) -> None:
    records = [{**GOLDEN["loyal"], "day_mins": float(m)} for m in range(0, 600, 30)]
    together = [p["probability"] for p in ask(records)["predictions"]]
    assert together == pytest.approx([ask([r])["predictions"][0]["probability"] for r in records], abs=1e-9)
    assert ask([])["predictions"] == []


def test_csv_in_gives_the_same_as_json(model: Any, ask: Callable[..., Answer], made_up: str) -> None:
    raw = "\n".join(made_up.splitlines()[:30])  # label and dropped columns are there, and left out
    prediction = inference.predict_fn(inference.input_fn(raw.encode(), "text/csv; charset=utf-8"), model)
    text, kind = inference.output_fn(prediction, "text/csv")
    assert kind == "text/csv"
    table = list(csv.DictReader(io.StringIO(text)))
    records = [row.record for row in parse_csv(SCHEMA, raw)]
    by_json = ask(records)["predictions"]
    assert [float(row["probability"]) for row in table] == [p["probability"] for p in by_json]
    assert [row["churn"] for row in table] == [str(p["churn"]).lower() for p in by_json]


def test_a_file_in_lines_gets_the_same_as_json_and_the_strongest_reasons(
    model: Any, ask: Callable[..., Answer]
) -> None:
    records = [GOLDEN["loyal"], GOLDEN["at_risk"]] * 3
    body = "".join(json.dumps(record) + "\n" for record in records).encode()
    prediction = inference.predict_fn(inference.input_fn(body, "application/jsonlines"), model)
    text, kind = inference.output_fn(prediction, "application/jsonlines")
    assert kind == "application/jsonlines"
    about, *found = [json.loads(line) for line in text.splitlines()]
    whole = ask(records)
    assert about == {"model": whole["model"]}
    for one, expected in zip(found, whole["predictions"], strict=True):
        told = [reason["text"] for reason in expected["reasons"][:3]]
        assert one == {"probability": expected["probability"], "churn": expected["churn"], "reasons": told}


def test_a_line_that_is_no_customer_is_refused(model: Any) -> None:
    with pytest.raises(inference.RequestError, match="Each line must be a JSON object"):
        inference.input_fn(b"{}\n{", "application/jsonlines")
    asked = inference.input_fn(json.dumps(GOLDEN["loyal"]) + "\n[1]\n", "application/jsonlines")
    with pytest.raises(inference.RequestError, match="Row 2: It must be an object"):
        inference.predict_fn(asked, model)


BAD_BODIES = [
    (b"", "application/json", "must be JSON"),
    (b"{", "application/json", "must be JSON"),
    (b"[" * 100_000, "application/json", "must be JSON"),
    (b"\xff\xfe", "application/json", "UTF-8"),
    (b"[]", "application/json", "instances"),
    (b'{"customers": []}', "application/json", "instances"),
    (b'{"instances": {}}', "application/json", "instances"),
    (b'{"instances": [3]}', "application/json", "Row 1"),
    (b'{"instances": [{}]}', "application/json", "Row 1: state is missing"),
    (b"", "text/csv", "no header row"),
    (b"1,2,3\n4,5,6\n", "text/csv", "first line is not a header"),
    (b"x", "image/png", "content type"),
]


@pytest.mark.parametrize(("body", "kind", "told"), BAD_BODIES)
def test_a_bad_request_is_an_error_and_never_a_score(model: Any, body: bytes, kind: str, told: str) -> None:
    with pytest.raises(inference.RequestError, match=told) as caught:
        inference.predict_fn(inference.input_fn(body, kind), model)
    assert caught.value.status_code in (400, 415)


def test_one_bad_customer_among_good_ones_is_named_and_none_is_scored(model: Any) -> None:
    bad = {**GOLDEN["loyal"], "day_mins": 98765.4}
    body = json.dumps({"instances": [GOLDEN["loyal"], bad]})
    with pytest.raises(inference.RequestError) as caught:
        inference.predict_fn(inference.input_fn(body, "application/json"), model)
    assert str(caught.value).startswith("Row 2: day_mins must be a number from 0 to 600 minutes.")
    assert "98765" not in str(caught.value)


def test_nan_in_json_is_refused(model: Any) -> None:
    body = json.dumps({"instances": [{**GOLDEN["loyal"], "day_mins": float("nan")}]})
    with pytest.raises(inference.RequestError, match="Row 1: day_mins"):
        inference.predict_fn(inference.input_fn(body, "application/json"), model)


def test_a_thousand_bad_customers_make_a_short_error(model: Any) -> None:
    with pytest.raises(inference.RequestError, match="Rows 1, 2, 3, 4, 5 and 995 more: state is missing") as caught:
        inference.predict_fn(("records", [{}] * 1000, None), model)
    assert len(str(caught.value)) < 4000
    with pytest.raises(inference.RequestError, match="And 980 more kinds of problems") as caught:
        inference.predict_fn(("records", [{**GOLDEN["loyal"], f"field_{i}": 1} for i in range(1000)], None), model)
    assert len(str(caught.value)) < 4000


def test_csv_without_a_header_does_not_tell_its_first_customer(model: Any, made_up: str) -> None:
    lines = made_up.splitlines()[1:30]
    with pytest.raises(inference.RequestError, match="first line is not a header") as caught:
        inference.predict_fn(inference.input_fn("\n".join(lines).encode(), "text/csv"), model)
    assert not any(value in str(caught.value) for value in lines[0].split(",") if len(value) > 2)


def test_an_unknown_accept_is_refused() -> None:
    with pytest.raises(inference.RequestError, match="can be"):
        inference.output_fn({"predictions": [], "model": {}}, "image/png")
    assert inference.output_fn({"predictions": [], "model": {}}, "text/html, */*;q=0.8")[1] == "application/json"


def test_a_model_of_other_columns_is_not_served(trained: tuple[Path, str], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(trained[0], folder)
    document = json.loads((folder / "features.json").read_text())
    document["derived"].pop()
    (folder / "features.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match="not those of its schema"):
        inference.model_fn(str(folder))


def test_the_artifact_serves_with_nothing_but_its_own_code(trained: tuple[Path, str], tmp_path: Path) -> None:
    """As the container's workers do: isolated, the module found by name, packages beside it."""
    folder = tmp_path / "opt" / "ml" / "model"
    shutil.copytree(trained[0], folder)
    script = """
import json, sys
folder, body = sys.argv[1:]
sys.path.insert(0, folder + "/code")
import inference
model = inference.model_fn(folder)
print(inference.output_fn(inference.predict_fn(inference.input_fn(body, "application/json"), model))[0])
import ml, schema
assert ml.__file__.startswith(folder) and schema.__file__.startswith(folder), (ml.__file__, schema.__file__)
unwanted = {"ml.prepare", "ml.raw_file", "ml.lab", "ml.train", "ml.charts"}
assert not unwanted & set(sys.modules), "serving must not load these"
"""
    body = json.dumps({"instances": list(GOLDEN.values())})
    command = [sys.executable, "-I", "-c", script, str(folder), body]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    probabilities = [p["probability"] for p in json.loads(done.stdout)["predictions"]]
    assert probabilities == pytest.approx(direct(trained[0], list(GOLDEN.values())), abs=1e-6)
