"""A model as the notebook compares it with others: the live one, or an experiment's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml.compare import Predictions


@dataclass(frozen=True)
class Judged:
    """A model, and what it said of the test customers.

    Attributes
    ----------
    name : str
        What to call it in a picture.
    evaluation : dict
        What ``ml.evaluate`` wrote as evaluation.json.
    predictions : ml.compare.Predictions
        Its probabilities and what became of the customers.
    """

    name: str
    evaluation: dict[str, Any]
    predictions: Predictions

    @property
    def threshold(self) -> float:
        """Where it decides."""
        return float(self.evaluation["cost"]["threshold"])
