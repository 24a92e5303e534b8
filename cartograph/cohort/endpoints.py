"""Time-to-event pairs: from time and event columns, or from dates; and what does not fit together in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.endpoint_names import endpoint_keys, endpoint_of
from cartograph.cohort.findings import Findings, Place, Rule
from cartograph.cohort.join import Placed, Roster
from cartograph.cohort.model import DAYS_PER_MONTH, Endpoint
from cartograph.cohort.schema import RESPONDERS

__all__ = ["Endpoints", "build_endpoints", "endpoint_keys", "endpoint_of"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FIRST = ("pfs", "os", "dor")
TOLERANCE = 0.05  # months (1.5 days): what rounding to a tenth of a month can do
DISAGREE = 1.0  # months between a given time and the one that the dates say

_NEGATIVE = Rule("error", "negative-time", "a time of 0 or more", "Time and event of this endpoint are left out.")
_ZERO = Rule("warning", "zero-time", "a time above 0", "The patient is kept and leaves the curve at time 0.")
_NO_EVENT = Rule("warning", "event-missing", "event or no event for a patient with a time", "The patient does not count for this endpoint.")
_NO_TIME = Rule("warning", "time-missing", "a time for a patient with event or no event", "The patient does not count for this endpoint.")
_HALF = Rule("warning", "endpoint-incomplete", "a time and an event column", "The endpoint is left out; choose the other column.")
_EMPTY = Rule("warning", "endpoint-empty", "a patient with time and event", "The endpoint is left out.")
_NONE_HAPPENED = Rule("warning", "no-events", "at least one event", "Check the coding of the event column; curves stay at 100 %.")
_ALL_HAPPENED = Rule(
    "warning", "no-censoring", "patients without an event", "Check the coding of the event column: every patient has the event."
)
_SHORTER = Rule("warning", "os-shorter-than-pfs", "OS at least as long as PFS", "Both are kept; check the two times.")
_DIED = Rule("warning", "death-without-pfs-event", "death to count as a PFS event", "Both are kept; check the PFS event.")
_NO_RESPONSE = Rule("warning", "dor-without-response", "a response of PR or better", "DOR is kept; check the best response.")
_DEATH_UNDATED = Rule("warning", "death-without-date", "a date of death for a patient who died", "The patient is kept; fill in the date.")
_ALIVE_DATED = Rule(
    "warning", "death-date-without-death", "no date of death for a patient who is alive", "The patient is kept as alive; check."
)
_DATES = Rule("warning", "dates-disagree", "a time and event that fit the dates", "The time and event columns are used.")
_BEFORE = Rule("error", "date-before-infusion", "a date on or after the infusion", "The date is left out.")
_NO_INFUSION = Rule("warning", "no-infusion-date", "an infusion date", "Times cannot be counted for this patient.")
_ORDER = Rule("warning", "dates-in-wrong-order", "dates in the order progression, last contact, death", "The dates are kept; check them.")
_DERIVED = Rule("note", "derived-endpoint", "a time and an event column", "It is counted for you: look at one or two patients to check.")


@dataclass(frozen=True, slots=True, eq=False)
class Endpoints:
    """Endpoints of a cohort and their columns: ``values`` holds times (months) and events (1, 0, NaN), one entry per patient."""

    specs: Mapping[str, Endpoint]
    values: Mapping[str, Floats]


@dataclass(slots=True)
class _Builder:
    placed: Mapping[str, Placed]
    roster: Roster
    responses: pd.DataFrame
    findings: Findings
    specs: dict[str, Endpoint] = field(default_factory=dict)
    values: dict[str, Floats] = field(default_factory=dict)
    months: dict[str, Floats] = field(default_factory=dict)  # of a date after infusion, by key of the date column

    # ------------------------------------------------------------ words
    def each(self, rule: Rule, key: str, wrong: Bools, words: list[str] | str) -> None:
        """A problem for each patient where ``wrong``, at the column of ``key``."""
        which = np.flatnonzero(wrong)
        at = self.place_of(key)
        rows: npt.NDArray[Any] = at.rows if at else np.full(len(wrong), np.nan)
        found = [words] * len(which) if isinstance(words, str) else words
        self.findings.each(rule, at.place if at else Place("", ""), rows=rows[which], found=found, patients=self.roster.ids[which])

    def place_of(self, key: str) -> Placed | None:
        """The column of ``key``, or the one that it was counted from."""
        source = {"pfs": "progression_date", "os": "last_contact_date", "dor": "best_response"}.get(key.partition("_")[0], "")
        return next(
            (self.placed[k] for k in (key, source, "pfs_time", "infusion_date") if k in self.placed and self.placed[k].place.table), None
        )

    def say(self, rule: Rule, key: str, words: str) -> None:
        at = self.place_of(key)
        self.findings.say(rule, at.place if at else Place("", ""), words)

    def given(self, key: str) -> Floats | None:
        at = self.placed.get(key)
        return None if at is None else np.asarray(at.values, dtype=np.float64).copy()

    # ------------------------------------------------------------ dates
    def read_dates(self) -> None:
        """Months from infusion to each date; dates before infusion are left out."""
        start = self.placed.get("infusion_date")
        if start is None:
            return
        nowhere = np.zeros(len(self.roster.ids), dtype=bool)
        for key in ("progression_date", "death_date", "last_contact_date", "response_date"):
            at = self.placed.get(key)
            if at is None:
                continue
            days = (at.values - start.values) / np.timedelta64(1, "D")
            early = days < 0
            self.each(_BEFORE, key, early, [f"{-d:.0f} day{'' if d == -1 else 's'} before the infusion" for d in days[early]])
            self.months[key] = np.where(early, np.nan, days) / DAYS_PER_MONTH
            nowhere |= np.isnat(start.values) & ~np.isnat(at.values)
        self.each(_NO_INFUSION, "infusion_date", nowhere, "no infusion date, but later dates")
        self._check_order("progression_date", "death_date", "progression after death")
        self._check_order("last_contact_date", "death_date", "last contact after death")
        self._check_order("progression_date", "last_contact_date", "progression after the last contact")

    def _check_order(self, first: str, second: str, words: str) -> None:
        if first in self.months and second in self.months:
            with np.errstate(invalid="ignore"):
                wrong = self.months[first] > self.months[second]
            if first == "progression_date" and "death_date" in self.months:
                wrong &= np.isnan(self.months["death_date"]) | (second == "death_date")
            self.each(_ORDER, first, wrong, words)

    def dated(self, key: str) -> tuple[Floats, Floats] | None:
        """Time and event of PFS or OS from the dates; None when the dates do not say."""
        last = self.months.get("last_contact_date")
        death = self.months.get("death_date")
        hits = [death] if key == "os" else [self.months.get("progression_date"), death if death is not None else self._death_by_time()]
        if hits[0] is None or (last is None and death is None):
            return None
        first = np.fmin.reduce([h for h in hits if h is not None])
        happened = ~np.isnan(first)
        end = np.where(happened, first, last if last is not None else np.nan)
        return end, np.where(np.isnan(end), np.nan, happened.astype(np.float64))

    def _death_by_time(self) -> Floats | None:
        """Months to death from OS columns, for files that date the progression but not the death."""
        time, event = self.given("os_time"), self.given("os_event")
        return None if time is None or event is None else np.where(event == 1, time, np.nan)

    def first_response(self) -> Floats | None:
        """Months from infusion to the first response of PR or better, from its date or from the visits."""
        n = len(self.roster.ids)
        by_date = self.months.get("response_date")
        hits = self.responses.loc[self.responses["response"].isin(RESPONDERS)] if len(self.responses) else self.responses
        if by_date is None and len(hits) == 0:
            return None
        month = np.full(n, np.nan)
        if len(hits):
            earliest = hits.groupby("patient_id", sort=False)["month"].min()
            month[[self.roster.position[p] for p in earliest.index]] = earliest.to_numpy(dtype=np.float64)
        return month if by_date is None else np.where(np.isnan(by_date), month, by_date)

    def since_response(self) -> tuple[Floats, Floats] | None:
        """DOR from PFS and the first response; patients without a response, or whose PFS ends before it, have none."""
        start = self.first_response()
        if start is None or "pfs" not in self.specs:
            return None
        time, event = self.values["pfs_time"] - start, self.values["pfs_event"]
        with np.errstate(invalid="ignore"):
            out = ~(time >= 0) | np.isnan(event)
        return np.where(out, np.nan, time), np.where(out, np.nan, event)

    # ------------------------------------------------------------ one endpoint
    def add(self, slug: str, derived: tuple[Floats, Floats] | None) -> None:
        """The endpoint from its columns, else ``derived``; left out when neither is there."""
        spec = endpoint_of(slug)
        time, event = self.given(spec.time_column), self.given(spec.event_column)
        if time is not None and event is not None:
            self._check_against(spec, time, event, derived)
        elif derived is None:
            if time is not None or event is not None:
                at, lacks = (spec.time_column, "event") if time is not None else (spec.event_column, "time")
                self.say(_HALF, at, f"{spec.label} without {'an event' if lacks == 'event' else 'a time'} column")
            return
        else:
            time, event = self._half_given(spec, time, event, derived)
        self._keep(spec, time, event)

    def _half_given(
        self, spec: Endpoint, time: Floats | None, event: Floats | None, derived: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats]:
        """Times from the dates with the file's own events, or all from the dates. A given time without an event column is not used."""
        self.say(_DERIVED, spec.time_column, f"{spec.label} counted from {'the first response' if spec.key == 'dor' else 'the dates'}")
        if event is None or time is not None:
            return derived
        return np.where(np.isnan(event) | (event == derived[1]), derived[0], np.nan), np.where(np.isnan(event), derived[1], event)

    def _check_against(self, spec: Endpoint, time: Floats, event: Floats, derived: tuple[Floats, Floats] | None) -> None:
        if derived is None or spec.key == "dor":
            return
        with np.errstate(invalid="ignore"):
            apart = (np.abs(time - derived[0]) > DISAGREE) | (np.abs(event - derived[1]) > 0.5)
        words = [
            f"{spec.label} {fmt.number(t)} months, {_event_words(e)}; the dates say {fmt.number(d)} months, {_event_words(f)}"
            for t, e, d, f in zip(time[apart], event[apart], derived[0][apart], derived[1][apart], strict=True)
        ]
        self.each(_DATES, spec.time_column, apart, words)

    def _keep(self, spec: Endpoint, time: Floats, event: Floats) -> None:
        negative = time < 0
        self.each(_NEGATIVE, spec.time_column, negative, [f"{spec.label} of {fmt.number(t)} months" for t in time[negative]])
        time[negative], event[negative] = np.nan, np.nan
        self.each(_ZERO, spec.time_column, time == 0, f"{spec.label} of 0 months")
        self.each(_NO_EVENT, spec.event_column, ~np.isnan(time) & np.isnan(event), f"a {spec.label} time, but no event or censoring")
        self.each(_NO_TIME, spec.time_column, np.isnan(time) & ~np.isnan(event) & ~negative, f"a {spec.label} event code, but no time")
        usable = ~np.isnan(time) & ~np.isnan(event)
        if not usable.any():
            self.say(_EMPTY, spec.time_column, f"no patient with time and event for {spec.label}")
            return
        if event[usable].sum() == 0:
            self.say(_NONE_HAPPENED, spec.event_column, f"no {spec.label} event in {fmt.patients(int(usable.sum()))}")
        elif event[usable].all() and usable.sum() > 1:
            self.say(_ALL_HAPPENED, spec.event_column, f"a {spec.label} event in every one of {fmt.patients(int(usable.sum()))}")
        self.specs[spec.key] = spec
        self.values[spec.time_column], self.values[spec.event_column] = time, event

    # ------------------------------------------------------------ endpoints against each other
    def check_together(self) -> None:
        """OS against PFS, deaths against their dates, DOR against the best response."""
        if {"pfs", "os"} <= self.specs.keys():
            self._check_pfs_os()
        death, died = self.placed.get("death_date"), self.given("os_event")
        if death is not None and died is not None:
            dated = ~np.isnat(death.values)
            self.each(_DEATH_UNDATED, "death_date", (died == 1) & ~dated, "death without a date")
            self.each(_ALIVE_DATED, "death_date", (died == 0) & dated, "a date of death, but OS says alive")
        best = self.placed.get("best_response")
        if best is not None and "dor" in self.specs and "dor_time" in self.placed:
            none = np.array([b is not None and b not in RESPONDERS for b in best.values], dtype=bool)
            wrong = none & ~np.isnan(self.values["dor_time"])
            self.each(_NO_RESPONSE, "dor_time", wrong, [f"a DOR with best response {b}" for b in best.values[wrong]])

    def _check_pfs_os(self) -> None:
        pfs, os = self.values["pfs_time"], self.values["os_time"]
        with np.errstate(invalid="ignore"):
            shorter = os < pfs - TOLERANCE
            died = (self.values["os_event"] == 1) & (self.values["pfs_event"] == 0) & (pfs >= os - TOLERANCE)
        words = [f"OS {fmt.number(o)} months, PFS {fmt.number(p)} months" for o, p in zip(os[shorter], pfs[shorter], strict=True)]
        self.each(_SHORTER, "os_time", shorter, words)
        self.each(_DIED, "pfs_event", died, "death at the end of PFS, but no PFS event")


def _event_words(event: float) -> str:
    return "not known" if np.isnan(event) else "event" if event else "no event"


def build_endpoints(
    placed: Mapping[str, Placed], roster: Roster, responses: pd.DataFrame, others: Sequence[str], findings: Findings
) -> Endpoints:
    """Every endpoint of the cohort: PFS, OS, DOR, then the others as they stand in the file.

    ``placed``: columns by key ("pfs_time", "pfs_event", "death_date" ...); ``responses``: the cohort's visits;
    ``others``: slugs of the pairs that were chosen besides PFS, OS and DOR.
    """
    builder = _Builder(placed, roster, responses, findings)
    builder.read_dates()
    builder.add("pfs", builder.dated("pfs"))
    builder.add("os", builder.dated("os"))
    builder.add("dor", builder.since_response())
    for slug in dict.fromkeys(others):
        if slug not in FIRST:
            builder.add(slug, None)
    builder.check_together()
    return Endpoints(builder.specs, builder.values)
