"""The split: a customer's part is its own affair, so that no later model is tested on what an earlier one learnt."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import prepare, raw_file, split
from ml.container import JobError
from ml.dataset import to_csv
from schema import Schema, load_schema

SCHEMA = load_schema()
FRACTIONS = list(prepare.FRACTIONS.values())


def parts_of(text: str, **more: Any) -> dict[str, set[str]]:
    """The customers of each part, told by their records."""
    files = prepare.prepare(text, SCHEMA, recipe="default", fractions=prepare.FRACTIONS, **{"seed": 1, **more})
    return {name: set(files[f"{name}.csv"].splitlines()) for name in prepare.FRACTIONS}


def test_positions_are_uniform_and_depend_on_the_seed() -> None:
    names = [f"customer {i}" for i in range(20_000)]
    places = split.positions(names, 1)
    assert ((places >= 0) & (places < 1)).all()
    counts = np.histogram(places, 20, (0, 1))[0]
    assert abs(counts - 1000).max() < 5 * np.sqrt(1000)
    assert (split.positions(names, 1) == places).all()
    assert abs(np.corrcoef(places, split.positions(names, 2))[0, 1]) < 0.03


def test_each_part_has_its_fraction(made_up: str) -> None:
    rows = raw_file.check(made_up, SCHEMA)
    parts = split.by_position(split.of_customers(rows, SCHEMA, [], 1), FRACTIONS)
    assert sorted(np.concatenate(parts).tolist()) == list(range(1500))
    for part, fraction in zip(parts, FRACTIONS, strict=True):
        assert len(part) / 1500 == pytest.approx(fraction, abs=0.04)


def test_customers_keep_their_part_while_others_come_and_go(made_up: str) -> None:
    lines = made_up.splitlines()
    whole = parts_of(made_up)
    for fewer in (lines[:1200], [lines[0], *lines[700:]], [lines[0], *reversed(lines[1:])]):
        for name, customers in parts_of("\n".join(fewer) + "\n").items():
            assert customers <= whole[name]


def test_a_customer_stays_when_its_figures_change(made_up: str) -> None:
    """Another month, other minutes: who it is has not changed."""
    rows = raw_file.check(made_up, SCHEMA)
    later = [row._replace(record={**row.record, "day_mins": 1.0}) for row in rows]
    assert (split.of_customers(rows, SCHEMA, [], 1) == split.of_customers(later, SCHEMA, [], 1)).all()


def test_without_an_identifier_the_attributes_tell_who_it_is(made_up: str) -> None:
    nameless = Schema({key: value for key, value in SCHEMA.document.items() if key != "identifier"})
    assert split.identity(SCHEMA) == ("area_code", "phone")
    assert set(split.identity(nameless)) == {a.name for a in SCHEMA.attributes} - {"churn"}
    rows = raw_file.check(made_up, nameless)
    assert len(set(split.of_customers(rows, nameless, [], 1).tolist())) == len(rows)


def test_equal_positions_are_never_separated() -> None:
    places = np.array([0.1, 0.65, 0.65, 0.65, 0.8, 0.9, 0.8])
    parts = split.by_position(places, [0.65, 0.15, 0.2])
    assert [set(part.tolist()) for part in parts] == [{0}, {1, 2, 3}, {4, 5, 6}]


def about(**changes: Any) -> dict[str, Any]:
    made = split.describe(SCHEMA, recipe="default", seed=1729, fractions=prepare.FRACTIONS)
    return {**json.loads(json.dumps(made)), **changes}


def test_a_model_of_the_same_split_has_not_seen_the_test_customers() -> None:
    assert about()["test_from"] == 0.8
    assert split.may_have_seen(about(), about()) == ""
    assert split.may_have_seen(about(test_from=0.7), about()) == ""


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (None, "does not say"),
        (about(recipe="lab"), "lab"),
        (about(seed=2), "another seed"),
        (about(identity=["phone"]), "another identifier"),
        (about(test_from=0.9), "larger part"),
    ],
)
def test_a_model_that_may_have_is_told(model: dict[str, Any] | None, told: str) -> None:
    assert told in split.may_have_seen(model, about())


def test_a_part_without_churners_is_refused(made_up: str, tmp_path: Path) -> None:
    """Twenty churners may all fall into two of the parts; then there is nothing to test on."""
    lines = made_up.splitlines()
    label = [line.rsplit(",", 1)[1] for line in lines]
    test = {line.split(",", 1)[1] for line in parts_of(made_up)["test"]}
    rows = raw_file.check(made_up, SCHEMA)
    encoded = [to_csv(prepare.encode([row], SCHEMA)).strip().split(",", 1)[1] for row in rows]
    kept = [
        line
        for line, churn, code in zip(lines[1:], label[1:], encoded, strict=True)
        if churn == "False." or code not in test
    ]
    with pytest.raises(JobError, match=r"test part has 0 churners .* another --seed"):
        parts_of("\n".join([lines[0], *kept]) + "\n")
