"""Encoded customers: rows of numbers with their labels, in memory and as the CSV that SageMaker's XGBoost reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ml.container import JobError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Dataset(NamedTuple):
    """Features of shape (n_rows, n_columns) and labels, 0 or 1, of shape (n_rows,)."""

    features: NDArray[np.float64]
    labels: NDArray[np.float64]

    def take(self, rows: NDArray[np.intp]) -> Dataset:
        """Return the dataset of some rows."""
        return Dataset(self.features[rows], self.labels[rows])

    def join(self, other: Dataset) -> Dataset:
        """Return both datasets, one under the other."""
        return Dataset(np.vstack((self.features, other.features)), np.concatenate((self.labels, other.labels)))


def stratified_split(labels: NDArray[np.float64], fractions: Sequence[float], seed: int) -> list[NDArray[np.intp]]:
    """Return shuffled row numbers of each part, with the same share of churners in all, to within one customer.

    Parameters
    ----------
    labels : array, shape (n_rows,)
    fractions : sequence of float
        One a part; they sum to 1.
    seed : int
        The same seed gives the same parts.
    """
    rng = np.random.default_rng(seed)
    cuts = np.cumsum(fractions)[:-1]
    parts: list[list[NDArray[np.intp]]] = [[] for _ in fractions]
    for value in (0, 1):
        rows = rng.permutation(np.flatnonzero(labels == value))
        for part, piece in zip(parts, np.split(rows, np.round(cuts * len(rows)).astype(int)), strict=True):
            part.append(piece)
    return [rng.permutation(np.concatenate(part)) for part in parts]


def separated(groups: Sequence[Sequence[int]], parts: Sequence[NDArray[np.intp]]) -> int:
    """Return how many groups of identical rows have members in several parts."""
    home = {row: number for number, part in enumerate(parts) for row in part.tolist()}
    return sum(len({home[row] for row in group}) > 1 for group in groups)


def to_csv(data: Dataset) -> str:
    """Return the dataset as CSV: the label first, no header; reading it gives the very same numbers."""
    lines = []
    for label, row in zip(data.labels.tolist(), data.features.tolist(), strict=True):
        lines.append(",".join([str(int(label)), *(repr(int(v)) if v == int(v) else repr(v) for v in row)]))
    return "\n".join(lines) + "\n"


def read_csv(source: Path, n_columns: int) -> Dataset:
    """Read an encoded CSV, or all ``*.csv`` in a folder.

    Raises
    ------
    JobError
        When there is no file, or it is not numbers with a 0 or 1 first and `n_columns` after it. XGBoost itself would
        train on a header row without a word.
    """
    files = sorted(source.glob("*.csv")) if source.is_dir() else [source]
    files = [file for file in files if file.is_file() and os.path.getsize(file)]
    if not files:
        raise JobError(f"{source} holds no CSV; run the prepare step and give its output.")
    parts = []
    for file in files:
        try:
            parts.append(np.loadtxt(file, delimiter=",", dtype=np.float64, ndmin=2))
        except ValueError as exc:
            # numpy's own words quote the cell, which is a customer's.
            raise JobError(
                f"{file.name} is not all numbers; it must have as many on each line, no header and no empty cell."
            ) from exc
    width = n_columns + 1
    for file, part in zip(files, parts, strict=True):
        if part.shape[1] != width:
            raise JobError(
                f"{file.name} has {part.shape[1]} columns where the schema makes {width} (the label first); "
                "prepare the data with this schema."
            )
        if not np.isfinite(part).all():
            raise JobError(f"{file.name} holds a value that is not finite; prepare the data again.")
        if not np.isin(part[:, 0], (0, 1)).all():
            raise JobError(f"{file.name} holds a label other than 0 and 1 in its first column; prepare it again.")
    table = np.vstack(parts)
    return Dataset(table[:, 1:], table[:, 0])
