"""What can be wrong with a file, said in one form: where, what was found, what is expected, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a file, in plain clinical words.

    ``severity``: "error" = the value, row or file is left out; "warning" = kept, look at it; "note" = for information.
    ``row`` is the row number a spreadsheet shows (header = its own row number), or None when the whole column or file is meant.
    """

    severity: Severity
    kind: str  # short slug, the same for the same rule: "negative-time", "unknown-code", "duplicate-patient" ...
    table: str  # file or "file · sheet"
    column: str  # header as it stands in the file, "" for the whole table
    row: int | None
    found: str
    expected: str
    done: str  # what was done, or what the user can do to mend it
    patient: str = ""

    def sentence(self) -> str:
        """The problem as one readable sentence."""
        where = self.table + (f", row {self.row}" if self.row is not None else "") + (f", column '{self.column}'" if self.column else "")
        return f"{where}: found {self.found}; expected {self.expected}. {self.done}"


class CohortError(Exception):
    """A file cannot become a cohort. Carries every problem at once in ``problems``."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(p.sentence() for p in self.problems) or "the file cannot be read")


@dataclass(frozen=True, slots=True, eq=False)
class DataReport:
    """What happened between the file and the cohort."""

    rows_read: int
    patients_kept: int
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What was left out."""
        return tuple(p for p in self.problems if p.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was kept but wants a look."""
        return tuple(p for p in self.problems if p.severity == "warning")

    def to_frame(self) -> pd.DataFrame:
        """Columns: severity, kind, table, row, column, patient, found, expected, done."""
        names = ["severity", "kind", "table", "row", "column", "patient", "found", "expected", "done"]
        frame = pd.DataFrame([[getattr(p, n) for n in names] for p in self.problems], columns=names)
        return frame.astype({"row": "Int64"})
