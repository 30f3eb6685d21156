"""From the model's answers back to the file: its rows in their order, with what was found or why it was not."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from objects import Batch
from upload import Table

from contract.rows import COLUMNS, harmless, predicted, refused

# Bytes of an object that are read at a time.
_PIECE = 4 << 20


class Refused(NamedTuple):
    """A row that broke rules, counted from 1."""

    row: int
    errors: list[dict[str, str]]


class Merge:
    """The result of one file; `figures` sum it up when it is written."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.model: dict[str, Any] = {}
        self.figures: dict[str, Any] = {"rows_scored": 0, "to_call": 0}
        self._loss = self._saving = 0.0

    def run(self, table: Table) -> None:
        """Write the result.

        Raises
        ------
        RuntimeError
            When there are not as many answers as rows.
        """
        rows = table.cells()
        header = next(rows).cells
        scores, refusals = self._scores(), self._refusals()
        bad, place = next(refusals, None), 0
        with self._batch.written("result.csv") as result:
            # A byte order mark tells spreadsheets that it is UTF-8.
            result.write("\ufeff")
            writer = csv.writer(result, delimiter=table.separator, lineterminator="\r\n")
            taken = set(COLUMNS)
            writer.writerow(
                [*(f"input_{name}" if name.strip() in taken else harmless(name) for name in header), *COLUMNS]
            )
            for _, found, broken in rows:
                if not (found or broken):
                    continue
                # Of another width it would push the answer out of its columns.
                cells = (found + [""] * len(header))[: len(header)]
                place += 1
                if bad and bad.row == place:
                    told, bad = refused(bad.errors), next(refusals, None)
                else:
                    told = self._told(next(scores, None))
                writer.writerow([*map(harmless, cells), *told])
            if next(scores, None) is not None:
                raise RuntimeError("The model gave more answers than there are rows.")
        if self.model:
            self.figures |= {"expected_loss_usd": round(self._loss, 2), "expected_saving_usd": round(self._saving, 2)}

    def _told(self, score: dict[str, Any] | None) -> tuple[str, ...]:
        if score is None:
            raise RuntimeError("The model gave fewer answers than there are rows.")
        probability, costs = score["probability"], self.model["costs"]
        self.figures["rows_scored"] += 1
        self._loss += probability * costs["missed_churner"]
        if score["churn"]:
            self.figures["to_call"] += 1
            kept = probability * (costs["missed_churner"] - costs["saved_customer"])
            self._saving += kept - (1 - probability) * costs["wasted_incentive"]
        return predicted(probability, score["churn"], score["reasons"])

    def _scores(self) -> Iterator[dict[str, Any]]:
        """Go through the model's answers, in order; what it says of itself begins each answer of its own.

        SageMaker writes an answer for each part, under the part's name with ``.out``. Whether a folder comes between
        that and the job's output, its manual and code that works do not agree: so it is looked up.
        """
        # A page of a list holds a thousand, and there are two hundred parts at the most.
        listed = self._batch.client.list_objects_v2(Bucket=self._batch.bucket, Prefix=self._batch.outputs)
        for key in sorted(one["Key"] for one in listed.get("Contents", ())):
            body: bytes = self._batch.client.get_object(Bucket=self._batch.bucket, Key=key)["Body"].read()
            for line in body.split(b"\n"):
                if line:
                    found = json.loads(line)
                    if "model" in found:
                        self.model = found["model"]
                    else:
                        yield found

    def _refusals(self) -> Iterator[Refused]:
        """Go through the rows that were not scored, in order."""
        key = f"results/{self._batch.id}/refusals.csv"
        current: Refused | None = None
        for found in csv.DictReader(self._lines(key)):
            if current is None or current.row != int(found["row"]):
                if current:
                    yield current
                current = Refused(int(found["row"]), [])
            current.errors.append(found)
        if current:
            yield current

    def _lines(self, key: str) -> Iterator[str]:
        """Read an object line by line, and in pieces: a connection that waits for the model's answers is soon cut."""
        at, total, rest = 0, 1, b""
        while at < total:
            answer = self._batch.client.get_object(
                Bucket=self._batch.bucket, Key=key, Range=f"bytes={at}-{at + _PIECE - 1}"
            )
            piece: bytes = answer["Body"].read()
            at, total = at + len(piece), int(answer["ContentRange"].rpartition("/")[2])
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line.decode() for line in whole)
        if rest:
            yield rest.decode()
