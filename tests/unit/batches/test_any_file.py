"""Any file that people could save: every good row is scored as it stands, every other is told by its line."""

import sys
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.rows import harmless
from schema import parse_csv
from tests.unit.batches.conftest import ANSWER, NAMES, SCHEMA
from tests.unit.batches.sent import Sent
from tests.unit.schema.test_validation import RECORDS

# Of a line, so that lines too long to be held are cheap here; no header of these files is longer.
LONGEST = 700
# In text of older spreadsheets and in Unicode; invalid as UTF-8 where a letter follows its one byte.
MARK = "Käufer"
BEGINNINGS = "aZß9=+-@' "
# What a cell may go on with; quotes and line ends make one that has to be quoted.
texts = st.builds(str.__add__, st.sampled_from(BEGINNINGS), st.text('ab1é=,;\t" \r\n', max_size=8))
Json = dict[str, Any]


class Saved(NamedTuple):
    """How a file is saved."""

    encoding: str
    separator: str
    end: str
    quotes_all: bool
    decimal_comma: bool
    header: list[str]


class Line(NamedTuple):
    """A row: the customer it holds, if it holds one, and its cells; or its text, if it has no cells."""

    record: Json | None
    cells: list[str]
    text: str = ""


def cell(value: Any, saved: Saved) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "No"
    return str(value).replace(".", ",") if saved.decimal_comma and isinstance(value, float) else str(value)


@st.composite
def saved(draw: st.DrawFn) -> Saved:
    separator = draw(st.sampled_from(",;\t"))
    columns = [draw(st.sampled_from((name, SCHEMA.by_name[name].column))) for name in NAMES]
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    more = draw(st.lists(st.sampled_from(["id", "Churn?"]), unique=True))
    if encoding == "cp1252" or draw(st.booleans()):
        more += [MARK, *draw(st.lists(st.sampled_from(["note", "=1", ""]), unique=True))]
    return Saved(
        encoding=encoding,
        separator=separator,
        end=draw(st.sampled_from(["\r\n", "\n", "\r"])),
        quotes_all=draw(st.booleans()),
        decimal_comma=separator != "," and draw(st.booleans()),
        header=draw(st.permutations([*columns, *more])),
    )


@st.composite
def lines(draw: st.DrawFn, how: Saved) -> Line | None:
    """A row of the file; None is a line without anything."""
    record = draw(RECORDS)
    names = [next((n for n in NAMES if head in (n, SCHEMA.by_name[n].column)), "") for head in how.header]
    cells = [cell(record[name], how) if name else draw(texts) for name in names]
    kind = draw(st.sampled_from(["good", "good", "blank", "wrong", "missing", "short", "long", "broken", "huge"]))
    if kind == "good":
        return Line(record, cells)
    if kind == "blank":
        return None
    place = names.index(draw(st.sampled_from(NAMES)))
    if kind in ("wrong", "missing"):
        cells[place] = draw(st.sampled_from(["?", "=1+1", "nan", "-1"])) if kind == "wrong" else "  "
    elif kind == "short":
        del cells[draw(st.integers(1, len(cells) - 1)) :]
    elif kind == "long":
        cells += draw(st.lists(texts, min_size=1, max_size=2))
    elif kind == "huge":
        # About the longest line and twice it, where a line's end may be cut in two.
        return Line(None, [], "x" * (LONGEST * draw(st.integers(1, 2)) + draw(st.sampled_from([-2, -1, 0, 50]))))
    else:
        # A quote that nobody closes, and one that is closed too early.
        plain = how.separator.join("x" for _ in how.header)
        return Line(None, [], draw(st.sampled_from(['"', '"x"'])) + plain)
    return Line(None, cells)


files = saved().flatmap(lambda how: st.tuples(st.just(how), st.lists(lines(how), min_size=1, max_size=12)))


def written(how: Saved, rows: list[Line | None]) -> tuple[str, list[tuple[int, Line]]]:
    """The file's text, and the line on which each of its rows begins."""

    def quoted(cell: str) -> str:
        must = how.quotes_all or any(mark in cell for mark in f'"\r\n{how.separator}')
        return '"' + cell.replace('"', '""') + '"' if must else cell

    def one(cells: list[str]) -> str:
        return how.separator.join(map(quoted, cells)) + how.end

    text, begins = one(how.header), list[tuple[int, Line]]()
    for row in rows:
        if row:
            begins.append((len(text.splitlines()) + 1, row))
        text += how.end if row is None else one(row.cells) if row.cells else row.text + how.end
    return text, begins


@given(file=files)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_good_row_is_scored_and_every_other_is_told(
    steps: ModuleType, monkeypatch: pytest.MonkeyPatch, file: tuple[Saved, list[Line | None]]
) -> None:
    how, rows = file
    with monkeypatch.context() as patched:
        patched.setattr(sys.modules["upload"], "LONGEST_LINE", LONGEST)
        patched.setattr(sys.modules["check"], "PART_ROWS", 3)
        text, begins = written(how, rows)
        sent = Sent(steps, text.encode(how.encoding))
        if not begins:
            assert "header and no customer" in sent.state["problem"]["rule"]
            return
        good = [row.record for _, row in begins if row.record]
        assert sent.records == good
        if how.separator == "," and not {MARK, "note", "=1", ""} & {*how.header}:
            # The API takes the same text.
            told = parse_csv(SCHEMA, text, id_column="id")
            assert [(row.line, None if row.problems else row.record) for row in told] == [
                (line, row.record) for line, row in begins
            ]
        bad = {place: line for place, (line, row) in enumerate(begins, 1) if not row.record}
        assert {int(told["row"]): int(told["line"]) for told in sent.refusals} == bad
        first, *found = sent.merge()
        assert sent.report["rows_read"] == len(begins) == len(found)
        assert (sent.report["rows_scored"], sent.report["rows_refused"]) == (len(good), len(bad))
        assert first == [*map(harmless, how.header), *ANSWER]
        width = len(how.header)
        for place, (row, (_, line)) in enumerate(zip(found, begins, strict=True), 1):
            assert row[-1].startswith("Not scored: ") is (place in bad)
            assert bool(row[width]) is (place not in bad)
            if line.cells:
                assert row[:width] == ([harmless(one) for one in line.cells] + [""] * width)[:width]


@pytest.mark.parametrize("longest", [1, 2])
def test_lines_are_counted_where_the_end_of_the_longest_is_cut_in_two(
    steps: ModuleType, monkeypatch: pytest.MonkeyPatch, longest: int
) -> None:
    monkeypatch.setattr(sys.modules["upload"], "LONGEST_LINE", LONGEST)
    rows = [",".join(NAMES), "x" * (longest * LONGEST - 1), "x", "", "x"]
    assert [told["line"] for told in Sent(steps, "\r\n".join(rows).encode()).refusals] == ["2", "3", "5"]
