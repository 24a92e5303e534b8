"""A table as it stands in a file, before anybody decides what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from cartograph.cohort.problems import Problem


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """One sheet or one file.

    ``frame``: columns are unique header texts; the index holds the row numbers a spreadsheet would show. Text files give ``str`` cells
    (stripped, None where empty); other formats give str, float, int, bool, pandas Timestamp or None. Nothing is converted or dropped yet.
    ``labels``: a longer description of a header where the file has one (SAS, Stata, SPSS labels; merged group headers).
    ``preamble``: comment and title lines above the header. ``decimal``: the decimal mark of numbers held as text.
    """

    name: str  # "cohort.csv", "book.xlsx · Patients"
    frame: pd.DataFrame
    labels: Mapping[str, str] = field(default_factory=dict)
    preamble: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    problems: tuple[Problem, ...] = ()  # what the reader noticed and mended: duplicate headers renamed, empty rows left out ...
