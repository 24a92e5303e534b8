"""Reading files: bytes in, tables as they stand in the file out, every problem of every file at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cartograph.cohort.problems import CohortError, Problem
from cartograph.cohort.reading.binary import read_parquet, read_statistics
from cartograph.cohort.reading.formats import find_format
from cartograph.cohort.reading.sheets import read_workbook, sheet_names_of
from cartograph.cohort.reading.source import MAX_BYTES, MAX_COLUMNS, Progress, Source, finding, refusal, too_large
from cartograph.cohort.reading.text import read_text
from cartograph.cohort.tables import RawTable

__all__ = ["MAX_BYTES", "MAX_COLUMNS", "Progress", "Source", "read_tables", "sheet_names"]


def read_tables(sources: Sequence[Source], *, progress: Progress | None = None) -> tuple[RawTable, ...]:
    """Read files, in their order; a workbook gives one table per sheet.

    ``progress(fraction, words)`` is called while reading, fraction from 0 to 1 over all files.
    Raises CohortError with every problem of every file when one of them cannot be read, ValueError when ``sources`` is empty.
    """
    if not sources:
        raise ValueError("read_tables needs at least one file")
    tables: list[RawTable] = []
    problems: list[Problem] = []
    total = sum(len(s.content) for s in sources) or 1
    before = 0
    for source in sources:
        try:
            tables.extend(_read(source, _part(progress, before / total, len(source.content) / total, source.name)))
        except CohortError as error:
            problems.extend(error.problems)
        before += len(source.content)
    if problems:
        raise CohortError(problems)
    return _named_apart(tables)


def sheet_names(source: Source) -> tuple[str, ...]:
    """Visible sheets of a workbook, in order; () for every other format. Raises CohortError when the file cannot be opened."""
    _refuse_size(source)
    kind, _ = find_format(source)
    return sheet_names_of(source) if kind == "workbook" else ()


def _part(progress: Progress | None, start: float, share: float, name: str) -> Progress:
    def report(fraction: float, words: str) -> None:
        if progress is not None:
            progress(min(1.0, start + share * fraction), f"{name}: {words}")

    return report


def _refuse_size(source: Source) -> None:
    if len(source.content) > MAX_BYTES:
        raise CohortError([too_large(source.name, len(source.content))])
    if not source.content.strip():
        done = "Check that you chose the right file."
        raise refusal("empty", source.name, "an empty file", "a header row and at least one row of data", done)


def _read(source: Source, progress: Progress) -> tuple[RawTable, ...]:
    _refuse_size(source)
    kind, notes = find_format(source)
    match kind:
        case "workbook":
            tables = read_workbook(source, progress)
        case "parquet":
            tables = (read_parquet(source),)
        case "text":
            tables = (read_text(source, progress),)
        case _:
            tables = (read_statistics(source, kind),)
    progress(1.0, "read")
    return (replace(tables[0], problems=(*notes, *tables[0].problems)), *tables[1:])


def _named_apart(tables: Sequence[RawTable]) -> tuple[RawTable, ...]:
    """Two files of one name get a number, because a mapping finds its table by name."""
    result: list[RawTable] = []
    used: set[str] = set()
    for table in tables:
        name, number = table.name, 2
        while name in used:
            name, number = f"{table.name} ({number})", number + 1
        used.add(name)
        if name != table.name:
            done = f"The second is called '{name}' here."
            note = finding("note", "same-name", table.name, "two files of this name", "different names", done)
            result.append(replace(table, name=name, problems=(*table.problems, note)))
        else:
            result.append(table)
    return tuple(result)
