"""A file as people save it: UTF-8, UTF-16 or Windows-1252; commas, semicolons or tabs; any line ends."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from schema import Cells, Schema, SchemaError, cells_of

SEPARATORS = ",;\t"
# No row of a customer comes near; longer ones are told and not held.
LONGEST_LINE = 1_000_000
_HEAD_BYTES = 4096


class Table(NamedTuple):
    """How a file is to be read."""

    path: Path
    encoding: str
    separator: str
    skipped: int  # lines before the header

    @classmethod
    def of(cls, path: Path) -> Table:
        """Find out how a file is to be read.

        Raises
        ------
        SchemaError
            When it is no text.
        """
        encoding = _encoding(path)
        found = cls(path, encoding, ",", 0)
        first = next(found._lines(), None) or ""
        said = first.strip().lower()
        # Spreadsheets may say so in a first line.
        if said.startswith("sep=") and len(said) == len("sep=x"):
            return found._replace(separator=said[-1], skipped=1)
        plain = "".join(first.split('"')[::2])
        return found._replace(separator=max(SEPARATORS, key=plain.count))

    def has_decimal_commas(self, schema: Schema) -> bool:
        """Tell whether ``12,5`` is a number here: a column of numbers has such a cell, and none has a point."""
        if self.separator == ",":
            return False
        numbers = {name for one in schema.inputs if one.type == "number" for name in (one.name, one.column)}
        rows = self.cells()
        places = [n for n, name in enumerate(next(rows, Cells(1, [])).cells) if name.strip() in numbers]
        commas = False
        for row in rows:
            for cell in (row.cells[place] for place in places if place < len(row.cells)):
                if "." in cell:
                    return False
                commas = commas or "," in cell
        return commas

    def cells(self) -> Iterator[Cells]:
        """Go through header and rows."""
        for row in cells_of(self._lines(), self.separator):
            yield row._replace(line=row.line + self.skipped)

    def _lines(self) -> Iterator[str | None]:
        # A byte that means nothing in this encoding costs its own character, not the file.
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as text:
            for _ in range(self.skipped):
                text.readline()
            last, long = "", False
            while piece := text.readline(LONGEST_LINE):
                if last == "\r" and piece == "\n":
                    # Of one line end, cut in two where a line was as long as may be.
                    last = ""
                    continue
                last = piece[-1]
                if len(piece) == LONGEST_LINE and last not in "\r\n":
                    long = True
                    continue
                yield None if long else piece
                long = False
            if long:
                yield None


def _encoding(path: Path) -> str:
    """Tell the encoding; what is no UTF-8 is taken for Windows-1252, which older spreadsheets save."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as raw:
        chunk = raw.read(_HEAD_BYTES)
        if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        # A workbook, a picture, an archive: no text has a zero in it.
        if b"\0" in chunk:
            raise SchemaError("the file is no text; save it as CSV (UTF-8)")
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = raw.read(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"
