"""Training that is cut short and goes on ends with the very model that it would have ended with."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml import artifact, checkpoints, fit, hyperparameters
from ml.checkpoints import Checkpoints, Progress
from ml.dataset import Dataset, stratified_split
from schema import load_schema
from tests.unit.ml.conftest import ROOT, lay_out, run_module

COLUMNS = load_schema().columns
# Slow enough to be cut short in either fit, with early stopping in reach.
STEADY = {"num_round": "60", "num_parallel_tree": "2", "early_stopping_rounds": "15", "checkpoint_rounds": "7"}

FILE = "checkpoint-this run.json"


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture
def parts(encoded: Dataset) -> tuple[Dataset, Dataset]:
    first, second = stratified_split(encoded.labels, (0.8, 0.2), 3)
    return encoded.take(first), encoded.take(second)


@pytest.fixture
def settings() -> dict[str, Any]:
    return hyperparameters.parse(STEADY)


class CutShort(Exception):
    """The machine is gone."""


class Dying(Checkpoints):
    """Checkpoints of a run that is cut short right after one of them."""

    def __init__(self, folder: Path, after: int) -> None:
        super().__init__(folder, "this run", quiet)
        self.left = after

    def save(self, progress: Progress) -> None:
        super().save(progress)
        self.left -= 1
        if not self.left:
            raise CutShort


def model(fitted: fit.Fitted) -> bytes:
    return bytes(fitted.booster.save_raw("ubj"))


def test_cut_short_anywhere_it_ends_with_the_same_model(
    parts: tuple[Dataset, Dataset], settings: dict[str, Any], tmp_path: Path
) -> None:
    """After each checkpoint in turn, those of both fits; and twice in one run."""
    lines: list[str] = []
    whole = fit.fit(*parts, COLUMNS, settings, log=lines.append)
    in_pieces = 0
    for after in range(1, 40):
        folder = tmp_path / str(after)
        folder.mkdir()
        again: list[str] = []
        try:
            fit.fit(*parts, COLUMNS, settings, log=again.append, kept=Dying(folder, after))
            break
        except CutShort:
            in_pieces += 1
        if after % 3 == 0:
            with contextlib.suppress(CutShort):  # the last checkpoint may have been the one before
                fit.fit(*parts, COLUMNS, settings, log=again.append, kept=Dying(folder, 1))
                again.pop()  # it came to its end, and has told the last line
        fitted = fit.fit(*parts, COLUMNS, settings, log=again.append, kept=Checkpoints(folder, "this run", quiet))
        assert model(fitted) == model(whole)
        assert (fitted.threshold, fitted.rounds, fitted.validation) == (whole.threshold, whole.rounds, whole.validation)
        assert again == lines, "no round is told twice, and none is left out"
    assert in_pieces >= 6


def test_without_a_place_for_them_the_model_is_the_same(
    parts: tuple[Dataset, Dataset], settings: dict[str, Any], tmp_path: Path
) -> None:
    with_them = fit.fit(*parts, COLUMNS, settings, log=quiet, kept=Checkpoints(tmp_path, "this run", quiet))
    assert model(with_them) == model(fit.fit(*parts, COLUMNS, settings, log=quiet))
    assert [p.name for p in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"losses": []}', "cannot be read"),
        ('{"inner": "?", "whole": "", "losses": []}', "cannot be read"),
    ],
)
def test_a_checkpoint_of_no_use_is_told_and_left(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / FILE).write_text(content)
    lines: list[str] = []
    assert Checkpoints(tmp_path, "this run", lines.append).load() == Progress()
    assert told in lines[0]


def test_runs_of_other_data_or_settings_keep_theirs_side_by_side(tmp_path: Path) -> None:
    """As the jobs of one tuning do, whose checkpoints may all come to lie in one place."""
    runs = {name: Checkpoints(tmp_path, f"{name} run", quiet) for name in ("this", "another")}
    for name, run in runs.items():
        assert run.load() == Progress()
        run.save(Progress(inner=name.encode(), losses=[1.0]))
    assert {name: run.load().inner.decode() for name, run in runs.items()} == {"this": "this", "another": "another"}


def test_the_fingerprint_is_of_all_that_the_model_depends_on(
    parts: tuple[Dataset, Dataset], settings: dict[str, Any]
) -> None:
    usual = checkpoints.fingerprint(parts, settings, "3.2.0")
    assert checkpoints.fingerprint(parts, dict(reversed(settings.items())), "3.2.0") == usual
    changed = Dataset(parts[0].features.copy(), parts[0].labels)
    changed.features[0, 1] += 1
    others = {
        checkpoints.fingerprint(parts, {**settings, "max_depth": 4}, "3.2.0"),
        checkpoints.fingerprint(parts, settings, "3.2.1"),
        checkpoints.fingerprint(parts[::-1], settings, "3.2.0"),
        checkpoints.fingerprint((changed, parts[1]), settings, "3.2.0"),
    }
    assert len(others | {usual}) == 5


@pytest.fixture
def slow(tmp_path: Path, prepared: Path) -> Callable[[str], Path]:
    """Lay a training job out that takes long enough to be killed halfway, with a place for checkpoints."""

    def lay(name: str) -> Path:
        base = tmp_path / name
        lay_out(
            base,
            prepared,
            {**STEADY, "num_parallel_tree": "30", "early_stopping_rounds": "60", "checkpoint_rounds": "4"},
        )
        (base / "checkpoints").mkdir()
        return base

    return lay


def test_a_killed_process_is_no_loss(slow: Callable[[str], Path]) -> None:
    """kill -9 in the middle, a new process, and the artifact of a run that nobody disturbed."""
    whole, killed = slow("whole"), slow("killed")
    done = run_module("ml.train", whole)
    assert done.returncode == 0, done.stderr
    settings = {k: v for k, v in os.environ.items() if not k.startswith("SM_")}
    settings |= {"SAGEMAKER_BASE_DIR": str(killed), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", "ml.train"], env=settings, cwd=killed, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not any(len(json.loads(file.read_text())["losses"]) >= 20 for file in killed.glob("checkpoints/check*")):
        assert process.poll() is None, "it was faster than the test"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "model").exists()
    again = run_module("ml.train", killed)
    assert again.returncode == 0, again.stderr
    assert "Going on from a checkpoint: " in again.stdout
    assert "\n[0]\t" not in again.stdout
    name = artifact.MODEL
    assert (killed / "model" / name).read_bytes() == (whole / "model" / name).read_bytes()
    about = [artifact.load_metadata(base / "model") for base in (whole, killed)]
    for one in about:
        del one["trained_at"]
    assert about[0] == about[1]
