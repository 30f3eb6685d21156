"""Check the raw CSV, split it, and write what the later steps read beside a report on the data.

``python -m ml.prepare --input FILE_OR_DIR --output-dir DIR`` writes train.csv, validation.csv and test.csv (the label
first, no header), test.jsonl (the test customers as records), split.json, baseline.json, bias.json, columns.json,
report.json and report.html; or, for a bad file, nothing: it says why and exits with 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml import bias_report, data_page, data_report, drift, facets, lab, raw_file, split
from ml.container import JobError, base_dir, processing_message_file, run, write
from ml.dataset import Dataset, separated, to_csv
from schema import Row, Schema, load_schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRACTIONS = {"train": 0.65, "validation": 0.15, "test": 0.2}
DEFAULT_SEED = 1729
GROUPS_SHOWN = 20


def identical(rows: Sequence[Row], schema: Schema) -> list[list[int]]:
    """Return groups of positions in `rows` whose customers differ in nothing but the text that names them."""
    compared = [a.name for a in schema.attributes if a.type != "text"]
    groups: dict[tuple[object, ...], list[int]] = {}
    for position, row in enumerate(rows):
        groups.setdefault(tuple(row.record[name] for name in compared), []).append(position)
    return [group for group in groups.values() if len(group) > 1]


def encode(rows: Sequence[Row], schema: Schema) -> Dataset:
    """Return checked customers as the model sees them, in the file's order."""
    features = np.array([schema.encode(row.record) for row in rows], dtype=np.float64)
    return Dataset(features, np.array([float(bool(row.record[schema.label.name])) for row in rows]))


def prepare(text: str, schema: Schema, *, recipe: str, seed: int, fractions: dict[str, float]) -> dict[str, str]:
    """Return the content of every output file by name.

    Raises
    ------
    JobError
        When the raw file breaks a rule.
    """
    rows = raw_file.check(text, schema)
    twins = identical(rows, schema)
    files: dict[str, str] = {}
    if recipe == "lab":
        table = lab.frame(text)
        columns = list(table.columns[1:])
        tables = lab.split(table)
        parts = {name: part.index.to_numpy() for name, part in tables.items()}
        files |= {f"{name}.csv": part.to_csv(header=False, index=False) for name, part in tables.items()}
    else:
        data = encode(rows, schema)
        columns = list(schema.columns)
        places = split.of_customers(rows, schema, twins, seed)
        parts = dict(zip(fractions, split.by_position(places, list(fractions.values())), strict=True))
        files |= {f"{name}.csv": to_csv(data.take(rows_of)) for name, rows_of in parts.items()}
    seed = lab.SHUFFLE_SEED if recipe == "lab" else seed
    about = {
        "recipe": recipe,
        "seed": seed,
        "schema_hash": schema.hash,
        # Of the text, which is the file unless that begins with a byte order mark.
        "raw_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "parts": _sizes(rows, schema, parts),
        "n_columns": len(columns),
        "identical_customers": {
            "n_customers": sum(len(group) for group in twins),
            "n_groups": len(twins),
            "n_groups_in_several_parts": separated(twins, list(parts.values())),
            "lines": [[rows[position].line for position in group] for group in twins[:GROUPS_SHOWN]],
        },
    }
    report = {**about, **data_report.describe(rows, schema)}
    files["columns.json"] = _json({"label": schema.label.name, "columns": columns})
    files["split.json"] = _json(split.describe(schema, recipe=recipe, seed=seed, fractions=fractions))
    files |= _for_judgement(schema, [row.record for row in rows], parts)
    files["report.json"] = _json(report)
    files["report.html"] = data_page.render(report)
    return files


def _sizes(rows: Sequence[Row], schema: Schema, parts: Mapping[str, NDArray[np.intp]]) -> dict[str, dict[str, int]]:
    """Return how many customers and churners each part has; every part needs both kinds, or nothing can be learnt."""
    sizes = {}
    for name, rows_of in parts.items():
        churners = sum(bool(rows[position].record[schema.label.name]) for position in rows_of)
        if not 0 < churners < len(rows_of):
            raise JobError(
                f"The {name} part has {churners} churners among {len(rows_of)} customers; it needs churners and "
                "others. Give more customers, or choose another --seed."
            )
        sizes[name] = {"customers": len(rows_of), "churners": churners}
    return sizes


def _for_judgement(
    schema: Schema, records: Sequence[Mapping[str, Any]], parts: Mapping[str, NDArray[np.intp]]
) -> dict[str, str]:
    """Return what judging a model takes beside encoded customers: the test customers as they are, for models of other
    columns and for attributes that no model sees; and what the customers that it learns from are like.
    """
    test = [records[position] for position in parts["test"]]
    learnt = [records[position] for name, rows_of in parts.items() if name != "test" for position in rows_of]
    churned = np.array([bool(record[schema.label.name]) for record in learnt])
    shown = [a.name for a in schema.attributes if a.type != "text"]
    return {
        "test.jsonl": "".join(json.dumps({name: record[name] for name in shown}) + "\n" for record in test),
        "baseline.json": json.dumps(drift.baseline(schema, learnt), allow_nan=False) + "\n",
        "bias.json": _json(bias_report.pre_training(schema, facets.groups(schema, learnt), churned)),
    }


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Run the step and return its exit code."""
    processing = base_dir() / "processing"
    parser = argparse.ArgumentParser(prog="python -m ml.prepare", description=__doc__)
    parser.add_argument("--input", type=Path, default=processing / "input" / "raw", help="a CSV, or a folder with one")
    parser.add_argument("--output-dir", type=Path, default=processing / "output")
    parser.add_argument("--recipe", choices=("default", "lab"), default="default")
    ours = "of the default recipe's split ({}); the lab's is fixed"
    parser.add_argument("--seed", type=int, help=ours.format(DEFAULT_SEED))
    for name in ("validation", "test"):
        parser.add_argument(f"--{name}-fraction", type=float, help=ours.format(FRACTIONS[name]))
    args = parser.parse_args(argv)

    def job() -> None:
        given = {
            "seed": args.seed,
            "validation-fraction": args.validation_fraction,
            "test-fraction": args.test_fraction,
        }
        chosen = [f"--{name}" for name, value in given.items() if value is not None]
        if args.recipe == "lab" and chosen:
            raise JobError(f"--recipe lab has a split of its own; leave out {' and '.join(chosen)}.")
        held = {
            name: FRACTIONS[name] if (f := given[f"{name}-fraction"]) is None else f for name in ("validation", "test")
        }
        seed = DEFAULT_SEED if args.seed is None else args.seed
        if seed < 0:
            raise JobError("--seed must be a whole number of at least 0; choose another.")
        if not (min(held.values()) >= 0.05 and sum(held.values()) <= 0.8):
            raise JobError("--validation-fraction and --test-fraction must be 0.05 or more, and at most 0.8 together.")
        fractions = {"train": 1 - sum(held.values()), **held}
        text = raw_file.read_text(args.input)
        files = prepare(text, load_schema(), recipe=args.recipe, seed=seed, fractions=fractions)
        write(files, args.output_dir)
        report = json.loads(files["report.json"])
        if twins := report["identical_customers"]["n_customers"]:
            print(f"Warning: {twins:,} customers are identical to another but for the phone number; see report.html.")
        for name, size in report["parts"].items():
            print(f"{name}: {size['customers']:,} customers, {size['churners']:,} of them churners")

    return run(job, processing_message_file())


if __name__ == "__main__":
    sys.exit(main())
