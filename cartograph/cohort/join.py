"""Several tables of one cohort on one list of patients: ids, duplicates, one row per patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.cohort import parse
from cartograph.cohort.findings import Findings, Place, Rule
from cartograph.cohort.mapping import DROP, EXTRA, ColumnChoice
from cartograph.cohort.mapping import Mapping as ColumnMapping
from cartograph.cohort.tables import RawTable

VISIT_TARGETS = frozenset({"response_visit", "mrd_visit", "car_transgene_day"})  # several columns each, one per visit
LONG_TARGETS = frozenset({"visit_month", "visit_day", "visit_name", "response_at_visit", "mrd_at_visit", "sample_day"})
Texts = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]

_NO_ID = Rule("error", "no-patient-id", "a patient ID in every row", "The row is left out; fill in the ID to keep it.")
_SAME_ROW = Rule("warning", "duplicate-row", "one row per patient", "The repeated row is the same as the first one and is counted once.")
_OTHER_ROW = Rule(
    "error",
    "duplicate-patient",
    "one row per patient",
    "The first row is kept and this row is left out; correct the file if this row is the right one.",
)
_NUMBERED = Rule("note", "no-id-column", "a column with patient IDs", "Patients are numbered by row: P001, P002 and so on.")
_NOT_JOINED = Rule(
    "error",
    "no-id-column",
    "a column with patient IDs, so that tables can be joined",
    "The table is left out; choose its patient ID column.",
)
_TWICE = Rule("warning", "chosen-twice", "one column for each meaning", "The first one is used; this one stays as an extra column.")
_NOT_MAPPED = Rule("note", "unmapped-column", "a choice for every column", "The column is left out; choose what it is to use it.")
_NOT_THERE = Rule("warning", "missing-column", "the column that was chosen", "The choice has no effect.")
_VARIES = Rule(
    "warning", "varies-within-patient", "one value per patient", "The column changes from row to row of the same patient and is left out."
)
_VARIES_KEPT = Rule("error", "varies-within-patient", "one value per patient", "The patient's first value is kept, this one is left out.")
_DIFFERENT = Rule(
    "error", "tables-disagree", "the same value in both tables", "The value of the first table is kept, this one is left out."
)
_ONLY_SOME = Rule(
    "warning", "patients-in-some-tables", "every patient in every table", "They are kept; what the table would say about them is missing."
)


def is_long_target(target: str) -> bool:
    """True for a column that has a value per visit or sample, in a table with several rows per patient."""
    return target in LONG_TARGETS or target.startswith("series:")


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One column of one table on its way in. ``cells``, ``rows`` (numbers a spreadsheet shows) and ``patients`` have an entry per row."""

    table: RawTable
    choice: ColumnChoice
    cells: pd.Series
    rows: npt.NDArray[Any]
    patients: Texts

    @property
    def place(self) -> Place:
        """Where a problem of this column is said to be."""
        return Place(self.table.name, self.choice.header)

    @property
    def label(self) -> str:
        """The longer description of the header where the file has one."""
        return self.table.labels.get(self.choice.header, "")


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A table with its choices and the patient of each row; rows without a patient are gone.

    ``wide``: columns with one value per patient, one row per patient. ``long``: columns with a value per row, every row.
    """

    table: RawTable
    wide: tuple[Cells, ...]
    long: tuple[Cells, ...]
    patients: tuple[str, ...]  # each once, in order


def sheets_of(tables: Sequence[RawTable], mapping: ColumnMapping, findings: Findings) -> tuple[Sheet, ...]:
    """The tables with their choices, without the rows that nobody can be told from, and with one row per patient where that is meant."""
    chosen: dict[str, dict[str, ColumnChoice]] = {table.name: {} for table in tables}
    for choice in mapping.columns:
        if choice.table not in chosen:
            findings.say(_NOT_THERE, Place(choice.table, choice.header), "no such table")
        elif choice.header not in {str(c) for c in _frame(tables, choice.table).columns}:
            findings.say(_NOT_THERE, Place(choice.table, choice.header), "no such column")
        else:
            chosen[choice.table].setdefault(choice.header, choice)
    tables = [table for table in tables if not _left_out(table, chosen[table.name])]
    named = any(c.target == "patient_id" for choices in chosen.values() for c in choices.values())
    # Without any ID the largest table is the cohort, and what stands beside it (a sheet of legends) cannot be joined.
    numbered = None if named or not tables else max(tables, key=lambda table: len(table.frame)).name
    found = (_sheet(table, chosen[table.name], findings, alone=table.name == numbered) for table in tables)
    return tuple(sheet for sheet in found if sheet is not None)


def _left_out(table: RawTable, choices: Mapping[str, ColumnChoice]) -> bool:
    """True when every column is left out on purpose: a sheet of notes or explanations."""
    headers = [str(h) for h in table.frame.columns]
    return bool(headers) and all(h in choices and choices[h].target == DROP for h in headers)


def _frame(tables: Sequence[RawTable], name: str) -> pd.DataFrame:
    return next(table.frame for table in tables if table.name == name)


def _sheet(table: RawTable, choices: Mapping[str, ColumnChoice], findings: Findings, *, alone: bool) -> Sheet | None:
    for header in table.frame.columns:
        if header not in choices:
            findings.say(_NOT_MAPPED, Place(table.name, str(header)), "a column without a choice")
    id_column = next((h for h, c in choices.items() if c.target == "patient_id"), None)
    if len(table.frame) == 0:
        return Sheet(table, (), (), ())
    if id_column is None and not alone:
        findings.say(_NOT_JOINED, Place(table.name), "no patient ID column")
        return None
    ids = _numbered(len(table.frame)) if id_column is None else patient_ids(table.frame[id_column])
    if id_column is None:
        findings.say(_NUMBERED, Place(table.name), "no patient ID column")
    else:
        empty = ids == ""
        rows = table.frame.index.to_numpy()[empty]
        findings.each(_NO_ID, Place(table.name, id_column), rows=rows, found=["no ID"] * len(rows), patients=[""] * len(rows))
    keep = np.flatnonzero(ids != "")
    columns = tuple(_columns(table, choices, keep, ids[keep], findings))
    return _one_row_each(table, columns, ids[keep], table.frame.index.to_numpy()[keep], findings)


def patient_ids(cells: pd.Series) -> Texts:
    """Ids as text without outer blanks; 7, 7.0 and "7.0" are "7", "007" stays."""
    return np.array([parse.whole(text) for text in parse.texts(cells)] + [""], dtype=object)[:-1]


def _numbered(n: int) -> Texts:
    width = max(3, len(str(n)))
    return np.array([f"P{i + 1:0{width}d}" for i in range(n)], dtype=object)


def _columns(
    table: RawTable, choices: Mapping[str, ColumnChoice], keep: npt.NDArray[np.intp], ids: Texts, findings: Findings
) -> Iterator[Cells]:
    rows = table.frame.index.to_numpy()[keep]
    taken: set[tuple[str, float | None]] = {("patient_id", None)}
    twice = False  # the first ID column is the ID, another one is an extra column
    for header in table.frame.columns:
        choice = choices.get(header)
        if choice is None or choice.target == DROP or (choice.target == "patient_id" and not twice):
            twice = twice or (choice is not None and choice.target == "patient_id")
            continue
        slot = (choice.target, choice.visit if choice.target in VISIT_TARGETS else None)
        if slot in taken and choice.target != EXTRA:
            findings.say(_TWICE, Place(table.name, str(header)), f"a second column for '{choice.target}'")
            choice = ColumnChoice(choice.table, choice.header, EXTRA, unit=choice.unit)
        taken.add(slot)
        yield Cells(table, choice, table.frame[header].iloc[keep], rows, ids)


def _one_row_each(table: RawTable, columns: tuple[Cells, ...], ids: Texts, rows: npt.NDArray[Any], findings: Findings) -> Sheet:
    long = tuple(c for c in columns if is_long_target(c.choice.target))
    wide = tuple(c for c in columns if not is_long_target(c.choice.target))
    order, first = _first_rows(ids)
    if len(order) == len(ids):
        return Sheet(table, wide, long, order)
    if long:
        wide = tuple(kept for c in wide if (kept := _constant(c, findings)) is not None)
    else:
        _report_duplicates(wide, ids, first, rows, Place(table.name), findings=findings)
        wide = tuple(_rows_of(c, np.unique(first)) for c in wide)
    return Sheet(table, wide, long, order)


def _first_rows(ids: Texts) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """The different ids in order, and for every row the position of the first row with its id."""
    codes, different = pd.factorize(ids)
    first = np.full(len(different), len(ids), dtype=np.intp)
    np.minimum.at(first, codes, np.arange(len(ids)))
    return tuple(str(i) for i in different), first[codes]


def _rows_of(column: Cells, rows: npt.NDArray[np.intp]) -> Cells:
    return Cells(column.table, column.choice, column.cells.iloc[rows], column.rows[rows], column.patients[rows])


def _report_duplicates(
    columns: tuple[Cells, ...], ids: Texts, first: npt.NDArray[np.intp], rows: npt.NDArray[Any], place: Place, *, findings: Findings
) -> None:
    again = np.flatnonzero(first != np.arange(len(ids)))
    differs: list[list[str]] = [[] for _ in again]
    for column in columns:
        shown = parse.texts(column.cells)
        for i in np.flatnonzero(shown[again] != shown[first[again]]):
            differs[i].append(column.choice.header)
    same = np.array([not d for d in differs], dtype=bool)
    words = [f"patient {ids[i]} again, the same as row {rows[first[i]]}" for i in again[same]]
    findings.each(_SAME_ROW, place, rows=rows[again[same]], found=words, patients=ids[again[same]])
    words = [
        f"patient {ids[i]} again, different from row {rows[first[i]]} in {_listed(d)}" for i, d in zip(again, differs, strict=True) if d
    ]
    findings.each(_OTHER_ROW, place, rows=rows[again[~same]], found=words, patients=ids[again[~same]])


def _listed(headers: Sequence[str]) -> str:
    more = f" and {len(headers) - 5} more columns" if len(headers) > 5 else ""
    return ", ".join(f"'{h}'" for h in headers[:5]) + more


def _constant(column: Cells, findings: Findings) -> Cells | None:
    """A column of a table with several rows per patient, as each patient's first value.

    Extra columns that change within patients have no value per patient and are left out; for known columns the change is a problem per row.
    """
    shown = parse.texts(column.cells)
    there = np.flatnonzero(shown != "")
    _, first = _first_rows(column.patients[there])
    changed = there[shown[there] != shown[there[first]]] if len(there) else there
    if len(changed) and column.choice.target == EXTRA:
        n = len(set(column.patients[changed]))
        findings.say(_VARIES, column.place, f"different values within {n:,} patient{'' if n == 1 else 's'}")
        return None
    words = [f"{shown[i]!r} for patient {column.patients[i]}, another value in an earlier row" for i in changed]
    findings.each(_VARIES_KEPT, column.place, rows=column.rows[changed], found=words, patients=column.patients[changed])
    return _rows_of(column, there[np.unique(first)] if len(there) else there)


# ---------------------------------------------------------------- one list of patients
@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Values of one column for every patient of the cohort, and where they stood. ``rows``: row number per patient, NaN = nowhere."""

    values: npt.NDArray[Any]  # float64 (NaN), datetime64[ns] (NaT) or object (None)
    rows: npt.NDArray[np.float64]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Every patient of the cohort, in order of first appearance."""

    ids: Texts
    position: Mapping[str, int]
    index: pd.Index

    @classmethod
    def of(cls, sheets: Sequence[Sheet], findings: Findings) -> Roster:
        """The patients of all tables; a warning for each table with one row per patient that lacks some of them."""
        ordered: dict[str, None] = {}
        for sheet in sorted(sheets, key=lambda s: bool(s.long)):
            ordered.update(dict.fromkeys(sheet.patients))
        for sheet in sheets:
            lacking = len(ordered) - len(sheet.patients)
            if lacking and sheet.wide and not sheet.long:
                words = f"{lacking:,} patient{' is' if lacking == 1 else 's are'} in another table but not in this one"
                findings.say(_ONLY_SOME, Place(sheet.table.name), words)
        wide = {i for sheet in sheets if not sheet.long for i in sheet.patients}
        for sheet in sheets:
            alone = sum(i not in wide for i in sheet.patients) if sheet.long and wide else 0
            if alone:
                words = f"{alone:,} patient{'' if alone == 1 else 's'} with visits or samples only"
                findings.say(_ONLY_SOME, Place(sheet.table.name), words)
        return cls.named(list(ordered))

    @classmethod
    def named(cls, ids: Sequence[str]) -> Roster:
        """The roster of these ids, each given once."""
        names = np.array(ids, dtype=object)
        return cls(names, {p: i for i, p in enumerate(ids)}, pd.Index(names, dtype=object))

    def place(self, column: Cells, values: npt.NDArray[Any]) -> Placed:
        """``values`` (one per row of ``column``, one row per patient) for every patient."""
        where = self.index.get_indexer(pd.Index(column.patients, dtype=object))
        rows = np.full(len(self.ids), np.nan)
        rows[where] = np.asarray(column.rows, dtype=np.float64)
        everyone = empty_like(values, len(self.ids))
        everyone[where] = values
        return Placed(everyone, rows, column.place)


def empty_like(values: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    """``n`` missing values of the same kind."""
    if values.dtype.kind == "M":
        return np.full(n, np.datetime64("NaT", "ns"), dtype="datetime64[ns]")
    return np.full(n, np.nan) if values.dtype.kind == "f" else np.full(n, None, dtype=object)


def merge(first: Placed, second: Placed, ids: Texts, findings: Findings) -> Placed:
    """Two columns with one meaning: the second fills the gaps of the first; where they disagree the first stays and is said."""
    gap, there = pd.isna(first.values), ~pd.isna(second.values)
    differ = np.zeros(len(ids), dtype=bool)
    both = ~gap & there
    differ[both] = first.values[both] != second.values[both]
    words = [f"{second.values[i]} for patient {ids[i]}, but {first.values[i]} in {first.place.table}" for i in np.flatnonzero(differ)]
    findings.each(_DIFFERENT, second.place, rows=second.rows[differ], found=words, patients=ids[differ])
    values, rows = first.values.copy(), first.rows.copy()
    fill = gap & there
    values[fill], rows[fill] = second.values[fill], second.rows[fill]
    return Placed(values, rows, first.place)
