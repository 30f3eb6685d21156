"""Where the raw data comes from, in order, and that nothing is silently replaced."""

import json
from pathlib import Path

import pytest

from tools import data

CSV = b"State,Churn?\nKS,False.\n"


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a network and without CHURN_DATA."""
    monkeypatch.delenv("CHURN_DATA", raising=False)
    monkeypatch.setattr(data, "PUBLIC_COPY", "http://127.0.0.1:9/churn.csv")


def run(tmp_path: Path) -> dict[str, object]:
    """Run the command and return the note that it wrote."""
    data.main(["--output-dir", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")])
    return json.loads((tmp_path / "out" / "source.json").read_text())


def test_a_named_file_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.csv").write_bytes(CSV)
    monkeypatch.setenv("CHURN_DATA", str(tmp_path / "mine.csv"))
    note = run(tmp_path)
    assert note == {"source": "file", "made_up": False, "sha256": data.digest(CSV), "rows": 1}
    assert (tmp_path / "out" / "churn.csv").read_bytes() == CSV


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_DATA", str(tmp_path / "missing.csv"))
    with pytest.raises(SystemExit, match="CHURN_DATA names"):
        run(tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("unreachable")
def test_a_kept_download_is_used_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "churn.csv").write_bytes(CSV)
    monkeypatch.setattr(data, "PUBLIC_SHA256", data.digest(CSV))
    assert run(tmp_path)["source"] == "download"


@pytest.mark.usefixtures("unreachable")
def test_a_kept_download_that_was_altered_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "churn.csv").write_bytes(CSV)
    assert run(tmp_path)["source"] == "generated"


@pytest.mark.usefixtures("unreachable")
def test_without_any_data_the_customers_are_made_up_and_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = run(tmp_path)
    assert note["made_up"] is True
    assert note["rows"] == 3333
    assert "made up" in capsys.readouterr().out
    assert run(tmp_path)["sha256"] == note["sha256"], "two runs must make the same customers"
