"""What a column of a file holds, looked at once: texts, numbers, dates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.cohort import parse
from cartograph.cohort.headers import Header, read_header
from cartograph.cohort.schema import Variable
from cartograph.cohort.tables import RawTable
from cartograph.cohort.values import spellings

MOST_LOOKED_AT = 20_000  # cells; more say nothing new about what a column is


@dataclass(frozen=True, eq=False)
class Look:
    """One column of one table. Shares are of the cells that hold something known, 0 when there is none."""

    table: RawTable
    header: str

    @cached_property
    def name(self) -> Header:
        """The header taken apart."""
        return read_header(self.header)

    @property
    def label(self) -> str:
        """The longer description of the header where the file has one."""
        return self.table.labels.get(self.header, "")

    @cached_property
    def cells(self) -> pd.Series:
        """The cells that hold something, at most MOST_LOOKED_AT of them."""
        cells = self.table.frame[self.header]
        return cells[cells.notna()].iloc[:MOST_LOOKED_AT]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each text stands in the column, folded and without empty or "not known" answers, in file order."""
        texts = pd.Series([parse.folded(parse.whole(text)) for text in parse.texts(self.cells)], dtype=object)
        counted = texts.value_counts(sort=False)
        return {
            str(text): int(n)
            for text, n in counted.items()
            if text not in parse.MISSING_TEXTS and text not in parse.UNKNOWN_WORDS
        }  # fmt: skip

    @cached_property
    def n(self) -> int:
        """Cells that hold something known."""
        return sum(self.counts.values())

    @cached_property
    def found(self) -> parse.Numbers:
        """The cells read as numbers."""
        return parse.numbers(self.cells, self.table.decimal)

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """The numbers of the column."""
        return self.found.values[~np.isnan(self.found.values)]

    @cached_property
    def numeric(self) -> float:
        """Share of numbers."""
        return min(1.0, len(self.numbers) / self.n) if self.n else 0.0

    @cached_property
    def only_limits(self) -> bool:
        """True when nearly all numbers are limits ("<65", ">=65"): groups, not measurements."""
        return self.n > 0 and float((self.found.sign != "").sum()) > 0.9 * self.n and len(self.counts) <= 4

    @cached_property
    def dated(self) -> float:
        """Share of dates; numbers that could be spreadsheet dates do not count."""
        if not self.n:
            return 0.0
        read = parse.dates(self.cells, "iso")
        written = (read.spelling != "") & (read.spelling != "serial")
        return float((written | np.isin(read.fault, ["ambiguous-date", "impossible-date"])).sum()) / self.n

    @cached_property
    def unique(self) -> bool:
        """True when every row holds something and no two rows hold the same."""
        cells = self.table.frame[self.header]
        return len(cells) > 0 and not cells.isna().any() and not cells.duplicated().any()

    def coded(self, variable: Variable) -> float:
        """Share of cells that the code list of ``variable`` knows."""
        known = spellings((), variable.codes, variable.levels)
        return sum(n for text, n in self.counts.items() if text in known) / self.n if self.n else 0.0

    @property
    def span(self) -> str:
        """'20 to 5,561'."""
        return f"{_short(float(self.numbers.min()))} to {_short(float(self.numbers.max()))}" if len(self.numbers) else "none"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
