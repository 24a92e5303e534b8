"""Whether the dates of a file put the day or the month first: decided once, on every date of every table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cartograph.cohort.looks import Look
from cartograph.cohort.mapping import DateOrder

_NUMERIC = re.compile(r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})(?:[T ].*)?")


def date_order(looks: Sequence[Look]) -> tuple[DateOrder, tuple[str, ...], bool]:
    """The order, why in words (empty when no date asks for it), and True when that is certain."""
    day_first, month_first, open_dates, dots = 0, 0, 0, 0
    for look in looks:
        for text in look.counts:
            found = _NUMERIC.fullmatch(text)
            if found is None:
                continue
            first, second = int(found[1]), int(found[3])
            day_first += first > 12
            month_first += second > 12
            open_dates += first <= 12 and second <= 12 and first != second
            dots += found[2] == "."
    if day_first and month_first:
        order: DateOrder = "day-first" if day_first >= month_first else "month-first"
        words = f"dates that can only be day first: {day_first:,}, only month first: {month_first:,}; read as {_words(order)}, check"
        return order, (words,), False
    if day_first or month_first:
        order = "day-first" if day_first else "month-first"
        return order, (f"{_words(order)}: no other reading fits all dates of the file",), True
    if open_dates and dots:
        return "day-first", ("dates with points, as in German: read as day first, check",), False
    if open_dates:
        words = "day and month cannot be told apart in any date of the file: choose which comes first"
        return "iso", (words,), False
    return "iso", (), True


def _words(order: DateOrder) -> str:
    return "day first" if order == "day-first" else "month first"
