"""Encoded customers survive the way through CSV exactly; files that are not such are refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.container import JobError
from ml.dataset import Dataset, read_csv, stratified_split, to_csv


@given(arrays(np.float64, (4, 3), elements=st.floats(allow_nan=False, allow_infinity=False, width=64)))
@settings(deadline=None)
def test_csv_keeps_every_bit(tmp_path_factory: pytest.TempPathFactory, features: np.ndarray) -> None:
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    labels = np.array([0.0, 1.0, 1.0, 0.0])
    file.write_text(to_csv(Dataset(features, labels)))
    back = read_csv(file, 3)
    assert (back.features == features).all()
    assert (back.labels == labels).all()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("churn,a,b\n1,2,3\n", "not all numbers"),
        ("1,2\n0,3\n", "2 columns where the schema makes 3"),
        ("1,2,3\n0,3\n", "not all numbers"),
        ("1,2,\n", "not all numbers"),
        ("1,nan,2\n", "not finite"),
        ("2,1,1\n", "label other than 0 and 1"),
        ("True,1,1\n", "not all numbers"),
    ],
)
def test_what_xgboost_would_swallow_is_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(JobError, match=told):
        read_csv(tmp_path, 2)


def test_the_error_does_not_quote_a_customer(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2,555-0142\n")
    with pytest.raises(JobError, match="not all numbers") as caught:
        read_csv(tmp_path, 2)
    assert "555" not in str(caught.value)


def test_an_empty_channel_is_told(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="holds no CSV"):
        read_csv(tmp_path, 2)


@given(st.integers(0, 2**32 - 1), st.integers(10, 60), st.integers(60, 200))
@settings(deadline=None)
def test_a_split_is_stratified_complete_and_repeatable(seed: int, churners: int, others: int) -> None:
    labels = np.array([1.0] * churners + [0.0] * others)
    fractions = (0.65, 0.15, 0.2)
    parts = stratified_split(labels, fractions, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    for part, fraction in zip(parts, fractions, strict=True):
        assert abs(labels[part].sum() - fraction * churners) <= 1
    again = stratified_split(labels, fractions, seed)
    assert all((a == b).all() for a, b in zip(parts, again, strict=True))
