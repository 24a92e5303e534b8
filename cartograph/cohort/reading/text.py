"""Tables in text files: CSV, TSV, and their relatives with other delimiters."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Sequence

from cartograph.cohort.problems import Problem
from cartograph.cohort.reading.cells import Cell, clean_column, clean_text, is_number
from cartograph.cohort.reading.encoding import decode
from cartograph.cohort.reading.grid import Grid, find_header, is_footnote, to_table
from cartograph.cohort.reading.source import MAX_COLUMNS, Progress, Source, check_shape, finding, refusal
from cartograph.cohort.tables import RawTable

_DELIMITERS = "\t;|,"
_NAMES = {"\t": "tab", ";": "semicolon", "|": "|", ",": "comma", " ": "blank"}
_CHUNK = 20_000
_SNIFFED_LINES = 200
_SHOWN_RAGGED = 20
_LONGEST_CELL = 1_000_000
_MOST_LINES_IN_A_CELL = 50
_COMMENT = ("#", "//")


def read_text(source: Source, progress: Progress) -> RawTable:
    """Read a delimited text file. Raises CohortError when it holds no table."""
    text, problems = decode(source.name, source.content)
    lines = _first_lines(text)
    comments, skipped, delimiter = _opening(lines)
    if delimiter is None:
        delimiter = sniff_delimiter(lines[skipped:])
    rows = _parse(source.name, text, delimiter, skipped, progress)
    grid = _to_grid(source.name, rows, skipped, delimiter)
    grid.preamble = comments
    grid.problems[:0] = problems
    return to_table(grid)


def _first_lines(text: str) -> list[str]:
    """The first lines of the text. Not ``splitlines``: it would also cut at form feeds and other marks inside a cell."""
    sample = text[:2_000_000]
    lines = re.split(r"\r\n|\r|\n", sample, maxsplit=_SNIFFED_LINES)
    return lines if len(lines) <= _SNIFFED_LINES else lines[:-1]


def _opening(lines: Sequence[str]) -> tuple[tuple[str, ...], int, str | None]:
    """Comment lines at the top, the number of lines to skip, and the delimiter when the file names it ("sep=;")."""
    comments: list[str] = []
    delimiter: str | None = None
    skipped = 0
    for line in lines:
        stripped = line.strip().strip("\ufeff")
        named = re.fullmatch(r'"?sep=(.|\\t)"?', stripped, re.IGNORECASE) if not comments else None
        if named and skipped == 0:
            delimiter = "\t" if named[1] == "\\t" else named[1]
        elif stripped.startswith(_COMMENT):
            comments.append(stripped.lstrip("#/ ").strip())
        elif stripped:
            break
        skipped += 1
    if comments and _is_header(lines[skipped - 1], lines[skipped : skipped + 20]):
        comments.pop()  # "#id,age,..." names the columns
        skipped -= 1
    return tuple(c for c in comments if c), skipped, delimiter


def _is_header(line: str, body: Sequence[str]) -> bool:
    """True when a comment line is cut like the lines below, which start with values instead of names."""
    if not line.startswith("#") or not body:
        return False
    delimiter = sniff_delimiter(body)
    cells = _cut([line, body[0]], delimiter)
    if len(cells) < 2 or len(cells[0]) < 2 or len(cells[0]) != len(cells[1]):
        return False
    return any(is_number(clean_text(c)) for c in cells[1]) and not any(is_number(clean_text(c.lstrip("#"))) for c in cells[0])


def _cut(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader([line + "\n" for line in lines], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:  # a cell longer than the csv module takes
        return [line.split(delimiter) for line in lines]


def sniff_delimiter(lines: Sequence[str]) -> str:
    """The character that cuts most lines into the same number of cells, with names in the first of them. "," when none does."""
    scores = {d: _score(lines, d) for d in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda d: scores[d])
    if scores[best] > (0.0, 0.0):
        return best
    blank = _score(lines, " ")
    return " " if blank[0] >= 0.9 and blank[1] > 0 and sum(1 for x in lines if x.strip()) > 1 else ","


def _score(lines: Sequence[str], delimiter: str) -> tuple[float, float]:
    """Share of the lines with the usual number of cells (in tenths), and share of words in the first such line; (0, 0) = cuts nothing."""
    cut = [row for row in _cut([x for x in lines if x.strip()], delimiter) if row]
    counts = Counter(len(row) for row in cut if len(row) > 1)
    if not counts:
        return (0.0, 0.0)
    usual, times = max(counts.items(), key=lambda item: (item[1], item[0]))
    head = next(row for row in cut if len(row) == usual)
    if len(cut) > 1 and 1 < len(cut[0]) == usual - 1:  # a header without a name for the row names
        head, times = cut[0], times + 1
    words = sum(1 for c in head if c.strip() and not is_number(clean_text(c)))
    return (round(times / len(cut), 1), max(0.01, words / len(head)))


def _parse(name: str, text: str, delimiter: str, skipped: int, progress: Progress) -> list[list[str]]:
    stream = io.StringIO(text, newline="")
    lines = itertools.islice(stream, skipped, None)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t")
    length = max(1, len(text))
    rows: list[list[str]] = []
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        while chunk := list(itertools.islice(reader, _CHUNK)):
            rows.extend(chunk)
            if max(map(len, chunk)) > MAX_COLUMNS:
                check_shape(name, 1, max(map(len, chunk)))
            if reader.line_num > len(rows) + _MOST_LINES_IN_A_CELL:
                _refuse_open_quote(name, rows, skipped)
            progress(min(1.0, stream.tell() / length), f"{len(rows):,} rows read")
    except csv.Error as error:
        raise _open_quote(name, len(rows) + skipped + 1) from error
    finally:
        csv.field_size_limit(before)
    return rows


def _refuse_open_quote(name: str, rows: Sequence[Sequence[str]], skipped: int) -> None:
    for number, row in enumerate(rows, start=skipped + 1):
        if any(cell.count("\n") > _MOST_LINES_IN_A_CELL for cell in row):
            raise _open_quote(name, number)


def _open_quote(name: str, row: int) -> Exception:
    found = "a quotation mark that is never closed (one cell runs over many lines)"
    return refusal("open-quote", name, found, "quotation marks in pairs", "Remove the single quotation mark in this row.", row=row)


def _to_grid(name: str, rows: list[list[str]], skipped: int, delimiter: str) -> Grid:
    """Rows of equal length. Rows that do not fit the header are left out with their number: never shifted."""
    numbers = list(range(skipped + 1, skipped + len(rows) + 1))
    head = rows[:400]
    usual = Counter(len(row) for row in rows if len(row) > 1).most_common(1)
    widest = usual[0][0] if usual else 1
    start = find_header([[clean_text(c) for c in row] for row in head]) if widest > 1 else 0
    problems: list[Problem] = []
    if rows:
        widest = _row_names(name, rows, start, widest, numbers, problems)
    width = max(widest, len(_trimmed(rows[start]))) if rows else 1
    fitted = _fit(name, rows, numbers, start, width, problems)
    columns = [clean_column(column) for column in zip(*(row for row, _ in fitted), strict=True)]
    cells: list[list[Cell]] = [list(row) for row in zip(*columns, strict=True)]
    grid = Grid(name, cells, [n for _, n in fitted], likely_comma=delimiter != ",", problems=problems)
    grid.header = start if cells else None
    return grid


def _row_names(name: str, rows: list[list[str]], start: int, usual: int, numbers: Sequence[int], problems: list[Problem]) -> int:
    """Give row names their missing header (R writes tables so). Returns the usual number of cells of a row."""
    head = rows[start]
    body = [row for row in rows[start + 1 :] if any(row)]
    full = [row for row in body if len(row) == usual]
    if len(head) == usual - 1 and all(head) and len(full) >= 0.9 * len(body) and any(row[-1].strip() for row in full):
        rows[start] = ["row name", *head]
        found = "one header less than there are columns"
        done = "The first column is taken as row names."
        problems.append(finding("warning", "row-names", name, found, "a header for each column", done, row=numbers[start]))
    return usual if len(full) >= 0.9 * len(body) else min(usual, len(rows[start]))


def _trimmed(row: list[str]) -> list[str]:
    """The row without empty cells at its end."""
    end = len(row)
    while end and not row[end - 1].strip():
        end -= 1
    return row[:end]


def _fit(
    name: str, rows: list[list[str]], numbers: Sequence[int], start: int, width: int, problems: list[Problem]
) -> list[tuple[list[str], int]]:
    fitted: list[tuple[list[str], int]] = []
    ragged: list[Problem] = []
    tail = _emptiness(rows, start, width)
    last_full = max((i for i, row in enumerate(rows) if len(row) >= width), default=0)
    comments = 0
    for i, row in enumerate(rows):
        if len(row) == width:
            fitted.append((row, numbers[i]))
            continue
        cells = _trimmed(row)
        if i > start and cells and cells[0].startswith(_COMMENT) and len(cells) < width:
            comments += 1
        elif len(cells) <= width and (i <= start or not cells or len(row) > width or _may_pad(cells, rows[i - 1], i > last_full, tail)):
            fitted.append((cells + [""] * (width - len(cells)), numbers[i]))
        else:
            ragged.append(_ragged(name, len(row), width, numbers[i]))
    if comments:
        problems.append(finding("note", "comment-lines", name, f"{comments:,} comment lines between the rows", "data", "Left out."))
    problems.extend(_limited(name, ragged))
    return fitted


def _emptiness(rows: Sequence[Sequence[str]], start: int, width: int) -> list[bool]:
    """For each column, whether at least half of the complete rows leave it and everything to its right empty."""
    full = [row for row in rows[start + 1 :] if len(row) >= width][:1000]
    ends = sorted(len(_trimmed(list(row))) for row in full)
    usual_end = ends[(len(ends) - 1) // 2] if ends else width
    return [column >= usual_end for column in range(width)]


def _may_pad(row: list[str], previous: Sequence[str], below: bool, tail: Sequence[bool]) -> bool:
    """True when cells missing at the end of a row can only be empty ones: footnotes, and columns that are usually empty."""
    cells = [clean_text(c) for c in row]
    return (below and is_footnote(cells, after_gap=not any(previous))) or (len(row) < len(tail) and tail[len(row)])


def _ragged(name: str, cells: int, width: int, row: int) -> Problem:
    words = "a delimiter inside a cell without quotation marks?" if cells > width else "a delimiter missing?"
    done = f"The row is left out, because its values may stand in the wrong columns ({words})."
    return finding("error", "ragged-row", name, f"{cells:,} cells", f"{width:,}, as in the header", done, row=row)


def _limited(name: str, problems: list[Problem]) -> list[Problem]:
    if len(problems) <= _SHOWN_RAGGED:
        return problems
    more = len(problems) - _SHOWN_RAGGED
    found = f"{more:,} more rows of another length"
    rest = finding("error", "ragged-row", name, found, "as many cells as in the header", "They are left out.")
    return [*problems[:_SHOWN_RAGGED], rest]
