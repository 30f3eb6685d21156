"""Watch the model in production: ``python -m ml.watch --watched DIR --evaluation DIR --model DIR --output-dir DIR``.

Compares the customers of a period with those that the model was made with (ml/drift.py), counts what was wrong with
their data, and judges the model on customers whose fate became known (ml/live_quality.py). Writes drift.json, with a
verdict and the metrics to publish, and drift.html for people.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml import artifact, captured, drift, live_quality, watch_page
from ml.captured import Traffic
from ml.compare import Predictions
from ml.container import JobError, base_dir, processing_message_file, run, write
from ml.held_out import HeldOut, Model, document, load
from ml.money import Costs
from ml.watch_summary import CALM, DRIFTED, TOO_FEW, message, published

FEWEST_CUSTOMERS = 200


def watch(watched: Path, evaluation: Path, model: Model, fewest: int) -> dict[str, str]:
    """Return the content of both output files by name.

    Parameters
    ----------
    watched : Path
        Holds, somewhere below, period.json from the step before, capture files (.jsonl), and the label files (.csv)
        that it names.
    evaluation : Path
        What the evaluation of the model's run wrote.
    fewest : int
        Customers that it takes to compare anything.

    Raises
    ------
    JobError
        When something is missing.
    """
    period, baseline = _period(watched), document(evaluation, "baseline.json")
    version = period["package"].rpartition("/")[2]
    traffic = captured.read(watched.rglob("*.jsonl"), model.schema, version)
    moved = compare(baseline, traffic, fewest)
    quality, refused = _quality(period, watched, evaluation, model)
    found = {
        "model": {"package": period["package"], "version": version, "trained_at": model.metadata["trained_at"]},
        "period": {"from": period["from"], "to": period["to"]},
        "traffic": _told(traffic),
        "attributes": moved,
        "outside": outside(baseline, traffic.records),
        "quality": quality,
        "refused_labels": refused,
    }
    verdict = TOO_FEW if not moved else DRIFTED if any(one["drifted"] for one in moved) else CALM
    found |= {"verdict": verdict, "message": message(found, verdict, fewest), "metrics": published(found)}
    page = watch_page.render(found, baseline, traffic, model.schema)
    return {"drift.json": json.dumps(found, indent=2, allow_nan=False) + "\n", "drift.html": page}


def _period(watched: Path) -> dict[str, Any]:
    found = sorted(watched.rglob("period.json"))
    if len(found) != 1:
        raise JobError(f"{watched} must hold one period.json, not {len(found)}; give what the step before wrote down.")
    return document(found[0].parent, found[0].name)


def compare(baseline: Mapping[str, Any], traffic: Traffic, fewest: int) -> list[dict[str, Any]]:
    """Return what `drift.compare` does; of predictions too few of which are the model's, nothing; of too few customers,
    nothing at all.
    """
    if len(traffic.records) < fewest:
        return []
    scored = np.array(traffic.scored)
    of = baseline if len(scored) >= fewest else {key: baseline[key] for key in baseline if key != "predictions"}
    return drift.compare(of, traffic.records, scored)


def outside(baseline: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many customers have a value that the model was made without: beyond the least or greatest number, or
    a category that is new; by attribute, those without any left out.
    """
    found: Counter[str] = Counter()
    for name, base in baseline["inputs"].items():
        for record in records:
            value = record[name]
            if base["type"] == "number":
                found[name] += not base["values"][0] <= value <= base["values"][-1]
            else:
                found[name] += drift.written(value) not in base["counts"]
    return {name: count for name, count in found.most_common() if count}


def _told(traffic: Traffic) -> dict[str, Any]:
    counts = ("requests", "variants", "probes", "repeated", "unreadable", "broken")
    return {
        "customers": len(traffic.records),
        "scored": len(traffic.scored),
        **{name: getattr(traffic, name) for name in counts},
        "rules": dict(traffic.rules.most_common()),
    }


def _quality(
    period: Mapping[str, Any], watched: Path, evaluation: Path, model: Model
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return live quality, or why there is none; and the label files that were refused, with their reasons."""
    there = {path.name: path for path in watched.rglob("*.csv")}
    files = [there[name] for name in period["labels"]]
    labels = live_quality.read(files, model.schema)
    if not labels.used:
        return {"not_judged": "no customers whose fate became known since the model was made"}, labels.refused
    records = [row.record for row in labels.rows]
    fates = np.array([float(bool(record[model.schema.label.name])) for record in records])
    about = {"files": labels.used}
    if why := live_quality.too_few(fates):
        return {**about, "not_judged": why}, labels.refused
    registered = document(evaluation, "evaluation.json")
    costs = Costs(**{name: registered["cost"][f"cost_{name}"] for name in Costs._fields})
    try:
        judged_then = Predictions.from_csv((evaluation / "predictions.csv").read_text())
    except OSError as exc:
        raise JobError(f"{evaluation} holds no predictions.csv; give the evaluation of the model's run.") from exc
    judged = model.judge(HeldOut(records, fates))
    live = Predictions(fates, judged.probabilities)
    return {**about, **live_quality.judge(live, judged_then, judged.threshold, costs)}, labels.refused


def main(argv: list[str] | None = None) -> int:
    """Run the step and return its exit code."""
    given = base_dir() / "processing" / "input"
    parser = argparse.ArgumentParser(prog="python -m ml.watch", description=__doc__)
    parser.add_argument("--watched", type=Path, default=given / "watched", help="period.json, captures, label files")
    parser.add_argument("--evaluation", type=Path, default=given / "evaluation", help="of the run that made the model")
    parser.add_argument("--model", type=Path, default=given / "model", help="holds model.tar.gz")
    parser.add_argument("--fewest-customers", type=int, default=FEWEST_CUSTOMERS, help="that it takes to compare")
    parser.add_argument("--output-dir", type=Path, default=base_dir() / "processing" / "output")
    args = parser.parse_args(argv)

    def job() -> None:
        with artifact.unpacked(args.model) as folder:
            files = watch(args.watched, args.evaluation, load(folder), args.fewest_customers)
        write(files, args.output_dir)
        print(json.loads(files["drift.json"])["message"])

    return run(job, processing_message_file())


if __name__ == "__main__":
    sys.exit(main())
