"""The customers that no model has learnt from, and what a model says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ml import artifact, split
from ml.champion import Judged
from ml.container import JobError
from schema import Schema, load_schema

if TYPE_CHECKING:
    import xgboost
    from numpy.typing import NDArray


class HeldOut(NamedTuple):
    """Records of shape (n_customers,) with all attributes but texts, and labels, 0 or 1, of the same shape."""

    records: Sequence[Mapping[str, Any]]
    labels: NDArray[np.float64]


class Champion(NamedTuple):
    """Where the artifact of the model in production lies, if there is one, and its name, or why there is none."""

    source: Path
    told: str

    @property
    def name(self) -> str:
        """The name without what all packages' addresses begin with."""
        return self.told.rpartition("model-package/")[2]


class Model(NamedTuple):
    """A model of an artifact, as far as judging it takes."""

    booster: xgboost.Booster
    schema: Schema
    metadata: dict[str, Any]

    def judge(self, held_out: HeldOut) -> Judged:
        """Return what it says of customers; they must keep the rules of its schema."""
        from ml import fit

        rows = np.array([self.schema.encode(record) for record in held_out.records], dtype=np.float64)
        return Judged(fit.probabilities(self.booster, rows, self.schema.columns), self.metadata["threshold"])

    def problem(self, held_out: HeldOut) -> str:
        """Say which rule of the model's schema some customer breaks; nothing when all keep them."""
        names = [attribute.name for attribute in self.schema.inputs]
        for record in held_out.records:
            problems = self.schema.validate({name: record[name] for name in names if name in record})
            if problems:
                return f"{problems[0].field} {problems[0].rule}"
        return ""


def read(prepared: Path, schema: Schema) -> HeldOut:
    """Return the test customers of the prepare step's output.

    Raises
    ------
    JobError
        When they are not there, cannot be read, or lack churners or others.
    """
    source = prepared / "test.jsonl"
    try:
        records = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
        labels = np.array([float(bool(record[schema.label.name])) for record in records])
    except OSError as exc:
        raise JobError(f"{prepared} holds no {source.name}; give the output of the prepare step.") from exc
    except (ValueError, KeyError, TypeError) as exc:
        # Not their own words: they may quote a customer.
        raise JobError(f"{source.name} does not hold customers with their labels; prepare the data again.") from exc
    if len(np.unique(labels)) < 2:
        raise JobError("The test set needs churners and others; give it more customers.")
    return HeldOut(records, labels)


def document(prepared: Path, name: str) -> dict[str, Any]:
    """Return a JSON file of the prepare step's output.

    Raises
    ------
    JobError
        When it is not there or is no JSON.
    """
    try:
        found: dict[str, Any] = json.loads((prepared / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise JobError(f"{prepared} holds no usable {name}; give the output of the prepare step.") from exc
    return found


def load(folder: Path) -> Model:
    """Return the model of an unpacked artifact."""
    return Model(artifact.load_booster(folder), load_schema(folder / artifact.FEATURES), artifact.load_metadata(folder))


def in_production(champion: Champion, held_out: HeldOut, run: Mapping[str, Any]) -> Judged | str:
    """Return what the model in production says of the test customers, or why that would be no fair comparison.

    Parameters
    ----------
    run : mapping
        How this run splits customers, from `split.describe`.
    """
    if not artifact.is_in(champion.source):
        return champion.told
    with artifact.unpacked(champion.source) as folder:
        model = load(folder)
        if seen := split.may_have_seen(model.metadata.get("split"), run):
            return f"it may have been trained on the test customers, for {seen}"
        if problem := model.problem(held_out):
            return f"it cannot be asked about today's customers, of whom some break a rule of its schema: {problem}"
        return model.judge(held_out)
