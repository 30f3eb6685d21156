"""Made-up customers have the raw data set's columns, formats and tariff, and no customer twice."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from ml import raw_file
from schema import load_schema
from tools import made_up_data

SCHEMA = load_schema()


def test_the_columns_and_states_are_the_schemas() -> None:
    assert [a.column for a in SCHEMA.attributes] == made_up_data.HEADER
    assert tuple(made_up_data.STATES) == SCHEMA.by_name["state"].categories


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_pipeline_takes_them(seed: int) -> None:
    rows = raw_file.check(made_up_data.generate(3333, seed), SCHEMA)
    assert len(rows) == 3333
    rate = sum(bool(row.record["churn"]) for row in rows) / 3333
    assert rate == pytest.approx(0.145, abs=0.02)


def test_charges_follow_from_minutes_to_the_cent(made_up: str) -> None:
    rates = {"Day": 0.17, "Eve": 0.085, "Night": 0.045, "Intl": 0.27}
    for row in csv.DictReader(io.StringIO(made_up)):
        for part, rate in rates.items():
            assert abs(float(row[f"{part} Charge"]) - rate * float(row[f"{part} Mins"])) <= 0.00501
        assert (row["VMail Plan"] == "yes") == (int(row["VMail Message"]) > 0)


def test_the_same_seed_gives_the_same_customers() -> None:
    assert made_up_data.generate(50, 4) == made_up_data.generate(50, 4)
    assert made_up_data.generate(50, 4) != made_up_data.generate(50, 5)


def test_it_runs_before_anything_is_installed(tmp_path: Path) -> None:
    script = Path(made_up_data.__file__)
    out = tmp_path / "c.csv"
    subprocess.run([sys.executable, "-I", "-S", script, "--rows", "40", "--output", out], check=True)
    assert out.read_text() == made_up_data.generate(40)


def test_marginals_are_those_of_the_real_data(churn_csv: Path) -> None:
    def means(text: str) -> dict[str, float]:
        rows = raw_file.check(text, SCHEMA)
        numeric = [a.name for a in SCHEMA.attributes if a.is_numeric or a.type == "boolean"]
        return {n: sum(float(r.record[n]) for r in rows) / len(rows) for n in numeric}  # type: ignore[arg-type]

    real, made = means(churn_csv.read_text()), means(made_up_data.generate())
    assert made == pytest.approx(real, rel=0.06)
