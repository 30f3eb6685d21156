"""From a file to what the model reads: rows that keep every rule go on, the others are told with their reasons."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from typing import Any

from objects import Batch
from upload import Table

from schema import Problem, Schema, SchemaError, rows_of

# Of a part: small enough that a list of the parts done shows progress, large enough that a million rows are a hundred.
PART_ROWS = 10_000
TELLS_EVERY_S = 3.0
REFUSALS = ("row", "line", "field", "rule", "remedy")


class Check:
    """The check of one file, as far as it is."""

    def __init__(self, batch: Batch, schema: Schema, *, maximum_rows: int) -> None:
        self._batch, self._schema, self._maximum_rows = batch, schema, maximum_rows
        self._good: list[str] = []
        self._refused_by: Counter[tuple[str, str]] = Counter()
        self._told_at = time.monotonic()
        self.read = self.refused = self.parts = 0

    def run(self, table: Table) -> dict[str, Any]:
        """Check every row; return what is known of the file.

        Raises
        ------
        SchemaError
            When the file as a whole cannot be used.
        """
        comma = table.has_decimal_commas(self._schema)
        rows = rows_of(self._schema, table.cells(), more_columns=True, decimal_comma=comma)
        with self._batch.written("refusals.csv") as refusals:
            writer = csv.writer(refusals, lineterminator="\r\n")
            writer.writerow(REFUSALS)
            for row in rows:
                self.read += 1
                if self.read > self._maximum_rows:
                    raise SchemaError(f"the file has more than {self._maximum_rows:,} rows; send it in parts")
                if row.problems:
                    self._refuse(row.line, row.problems, writer)
                else:
                    self._good.append(json.dumps(row.record, separators=(",", ":")))
                    if len(self._good) == PART_ROWS:
                        self._put_part()
                self._tell()
            if not self.read:
                raise SchemaError("the file has a header and no customer; add rows")
        if self._good:
            self._put_part()
        by_rule = [{"field": f, "rule": rule, "rows": n} for (f, rule), n in self._refused_by.most_common(100)]
        file = {"encoding": table.encoding, "separator": table.separator, "bytes": table.path.stat().st_size}
        return {"file": file, "refused_by_rule": by_rule, **self._counts()}

    def _refuse(self, line: int, problems: list[Problem], writer: Any) -> None:
        self.refused += 1
        for problem in problems:
            self._refused_by[problem.field, problem.rule] += 1
            writer.writerow((self.read, line, *problem))

    def _put_part(self) -> None:
        body = "\n".join(self._good) + "\n"
        self._batch.put(f"{self._batch.inputs}{self.parts:05}.jsonl", body.encode(), "application/jsonlines")
        self.parts += 1
        self._good.clear()

    def _tell(self) -> None:
        if self.read % 1000 == 0 and time.monotonic() - self._told_at > TELLS_EVERY_S:
            self._told_at = time.monotonic()
            self._batch.tell(**self._counts())

    def _counts(self) -> dict[str, int]:
        return {"rows_read": self.read, "rows_refused": self.refused, "parts": self.parts}
