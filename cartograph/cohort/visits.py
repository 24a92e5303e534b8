"""Responses and MRD by visit, and time courses: from columns named by visit, or from tables with one row per visit or sample."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.cohort import parse
from cartograph.cohort.findings import Findings, Place, Rule
from cartograph.cohort.join import VISIT_TARGETS, Cells, Sheet
from cartograph.cohort.model import DAYS_PER_MONTH
from cartograph.cohort.schema import MRD_LEVELS, RESPONSE_LEVELS, VARIABLES, Unit, Variable, unit_named
from cartograph.cohort.series import TEMPERATURE, check_scales, in_celsius
from cartograph.cohort.values import plain_numbers, read_category, read_number

Floats = npt.NDArray[np.float64]

_NO_TIME = Rule("error", "visit-without-time", "the month or day of the visit", "The visit is left out.")
_TWICE = Rule("error", "duplicate-visit", "one result per patient and visit", "The first result is kept, this one is left out.")
_NO_VISIT = Rule("error", "visit-without-time", "a month or day in the column's choice", "The column is left out; choose its visit.")
_UNITS = "months?|monate?|mois|mes(?:es)?|mo|m|days?|tage?|jours?|dias?|d|weeks?|wochen?|semaines?|semanas?|wk|w|years?|jahre?|y"
_NUMBER = r"\+?\s*(\d+(?:[.,]\d+)?)"
_AROUND = r"(?:visit|response|mrd|at|post|after|nach|follow[- ]?up|post[- ]?infusion|after infusion|[\s:_\-])*"
_UNIT_FIRST = re.compile(rf"{_AROUND}({_UNITS})[\s_\-]*{_NUMBER}{_AROUND}", re.IGNORECASE)
_NUMBER_FIRST = re.compile(rf"{_AROUND}{_NUMBER}[\s_\-]*({_UNITS}){_AROUND}", re.IGNORECASE)
_PER_UNIT = {
    "m": 1.0,
    "d": 1 / DAYS_PER_MONTH,
    "t": 1 / DAYS_PER_MONTH,
    "j": 1 / DAYS_PER_MONTH,
    "w": 7 / DAYS_PER_MONTH,
    "s": 7 / DAYS_PER_MONTH,
    "y": 12.0,
}


def visit_name(month: float) -> str:
    """What a visit is called: "Month 3" from a month on, "Day 28" before and between, "Baseline" at and before infusion."""
    if month <= 0:
        return "Baseline"
    nearest = round(month)
    if month >= 0.97 and abs(month - nearest) <= 0.15:
        return f"Month {nearest}"
    return f"Day {round(month * DAYS_PER_MONTH)}"


def visit_names(months: Floats) -> list[str]:
    """``visit_name`` of each month; "" where the month is not known."""
    named = {m: visit_name(m) for m in set(months[np.isfinite(months)].tolist())}
    return [named.get(m, "") for m in months.tolist()]


def month_of_name(name: str) -> float:
    """Months from a visit's whole name ("M3", "Day 28", "6 months"); NaN when it does not say ("Cycle 2 Day 1")."""
    if re.fullmatch(r"\s*(baseline|screening|pre.*)\s*", name, re.IGNORECASE):
        return 0.0
    first, second = _UNIT_FIRST.fullmatch(name), _NUMBER_FIRST.fullmatch(name)
    if first:
        unit, number = first[1], first[2]
    elif second:
        unit, number = second[2], second[1]
    else:
        return float("nan")
    word = unit.casefold()
    per = 12.0 if word.startswith("ja") else _PER_UNIT[word[0]]
    return float(number.replace(",", ".")) * per


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """The cohort's long frames (see ``Cohort``)."""

    responses: pd.DataFrame
    mrd: pd.DataFrame
    series: pd.DataFrame


_FRAMES: Mapping[str, tuple[str, ...]] = {
    "responses": ("patient_id", "month", "visit", "response"),
    "mrd": ("patient_id", "month", "visit", "status"),
    "series": ("patient_id", "day", "quantity", "value", "sign"),
}
_KINDS = {"response_visit": "responses", "response_at_visit": "responses", "mrd_visit": "mrd", "mrd_at_visit": "mrd"}


def build_visits(sheets: Sequence[Sheet], findings: Findings) -> Visits:
    """Visits and time courses of all tables, in order of patient and time; a visit with two different results keeps the first."""
    parts: dict[str, list[pd.DataFrame]] = {"responses": [], "mrd": [], "series": []}
    for sheet in sheets:
        for column in sheet.wide:
            if column.choice.target in VISIT_TARGETS:
                _wide_column(column, parts, findings)
        if sheet.long:
            _long_table(sheet, parts, findings)
    return Visits(*(_tidy(kind, parts[kind], findings) for kind in ("responses", "mrd", "series")))


def _wide_column(column: Cells, parts: dict[str, list[pd.DataFrame]], findings: Findings) -> None:
    if column.choice.visit is None or not np.isfinite(column.choice.visit):
        findings.say(_NO_VISIT, column.place, "a result by visit without its visit")
        return
    when = np.full(len(column.patients), float(column.choice.visit))
    if column.choice.target == "car_transgene_day":
        parts["series"].append(_samples(column, when, "car_transgene", findings))
    else:
        parts[_KINDS[column.choice.target]].append(_results(column, when, findings))


def _results(column: Cells, month: Floats, findings: Findings, names: Sequence[str] | None = None) -> pd.DataFrame:
    """patient_id, month, visit, response or status, and where they stood."""
    kind = _KINDS[column.choice.target]
    read = read_category(column, _visit_variable(kind), findings)
    visit = visit_names(month) if names is None else list(names)
    frame = pd.DataFrame({"patient_id": column.patients, "month": month, "visit": visit, _FRAMES[kind][3]: read.values})
    return _with_place(frame, column).loc[np.array([v is not None for v in read.values], dtype=bool)]


def _visit_variable(kind: str) -> Variable:
    key, fallback, levels = (
        ("response_visit", "best_response", RESPONSE_LEVELS) if kind == "responses" else ("mrd_visit", "best_mrd", MRD_LEVELS)
    )
    known = VARIABLES.get(key) or VARIABLES.get(fallback)
    codes = (*(VARIABLES[fallback].codes if fallback in VARIABLES else ()), *(known.codes if known else ()))
    return Variable(key, key, "category", "Response", timing="post-infusion", levels=levels, codes=codes)


def _with_place(frame: pd.DataFrame, column: Cells) -> pd.DataFrame:
    return frame.assign(_row=np.asarray(column.rows, dtype=np.float64), _table=column.place.table, _header=column.place.column)


def series_variable(quantity: str, unit: str = "") -> Variable:
    """The variable that gives a time course its unit: the laboratory value at day 0, or the transgene sample; else the file's ``unit``."""
    if quantity == TEMPERATURE.key:
        return TEMPERATURE
    for key in (f"{quantity}_d0", f"{quantity}_day", f"{quantity}_pre", quantity):
        if key in VARIABLES and VARIABLES[key].kind == "number":
            return VARIABLES[key]
    return Variable(quantity, quantity, "number", "Kinetics", timing="post-infusion", unit=unit, units=(Unit(unit, 1.0),))


def _samples(column: Cells, day: Floats, quantity: str, findings: Findings) -> pd.DataFrame:
    variable = series_variable(quantity, column.choice.unit)
    read = read_number(column, variable, findings)
    sign = np.full(len(day), "", dtype=object) if read.sign is None else read.sign
    values = read.values
    if variable is TEMPERATURE:
        values = in_celsius(values, column.place, findings)
    elif column.choice.target.startswith("series:"):
        check_scales(_measured(column, variable), column.patients, variable, column.place, findings)
    frame = pd.DataFrame({"patient_id": column.patients, "day": day, "quantity": quantity, "value": values, "sign": sign})
    known: pd.DataFrame = _with_place(frame, column).loc[~np.isnan(values)]
    return known


def _measured(column: Cells, variable: Variable) -> Floats:
    """Values in the canonical unit, impossible ones as well, without those given as limits."""
    found = parse.numbers(column.cells, column.table.decimal)
    unit = unit_named(variable, column.choice.unit)
    return np.where(found.sign == "", found.values * (1.0 if unit is None else unit.factor), np.nan)


# ---------------------------------------------------------------- tables with one row per visit or sample
def _long_table(sheet: Sheet, parts: dict[str, list[pd.DataFrame]], findings: Findings) -> None:
    by_target = {c.choice.target: c for c in sheet.long}
    month, names = _visit_times(by_target, findings)
    day = plain_numbers(by_target["sample_day"], findings).values if "sample_day" in by_target else month * DAYS_PER_MONTH
    if not np.isfinite(month).any():
        month = day / DAYS_PER_MONTH
    for column in sheet.long:
        target = column.choice.target
        if target in _KINDS:
            parts[_KINDS[target]].append(_timed(_results(column, month, findings, names), "month", findings))
        elif target.startswith("series:"):
            quantity = target.partition(":")[2] or "quantity"
            parts["series"].append(_timed(_samples(column, day, quantity, findings), "day", findings))


def _visit_times(by_target: Mapping[str, Cells], findings: Findings) -> tuple[Floats, list[str] | None]:
    """Months of the rows, and the visits' names where the file names them."""
    n = len(next(iter(by_target.values())).patients)
    month = np.full(n, np.nan)
    if "visit_month" in by_target:
        month = plain_numbers(by_target["visit_month"], findings).values
    if "visit_day" in by_target:
        by_day = plain_numbers(by_target["visit_day"], findings).values / DAYS_PER_MONTH
        month = np.where(np.isnan(month), by_day, month)
    if "visit_name" not in by_target:
        return month, None
    names = parse.texts(by_target["visit_name"].cells)
    planned = {str(name): month_of_name(str(name)) for name in set(names)}
    by_name = np.array([planned[str(name)] for name in names] + [np.nan])[:-1]
    month = np.where(np.isnan(month), by_name, month)
    label = [visit_name(planned[str(s)]) if np.isfinite(planned[str(s)]) else str(s) for s in names]
    return month, [text or spelled for text, spelled in zip(label, visit_names(month), strict=True)]


def _timed(frame: pd.DataFrame, time: str, findings: Findings) -> pd.DataFrame:
    """The rows whose time is known; a problem for each of the others."""
    lost = frame[time].isna()
    _each(_NO_TIME, frame.loc[lost], "a result without a time", findings)
    return frame.loc[~lost]


def _each(rule: Rule, frame: pd.DataFrame, words: str, findings: Findings) -> None:
    for (table, header), rows in frame.groupby(["_table", "_header"], sort=False):
        findings.each(
            rule,
            Place(str(table), str(header)),
            rows=rows["_row"].to_numpy(),
            found=[words] * len(rows),
            patients=rows["patient_id"].to_numpy(),
        )


def _tidy(kind: str, parts: list[pd.DataFrame], findings: Findings) -> pd.DataFrame:
    """One frame, one result per patient and time, in order of patient (as in the file) and time."""
    columns = list(_FRAMES[kind])
    parts = [p for p in parts if len(p)]
    if not parts:
        return pd.DataFrame({c: pd.Series(dtype="float64" if c in ("month", "day", "value") else "object") for c in columns})
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.drop_duplicates(columns)
    at = ["patient_id", "day", "quantity"] if kind == "series" else ["patient_id", "month"]
    again = frame.duplicated(at)
    _each(_TWICE, frame.loc[again], "a second, different result for the same visit", findings)
    frame = frame.loc[~again]
    first = frame["patient_id"].map({p: i for i, p in enumerate(dict.fromkeys(frame["patient_id"]))})
    order = ["_first", *(["quantity", "day"] if kind == "series" else ["month"])]
    return frame.assign(_first=first).sort_values(order, kind="stable")[columns].reset_index(drop=True)
