"""A loaded model: checked records in, probabilities, decisions and reasons out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml import artifact
from ml.reasons import Explainer
from schema import Problem, Schema, load_schema, parse_csv

PROBLEMS_SHOWN = 20
PLACES_SHOWN = 5
VERSION = "MODEL_VERSION"  # variable of the container


class BadRecords(ValueError):
    """Customers that break rules; the message names rows, field and rule, never a value.

    Parameters
    ----------
    unit : str
        What `problems` are counted in: "row" or "line".
    problems : sequence of (number, Problem)
    """

    def __init__(self, unit: str, problems: Sequence[tuple[int, Problem]]) -> None:
        where: dict[Problem, list[int]] = {}
        for number, problem in problems:
            where.setdefault(problem, []).append(number)
        told = [f"{_places(unit, numbers)}: {problem}" for problem, numbers in list(where.items())[:PROBLEMS_SHOWN]]
        if len(where) > PROBLEMS_SHOWN:
            told.append(f"And {len(where) - PROBLEMS_SHOWN} more kinds of problems.")
        super().__init__(" ".join(told))


def _places(unit: str, numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:PLACES_SHOWN])
    more = f" and {len(numbers) - PLACES_SHOWN:,} more" if len(numbers) > PLACES_SHOWN else ""
    return f"{unit.capitalize()}{'s' if len(numbers) > 1 else ''} {shown}{more}"


class Predictor:
    """The model of a folder, with the schema it was trained with.

    Raises
    ------
    ValueError
        When the model's columns are not those that its schema makes.
    """

    def __init__(self, folder: Path) -> None:
        self.schema: Schema = load_schema(folder / artifact.FEATURES)
        self.metadata = artifact.load_metadata(folder)
        self.booster = artifact.load_booster(folder)
        if tuple(self.booster.feature_names or ()) != self.schema.columns:
            raise ValueError("the model's columns are not those of its schema; train it again")
        self.booster.set_param({"nthread": 1})  # a request holds few rows, and workers share the machine
        self._explainer = Explainer(self.schema, self.metadata["typical"])

    @property
    def about(self) -> dict[str, Any]:
        """What an answer says of the model. Its version in the registry only who deploys it knows, and says here."""
        keys = ("threshold", "base_probability", "schema_hash", "trained_at", "costs", "metrics")
        return {"version": os.environ.get(VERSION) or None, **{key: self.metadata[key] for key in keys}}

    def check(self, records: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the records.

        Raises
        ------
        BadRecords
            When any breaks a rule.
        """
        problems = [(i + 1, p) for i, record in enumerate(records) for p in self.schema.validate(record)]
        if problems:
            raise BadRecords("row", problems)
        return list(records)

    def check_csv(self, text: str) -> list[dict[str, Any]]:
        """Return the records of CSV text with a header row.

        Raises
        ------
        BadRecords, SchemaError
            When any breaks a rule; when the file as a whole cannot be used.
        """
        rows = parse_csv(self.schema, text)
        problems = [(row.line, problem) for row in rows for problem in row.problems]
        if problems:
            raise BadRecords("line", problems)
        return [row.record for row in rows]

    def predict(
        self, records: Sequence[dict[str, Any]], *, explain: int | None = None, strongest: int | None = None
    ) -> dict[str, Any]:
        """Return predictions of checked records, in order, and what is known of the model.

        Parameters
        ----------
        explain : int, optional
            How many of the records, from the first, get reasons; all of them unless it is given.
        strongest : int, optional
            How many reasons each of them gets; one for each attribute unless it is given.
        """
        import xgboost

        if not records:
            return {"predictions": [], "model": self.about}
        explained = len(records) if explain is None else min(explain, len(records))
        rows = np.array([self.schema.encode(record) for record in records], dtype=np.float64)
        data = xgboost.DMatrix(rows, feature_names=list(self.schema.columns))
        margins = self.booster.predict(data, output_margin=True).astype(np.float64)
        threshold = self.metadata["threshold"]
        predictions: list[dict[str, Any]] = [
            {"probability": float(probability), "churn": bool(probability >= threshold)}
            for probability in 1 / (1 + np.exp(-margins))
        ]
        reasons = self._explained(records, rows, margins, explained, strongest)
        for prediction, told in zip(predictions, reasons, strict=False):
            prediction.update(told)
        return {"predictions": predictions, "model": self.about}

    def _explained(
        self,
        records: Sequence[dict[str, Any]],
        rows: np.ndarray,
        margins: np.ndarray,
        count: int,
        strongest: int | None,
    ) -> list[dict[str, Any]]:
        """Return bias and reasons of the first `count` records; `rows` has shape (n_records, n_columns)."""
        if not count:
            return []
        import xgboost

        data = xgboost.DMatrix(rows[:count], feature_names=list(self.schema.columns))
        contributions = self.booster.predict(data, pred_contribs=True).astype(np.float64)
        # XGBoost sums in single precision, which leaves some 1e-6 over: the bias takes it, so that all adds up.
        contributions[:, -1] += margins[:count] - contributions.sum(axis=1)
        return [
            {
                "bias": float(columns[-1]),
                "reasons": [r._asdict() for r in self._explainer.reasons(record, row, columns[:-1], strongest)],
            }
            for record, row, columns in zip(records, rows.tolist(), contributions, strict=False)
        ]
