"""Tables of statistics programs: Parquet, SPSS, Stata and SAS."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from cartograph.cohort.problems import CohortError, Problem
from cartograph.cohort.reading.cells import Cell, clean_cell, decimal_mark
from cartograph.cohort.reading.grid import build_frame, unique_headers
from cartograph.cohort.reading.source import Source, check_shape, finding, refusal
from cartograph.cohort.tables import RawTable

_READERS: Mapping[str, tuple[str, Callable[..., tuple[pd.DataFrame, Any]]]] = {
    "sav": ("SPSS", pyreadstat.read_sav),
    "dta": ("Stata", pyreadstat.read_dta),
    "sas7bdat": ("SAS", pyreadstat.read_sas7bdat),
    "xpt": ("SAS transport", pyreadstat.read_xport),
}


def read_statistics(source: Source, kind: str) -> RawTable:
    """Read SPSS ("sav"), Stata ("dta") or SAS ("sas7bdat", "xpt"); value labels become the cells, variable labels ``labels``.

    Rows are numbered from 1, as these programs show them. Raises CohortError when the file is damaged or has no rows.
    """
    program, reader = _READERS[kind]
    try:
        frame, meta = _call(reader, source.content)
    except CohortError:
        raise
    except Exception as error:  # pyreadstat raises its own and Python's errors for damaged files
        raise _damaged(source.name, program) from error
    problems: list[Problem] = []
    if kind == "xpt" and source.content.count(b"HEADER RECORD*******MEMBER") > 1:
        found, done = "more than one data set in the transport file", "Only the first is read; export one file per data set."
        problems.append(finding("warning", "more-members", source.name, found, "one", done))
    named = meta.column_names_to_labels or {}
    labels = {str(k): str(v).strip() for k, v in named.items() if v and str(v).strip()}
    return _table(source.name, frame, labels, problems)


def _call(reader: Callable[..., tuple[pd.DataFrame, Any]], content: bytes) -> tuple[pd.DataFrame, Any]:
    """Read with the encoding that the file names, then as Western European text."""
    labelled = {} if reader is pyreadstat.read_xport or reader is pyreadstat.read_sas7bdat else {"apply_value_formats": True}
    options: dict[str, Any] = {"dates_as_pandas_datetime": True, **labelled}
    if labelled:
        options["formats_as_category"] = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas speaks about its own internals here
        try:
            return reader(io.BytesIO(content), **options)
        except (pyreadstat.ReadstatError, UnicodeDecodeError):
            return reader(io.BytesIO(content), encoding="cp1252", **options)


def read_parquet(source: Source) -> RawTable:
    """Read a Parquet file. Rows are numbered from 1. Raises CohortError when it is damaged, too large or has no rows."""
    try:
        file = pq.ParquetFile(pa.BufferReader(source.content))
        check_shape(source.name, file.metadata.num_rows, len(file.schema_arrow))
        table = file.read()
        frame = pd.DataFrame({i: pd.Series(column.to_pylist(), dtype="object") for i, column in enumerate(table.columns)})
        frame.columns = pd.Index([str(n) for n in table.column_names])
    except CohortError:
        raise
    except Exception as error:  # pyarrow raises its own and Python's errors for damaged files
        raise _damaged(source.name, "Parquet") from error
    keep = [i for i, n in enumerate(frame.columns) if not (n.startswith("__index_level_") and n.endswith("__"))]
    return _table(source.name, frame.iloc[:, keep], {}, [])


def _damaged(name: str, program: str) -> CohortError:
    found = f"a {program} file that cannot be opened"
    return refusal("damaged", name, found, f"a complete {program} file", "Export it again, or save it as CSV.")


def _table(name: str, frame: pd.DataFrame, labels: dict[str, str], problems: list[Problem]) -> RawTable:
    check_shape(name, len(frame), frame.shape[1])
    if frame.shape[1] == 0:
        raise refusal("empty", name, "no columns", "a table", "Check that you chose the right file.")
    if len(frame) == 0:
        raise refusal("no-rows", name, "column names but no rows", "at least one row of data", "Check that you chose the right file.")
    if frame.shape[1] == 1:
        done = "Add the other columns."
        raise refusal("one-column", name, "only one column", "a patient number and at least one more column", done)
    headers, renamed = unique_headers(name, [str(c).strip() for c in frame.columns], None)
    cells: dict[str, list[Cell]] = {h: _column(frame.iloc[:, i]) for i, h in enumerate(headers)}
    texts = {c for column in cells.values() for c in column[:5000] if isinstance(c, str)}
    mark, _ = decimal_mark(texts)
    return RawTable(name, build_frame(cells, range(1, len(frame) + 1)), labels, (), mark, tuple(problems + renamed))


def _column(series: pd.Series[Any]) -> list[Cell]:
    return [clean_cell(value) for value in series.tolist()]
