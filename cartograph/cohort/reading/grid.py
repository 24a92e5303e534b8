"""From a grid of cells to a table: where the header is, what its rows say together, and which rows are not data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from cartograph.cohort.problems import Problem
from cartograph.cohort.reading.cells import Cell, decimal_mark, is_error, is_number
from cartograph.cohort.reading.source import check_shape, finding, refusal
from cartograph.cohort.tables import RawTable

_SEARCHED_ROWS = 60  # title blocks are shorter than this
_MARK_SAMPLE = 5_000  # at most so many rows, evenly spread, are looked at for the decimal mark
_SAMPLE = 400  # rows looked at to judge a column
_NOTE = re.compile(
    r"[*\u2020\u2021\u00a7]|\(?[a-z1-9]\)\s|(note|abbreviation|legend|source|total|footnote|quelle|anmerkung)s?\b", re.IGNORECASE
)
_CHECK = "Check that you chose the right file or sheet."


@dataclass(frozen=True, slots=True)
class Merge:
    """A block of merged cells, by 0-based rows and columns, ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Grid:
    """Cells of one sheet. ``rows`` all have the same length; ``numbers`` are the row numbers a spreadsheet shows."""

    name: str
    rows: list[list[Cell]]
    numbers: list[int]
    merges: tuple[Merge, ...] = ()
    preamble: tuple[str, ...] = ()
    likely_comma: bool = False
    header: int | None = None  # index of the header row when the reader knows it
    problems: list[Problem] = field(default_factory=list)


def _filled(row: Sequence[Cell]) -> int:
    return sum(cell is not None for cell in row)


def find_header(rows: Sequence[Sequence[Cell]]) -> int:
    """Index of the first row that is as wide as the table: at least 60 % of the usual number of filled cells."""
    counts = [_filled(row) for row in rows[:_SAMPLE]]
    wide = sorted(c for c in counts if c >= 2)
    if not wide:
        return 0
    usual = wide[len(wide) // 2]
    for index, count in enumerate(counts[:_SEARCHED_ROWS]):
        if count >= max(2, 0.6 * usual):
            return index
    return next(i for i, c in enumerate(counts) if c >= 2)


def _looks_like_data(head: Sequence[Cell], body: Sequence[Sequence[Cell]]) -> bool:
    """True when the would-be header holds numbers above numbers more often than words above numbers."""
    for_data = for_header = 0
    for column, top in enumerate(head):
        below = [row[column] for row in body[:_SAMPLE] if row[column] is not None]
        if top is not None and below and 2 * sum(is_number(c) for c in below) > len(below):
            for_data += is_number(top)
            for_header += not is_number(top)
    return for_data > for_header


def _header_rows(grid: Grid, start: int) -> range:
    """The rows that make up the header: group rows above it, and the sub-headers below merged cells."""
    last = start
    for merge in grid.merges:
        group = merge.top == start and merge.right > merge.left
        last = max(last, merge.bottom + 1 if group else merge.bottom if merge.top == start else last)
    last = min(last, len(grid.rows) - 1)
    first = start
    while first > 0 and (_merged_group(grid, first - 1) or _spelled_group(grid, first, first - 1)):
        first -= 1
    return range(first, last + 1)


def _merged_group(grid: Grid, row: int) -> bool:
    """True for a row of group names: merged across some of the columns. A title starts at the left and stands alone."""
    wide = [m for m in grid.merges if m.top == row and 0 < m.right - m.left < len(grid.rows[row]) - 1]
    return bool(wide) and (wide[0].left > 0 or _filled(grid.rows[row]) > 1)


def _spelled_group(grid: Grid, header: int, row: int) -> bool:
    """A row with gaps right above a header that repeats itself ("day 0", "pre", "day 0", "pre"): groups of a text file."""
    if grid.merges or grid.numbers[header] - grid.numbers[row] != 1:
        return False
    names = [c for c in grid.rows[header] if c is not None]
    above = [c for c in grid.rows[row] if c is not None]
    return len(set(names)) < len(names) and len(above) >= 2 and all(isinstance(c, str) and not is_number(c) for c in above)


def _words(cell: Cell) -> str:
    if isinstance(cell, pd.Timestamp):
        return cell.date().isoformat()
    return "" if cell is None else " ".join(str(cell).split())


def _header_texts(grid: Grid, rows: range) -> tuple[list[str], list[str]]:
    """Header texts joined over the rows, and those that came from more than one row ("" otherwise)."""
    parts: list[list[str]] = [[] for _ in grid.rows[0]]
    for row in rows:
        texts = [_words(cell) for cell in grid.rows[row]]
        for merge in grid.merges:
            if merge.top <= row <= merge.bottom and merge.right > merge.left:
                source = _words(grid.rows[merge.top][merge.left])
                texts[merge.left : merge.right + 1] = [source] * len(texts[merge.left : merge.right + 1])
        if not grid.merges and row != rows[-1]:
            for column in range(1, len(texts)):
                texts[column] = texts[column] or texts[column - 1]
        for column, text in enumerate(texts):
            if text and text not in parts[column]:
                parts[column].append(text)
    joined = [" \u00b7 ".join(p) for p in parts]
    return joined, [j if len(p) > 1 else "" for j, p in zip(joined, parts, strict=True)]


def unique_headers(name: str, texts: Sequence[str], row: int | None) -> tuple[list[str], list[Problem]]:
    """Header texts made unique ("X", "X (2)"); blank ones become "Column 5". Each change is a warning."""
    problems: list[Problem] = []
    taken = set(texts)
    seen: set[str] = set()
    result: list[str] = []
    for position, text in enumerate(texts, start=1):
        header = text
        if not header or header in seen:
            header = _free_name(text or f"Column {position}", taken | seen, start=2 if text else 1)
            kind = "duplicate-header" if text else "empty-header"
            found = f"the header '{text}' again" if text else f"no header over column {position}"
            done = f"Named '{header}'."
            problems.append(finding("warning", kind, name, found, "one name per column", done, column=header, row=row))
        seen.add(header)
        result.append(header)
    return result, problems


def _free_name(base: str, used: set[str], start: int) -> str:
    number = start
    while (candidate := base if number == 1 else f"{base} ({number})") in used:
        number += 1
    return candidate


def is_footnote(row: Sequence[Cell], after_gap: bool) -> bool:
    """True for a row with a single cell of prose; below an empty row (``after_gap``) any single text will do."""
    cells = [c for c in row if c is not None]
    if len(cells) != 1 or not isinstance(cells[0], str) or is_number(cells[0]):
        return False
    text = cells[0]
    return after_gap or len(text) > 30 or text.count(" ") >= 2 or _NOTE.match(text) is not None


def _body_rows(grid: Grid, start: int) -> tuple[list[int], list[Problem]]:
    """Indices of the rows that hold data, and notes on the empty rows and footnotes left out."""
    width = len(grid.rows[0])
    kept = [i for i in range(start, len(grid.rows)) if grid.rows[i].count(None) < width]
    problems: list[Problem] = []
    notes: list[int] = []
    if len(grid.rows[0]) > 1:
        first_gap = next((k for k in range(1, len(kept)) if kept[k] > kept[k - 1] + 1), len(kept))
        while kept and is_footnote(grid.rows[kept[-1]], after_gap=len(kept) > first_gap):
            notes.append(kept.pop())
    empty = sum(1 for i in range(start, kept[-1] if kept else start) if grid.rows[i].count(None) == width)
    if empty:
        problems.append(finding("note", "empty-rows", grid.name, f"{empty:,} empty rows", "a row per patient or visit", "Left out."))
    for i in reversed(notes):
        text = next(str(c) for c in grid.rows[i] if c is not None)
        shown = text if len(text) <= 80 else text[:77] + "..."
        problems.append(
            finding("note", "footnote", grid.name, f"a line of text below the table: '{shown}'", "data", "Left out.", row=grid.numbers[i])
        )
    return kept, problems


def _drop_error_cells(name: str, frame: dict[str, list[Cell]], numbers: Sequence[int]) -> list[Problem]:
    problems: list[Problem] = []
    for header, column in frame.items():
        wrong = {c for c in set(column) if is_error(c)}
        if wrong:
            hits = [i for i, c in enumerate(column) if c in wrong]
            problems.append(error_cells(name, header, str(column[hits[0]]), numbers[hits[0]], len(hits)))
            for i in hits:
                column[i] = None
    return problems


def error_cells(name: str, header: str, word: str, row: int, count: int) -> Problem:
    """The warning for spreadsheet errors in a column; ``row`` is the first of ``count`` cells."""
    more = f" and {count - 1:,} more like it in this column" if count > 1 else ""
    found = f"the spreadsheet error {word}{more}"
    return finding("warning", "formula-error", name, found, "a value", "Taken as missing.", column=header, row=row)


def _marks(name: str, frame: dict[str, list[Cell]], likely_comma: bool) -> tuple[Literal[".", ","], list[Problem]]:
    texts: list[str] = []
    for column in frame.values():
        texts.extend({c for c in column[:: len(column) // _MARK_SAMPLE + 1] if isinstance(c, str)})
    mark, other = decimal_mark(texts, likely_comma)
    if not other:
        return mark, []
    found = f"{other:,} numbers with a decimal {'point' if mark == ',' else 'comma'}"
    done = "Look at these columns: such a number may be read as text."
    word = "comma" if mark == "," else "point"
    return mark, [finding("warning", "mixed-decimals", name, found, f"the decimal {word}, as in most of the file", done)]


def to_table(grid: Grid) -> RawTable:
    """Find the header and build the table. Raises CohortError when there is no header, no data, only one column, or too many."""
    rows = grid.rows
    if not rows or not any(_filled(row) for row in rows):
        raise refusal("empty", grid.name, "nothing in it", "a header row and at least one row of data", _CHECK)
    start = find_header(rows) if grid.header is None else grid.header
    spans = _header_rows(grid, start)
    problems = list(grid.problems)
    texts, joined = _header_texts(grid, spans)
    first = spans[-1] + 1
    if len(spans) == 1 and _looks_like_data(rows[start], rows[first : first + _SAMPLE]):
        texts, joined, first = ["" for _ in texts], ["" for _ in texts], start
        found = "no header row (the first row holds values)"
        done = "Columns are numbered."
        problems.append(finding("warning", "no-header", grid.name, found, "column names in the first row", done, row=grid.numbers[start]))
    kept, notes = _body_rows(grid, first)
    _refuse_thin(grid, texts, kept, first)
    return _assemble(grid, texts, joined, kept, problems + notes, spans)


def _refuse_thin(grid: Grid, texts: Sequence[str], kept: Sequence[int], first: int) -> None:
    if not kept:
        raise refusal("no-rows", grid.name, "only a header", "at least one row of data below it", _CHECK)
    used = sum(1 for c, text in enumerate(texts) if text or any(grid.rows[i][c] is not None for i in kept))
    if used < 2:
        done = "Check the delimiter (comma, semicolon, tab, | or blank), or add the other columns."
        raise refusal("one-column", grid.name, "only one column", "a patient number and at least one more column", done)
    check_shape(grid.name, len(kept), used)


def _assemble(grid: Grid, texts: list[str], joined: list[str], kept: list[int], problems: list[Problem], spans: range) -> RawTable:
    columns = [list(column) for column in zip(*(grid.rows[i] for i in kept), strict=True)]
    used = [c for c, text in enumerate(texts) if text or any(cell is not None for cell in columns[c])]
    if len(used) < len(texts):
        dropped = len(texts) - len(used)
        inner = sum(1 for c in range(len(texts)) if c not in set(used) and c < used[-1])
        if inner:
            problems.append(finding("note", "empty-columns", grid.name, f"{dropped:,} empty columns", "a header and values", "Left out."))
    numbers = [grid.numbers[i] for i in kept]
    unnamed = any(p.kind == "no-header" for p in problems)
    headers, renamed = unique_headers(grid.name, [texts[c] for c in used], grid.numbers[spans[-1]])
    cells: dict[str, list[Cell]] = {h: columns[c] for h, c in zip(headers, used, strict=True)}
    problems = problems + ([] if unnamed else renamed) + _drop_error_cells(grid.name, cells, numbers)
    mark, mixed = _marks(grid.name, cells, grid.likely_comma)
    titles = [" ".join(_words(c) for c in row if c is not None) for row in grid.rows[: spans[0]]]
    labels = {h: joined[c] for h, c in zip(headers, used, strict=True) if joined[c]}
    return RawTable(
        grid.name,
        build_frame(cells, numbers),
        labels,
        tuple(grid.preamble) + tuple(t for t in titles if t),
        mark,
        tuple(problems + mixed),
    )


def build_frame(cells: dict[str, list[Cell]], numbers: Sequence[int]) -> pd.DataFrame:
    """A frame whose columns all have dtype object, so that no reader of pandas changes a value."""
    index = pd.Index(list(numbers), dtype="int64")
    return pd.DataFrame({h: pd.Series(column, index=index, dtype="object") for h, column in cells.items()}, index=index)
