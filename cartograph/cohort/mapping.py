"""How the columns of a file become the columns of a cohort: a value that can be shown, changed, saved and used again.

Targets are keys of ``schema.VARIABLES``, EXTRA, DROP, "series:<lab>" in a table with one row per sample, or, for a time-to-event pair
other than PFS, OS and DOR, "endpoint:<slug>:time" and "endpoint:<slug>:event" (``endpoint_names.endpoint_keys`` takes them apart).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from cartograph.cohort import parse
from cartograph.cohort.endpoint_names import endpoint_of, endpoint_part
from cartograph.cohort.problems import CohortError, Problem
from cartograph.cohort.schema import VARIABLES
from cartograph.cohort.tables import RawTable

Confidence = Literal["certain", "likely", "guess", "none"]
TimeUnit = Literal["days", "weeks", "months", "years"]
DateOrder = Literal["iso", "day-first", "month-first"]
EXTRA = "extra"  # target of a column without a canonical name: stays usable as biomarker or filter
DROP = "drop"  # target of a column that is left out (identifying columns, columns the user does not want)
PROFILE_KIND = "cartograph mapping profile"
PROFILE_VERSION = 1
MOST_CODES = 500  # of one column in a profile
MOST_COLUMNS = 20_000
MOST_TEXT = 5_000_000  # characters of a profile


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
    date_order: DateOrder = "iso"
    name: str = ""


# ---------------------------------------------------------------- changing
def change(mapping: Mapping, table: str, header: str, **changes: Any) -> Mapping:
    """The mapping with other fields for one column: ``change(m, "a.csv", "CRP", target="crp_pre", unit="mg/dL")``.

    Raises
    ------
    ValueError
        When the mapping has no such column.
    """
    if not any(c.table == table and c.header == header for c in mapping.columns):
        raise ValueError(f"no column '{header}' in {table}")
    columns = tuple(replace(c, **changes) if (c.table, c.header) == (table, header) else c for c in mapping.columns)
    return replace(mapping, columns=columns)


_OTHER_WAY = {"event": "censored", "censored": "event"}


def turn_round(choice: ColumnChoice) -> ColumnChoice:
    """An event column read the other way: what was an event is censored, and back."""
    codes = tuple((text, _OTHER_WAY.get(level, level)) for text, level in choice.codes)
    return replace(choice, codes=codes, confidence="certain", evidence=("turned round by you",))


def event_summary(table: RawTable, choice: ColumnChoice) -> str:
    """What an event column says under its codes: "1 = progression or death: 21 of 52 events (40 %)".

    Texts without a code are counted behind it. Patients with several rows count once per row.
    """
    part = endpoint_part(choice.target)
    words = endpoint_of(part[0]).event_words if part else "event"
    level_of = _event_levels(choice)
    shown = [parse.whole(text) for text in parse.texts(table.frame[choice.header])]
    levels = np.array([level_of.get(parse.folded(text), "") for text in shown] + [""], dtype=object)[:-1]
    there = np.array([text != "" and parse.folded(text) not in parse.MISSING_TEXTS for text in shown] + [False], dtype=bool)[:-1]
    events, known = int((levels == "event").sum()), int((levels != "").sum())
    unclear = int((there & (levels == "")).sum())
    texts = dict.fromkeys(text for text, level in zip(shown, levels, strict=True) if level == "event")
    meaning = f"{' or '.join(list(texts)[:3]) or 'no value in the file'} = {words}"
    share = f" ({100 * events / known:.0f} %)" if known else ""
    more = f"; {unclear:,} value{'' if unclear == 1 else 's'} without a meaning" if unclear else ""
    return f"{meaning}: {events:,} of {known:,} events{share}{more}"


def _event_levels(choice: ColumnChoice) -> dict[str, str]:
    """Folded text to "event" or "censored": the column's own codes before the known spellings, as when the cohort is built."""
    variable = VARIABLES.get(choice.target)
    codes = variable.codes if variable is not None else ()
    if not choice.codes and not codes:
        codes = (("1", "event"), ("0", "censored"), ("yes", "event"), ("no", "censored"))
    known = {parse.folded(text): level for text, level in (("event", "event"), ("censored", "censored"), *codes)}
    return known | {parse.whole(parse.folded(text)): level for text, level in choice.codes}


# ---------------------------------------------------------------- profiles
def to_profile(mapping: Mapping) -> str:
    """The mapping as a small text (JSON) to be used again. It holds headers, units and codes, and no values of patients."""
    content = {
        "kind": PROFILE_KIND,
        "version": PROFILE_VERSION,
        "name": mapping.name,
        "time_unit": mapping.time_unit,
        "date_order": mapping.date_order,
        "columns": [_column_out(choice) for choice in mapping.columns],
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def _column_out(choice: ColumnChoice) -> dict[str, Any]:
    out: dict[str, Any] = {"table": choice.table, "header": choice.header, "target": choice.target}
    if choice.unit:
        out["unit"] = choice.unit
    if choice.codes and not choice.identifying:
        out["codes"] = [list(pair) for pair in choice.codes]
    if choice.visit is not None:
        out["visit"] = choice.visit
    return out | ({"identifying": choice.identifying} if choice.identifying else {})


def from_profile(text: str) -> Mapping:
    """The mapping that ``to_profile`` wrote; its choices count as certain.

    Raises
    ------
    CohortError
        When the text is no mapping profile; it says what was found.
    """
    try:
        content = json.loads(text) if len(text) <= MOST_TEXT else None
    except (ValueError, RecursionError):
        raise _no_profile("text that is not JSON") from None
    if not isinstance(content, dict) or content.get("kind") != PROFILE_KIND:
        raise _no_profile("another kind of file")
    if content.get("version") != PROFILE_VERSION:
        raise _no_profile(f"version {str(content.get('version'))[:20]!r}, and this program reads version {PROFILE_VERSION}")
    columns, name = content.get("columns"), content.get("name", "")
    time_unit, date_order = content.get("time_unit", "months"), content.get("date_order", "iso")
    if not isinstance(columns, list) or not isinstance(name, str) or len(columns) > MOST_COLUMNS:
        raise _no_profile("no list of columns")
    if time_unit not in get_args(TimeUnit) or date_order not in get_args(DateOrder):
        raise _no_profile("a time unit or an order of dates that is not known")
    return Mapping(tuple(_column_in(entry, i) for i, entry in enumerate(columns, start=1)), time_unit, date_order, name)


def _no_profile(found: str) -> CohortError:
    done = "Nothing was changed. Download a profile from the Data page and use that file."
    return CohortError([Problem("error", "bad-profile", "mapping profile", "", None, found, "a mapping profile of CARTograph", done)])


def _column_in(entry: Any, position: int) -> ColumnChoice:
    if not isinstance(entry, dict):
        raise _no_profile(f"an entry {position} that is no column")
    table, header, target = (entry.get(name) for name in ("table", "header", "target"))
    unit, identifying, visit = entry.get("unit", ""), entry.get("identifying", ""), entry.get("visit")
    if not all(isinstance(text, str) for text in (table, header, target, unit, identifying)) or not _is_target(str(target)):
        raise _no_profile(f"column {position} without table, header or a known target")
    number = isinstance(visit, int | float) and not isinstance(visit, bool) and math.isfinite(visit)
    if visit is not None and not number:
        raise _no_profile(f"column {position} with a visit that is no number")
    codes = _codes_in(entry.get("codes", []), position)
    when = None if visit is None else float(visit)
    return ColumnChoice(str(table), str(header), str(target), str(unit), codes, when, "certain", ("mapping profile",), str(identifying))


def _codes_in(codes: Any, position: int) -> tuple[tuple[str, str], ...]:
    fine = isinstance(codes, list) and len(codes) <= MOST_CODES
    if not fine or not all(isinstance(p, list) and len(p) == 2 and all(isinstance(text, str) for text in p) for p in codes):
        raise _no_profile(f"column {position} with codes that cannot be read")
    return tuple((text, level) for text, level in codes)


def _is_target(target: str) -> bool:
    return target in VARIABLES or target in (EXTRA, DROP) or target.startswith("series:") or endpoint_part(target) is not None


def fits(mapping: Mapping, tables: Sequence[RawTable]) -> bool:
    """True when the tables have exactly the columns that the mapping speaks of; order and names of tables do not matter."""
    return _pairs(mapping, tables) is not None


def apply_profile(profile: Mapping, tables: Sequence[RawTable]) -> Mapping:
    """The profile for these tables, with their names and in the order of their columns.

    Raises
    ------
    ValueError
        When the profile does not fit the tables (``fits``).
    """
    pairs = _pairs(profile, tables)
    if pairs is None:
        raise ValueError("the profile speaks of other columns")
    by_place = {(c.table, c.header): c for c in profile.columns}
    columns = tuple(replace(by_place[pairs[t.name], str(h)], table=t.name) for t in tables for h in t.frame.columns)
    return replace(profile, columns=columns)


def _pairs(mapping: Mapping, tables: Sequence[RawTable]) -> dict[str, str] | None:
    """Name of each table to the name of the table in the mapping that has the same headers; None when one has no partner."""
    headers: dict[str, set[str]] = {}
    for choice in mapping.columns:
        headers.setdefault(choice.table, set()).add(choice.header)
    found: dict[str, str] = {}
    for table in sorted(tables, key=lambda t: t.name not in headers):
        mine = {str(h) for h in table.frame.columns}
        free = [name for name, theirs in headers.items() if theirs == mine and name not in found.values()]
        if mine and not free:
            return None
        if free:
            found[table.name] = table.name if table.name in free else free[0]
    return found if len(found) == len(headers) else None
