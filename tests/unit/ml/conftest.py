"""A model, trained once for all tests as SageMaker would: a subprocess, channels, hyperparameters as texts."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import container, prepare, raw_file
from ml.dataset import Dataset
from schema import load_schema
from tools import made_up_data

ROOT = Path(__file__).resolve().parents[3]
QUICK = {"num_round": "40", "num_parallel_tree": "2", "early_stopping_rounds": "15"}
Job = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def made_up() -> str:
    return made_up_data.generate(1500, seed=7)


@pytest.fixture(scope="session")
def encoded(made_up: str) -> Dataset:
    schema = load_schema()
    return prepare.encode(raw_file.check(made_up, schema), schema)


@pytest.fixture(scope="session")
def prepared(made_up: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    files = prepare.prepare(made_up, load_schema(), recipe="default", seed=1, fractions=prepare.FRACTIONS)
    container.write(files, folder)
    return folder


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands for a container's /opt/ml."""
    folder = tmp_path / "opt-ml"
    folder.mkdir()
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(folder))
    return folder


def run_module(module: str, base: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a step of `ml` with `base` as its /opt/ml."""
    settings = {k: v for k, v in os.environ.items() if not k.startswith("SM_")}
    settings |= {"SAGEMAKER_BASE_DIR": str(base), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=settings, cwd=base, capture_output=True, text=True, check=False, timeout=600)


def lay_out(base: Path, prepared: Path, hyperparameters: dict[str, Any]) -> None:
    """Make the directories of SageMaker's training contract."""
    for name in ("train", "validation"):
        folder = base / "input" / "data" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.csv").write_bytes((prepared / f"{name}.csv").read_bytes())
    (base / "input" / "data" / "split").mkdir()
    (base / "input" / "data" / "split" / "split.json").write_bytes((prepared / "split.json").read_bytes())
    (base / "input" / "config").mkdir()
    (base / "input" / "config" / "hyperparameters.json").write_text(json.dumps(hyperparameters))


@pytest.fixture
def job(tmp_path: Path, prepared: Path) -> Job:
    """Run a training job in a contract directory of its own, `tmp_path`."""

    def run(*arguments: str, **hyperparameters: str) -> subprocess.CompletedProcess[str]:
        if not (tmp_path / "input").exists():
            lay_out(tmp_path, prepared, {**QUICK, **hyperparameters})
        return run_module("ml.train", tmp_path, *arguments)

    return run


@pytest.fixture(scope="session")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The model directory of a successful job, and what the job printed."""
    base = tmp_path_factory.mktemp("job")
    lay_out(base, prepared, {**QUICK, "sagemaker_program": '"train.py"', "max_depth": '"4"'})
    done = run_module("ml.train", base)
    assert done.returncode == 0, done.stderr
    return base / "model", done.stdout


@pytest.fixture(scope="session")
def rng() -> np.random.Generator:
    return np.random.default_rng(5)
