"""Train a model inside SageMaker's training contract: ``python -m ml.train [--max_depth 4 …]``.

Reads the channels train and validation (and split, if there is one) and the hyperparameters; prints metric lines;
writes one artifact with the model, its schema, its threshold, its metrics and the code that serves it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml import artifact, hyperparameters
from ml.container import JobError, base_dir, run, training_failure_file
from ml.dataset import read_csv
from schema import load_schema


def channel(name: str) -> Path:
    """Return the folder of an input channel."""
    return Path(os.environ.get(f"SM_CHANNEL_{name.upper()}") or base_dir() / "input" / "data" / name)


def how_split() -> dict[str, Any] | None:
    """Return what the optional channel ``split`` says of how customers are split; a later run asks the model for it."""
    file = channel("split") / "split.json"
    if not file.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(file.read_text())
    except ValueError as exc:
        raise JobError(f"{file.name} is not JSON ({exc}); give the prepare step's, or leave the channel out.") from exc
    return found


def train(argv: Sequence[str], model_dir: Path) -> None:
    """Read, fit, save.

    Raises
    ------
    JobError
        When hyperparameters or data cannot be used.
    """
    settings = hyperparameters.read(argv, base_dir() / "input" / "config" / "hyperparameters.json")
    schema = load_schema()
    parts = {name: read_csv(channel(name), len(schema.columns)) for name in ("train", "validation")}

    import xgboost  # slow to import: not before the input is known to be good

    from ml import checkpoints, fit, reasons

    print(
        f"Training on {len(parts['train'].labels):,} customers, validating on {len(parts['validation'].labels):,}.",
        flush=True,
    )

    def tell(line: str) -> None:
        print(line, flush=True)

    of_this = checkpoints.fingerprint(list(parts.values()), {**settings, "schema": schema.hash}, xgboost.__version__)
    kept = checkpoints.Checkpoints(checkpoints.folder(), of_this, tell)
    fitted = fit.fit(parts["train"], parts["validation"], schema.columns, settings, log=tell, kept=kept)
    everyone = parts["train"].join(parts["validation"])
    metadata = {
        "threshold": fitted.threshold,
        "break_even": hyperparameters.costs(settings).break_even,
        "costs": hyperparameters.costs(settings)._asdict(),
        "base_probability": float(everyone.labels.mean()),
        "metrics": {"validation": fitted.validation},
        "rounds": fitted.rounds,
        "hyperparameters": settings,
        "schema_hash": schema.hash,
        "columns": list(schema.columns),
        "split": how_split(),
        "typical": reasons.typical_values(schema, everyone.features),
        "n_customers": {name: len(part.labels) for name, part in parts.items()},
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "xgboost": xgboost.__version__,
    }
    artifact.save(model_dir, fitted.booster, schema.document, metadata)
    told = ", ".join(f"{name} {value:.4f}" for name, value in fitted.validation.items())
    print(f"Stopped after {fitted.rounds} rounds; threshold {fitted.threshold:.2f}; validation: {told}", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the step and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    model_dir = Path(os.environ.get("SM_MODEL_DIR") or base_dir() / "model")
    return run(lambda: train(arguments, model_dir), training_failure_file())


if __name__ == "__main__":
    sys.exit(main())
