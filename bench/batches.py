"""A file through a deployed laptop run, as a caller sends it: seconds of each stage, and every row accounted for.

`python -m bench batches --rows 20000 --run .local`. Customers are made up, every hundredth with a state that there is
not. The file goes by the form that `POST /batches` answers, to this machine only; its result is read to the end.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import laptop
from config import load_settings
from schema import load_schema

BATCHES = load_settings("local").batches
BAD_EVERY = 100
POLL_S = 0.5
TRANSFER_S = 600
Json = dict[str, Any]


def customers(rows: int) -> Iterator[list[str]]:
    """Rows of a file: a header, then customers anywhere in the schema's ranges, the same each time."""
    inputs, chance = load_schema().inputs, random.Random(1)  # noqa: S311 - a data set, not a secret
    yield ["customer", *(one.name for one in inputs)]
    for place in range(rows):
        cells = [f"C-{place}"]
        for one in inputs:
            if one.is_numeric:
                value = chance.uniform(one.minimum or 0, one.maximum or 0)
                cells.append(str(round(value, 0 if one.type == "integer" else 1)).removesuffix(".0"))
            else:
                cells.append(chance.choice(one.categories or ("yes", "no")))
            if one.name == "state" and is_bad(place):
                cells[-1] = "XX"
        yield cells


def is_bad(place: int) -> bool:
    """Whether a customer, counted from 0, is one that is refused."""
    return place % BAD_EVERY == BAD_EVERY - 1


def ask(url: str, headers: dict[str, str], body: bytes | None = None) -> Json:
    """Ask the API."""
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
        found: Json = json.load(answer)
    return found


def send(form: Json, content: bytes) -> None:
    """Send a file by its form."""
    mark = uuid.uuid4().hex
    part = f'--{mark}\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    head = "".join(part % pair for pair in form["fields"].items())
    head += f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="customers.csv"\r\n\r\n'
    body = b"".join((head.encode(), content, f"\r\n--{mark}--\r\n".encode()))
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    with urllib.request.urlopen(urllib.request.Request(form["url"], body, headers), timeout=TRANSFER_S):
        pass


def followed(site: str, batch: Json, signed: dict[str, str], seconds: dict[str, float]) -> Json:
    """Wait for the end, and add up the seconds of each stage: the merge is what follows the last answer."""
    while batch["status"] in ("waiting", "checking", "scoring"):
        began = time.perf_counter()
        time.sleep(POLL_S)
        batch = ask(site + batch["links"]["self"], signed)
        merging = batch["status"] == "done" or batch.get("progress", {}).get("scored") == 1
        stage = {"waiting": "arrival", "checking": "checking"}.get(batch["status"], "merging" if merging else "scoring")
        seconds[stage] = seconds.get(stage, 0) + time.perf_counter() - began
    if batch["status"] != "done":
        raise SystemExit(f"the file was not scored: {batch.get('problem', batch['status'])}")
    return batch


def check(batch: Json, rows: int) -> Json:
    """Return the report, once every row of the file has come back in its place.

    Raises
    ------
    SystemExit
        When a row is lost, doubled, or told what is not so of it.
    """
    report = ask(batch["files"]["report"]["url"], {})
    bad, place = rows // BAD_EVERY, 0
    told = (report["rows_read"], report["rows_scored"], report["rows_refused"])
    if told != (rows, rows - bad, bad):
        raise SystemExit(f"of {rows} rows with {bad} bad ones it read, scored and refused {told}")
    with urllib.request.urlopen(batch["files"]["result"]["url"], timeout=TRANSFER_S) as answer:
        for place, row in enumerate(csv.DictReader(io.TextIOWrapper(answer, "utf-8-sig", newline="")), 1):
            right = row["error"].startswith("Not scored: state") if is_bad(place - 1) else float(row["probability"]) > 0
            if row["customer"] != f"C-{place - 1}" or not right:
                raise SystemExit(f"row {place} of the result is not that of the file")
    if place != rows:
        raise SystemExit(f"the result has {place} rows of {rows}")
    return report


def measure(site: str, folder: Path, rows: int) -> None:
    """Print a row a stage."""
    out, signed, seconds = io.StringIO(), laptop.signed(folder), dict[str, float]()
    csv.writer(out).writerows(customers(rows))
    content = out.getvalue().encode()
    batch = ask(f"{site}/api/batches", signed | {"Content-Type": "application/json"}, b"{}")
    began = time.perf_counter()
    send(batch["upload"], content)
    seconds["upload"] = time.perf_counter() - began
    done = followed(site, batch, signed, seconds)
    whole = sum(seconds.values())
    began = time.perf_counter()
    report = check(done, rows)
    seconds["reading the result"] = time.perf_counter() - began
    print(f"{rows:,} rows, {len(content) / 1e6:.0f} MB: {report['rows_scored']:,} scored, ", end="")
    print(f"{report['rows_refused']:,} refused, none lost\n\n| stage | s | rows/s |\n|---|---|---|")
    for stage, took in {**seconds, "from upload to result": whole}.items():
        print(f"| {stage} | {took:.1f} | {rows / took:,.0f} |", flush=True)


def main(argv: list[str] | None = None) -> None:
    """Print a table of the stages."""
    parser = argparse.ArgumentParser(prog="python -m bench batches", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the file")
    laptop.add_argument(parser)
    options = parser.parse_args(argv)
    if not 1 <= options.rows <= BATCHES.maximum_rows:
        parser.error(f"--rows must be from 1 to {BATCHES.maximum_rows}, what a batch may have (batches.maximum_rows)")
    with laptop.found(options.run) as (site, folder):
        measure(site, folder, options.rows)


if __name__ == "__main__":
    main()
