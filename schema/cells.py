"""Text as rows of cells, one at a time, so that a file of any length takes no more memory than its longest row."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# A quote that is never closed would make one row of all that follows; no cell of a customer runs over so many lines.
MOST_LINES = 50


class Cells(NamedTuple):
    """One row as it stands: the line where it begins, its cells, and what keeps it from being CSV, if anything does."""

    line: int
    cells: list[str]
    broken: str = ""


def cells_of(lines: Iterable[str | None], separator: str = ",") -> Iterator[Cells]:
    """Split lines into rows of cells; a row that is not CSV costs its first line, and the next is looked at again.

    Parameters
    ----------
    lines : iterable of str or None
        With their ends; None stands for a line too long to be held.
    separator : str
        What stands between two cells.
    """
    source, again, taken = iter(lines), deque[str | None](), deque[str | None]()

    def fed() -> Iterator[str]:
        while len(taken) < MOST_LINES:
            try:
                line = again.popleft() if again else next(source)
            except StopIteration:
                return
            taken.append(line)
            if line is None:
                raise csv.Error("line too long")
            yield line
        raise csv.Error(f"row of more than {MOST_LINES} lines")

    # A quoted cell may hold line ends, so that a row's first line is not its last.
    reader, number = csv.reader(fed(), delimiter=separator, strict=True), 1
    while True:
        taken.clear()
        try:
            cells = next(reader, None)
        except csv.Error as exc:
            taken.popleft()
            again.extendleft(reversed(taken))
            yield Cells(number, [], f"is not CSV ({exc})")
            reader, number = csv.reader(fed(), delimiter=separator, strict=True), number + 1
            continue
        if cells is None:
            return
        yield Cells(number, cells)
        number += len(taken)
