"""How the columns of a file become the columns of a cohort: a value that can be shown, changed, saved and used again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Confidence = Literal["certain", "likely", "guess", "none"]
TimeUnit = Literal["days", "weeks", "months", "years"]
EXTRA = "extra"  # target of a column without a canonical name: stays usable as biomarker or filter
DROP = "drop"  # target of a column that is left out (identifying columns, columns the user does not want)


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """What one column of one table is taken for.

    ``codes`` maps the text in the file to the canonical level, for categories, flags and events
    (event columns: to "event" or "censored"). ``visit`` is the month of a response or MRD visit, or the day of a time-course sample.
    """

    table: str  # RawTable.name
    header: str
    target: str  # schema key ("ferritin_d0", "pfs_time", "response_visit", "mrd_visit", "car_transgene_day"), EXTRA or DROP
    unit: str = ""  # unit in the file; "" = the canonical unit
    codes: tuple[tuple[str, str], ...] = ()
    visit: float | None = None
    confidence: Confidence = "none"
    evidence: tuple[str, ...] = ()  # why, in words: "name 'Ferritin_D0'", "values 20 to 5,561 fit µg/L"
    identifying: str = ""  # non-empty = looks like a name, record number or birth date, and why


@dataclass(frozen=True, slots=True)
class Mapping:
    """Every choice that turns tables into a cohort."""

    columns: tuple[ColumnChoice, ...]
    time_unit: TimeUnit = "months"  # of time-to-event columns whose ColumnChoice.unit is empty
    date_order: Literal["iso", "day-first", "month-first"] = "iso"
    name: str = ""
