"""The prepare step: right files out of a right file, and nothing but reasons out of a wrong one."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml import data_page, lab, prepare, raw_file
from ml.container import JobError
from ml.dataset import read_csv
from schema import load_schema
from tools import made_up_data

pytestmark = pytest.mark.usefixtures("base")

SCHEMA = load_schema()
OUTPUTS = {
    *("train.csv", "validation.csv", "test.csv", "test.jsonl", "columns.json", "split.json"),
    *("baseline.json", "bias.json", "report.json", "report.html"),
}


@pytest.fixture
def raw(tmp_path: Path, made_up: str) -> Path:
    file = tmp_path / "raw" / "churn.csv"
    file.parent.mkdir()
    file.write_text(made_up)
    return file


def run(source: Path, out: Path, *more: str) -> int:
    return prepare.main(["--input", str(source), "--output-dir", str(out), *more])


def edit(file: Path, change: Callable[[list[str]], object]) -> None:
    """Change the lines of a file in place; line 1 is the header."""
    lines = file.read_text().splitlines()
    change(lines)
    file.write_text("\n".join(lines) + "\n")


def cell(line: str, column: str, value: str) -> str:
    cells = line.split(",")
    cells[made_up_data.HEADER.index(column)] = value
    return ",".join(cells)


@pytest.mark.parametrize("as_folder", [False, True])
def test_it_writes_all_outputs_and_the_parts_hold_every_customer_once(
    raw: Path, tmp_path: Path, as_folder: bool
) -> None:
    out = tmp_path / "out"
    assert run(raw.parent if as_folder else raw, out) == 0
    assert {p.name for p in out.iterdir()} == OUTPUTS
    parts = [read_csv(out / f"{name}.csv", len(SCHEMA.columns)) for name in prepare.FRACTIONS]
    whole = prepare.encode(raw_file.check(raw.read_text(), SCHEMA), SCHEMA)
    rows = np.column_stack((whole.labels, whole.features))
    written = np.vstack([np.column_stack((p.labels, p.features)) for p in parts])
    assert sorted(map(tuple, written.tolist())) == sorted(map(tuple, rows.tolist()))
    sizes = [len(p.labels) for p in parts]
    assert sizes == pytest.approx([f * 1500 for f in prepare.FRACTIONS.values()], abs=60)  # chance, not a quota
    assert [p.labels.mean() for p in parts] == pytest.approx([whole.labels.mean()] * 3, abs=0.06)
    assert json.loads((out / "columns.json").read_text())["columns"] == list(SCHEMA.columns)


def test_the_test_customers_are_also_there_as_they_are(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(raw, out) == 0
    records = [json.loads(line) for line in (out / "test.jsonl").read_text().splitlines()]
    encoded = read_csv(out / "test.csv", len(SCHEMA.columns))
    assert [SCHEMA.encode(record) for record in records] == encoded.features.tolist()
    assert [float(record["churn"]) for record in records] == encoded.labels.tolist()
    assert set(records[0]) == {a.name for a in SCHEMA.attributes} - {"phone"}
    learnt = json.loads((out / "bias.json").read_text())["pre_training_bias_metrics"]["facets"]["area_code"]
    others = [read_csv(out / f"{name}.csv", len(SCHEMA.columns)) for name in ("train", "validation")]
    assert sum(entry["customers"] for entry in learnt) == sum(len(part.labels) for part in others)
    assert sum(entry["churners"] for entry in learnt) == sum(part.labels.sum() for part in others)
    assert json.loads((out / "baseline.json").read_text())["n_customers"] == sum(len(part.labels) for part in others)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_split(raw: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert run(raw, tmp_path / name, "--seed", seed) == 0
    a, b, c = (tmp_path / name for name in "abc")
    assert all((a / name).read_bytes() == (b / name).read_bytes() for name in OUTPUTS)
    assert (a / "train.csv").read_bytes() != (c / "train.csv").read_bytes()


def test_a_byte_order_mark_and_windows_lines_make_no_difference(raw: Path, tmp_path: Path) -> None:
    assert run(raw, tmp_path / "plain") == 0
    raw.write_bytes(b"\xef\xbb\xbf" + raw.read_bytes().replace(b"\n", b"\r\n"))
    assert run(raw, tmp_path / "windows") == 0
    assert (tmp_path / "plain" / "train.csv").read_bytes() == (tmp_path / "windows" / "train.csv").read_bytes()


WRONG_ROWS: list[tuple[Callable[[list[str]], object], list[str]]] = [
    (lambda x: x.__setitem__(4, cell(x[4], "Day Mins", "lots")), ["Day Mins must be a number", ": line 5"]),
    (lambda x: x.__setitem__(4, cell(x[4], "Day Mins", "-3")), ["Day Mins must be a number from 0", ": line 5"]),
    (
        lambda x: x.__setitem__(4, cell(x[4], "Day Mins", "")),
        ["Day Mins is missing (Write the day minutes as a number from 0 to 600 minutes): line 5"],
    ),
    (lambda x: x.__setitem__(4, cell(x[4], "Day Charge", "x")), ["Day Charge must be", ": line 5"]),
    (lambda x: x.__setitem__(4, cell(x[4], "Churn?", "Maybe.")), ["Churn? must be True. or False.: line 5"]),
    (lambda x: x.__setitem__(4, cell(x[4], "VMail Plan", "?")), ["VMail Plan must be yes or no: line 5"]),
    (lambda x: x.__setitem__(4, cell(x[4], "State", "ZZ")), ["State must be one of 51 codes, such as AK: line 5"]),
    (
        lambda x: x.__setitem__(4, x[4] + ",1"),
        ["has 22 cells where the header has 21 (Check separators and quotes): line 5"],
    ),
    (
        lambda x: x.__setitem__(4, x[3]),
        ["has the Area Code and Phone of an earlier row (Keep one row a customer): line 5"],
    ),
    (
        lambda x: [x.__setitem__(i, cell(x[i], "Day Calls", "x")) for i in range(1, 31)],
        ["30 problem(s) in 1,500 rows; correct them", "to 300 calls: 30 rows, lines 2, 3, 4, 5, 6, …"],
    ),
    (lambda x: x.__setitem__(0, x[0].replace("Day Mins", "Minutes")), ["missing: Day Mins", "unknown: column 8"]),
    (lambda x: x.__setitem__(0, x[0].replace("Eve Mins", "Day Mins")), ["repeated: Day Mins"]),
    (lambda x: x.pop(0), ["first line is not a header; put the column names there: State, Account Length, "]),
    (lambda x: x.__delitem__(slice(1, None)), ["a header and no customer"]),
    (lambda x: x.__delitem__(slice(30, None)), ["training needs at least"]),
    (lambda x: x.__setitem__(slice(None), [y.replace(",", ";") for y in x]), ["not separated by commas"]),
    (lambda x: x.__setitem__(500, '"' + x[500]), ["is not CSV", "line 501"]),
]


@pytest.mark.parametrize("recipe", ["default", "lab"])
@pytest.mark.parametrize(("change", "told"), WRONG_ROWS)
def test_a_bad_file_gives_reasons_with_lines_and_no_output(
    raw: Path,
    tmp_path: Path,
    base: Path,
    capsys: pytest.CaptureFixture[str],
    recipe: str,
    change: Callable[[list[str]], object],
    told: list[str],
) -> None:
    edit(raw, change)
    out = tmp_path / "out"
    assert run(raw, out, "--recipe", recipe) == 1
    assert not out.exists()
    errors = capsys.readouterr().err
    assert all(text in errors for text in told), errors
    assert "Traceback" not in errors
    message = (base / "output" / "message").read_bytes()
    assert message == errors.strip().encode()[:1024]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 not really a workbook", "spreadsheet"),
        ("State,Day Mins\n".encode("utf-16"), "UTF-16"),
        (b"State\0,x\n", "binary"),
        (b"State,Day Mins\nKS,\xff\n", r"not UTF-8 \(line 2\)"),
    ],
)
def test_a_file_that_is_no_text_is_told_so(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(JobError, match=told):
        raw_file.read_text(tmp_path / "a.csv")


def test_a_folder_must_hold_one_csv(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no data")
    with pytest.raises(JobError, match="holds 0 CSV files"):
        raw_file.read_text(tmp_path)
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "b.CSV").write_text("x")
    with pytest.raises(JobError, match="holds 2 CSV files"):
        raw_file.read_text(tmp_path)
    with pytest.raises(JobError, match="cannot be read"):
        raw_file.read_text(tmp_path / "missing.csv")


@pytest.mark.parametrize("fraction", ["0", "0.9", "-1", "nan"])
def test_impossible_fractions_are_refused(raw: Path, tmp_path: Path, fraction: str) -> None:
    assert run(raw, tmp_path / "out", "--test-fraction", fraction) == 1
    assert not (tmp_path / "out").exists()


def test_a_crash_while_writing_leaves_the_earlier_outputs_whole(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run(raw, out) == 0
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    written: list[str] = []
    real = Path.write_text

    def full_disk(self: Path, data: str, *args: object, **kwargs: object) -> int:
        written.append(self.name)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return real(self, data, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full_disk)
    assert run(raw, out, "--seed", "99") == 1
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_the_message_never_holds_a_customers_value(raw: Path, base: Path, tmp_path: Path) -> None:
    edit(raw, lambda x: x.__setitem__(4, cell(cell(x[4], "Day Mins", "98765.4"), "State", "Atlantis")))
    assert run(raw, tmp_path / "out") == 1
    message = (base / "output" / "message").read_text()
    assert "98765" not in message
    assert "Atlantis" not in message


def test_without_a_header_the_first_customer_is_not_told(raw: Path, base: Path, tmp_path: Path) -> None:
    values = raw.read_text().splitlines()[1].split(",")
    edit(raw, lambda x: x.pop(0))
    assert run(raw, tmp_path / "out") == 1
    message = (base / "output" / "message").read_text()
    assert not any(value in message for value in values if len(value) > 2)


def test_thousands_of_repeats_leave_the_message_useful(raw: Path, base: Path, tmp_path: Path) -> None:
    def spoil(lines: list[str]) -> None:
        for i in range(1, len(lines)):
            for column, value in (("Int'l Plan", "1"), ("VMail Plan", "0"), ("State", "Kansas"), ("Day Mins", "")):
                lines[i] = cell(lines[i], column, value)

    edit(raw, spoil)
    assert run(raw, tmp_path / "out") == 1
    first, *reasons = (base / "output" / "message").read_text().splitlines()
    assert first == "The raw file has 6,000 problem(s) in 1,500 rows; correct them and run this again."
    assert "  Int'l Plan must be yes or no: 1,500 rows, lines 2, 3, 4, 5, 6, …" in reasons
    assert len(reasons) == 4


@pytest.mark.parametrize("option", ["--seed", "--validation-fraction", "--test-fraction"])
def test_the_lab_recipe_refuses_what_it_would_ignore(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert run(raw, tmp_path / "out", "--recipe", "lab", option, "0.2" if "fraction" in option else "1") == 1
    assert capsys.readouterr().err.strip() == f"--recipe lab has a split of its own; leave out {option}."
    assert not (tmp_path / "out").exists()


def twins(lines: list[str]) -> None:
    """Give the first hundred customers a twin each, with another phone number."""
    lines += [cell(line, "Phone", f"000-{i:04}") for i, line in enumerate(lines[1:101])]


def test_identical_customers_are_told_and_stay_in_one_part(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(raw, twins)
    assert run(raw, tmp_path / "out") == 0
    assert "Warning: 200 customers are identical to another but for the phone number" in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "report.json").read_text())["identical_customers"]
    assert (found["n_customers"], found["n_groups"], found["n_groups_in_several_parts"]) == (200, 100, 0)
    assert found["lines"][0] == [2, 1502]
    lines = [set((tmp_path / "out" / f"{name}.csv").read_text().splitlines()) for name in prepare.FRACTIONS]
    assert sum(len(part) for part in lines) == len(set.union(*lines))
    assert "customers are identical" in (tmp_path / "out" / "report.html").read_text()


def test_the_labs_split_says_how_many_twins_it_separates(raw: Path, tmp_path: Path) -> None:
    edit(raw, twins)
    assert run(raw, tmp_path / "out", "--recipe", "lab") == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    parts = [(tmp_path / "out" / f"{name}.csv").read_text().splitlines() for name in prepare.FRACTIONS]
    shared = set(parts[0]) & set(parts[1]) | set(parts[0]) & set(parts[2]) | set(parts[1]) & set(parts[2])
    assert report["identical_customers"]["n_groups_in_several_parts"] == len(shared) > 0


def test_the_report_tells_what_the_data_are(raw: Path, tmp_path: Path) -> None:
    assert run(raw, tmp_path / "out") == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["n_customers"] == 1500
    assert sum(part["customers"] for part in report["parts"].values()) == 1500
    by_name = {a["name"]: a for a in report["attributes"]}
    assert set(by_name) == {a.name for a in SCHEMA.attributes} - {"churn"}
    day = by_name["day_mins"]
    assert sum(day["histogram"]["churners"]) == report["n_churners"]
    assert sum(day["histogram"]["others"]) == 1500 - report["n_churners"]
    assert day["auc"] > 0.55
    assert by_name["intl_plan"]["auc"] > 0.55
    suspects = {item["attributes"]: item["status"] for item in report["suspected_leakage"]}
    assert suspects["phone"] == "dropped"
    assert suspects["day_mins, day_charge"] == "one dropped"


def test_the_page_speaks_in_labels_and_shows_the_classes(raw: Path, tmp_path: Path) -> None:
    for recipe, told in (("default", "the same in every run"), ("lab", "The lab shuffles and cuts")):
        assert run(raw, tmp_path / recipe, "--recipe", recipe) == 0
        page = (tmp_path / recipe / "report.html").read_text()
        assert told in page
        assert "Day minutes, Day charge" in page
        assert "day_mins" not in page
        assert "Churned and stayed" in page


def test_columns_that_say_nearly_the_same_are_told(made_up: str) -> None:
    lines = made_up.splitlines()
    at = made_up_data.HEADER.index("VMail Plan")
    nearly = [
        lines[0],
        *(
            cell(x, "VMail Message", str(30 + i % 3) if x.split(",")[at] == "yes" else "0")
            for i, x in enumerate(lines[1:])
        ),
    ]
    files = prepare.prepare("\n".join(nearly), SCHEMA, recipe="default", seed=1, fractions=prepare.FRACTIONS)
    found = {item["attributes"]: item for item in json.loads(files["report.json"])["suspected_leakage"]}
    told = found["vmail_plan, vmail_message"]
    assert "same information (correlation" in told["why"]
    assert told["status"] == "both are inputs: one may do"


def test_of_many_categories_the_extremes_are_shown(prepared: Path) -> None:
    page = (prepared / "report.html").read_text()
    assert "the 10 highest and the 10 lowest of 51" in page


def test_a_column_that_knows_the_label_is_suspected(made_up: str) -> None:
    lines = made_up.splitlines()
    leaky = [lines[0], *(cell(x, "CustServ Calls", "9" if x.endswith("True.") else "0") for x in lines[1:])]
    files = prepare.prepare("\n".join(leaky), SCHEMA, recipe="default", seed=1, fractions=prepare.FRACTIONS)
    suspects = json.loads(files["report.json"])["suspected_leakage"]
    whys = [item for item in suspects if "custserv_calls" in item["attributes"]]
    assert any("predicts the label by itself" in item["why"] for item in whys)
    assert all(
        item["status"] == "still an input: look into it" for item in whys if item["attributes"] == "custserv_calls"
    )


def test_the_page_is_self_contained_and_shows_pictures(prepared: Path) -> None:
    page = (prepared / "report.html").read_text()
    assert page.count("<svg") >= 20
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert "nan" not in page.lower().replace("finance", "")
    assert page == data_page.render(json.loads((prepared / "report.json").read_text()))


class TestTheLabsRecipe:
    """Facts of the public data set, known from the lab."""

    @pytest.fixture(scope="class")
    def table(self, churn_csv: Path):  # type: ignore[no-untyped-def]
        return lab.frame(churn_csv.read_text())

    def test_the_raw_file_is_clean(self, churn_csv: Path) -> None:
        rows = raw_file.check(raw_file.read_text(churn_csv), SCHEMA)
        assert len(rows) == 3333
        assert sum(bool(row.record["churn"]) for row in rows) == 483
        assert len({row.record["state"] for row in rows}) == 51

    def test_it_has_the_label_first_and_69_features(self, table) -> None:  # type: ignore[no-untyped-def]
        assert table.columns[0] == "Churn?_True."
        assert len(table.columns) == 70
        assert list(table.columns[1:5]) == ["Account Length", "VMail Message", "Day Mins", "Day Calls"]
        assert {"Area Code_408", "State_KS", "Int'l Plan_yes", "VMail Plan_no"} <= set(table.columns)

    def test_its_files_are_those_of_the_labs_own_code(self, churn_csv: Path, tmp_path: Path) -> None:
        import pandas as pd

        assert run(churn_csv, tmp_path / "out", "--recipe", "lab") == 0
        churn = pd.read_csv(churn_csv)
        churn = churn.drop("Phone", axis=1)
        churn["Area Code"] = churn["Area Code"].astype(object)
        churn = churn.drop(["Day Charge", "Eve Charge", "Night Charge", "Intl Charge"], axis=1)
        model_data = pd.get_dummies(churn, dtype=int)
        model_data = pd.concat(
            [model_data["Churn?_True."], model_data.drop(["Churn?_False.", "Churn?_True."], axis=1)], axis=1
        )
        shuffled = model_data.sample(frac=1, random_state=1729)
        cuts = [int(0.7 * len(model_data)), int(0.9 * len(model_data))]
        bounds = {"train": (0, cuts[0]), "validation": (cuts[0], cuts[1]), "test": (cuts[1], 3333)}
        for name, (first, last) in bounds.items():
            expected = shuffled.iloc[first:last].to_csv(header=False, index=False)
            assert (tmp_path / "out" / f"{name}.csv").read_text() == expected
        lines = {name: (tmp_path / "out" / f"{name}.csv").read_text().count("\n") for name in bounds}
        assert lines == {"train": 2333, "validation": 666, "test": 334}

    def test_labels_in_another_spelling_are_told(self, made_up: str) -> None:
        with pytest.raises(JobError, match="True\\."):
            lab.frame(made_up.replace("True.", "true").replace("False.", "false"))
