"""What the cells of a known column become: canonical values in canonical units, with a word about every cell that does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cartograph import format as fmt
from cartograph.cohort import parse
from cartograph.cohort.findings import Findings, Rule, quoted
from cartograph.cohort.join import Cells
from cartograph.cohort.model import DAYS_PER_MONTH
from cartograph.cohort.schema import Variable, plain_unit, unit_named

YES_NO = ("no", "yes")
OPEN_LISTS = frozenset({"product", "center"})  # names that nobody knew of stay as they are
MONTHS_PER: Mapping[str, float] = {"days": 1 / DAYS_PER_MONTH, "weeks": 7 / DAYS_PER_MONTH, "months": 1.0, "years": 365.25 / DAYS_PER_MONTH}
LONGEST_MEDIAN = 240.0  # months; a cohort whose median follow-up is longer was counted in days

_NOT_A_NUMBER = Rule("error", "not-a-number", "a number", "The value is left out.")
_IMPOSSIBLE = "impossible-value"
_NOT_KNOWN = Rule("note", "not-known", "a value or a blank", "They count as not known.")
_SCALE = "implausible-scale"
_UNIT = Rule("warning", "unknown-unit", "a unit that is known for this column", "The values are taken as they stand; choose the unit.")
_FRACTION = Rule(
    "warning",
    "percent-as-fraction",
    "per cent, 0 to 100",
    "The values are kept as they are; if they are fractions, choose the unit 'fraction'.",
)
_TIME_UNIT = Rule(
    "warning", "implausible-scale", "times within 20 years", "The values are kept; check whether the time unit is days or weeks."
)
_LIMITS = Rule("note", "detection-limit", "numbers", f"They are kept as limits: {parse.LIMIT_RULE}.")
_CODE_FLAGS = Rule("warning", "unknown-code", "yes or no", "The value is left out until its meaning is chosen.")
_EVENT = Rule(
    "warning",
    "unknown-code",
    "a code for event or for no event",
    "The patient counts as not known for this endpoint until its meaning is chosen.",
)
_DATE_FAULTS: Mapping[str, Rule] = {
    "not-a-date": Rule("error", "not-a-date", "a date", "The value is left out."),
    "impossible-date": Rule("error", "impossible-date", "a date that exists, 1900 to 2100", "The value is left out."),
    "ambiguous-date": Rule(
        "error",
        "ambiguous-date",
        "a date of which day and month can be told",
        "The value is left out; choose whether day or month comes first.",
    ),
    "date-order": Rule("error", "date-order", "day and month in the order chosen for this file", "The value is left out."),
}
_MIXED_DATES = Rule(
    "warning", "mixed-date-formats", "one way to write dates in a column", "The date is kept; check that it was read as meant."
)


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Values of one column, one entry per cell, and what belongs to them.

    ``levels``: of a category or flag, in order. ``sign`` and ``limit``: detection limits of numbers, in the canonical unit.
    """

    values: npt.NDArray[Any]
    levels: tuple[str, ...] = ()
    sign: npt.NDArray[np.object_] | None = None
    limit: npt.NDArray[np.float64] | None = None


def read_known(column: Cells, variable: Variable, findings: Findings, *, order: parse.DateOrder = "iso", time_unit: str = "months") -> Read:
    """The values of a column with a canonical name."""
    if variable.kind == "number":
        return read_number(column, variable, findings)
    if variable.kind == "time":
        return read_time(column, findings, time_unit)
    if variable.kind == "event":
        return read_event(column, findings, variable.codes)
    if variable.kind == "date":
        return read_date(column, findings, order)
    if variable.kind in ("category", "flag"):
        return read_category(column, variable, findings)
    shown = parse.texts(column.cells)
    values = shown.copy()
    values[shown == ""] = None
    return Read(values)


# ---------------------------------------------------------------- numbers
def read_number(column: Cells, variable: Variable, findings: Findings) -> Read:
    """Numbers in the canonical unit of ``variable``; impossible ones are left out, an implausible scale is said once."""
    found = plain_numbers(column, findings)
    factor = unit_factor(column, variable, findings)
    values, limit = found.values * factor, found.limit * factor
    values = _possible(column, variable, values, findings)
    limit[np.isnan(values)] = np.nan
    _check_scale(column, variable, values, findings)
    return Read(values, sign=np.where(np.isnan(limit), "", found.sign), limit=limit)


def plain_numbers(column: Cells, findings: Findings, *, read: parse.Numbers | None = None) -> parse.Numbers:
    """The numbers of a column as they stand (``read`` when they were read before), with a problem for every cell that is none."""
    found = parse.numbers(column.cells, column.table.decimal) if read is None else read
    _each(column, _NOT_A_NUMBER, found.bad, findings)
    say_unknown(column, found.unknown, findings)
    n = int((found.sign != "").sum())
    if n:
        findings.say(_LIMITS, column.place, f"{n:,} value{'' if n == 1 else 's'} beyond a limit of detection")
    return found


def unit_factor(column: Cells, variable: Variable, findings: Findings) -> float:
    """What file values are multiplied by. An unknown unit is said and changes nothing."""
    unit = unit_named(variable, column.choice.unit)
    if unit is None:
        findings.say(_UNIT, column.place, f"the unit {quoted(column.choice.unit)}")
        return 1.0
    return unit.factor


def _possible(column: Cells, variable: Variable, values: npt.NDArray[np.float64], findings: Findings) -> npt.NDArray[np.float64]:
    if variable.possible is None:
        return values
    low, high = variable.possible
    with np.errstate(invalid="ignore"):
        wrong = (values < low) | (values > high)
    unit = f" {variable.unit}" if variable.unit else ""
    rule = Rule("error", _IMPOSSIBLE, f"{fmt.number(low)} to {fmt.number(high)}{unit}", "The value is left out.")
    _each(column, rule, wrong, findings)
    return np.where(wrong, np.nan, values)


def _check_scale(column: Cells, variable: Variable, values: npt.NDArray[np.float64], findings: Findings) -> None:
    there = values[~np.isnan(values)]
    if len(there) == 0:
        return
    if variable.unit == "%" and looks_like_fraction(there):
        findings.say(_FRACTION, column.place, f"values from {fmt.number(float(there.min()))} to {fmt.number(float(there.max()))}")
        return
    if variable.plausible is None:
        return
    low, high = variable.plausible
    middle = float(np.median(there))
    used = unit_named(variable, column.choice.unit)
    if low <= middle <= high or used is None:
        return
    better = [u.name for u in variable.units if u.factor != used.factor and low <= middle / used.factor * u.factor <= high]
    if better:
        rule = Rule(
            "warning", _SCALE, f"a median of {fmt.number(low)} to {fmt.number(high)} {variable.unit}",
            f"The values are kept; check whether they are in {' or '.join(better)}.",
        )  # fmt: skip
        findings.say(rule, column.place, f"a median of {fmt.number(middle)} {variable.unit}")


def looks_like_fraction(there: npt.NDArray[np.float64]) -> bool:
    """True when numbers that should be per cent all lie within 0 and 1, some strictly between."""
    return len(there) >= 5 and bool(there.max() <= 1 and there.min() >= 0 and ((there > 0) & (there < 1)).any())


def read_time(column: Cells, findings: Findings, time_unit: str) -> Read:
    """Times in months. The unit is the column's own, else the file's. Negative times are the endpoint's business."""
    found = plain_numbers(column, findings)
    unit = _time_unit(column.choice.unit) or time_unit
    if column.choice.unit and not _time_unit(column.choice.unit):
        findings.say(_UNIT, column.place, f"the unit {quoted(column.choice.unit)}")
    values = found.values * MONTHS_PER[unit]
    there = values[~np.isnan(values)]
    if len(there) and float(np.median(there)) > LONGEST_MEDIAN:
        findings.say(_TIME_UNIT, column.place, f"a median of {fmt.number(float(np.median(there)))} months")
    return Read(values)


def _time_unit(name: str) -> str:
    """The time unit a file means; "" when it is not one."""
    plain = plain_unit(name).rstrip(".")
    spelled = {
        "days": ("d", "day", "days", "tage", "tag", "jours", "dias", "d\u00edas"),
        "weeks": ("w", "wk", "wks", "week", "weeks", "wochen", "semaines", "semanas"),
        "months": ("m", "mo", "mos", "mon", "month", "months", "monate", "mois", "meses"),
        "years": ("y", "yr", "yrs", "year", "years", "jahre", "ans", "ann\u00e9es", "a\u00f1os"),
    }
    return next((unit for unit, words in spelled.items() if plain in words), "")


# ---------------------------------------------------------------- codes
def spellings(choice_codes: Sequence[tuple[str, str]], codes: Sequence[tuple[str, str]], levels: Sequence[str]) -> dict[str, str]:
    """Folded text to level: the file's own codes first, then the known spellings, then the levels themselves."""
    known = {parse.folded(level): level for level in levels}
    known |= {parse.folded(text): level for text, level in codes}
    known |= {_coded(text): level for text, level in choice_codes}
    return known


def _coded(text: str) -> str:
    """A code as the file or a profile writes it: "1.0" is "1"."""
    return parse.whole(parse.folded(text))


def read_category(column: Cells, variable: Variable, findings: Findings) -> Read:
    """Levels of a category or flag. Unknown codes are left out with a warning; unknown product and center names stay as they are."""
    levels = variable.levels or (YES_NO if variable.kind == "flag" else ())
    open_list = variable.key in OPEN_LISTS or not levels
    known = spellings(column.choice.codes, variable.codes, levels)
    found = parse.codes(column.cells, known)
    values = found.levels.copy()
    say_unknown(column, found.unknown, findings)
    if open_list:
        shown = parse.texts(column.cells)
        values[found.bad] = shown[found.bad]
        return Read(values, _present(values, levels))
    expected = ", ".join(levels) if len(levels) <= 12 else f"one of {len(levels)} known codes"
    rule = (
        _CODE_FLAGS
        if variable.kind == "flag"
        else Rule("warning", "unknown-code", expected, "The value is left out until its meaning is chosen.")
    )
    _each(column, rule, found.bad, findings)
    stray = [level for level in dict.fromkeys(v for v in values if v is not None) if level not in levels]
    return Read(values, (*levels, *stray))


def _present(values: npt.NDArray[np.object_], levels: Sequence[str]) -> tuple[str, ...]:
    """Known levels that occur, in their order, then the file's own names in alphabetical order."""
    there = {v for v in values if v is not None}
    return (*(level for level in levels if level in there), *sorted(there - set(levels), key=lambda v: (v.casefold(), v)))


def read_event(column: Cells, findings: Findings, codes: Sequence[tuple[str, str]] = ()) -> Read:
    """1.0 = event, 0.0 = censored, NaN = not known."""
    known = spellings(column.choice.codes, codes, ("event", "censored"))
    if not column.choice.codes and not codes:
        known |= {"1": "event", "0": "censored", "yes": "event", "no": "censored"}
    found = parse.codes(column.cells, known)
    _each(column, _EVENT, found.bad, findings)
    say_unknown(column, found.unknown, findings)
    values = np.full(len(found.levels), np.nan)
    values[found.levels == "event"] = 1.0
    values[found.levels == "censored"] = 0.0
    return Read(values)


# ---------------------------------------------------------------- dates
def read_date(column: Cells, findings: Findings, order: parse.DateOrder) -> Read:
    """Dates at midnight; what is not a date is left out, one that is written unlike the others is kept with a warning."""
    found = parse.dates(column.cells, order)
    for fault, rule in _DATE_FAULTS.items():
        _each(column, rule, np.asarray(found.fault == fault, dtype=bool), findings)
    _each(column, _MIXED_DATES, found.minority(), findings)
    say_unknown(column, found.unknown, findings)
    return Read(found.values)


# ---------------------------------------------------------------- words
def _each(column: Cells, rule: Rule, wrong: npt.NDArray[np.bool_], findings: Findings) -> None:
    """A problem for each cell where ``wrong`` is True."""
    which = np.flatnonzero(wrong)
    if len(which) == 0:
        return
    cells = column.cells.to_numpy(dtype=object)
    findings.each(
        rule, column.place, rows=column.rows[which], found=[quoted(parse.as_text(cells[i])) for i in which], patients=column.patients[which]
    )


def say_unknown(column: Cells, unknown: npt.NDArray[np.bool_], findings: Findings) -> None:
    """One note that counts the cells which say that a value is not known."""
    which = np.flatnonzero(unknown)
    if len(which) == 0:
        return
    cells = column.cells.to_numpy(dtype=object)
    words = sorted({quoted(cells[i]) for i in which})
    more = " and others" if len(words) > 3 else ""
    findings.say(_NOT_KNOWN, column.place, f"{', '.join(words[:3])}{more} in {len(which):,} row{'' if len(which) == 1 else 's'}")
