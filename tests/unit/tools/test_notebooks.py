"""Notebooks are kept without results."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import notebooks


def notebook(**code: Any) -> dict[str, Any]:
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Über\n"]},
        {"cell_type": "code", "id": "b", "metadata": {}, "outputs": [], "execution_count": None, "source": []} | code,
    ]
    return {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.ipynb").write_text(notebooks.text(notebook()))
    return tmp_path


def test_the_projects_notebooks_hold_no_results() -> None:
    assert notebooks.main([]) == 0


@pytest.mark.parametrize(
    "code",
    [
        {"outputs": [{"output_type": "stream", "name": "stdout", "text": ["a customer"]}]},
        {"execution_count": 3},
        {"metadata": {"execution": {"iopub.execute_input": "2026-01-01"}}},
    ],
)
def test_results_are_refused_and_taken_out(folder: Path, code: dict[str, Any], capsys: pytest.CaptureFixture) -> None:
    path = folder / "one.ipynb"
    path.write_text(notebooks.text(notebook(**code)))
    assert notebooks.main([], folder) == 1
    assert "make format" in capsys.readouterr().out
    assert notebooks.main(["--strip"], folder) == 0
    assert notebooks.main([], folder) == 0
    assert json.loads(path.read_text()) == notebook()


def test_tags_stay(folder: Path) -> None:
    tagged = notebook(metadata={"tags": ["parameters"]})
    (folder / "one.ipynb").write_text(notebooks.text(tagged))
    assert notebooks.main(["--strip"], folder) == 0
    assert json.loads((folder / "one.ipynb").read_text()) == tagged


def test_a_folder_without_notebooks_is_a_mistake(tmp_path: Path) -> None:
    assert notebooks.main([], tmp_path) == 1
