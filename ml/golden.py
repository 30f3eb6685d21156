"""Golden customers: what a model says of the examples, by which its endpoint is checked once the model serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml.container import JobError
from ml.predictor import Predictor
from schema import load_examples


def golden(folder: Path) -> dict[str, Any]:
    """Return the example customers by name, each with what an endpoint answers: probability, decision, reasons.

    They are made up, so they may lie beside the reports; they come along, because the examples may change with the
    schema while an older model serves.

    Parameters
    ----------
    folder : Path
        An unpacked artifact.

    Raises
    ------
    JobError
        When an example breaks a rule of the model's schema.
    """
    examples, predictor = load_examples(), Predictor(folder)
    try:
        records = predictor.check(list(examples.values()))
    except ValueError as exc:
        raise JobError(f"The customers of schema/examples.json do not fit the schema: {exc} Correct them.") from exc
    answers = predictor.predict(records)["predictions"]
    return {
        "customers": {
            name: {"customer": customer, **answer}
            for (name, customer), answer in zip(examples.items(), answers, strict=True)
        }
    }
