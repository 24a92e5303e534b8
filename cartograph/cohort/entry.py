"""From a file to a cohort in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cartograph.cohort import adam
from cartograph.cohort.build import Progress, build_cohort
from cartograph.cohort.mapping import Mapping as ColumnMapping
from cartograph.cohort.model import Cohort
from cartograph.cohort.reading import Source, read_tables
from cartograph.cohort.recognise import suggest_mapping

FileLike = str | Path | bytes


def read_cohort(
    source: FileLike | Sequence[FileLike], mapping: ColumnMapping | None = None, *, name: str = "", progress: Progress | None = None
) -> Cohort:
    """A cohort from a path or from the bytes of a file, or from several of them that belong together (an ADaM set, visits beside patients).

    The mapping is suggested from names and values when none is given.

    Raises
    ------
    CohortError
        When a file cannot be read or no patient is left; it carries every problem.
    """
    files = [source] if isinstance(source, FileLike) else list(source)
    sources = [Source(f"file {i + 1}", f) if isinstance(f, bytes) else Source.from_path(f) for i, f in enumerate(files)]
    tables = read_tables(sources, progress=progress)
    tables = adam.reshape(tables) or tables
    return build_cohort(tables, mapping if mapping is not None else suggest_mapping(tables), name=name, progress=progress)
