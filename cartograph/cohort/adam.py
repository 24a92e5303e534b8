"""ADaM sets (CDISC): ADSL, ADTTE and ADRS turned into ordinary tables, one row per patient or per visit.

Sources: CDISC ADaM Basic Data Structure for Time-to-Event Analyses 1.0 (CNSR 0 = event, above 0 = censored);
ADaM Implementation Guide 1.3 (ADY has no day 0).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from cartograph.cohort.model import DAYS_PER_MONTH
from cartograph.cohort.problems import Problem, Severity
from cartograph.cohort.tables import RawTable

_DAYS: Mapping[str, float] = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": 365.25}
_UNIT_WORDS: Mapping[str, str] = {
    word: unit
    for unit, words in {
        "days": "d day days",
        "weeks": "w wk wks week weeks",
        "months": "m mo mos month months",
        "years": "y yr yrs year years",
    }.items()
    for word in words.split()
}
_BEST = ("BESRSP", "BESTRSP", "BOR", "CBOR", "BRSP", "CBRSP", "CBOVR", "BOVR")
_OVERALL = ("OVR", "OVLRESP", "OVERALL")
_BEFORE_TREATMENT = ("SCREENING", "BASELINE")
_ADSL_MARKS = frozenset({"STUDYID", "TRT01P", "TRT01A", "ARM", "ACTARM", "ITTFL", "SAFFL", "TRTSDT", "RANDDT"})
# of a patient, not of a parameter: carried over only when the set has no ADSL
_PATIENT_COLUMNS = ("AGE", "SEX", "RACE", "ARM", "ACTARM", "TRT01P", "TRT01A", "TRTSDT", "TRTSDTM")


@dataclass(slots=True)
class _Domain:
    """One recognised table: cells by upper-case variable name, and what was noticed on the way."""

    table: RawTable
    names: dict[str, str]  # upper-case name -> header
    problems: list[Problem] = field(default_factory=list)

    def column(self, name: str) -> pd.Series[Any]:
        """Cells of a variable; all missing when the table does not have it."""
        if name not in self.names:
            return pd.Series([None] * len(self.table.frame), index=self.table.frame.index, dtype="object")
        return self.table.frame[self.names[name]]

    def text(self, name: str) -> pd.Series[Any]:
        return self.column(name).map(lambda v: None if v is None else str(v).strip()).astype("object")

    def number(self, name: str) -> pd.Series[float]:
        """Numbers of a variable; NaN where a cell is missing or no number."""
        return self.column(name).map(self._number).astype("float64")

    def _number(self, value: object) -> float:
        if isinstance(value, str):
            value = value.replace(",", ".") if self.table.decimal == "," else value
        try:
            return float(value) if isinstance(value, str | int | float) else math.nan
        except ValueError:
            return math.nan

    def say(
        self,
        severity: Severity,
        kind: str,
        found: str,
        expected: str,
        done: str,
        *,
        column: str = "",
        patient: str = "",
        row: int | None = None,
    ) -> None:
        self.problems.append(Problem(severity, kind, self.table.name, self.names.get(column, column), row, found, expected, done, patient))


def reshape(tables: Sequence[RawTable]) -> tuple[RawTable, ...] | None:
    """The tables of an ADaM set as ordinary tables, in the order ADSL, endpoints, responses, the rest; None when it is no such set.

    ADSL and tables that are not of the set come back unchanged. ADTTE becomes "ADTTE (endpoints)", one row per patient, with
    "PFS time (days)" and "PFS event" ("event" or "censored"); ADRS becomes "ADRS (responses)", one row per visit, and
    "ADRS (best response)", one row per patient. What was turned round is noted in ``problems``. Indexes hold row numbers of the source.
    """
    domains = {id(t): (_kind(t), t) for t in tables}
    kinds = {kind for kind, _ in domains.values()}
    if not kinds & {"ADTTE", "ADRS"}:
        return None
    subjects: list[RawTable] = []
    made: list[RawTable] = []
    rest: list[RawTable] = []
    for kind, table in domains.values():
        if kind == "ADSL":
            subjects.append(table)
        elif kind == "ADTTE":
            made.append(_endpoints(_domain(table), with_patient="ADSL" not in kinds))
        elif kind == "ADRS":
            made.extend(_responses(_domain(table)))
        else:
            rest.append(table)
    return (*subjects, *_named_apart(made), *rest)


def _named_apart(tables: Sequence[RawTable]) -> list[RawTable]:
    names = [t.name for t in tables]
    return [
        t if names[:i].count(t.name) == 0 else replace(t, name=f"{t.name} ({names[:i].count(t.name) + 1})") for i, t in enumerate(tables)
    ]


def _domain(table: RawTable) -> _Domain:
    return _Domain(table, {str(c).strip().upper(): str(c) for c in table.frame.columns})


def _kind(table: RawTable) -> str:
    names = set(_domain(table).names)
    if "USUBJID" not in names:
        return ""
    if {"PARAMCD", "AVAL", "CNSR"} <= names:
        return "ADTTE"
    if {"PARAMCD", "AVALC"} <= names and names & {"AVISIT", "AVISITN", "ADY", "ADT", "ADTM"} and _has_responses(table):
        return "ADRS"
    if "PARAMCD" not in names and names & _ADSL_MARKS and not _domain(table).text("USUBJID").duplicated().any():
        return "ADSL"
    return ""


def _has_responses(table: RawTable) -> bool:
    """True when some parameter is an overall or best response; other tables with AVALC (laboratory, ECOG) stay as they are."""
    domain = _domain(table)
    pairs = pd.DataFrame({"code": domain.text("PARAMCD"), "words": domain.text("PARAM")}).drop_duplicates()
    return any(_is_best(c, w) or _is_overall(c, w) for c, w in pairs.itertuples(index=False))


def _is_best(code: str | None, words: str | None) -> bool:
    text = (words or "").lower()
    return (code or "").upper().startswith(_BEST) or ("best" in text and "response" in text)


def _is_overall(code: str | None, words: str | None) -> bool:
    return not _is_best(code, words) and ((code or "").upper().startswith(_OVERALL) or "overall response" in (words or "").lower())


# ---------------------------------------------------------------- ADTTE


def _endpoints(domain: _Domain, *, with_patient: bool) -> RawTable:
    """One row per patient, two columns per endpoint."""
    patients = domain.text("USUBJID")
    first = patients[patients.notna() & ~patients.duplicated()]
    frame = pd.DataFrame({"USUBJID": first}, dtype="object")
    labels = {"USUBJID": "Unique subject identifier"}
    if with_patient:
        for name in _PATIENT_COLUMNS:
            if name in domain.names:
                frame[name] = domain.column(name).loc[first.index]
    turned: list[str] = []
    codes = domain.text("PARAMCD")
    for code in dict.fromkeys(c for c in codes if c is not None):
        rows = domain.table.frame.index[codes == code]
        words = next((w for w in domain.text("PARAM").loc[rows] if w), code)
        unit = _unit(domain, code, rows, words)
        if unit is None:
            continue
        pairs = _one_per_patient(domain, code, rows, unit)
        time_name, event_name = f"{code} time ({unit})" if unit else f"{code} time", f"{code} event"
        frame[time_name] = [pairs.get(p, (None, None))[0] for p in first]
        frame[event_name] = [pairs.get(p, (None, None))[1] for p in first]
        labels |= {time_name: f"{words}: time", event_name: f"{words}: event or censored"}
        turned.append(code)
    if turned:
        done = "Turned round: CNSR 0 became 'event', CNSR above 0 became 'censored'."
        domain.say("note", "censoring-turned", f"endpoints {', '.join(turned)}", "time and event of each patient", done, column="CNSR")
    frame = _plain(frame)
    return RawTable("ADTTE (endpoints)", frame, labels, problems=(*domain.table.problems, *domain.problems))


def _unit(domain: _Domain, code: str, rows: pd.Index[Any], words: str) -> str | None:
    """The usual time unit of a parameter, "" when the file does not say, None when it is no time."""
    stated = [u.lower() for u in domain.text("AVALU").loc[rows] if u]
    known = [_UNIT_WORDS[u] for u in stated if u in _UNIT_WORDS]
    if known:
        return max(dict.fromkeys(known), key=known.count)
    if stated:
        found = f"parameter {code} ({words}) in '{stated[0]}'"
        domain.say("note", "not-a-time", found, "days, weeks, months or years", "Not a time-to-event endpoint: left out.", column="AVALU")
        return None
    named = [_UNIT_WORDS[w] for w in words.lower().replace("(", " ").replace(")", " ").split() if len(w) > 3 and w in _UNIT_WORDS]
    if named:
        return named[-1]
    domain.say(
        "warning", "no-unit", f"no time unit for {code}", "AVALU with days, weeks, months or years", "Choose the unit.", column="AVALU"
    )
    return ""


def _one_per_patient(domain: _Domain, code: str, rows: pd.Index[Any], unit: str) -> dict[str, tuple[float | None, str | None]]:
    """Time and event text by patient. Rows flagged for the analysis (ANL01FL) win; rows that contradict each other count as missing."""
    long = pd.DataFrame({"patient": domain.text("USUBJID"), "time": domain.number("AVAL"), "censored": domain.number("CNSR")}).loc[rows]
    stated = domain.text("AVALU").loc[rows].map(lambda u: _UNIT_WORDS.get((u or "").lower(), unit))
    if unit and (stated != unit).any():
        long["time"] *= stated.map(lambda u: _DAYS[u] / _DAYS[unit]).astype("float64")
        found = f"{int((stated != unit).sum())} values of {code} in another unit"
        domain.say("note", "mixed-units", found, unit, f"Converted to {unit}.", column="AVALU")
    flagged = domain.text("ANL01FL").loc[rows] == "Y"
    long = long[flagged | ~long["patient"].isin(set(long["patient"][flagged]))]
    unknown = long["censored"].isna() | (long["censored"] < 0)
    for row, patient in long.loc[unknown, "patient"].items():
        found, done = "no or a negative CNSR", "Event and time are taken as missing."
        domain.say("warning", "no-censoring", found, "0 (event) or above 0", done, column="CNSR", patient=str(patient), row=_row(row))
    pairs: dict[str, tuple[float | None, str | None]] = {}
    long = long[~unknown & long["patient"].notna()].drop_duplicates()
    for row, patient, time, censored in long.itertuples():
        pair: tuple[float | None, str | None] = (None if math.isnan(time) else time, "event" if censored == 0 else "censored")
        if pairs.get(patient, pair) != pair:
            found, done = f"different values of {code} for one patient", "Taken as missing. Keep one row per patient (ANL01FL = Y)."
            domain.say("error", "conflicting-rows", found, "one row per patient and endpoint", done, patient=patient, row=_row(row))
            pair = (None, None)
        pairs[patient] = pair
    return pairs


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as a RawTable holds it: objects, None where a value is missing."""
    cells = {c: [None if pd.isna(v) else v for v in frame[c].tolist()] for c in frame.columns}
    return pd.DataFrame({c: pd.Series(v, index=frame.index, dtype="object") for c, v in cells.items()}, index=frame.index)


def _row(label: object) -> int | None:
    return label if isinstance(label, int) else None


# ---------------------------------------------------------------- ADRS


def _responses(domain: _Domain) -> list[RawTable]:
    """The overall responses by visit, and the best response per patient; only those that the table has."""
    pairs = pd.DataFrame({"code": domain.text("PARAMCD"), "words": domain.text("PARAM")}).drop_duplicates("code").dropna(subset="code")
    overall = [c for c, w in pairs.itertuples(index=False) if _is_overall(c, w)]
    best = [c for c, w in pairs.itertuples(index=False) if _is_best(c, w)]
    words: dict[str, str] = {c: w or c for c, w in pairs.itertuples(index=False)}
    used = overall[:1] + best[:1]
    unused = [c for c in words if c not in used]
    if unused:
        found = f"parameters {', '.join(unused)}"
        expected = f"one response by visit and one best response ({', '.join(used)} taken)"
        domain.say("note", "parameters-left-out", found, expected, "Left out.", column="PARAMCD")
    tables: list[RawTable] = []
    if overall:
        frame, labels = _by_visit(domain, overall[0], words[overall[0]])
        tables.append(RawTable("ADRS (responses)", frame, labels))
    if best:
        frame, labels = _best(domain, best[0], words[best[0]])
        tables.append(RawTable("ADRS (best response)", frame, labels))
    tables[0] = replace(tables[0], problems=(*domain.table.problems, *domain.problems))
    return tables


def _by_visit(domain: _Domain, code: str, words: str) -> tuple[pd.DataFrame, dict[str, str]]:
    rows = domain.text("PARAMCD") == code
    month, origin = _months(domain)
    visit = domain.text("AVISIT")
    early = visit.map(lambda v: (v or "").upper().startswith(_BEFORE_TREATMENT)) | (month <= 0)
    early &= rows
    if early.any():
        found = f"{int(early.sum()):,} responses from before treatment"
        domain.say("note", "before-treatment", found, "visits after treatment", "Left out.", column="AVISIT")
    rows &= ~early & domain.text("USUBJID").notna() & domain.text("AVALC").notna()
    columns: dict[str, pd.Series[Any]] = {"USUBJID": domain.text("USUBJID")}
    if month.notna().any():
        columns["visit month"] = month.round(2)
        domain.say("note", "visit-month", f"visits by day ({origin})", "months", f"Days divided by {DAYS_PER_MONTH}.")
    if visit.notna().any():
        columns["visit"] = visit
    columns["response"] = domain.text("AVALC")
    frame = pd.DataFrame(columns)[rows]
    return _plain(frame), {
        "response": words,
        "visit": "Visit as named in the study",
        "visit month": f"Months by {origin}",
    }


def _months(domain: _Domain) -> tuple[pd.Series[float], str]:
    """Months since the start of treatment of each row, from ADY or from dates; NaN where neither is known."""
    day = domain.number("ADY")
    if day.notna().any():
        # ADaM counts the first day as day 1 and the day before it as day -1
        return (day.where(day <= 0, day - 1)) / DAYS_PER_MONTH, "ADY, day 1 = start of treatment"
    date, start = _dates(domain, "ADT", "ADTM"), _dates(domain, "TRTSDT", "TRTSDTM")
    return (date.dt.normalize() - start.dt.normalize()).dt.days / DAYS_PER_MONTH, "ADT minus TRTSDT"


def _dates(domain: _Domain, *names: str) -> pd.Series[Any]:
    for name in names:
        cells = domain.column(name)
        if cells.notna().any():
            return pd.to_datetime(cells.map(_date), errors="coerce")
    return pd.Series(pd.NaT, index=domain.table.frame.index, dtype="datetime64[ns]")


def _date(value: object) -> pd.Timestamp | None:
    """ISO dates only: SAS counts (days since 1960) and local orders are not guessed here."""
    if isinstance(value, pd.Timestamp):
        return value
    if isinstance(value, str) and len(value) >= 10 and value[4] == value[7] == "-":
        parsed = pd.to_datetime(value[:10], format="%Y-%m-%d", errors="coerce")
        return None if pd.isna(parsed) else parsed
    return None


def _best(domain: _Domain, code: str, words: str) -> tuple[pd.DataFrame, dict[str, str]]:
    rows = (domain.text("PARAMCD") == code) & domain.text("USUBJID").notna()
    frame = pd.DataFrame({"USUBJID": domain.text("USUBJID"), "best response": domain.text("AVALC")})[rows].drop_duplicates()
    twice = frame["USUBJID"].duplicated(keep=False)
    for patient in dict.fromkeys(frame.loc[twice, "USUBJID"]):
        done = "Taken as missing."
        domain.say("error", "conflicting-rows", "two best responses of one patient", "one", done, column="AVALC", patient=str(patient))
    frame.loc[twice, "best response"] = None
    frame = frame.drop_duplicates("USUBJID")
    return _plain(frame), {"best response": words}
