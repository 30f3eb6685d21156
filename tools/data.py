"""Find the raw data set and put it, with a note of where it came from, where the CDK app looks for it.

The order: the file that `CHURN_DATA` names, a download kept from an earlier run, the public copy, and last, so that the
project always runs, made-up customers. Writes `build/data/churn.csv` and `build/data/source.json`.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import sys
import urllib.request
from pathlib import Path

from tools import made_up_data

ROOT = Path(__file__).resolve().parent.parent
PUBLIC_COPY = (
    "https://raw.githubusercontent.com/ACloudGuru-Resources/Machine-Learning-on-AWS-Deep-Dive/"
    "2ab3c6a7f0a71b9d620ca5bb471ed224d8ca0a8b/demos/S02/start/churn-ALL.csv"
)
PUBLIC_SHA256 = "a6d71b4988f023eb3308374949bc96bc90fc4e25125cadee823cf94a7fa53e84"
DOWNLOAD_TIMEOUT_S = 15


def find(cache: Path) -> tuple[bytes, str, bool]:
    """Return the file's bytes, where they came from, and whether the customers are made up.

    Raises
    ------
    SystemExit
        When `CHURN_DATA` names a file that is not there: silently training on other data would be worse.
    """
    named = os.environ.get("CHURN_DATA")
    if named:
        if not Path(named).is_file():
            sys.exit(
                f"CHURN_DATA names {named}, which is not a file. Correct it, or unset it to use the public data set."
            )
        return Path(named).read_bytes(), "file", False
    kept = cache / "churn.csv"
    if kept.is_file() and digest(kept.read_bytes()) == PUBLIC_SHA256:
        return kept.read_bytes(), "download", False
    try:
        with urllib.request.urlopen(PUBLIC_COPY, timeout=DOWNLOAD_TIMEOUT_S) as answer:
            body = answer.read()
    except OSError as exc:
        print(f"  The public data set cannot be reached ({getattr(exc, 'reason', exc)}): making customers up.")
        print("  To use a real file: CHURN_DATA=/path/to/churn.csv make local")
        return made_up_data.generate().encode(), "generated", True
    if digest(body) != PUBLIC_SHA256:
        sys.exit(
            "The public data set is not the file it was (its SHA-256 differs). Name a file with CHURN_DATA instead."
        )
    cache.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(body)
    return body, "download", False


def digest(body: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return hashlib.sha256(body).hexdigest()


def main(argv: list[str] | None = None) -> None:
    """Write the two files and say what they hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output-dir", type=Path, default=ROOT / "build" / "data")
    parser.add_argument("--cache-dir", type=Path, default=ROOT / ".cache" / "data")
    args = parser.parse_args(argv)
    body, source, made_up = find(args.cache_dir)
    rows = sum(1 for _ in csv.reader(io.StringIO(body.decode("utf-8-sig", errors="replace")))) - 1
    note = {"source": source, "made_up": made_up, "sha256": digest(body), "rows": rows}
    args.output_dir.mkdir(parents=True, exist_ok=True)
    target = args.output_dir / "churn.csv"
    if not target.exists() or target.read_bytes() != body:
        target.write_bytes(body)
    (args.output_dir / "source.json").write_text(json.dumps(note, indent=2) + "\n")
    print(f"Data: {rows:,} customers, {'made up' if made_up else 'from the ' + source}.")


if __name__ == "__main__":
    main()
