"""A status that starts during follow-up, counted only from when it starts: time-dependent Cox, Simon-Makuch curves, a row of landmarks.

A patient is at risk without the status up to the time it is reached, and with it afterwards. The analysis that forgets this (status at any
time, counted from infusion) is here too, under a name that says so, to show how large its bias is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.compare import LogRankTest, by_stratum, log_rank_of
from cartograph.stats.counts import Codes, GroupCounts, count_cells
from cartograph.stats.hazard import HazardRatio, Method, Ties, hazard_ratio, hazard_ratio_of
from cartograph.stats.landmark import Flags, landmark, reached_times
from cartograph.stats.results import Floats, frame_of
from cartograph.stats.survival import Limits, curve_from_counts
from cartograph.stats.times import Counts, Indices, at_risk_of, label_codes, survival_input

NAN = float("nan")
UNEXPOSED, EXPOSED = "status not reached", "status reached"
STRIP = ["landmark", "n", "n_exposed", "events_unexposed", "events_exposed", "hazard_ratio", "ci_low", "ci_high", "p_value", "note"]
BIASED = "from infusion, status at any time: biased, patients had to live until the status to be counted with it"


@dataclass(frozen=True, slots=True, eq=False)
class StartStop:
    """Follow-up cut at the status: one entry per stretch (start, stop] of a patient, patients in order and their stretches in time.

    ``patient``: position of the patient in the input; ``exposed``: True = with the status; ``event``: True = event at ``stop`` (the last
    stretch only). Months from infusion. ``left_out``: patients with time 0, who were never at risk.
    """

    patient: Indices
    start: Floats
    stop: Floats
    event: Flags
    exposed: Flags
    left_out: int
    method: str = "(start, stop]: at risk at t when start < t <= stop"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per stretch: patient, start, stop, event, exposed."""
        return frame_of(self, ["patient", "start", "stop", "event", "exposed"])


@dataclass(frozen=True, slots=True, eq=False)
class SimonMakuchCurve:
    """Survival with or without the status: arrays of equal length, one entry per time (months from infusion) at which anything changes.

    ``at_risk``: in this state just before ``time`` (start < t <= stop); ``entered``: come into the state at ``time``, at risk after it;
    ``left``: censored or gone to the other state at ``time``. ``survival`` is 1 at ``start``. NaN limits where the curve is 0 or nobody was
    ever in the state.
    """

    state: str
    start: float
    time: Floats
    at_risk: Counts
    entered: Counts
    events: Counts
    left: Counts
    survival: Floats
    std_error: Floats
    ci_low: Floats
    ci_high: Floats
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per time: time, at_risk, entered, events, left, survival, std_error, ci_low, ci_high."""
        return frame_of(self, ["time", "at_risk", "entered", "events", "left", "survival", "std_error", "ci_low", "ci_high"])

    def at(self, times: npt.ArrayLike) -> pd.DataFrame:
        """At given times (months): time, at_risk, cum_events, survival, ci_low, ci_high.

        NaN before ``start`` and beyond the last time at which somebody was in this state.
        """
        asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
        last = np.searchsorted(self.time, asked, side="right")
        before = np.searchsorted(self.time, asked, side="left")
        seen = self.time[self.at_risk > 0]
        inside = (asked >= self.start) & (asked <= (seen[-1] if len(seen) else -np.inf))
        stepped = {name: np.where(inside, np.r_[1.0, getattr(self, name)][last], np.nan) for name in ("survival", "ci_low", "ci_high")}
        after = np.r_[self.at_risk, 0.0][before]
        at_risk = np.where(asked > self.start, after, 0.0)
        return pd.DataFrame({"time": asked, "at_risk": at_risk, "cum_events": np.r_[0.0, np.cumsum(self.events)][last], **stepped})


@dataclass(frozen=True, slots=True, eq=False)
class SimonMakuch:
    """Both curves, and the Mantel-Byar test that belongs to them (log-rank test with the status as it stands at each event)."""

    unexposed: SimonMakuchCurve
    exposed: SimonMakuchCurve
    test: LogRankTest
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Both curves: state and the columns of ``SimonMakuchCurve.to_frame``."""
        curves = (self.unexposed, self.exposed)
        return pd.concat([c.to_frame().assign(state=c.state) for c in curves], ignore_index=True)


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkStrip:
    """Hazard ratio with against without the status at each landmark, the clock of all patients still followed restarting there.

    Arrays of equal length: ``landmark`` (months, ascending), ``n`` analysed, ``n_exposed``, events after the landmark in each group, hazard
    ratio with limits and p of that landmark alone; ``note``: why a ratio is missing, or "". Looking for the landmark with the smallest p is
    searching: these p values are not corrected for it.
    """

    landmark: Floats
    n: Indices
    n_exposed: Indices
    events_unexposed: Indices
    events_exposed: Indices
    hazard_ratio: Floats
    ci_low: Floats
    ci_high: Floats
    p_value: Floats
    note: tuple[str, ...]
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per landmark: landmark, n, n_exposed, events in both groups, hazard_ratio, ci_low, ci_high, p_value, note."""
        return frame_of(self, STRIP)


@dataclass(frozen=True, slots=True, eq=False)
class NaiveHazardRatio:
    """The biased analysis beside the right one. There is no ``value``: whoever wants the biased number must ask for it by name.

    ``biased``: status at any time against never, counted from infusion. ``time_dependent``: status counted from when it was reached.
    ``log_difference``: log(biased) - log(time-dependent), negative = the status is made to look better than it is; ``factor``: its
    exponential, what the biased ratio must be divided by. ``immortal_months``: time before the status that was counted as time with it, of
    ``n_reached`` patients, and ``immortal_share`` of all their time. NaN and a note when one of the two has no estimate.
    """

    biased: HazardRatio
    time_dependent: HazardRatio
    log_difference: float
    factor: float
    n_reached: int
    immortal_months: float
    immortal_share: float
    method: str = BIASED
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Two rows: analysis (biased, time-dependent), hazard_ratio, ci_low, ci_high, p_value, method."""
        rows = [("biased", self.biased), ("time-dependent", self.time_dependent)]
        columns = ["analysis", "hazard_ratio", "ci_low", "ci_high", "p_value", "method"]
        return pd.DataFrame([(words, r.value, r.ci_low, r.ci_high, r.p_value, r.method) for words, r in rows], columns=columns)


class _Followed(NamedTuple):
    """Patients at risk at any time (time > 0): their place in the input, times, events, and times of status.

    ``status``: 0 = from infusion on, infinite = not before the end of follow-up (somebody whose follow-up ends when the status is reached
    was never at risk with it). ``reached``: status at any time up to the end of follow-up.
    """

    patient: Indices
    time: Floats
    event: Flags
    status: Floats
    reached: Flags
    left_out: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said about those left out."""
        n = self.left_out
        return (f"{n} {'patient' if n == 1 else 'patients'} with time 0 left out: never at risk",) if n else ()


def _followed(time: npt.ArrayLike, event: npt.ArrayLike, status_time: npt.ArrayLike) -> _Followed:
    """Check and merge: times and status times that differ by rounding noise are one time (R's timefix over both)."""
    data = survival_input(time, event)
    reached = reached_times(status_time, len(data.time))
    finite = np.isfinite(reached)
    status = np.where(finite, np.maximum(reached, 0.0), np.inf)
    merged = survival_input(np.r_[data.time, status[finite]], np.zeros(len(data.time) + int(finite.sum()))).time
    times, status[finite] = merged[: len(data.time)], merged[len(data.time) :]
    kept = np.flatnonzero(times > 0)
    with_it = np.where(status < times, status, np.inf)
    return _Followed(kept, times[kept], data.event[kept] == 1, with_it[kept], (status <= times)[kept], len(times) - len(kept))


def start_stop(time: npt.ArrayLike, event: npt.ArrayLike, status_time: npt.ArrayLike) -> StartStop:
    """Cut each patient's follow-up at the status (R's tmerge with tdc).

    ``time``: months from infusion, not negative; ``event``: True = event, False = censored; ``status_time``: months from infusion to the
    status, missing or infinite = not reached, 0 or less = from the start. ValueError for missing times or events and unequal lengths.
    A status at the very end of follow-up, or later, adds no stretch: nobody is at risk with it.
    """
    f = _followed(time, event, status_time)
    cut = np.isfinite(f.status) & (f.status > 0)
    rows = np.repeat(np.arange(len(f.time)), 1 + cut)
    second = np.r_[False, rows[1:] == rows[:-1]]
    first_of_two = cut[rows] & ~second
    start = np.where(second, f.status[rows], 0.0)
    stop = np.where(first_of_two, f.status[rows], f.time[rows])
    exposed = np.isfinite(f.status[rows]) & ~first_of_two
    return StartStop(f.patient[rows], start, stop, f.event[rows] & ~first_of_two, exposed, f.left_out, notes=f.notes)


def _table(f: _Followed, codes: Codes, start: float = 0.0) -> GroupCounts:
    """Counts of the states (0 = without, 1 = with the status) at the distinct times, of patients with code >= 0 followed beyond ``start``.

    ``leaving`` is net: who comes into a state at t leaves the other and counts -1 here, so sums over all later times are those at risk with
    start < t <= stop, and every statistic of two groups can read this table.
    """
    inside = (codes >= 0) & (f.time > start)
    time, event, status = f.time[inside], f.event[inside], f.status[inside]
    late = np.isfinite(status) & (status > start)
    distinct, place = np.unique(np.r_[time, status[late]], return_inverse=True)
    ends, moves = place[: len(time)], place[len(time) :]
    last = np.isfinite(status).astype(np.int64)
    counts = count_cells(distinct, ends, event.astype(np.float64), last, 2)
    moving = np.bincount(moves, minlength=len(distinct)).astype(np.float64)
    return replace(counts, leaving=counts.leaving + np.array([moving, -moving]))


def time_dependent_hazard_ratio(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    status_time: npt.ArrayLike,
    *,
    method: Method = "cox",
    ties: Ties = "efron",
    strata: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> HazardRatio:
    """Hazard with the status over hazard without it, each patient counted in the state of the moment (Cox, J R Stat Soc B 1972).

    ``time``, ``event``, ``status_time``: as in ``start_stop``; ``method``, ``ties``, ``strata``, ``level``: as in ``hazard_ratio``; the
    default equals R's coxph(Surv(start, stop, event) ~ exposed). Patients with time 0 were never at risk and are left out with a note.
    One status that does not end depends on the counts in both states only, so the same Newton's method serves as for two groups.
    """
    f = _followed(time, event, status_time)
    chosen = None if strata is None else _of_followed(strata, f)
    parts = by_stratum(np.zeros(len(f.time), dtype=np.int64), chosen)
    found = hazard_ratio_of([_table(f, codes) for codes in parts], method=method, ties=ties, level=level)
    return replace(found, method=f"{found.method}, status time-dependent", notes=(*map(_in_words, found.notes), *f.notes))


def _of_followed(strata: npt.ArrayLike, f: _Followed) -> npt.NDArray[np.int64]:
    """Strata of the patients followed, as codes. ValueError for another length or missing labels."""
    codes, _ = label_codes(strata, len(f.patient) + f.left_out, "strata")
    return codes[f.patient]


def _in_words(note: str) -> str:
    """A note about two groups as one about two states."""
    words = {
        "the high group is": "those with the status are",
        "the low group is": "those without the status are",
        "the high group": "those with the status",
        "the low group": "those without the status",
        "the groups are": "patients with and without the status are",
    }
    for plain, clear in words.items():
        note = note.replace(plain, clear)
    return note


def mantel_byar(time: npt.ArrayLike, event: npt.ArrayLike, status_time: npt.ArrayLike) -> LogRankTest:
    """Log-rank test in which each patient counts in the state of the moment (Mantel & Byar, J Am Stat Assoc 1974).

    Arguments as in ``start_stop``. Groups: without and with the status; ``n``: patients by the state in which their follow-up ended.
    """
    return _mantel_byar(_followed(time, event, status_time), 0.0)


def _mantel_byar(f: _Followed, start: float) -> LogRankTest:
    inside = f.time > start
    test = log_rank_of([_table(f, np.zeros(len(f.time), dtype=np.int64), start)], (UNEXPOSED, EXPOSED))
    ended = np.bincount(np.isfinite(f.status[inside]).astype(np.int64), minlength=2)
    return replace(test, n=ended, method="Mantel-Byar", notes=(*map(_in_words, test.notes), *f.notes))


def simon_makuch(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    status_time: npt.ArrayLike,
    *,
    start: float = 0.0,
    level: float = 0.95,
    ci: Limits = "log-log",
) -> SimonMakuch:
    """Survival with and without a status, each patient moving to the other curve when it is reached (Simon & Makuch, Stat Med 1984).

    ``time``, ``event``, ``status_time``: as in ``start_stop``; ``start``: month from which both curves are drawn, among patients followed
    beyond it (where nobody has the status yet, the curve with it rests on the first few who reach it; a later start mends that).
    Product of 1 - d/n over event times, n = in the state with start < t <= stop; Greenwood's variance. The curves belong to no fixed groups
    of patients, so they have no number of patients at the start. ValueError for a negative start and as in ``start_stop``.
    """
    if not (math.isfinite(start) and start >= 0):
        raise ValueError(f"start must be a month, 0 or later; got {start}")
    f = _followed(time, event, status_time)
    table = _table(f, np.zeros(len(f.time), dtype=np.int64), start)
    inside = f.time > start
    moving = f.status[inside & np.isfinite(f.status) & (f.status > start)]
    moved = np.bincount(np.searchsorted(table.time, moving), minlength=len(table.time)).astype(np.float64)
    method = f"Simon-Makuch, Greenwood variance, {ci} limits"
    states = []
    for state, words in enumerate((UNEXPOSED, EXPOSED)):
        at_risk, entered = at_risk_of(table.leaving[state]), moved * state
        left = table.leaving[state] + entered - table.events[state]
        states.append(_state_curve(words, _Changes(table.time, at_risk, entered, table.events[state], left), start, level, ci))
    notes = (*f.notes, *(note for s in states for note in s.notes))
    return SimonMakuch(states[0], states[1], _mantel_byar(f, start), method, notes)


class _Changes(NamedTuple):
    """What happens in one state, over all distinct times."""

    time: Floats
    at_risk: Counts
    entered: Counts
    events: Counts
    left: Counts


def _state_curve(state: str, counts: _Changes, start: float, level: float, ci: Limits) -> SimonMakuchCurve:
    """The curve of one state; times at which nothing changes in it are dropped."""
    changes = (counts.entered + counts.events + counts.left) > 0
    c = _Changes(*(column[changes] for column in counts))
    # "censored" is 1 everywhere so that no time is dropped: times at which somebody only enters belong to the curve too
    curve = curve_from_counts(c.time, np.maximum(c.at_risk, 1.0), c.events, np.ones_like(c.events), level=level, ci=ci)
    band = curve.survival, curve.std_error, curve.ci_low, curve.ci_high
    return SimonMakuchCurve(state, start, *c, *band, curve.method, _curve_notes(state, c, curve.survival))


def _curve_notes(state: str, c: _Changes, survival: Floats) -> tuple[str, ...]:
    if not len(c.time):
        return (f"{state}: nobody is ever at risk in this state",)
    zero = np.flatnonzero(survival <= 0)
    if len(zero) and c.entered[zero[0] :].any():
        month = f"{c.time[zero[0]]:.4g}"
        return (f"{state}: the curve falls to 0 at month {month} although others reach the status later: start the curves later",)
    return ()


def hazard_ratio_by_landmark(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    status_time: npt.ArrayLike,
    *,
    landmarks: npt.ArrayLike | None = None,
    method: Method = "cox",
    ties: Ties = "efron",
    level: float = 0.95,
    progress: Callable[[float], None] | None = None,
) -> LandmarkStrip:
    """The landmark hazard ratio at many landmarks, so that one can see whether it hangs on the one that was chosen.

    ``time``, ``event``, ``status_time``: as in ``landmark``; ``landmarks``: months, 0 or later (default: every time at which a patient
    still followed reaches the status, as the groups change there). ``method``, ``ties``, ``level``: as in ``hazard_ratio``. ``progress`` is
    called with 0..1; raising in it stops the work. ValueError as in ``landmark``.
    """
    f = _followed(time, event, status_time)
    at = np.unique(f.status[np.isfinite(f.status)] if landmarks is None else np.asarray(landmarks, dtype=np.float64))
    rows = []
    for i, month in enumerate(at.tolist()):
        found = landmark(time, event, status_time, month)
        ratio = hazard_ratio(found.time, found.event, found.exposed, method=method, ties=ties, level=level)
        note = "; ".join(found.notes or map(_in_words, ratio.notes))
        counts = (found.n_analysed, found.n_exposed, found.events_unexposed, found.events_exposed)
        rows.append((month, *counts, ratio.value, ratio.ci_low, ratio.ci_high, ratio.p_value, note))
        if progress is not None:
            progress((i + 1) / len(at))
    table = pd.DataFrame(rows, columns=STRIP)
    whole = {name: table[name].to_numpy(dtype=np.int64) for name in STRIP[1:5]}
    real = {name: table[name].to_numpy(dtype=np.float64) for name in (STRIP[0], *STRIP[5:9])}
    notes = () if len(at) else ("nobody reaches the status while followed: there is no landmark to look at",)
    words = f"landmark analyses, {method}, p values not corrected for looking at {len(at)} landmarks"
    return LandmarkStrip(**whole, **real, note=tuple(table["note"]), method=words, notes=notes)


def naive_hazard_ratio(
    time: npt.ArrayLike, event: npt.ArrayLike, status_time: npt.ArrayLike, *, ties: Ties = "efron", level: float = 0.95
) -> NaiveHazardRatio:
    """The biased Cox analysis (status at any time against never, from infusion) with the size of its bias: to warn, never to report.

    Arguments as in ``start_stop``. Patients who reach a status had to live until then ("immortal time"; Suissa, Am J Epidemiol 2008), which
    this analysis credits to the status. Both ratios are of the same patients (time > 0).
    """
    f = _followed(time, event, status_time)
    found = hazard_ratio(f.time, f.event, f.reached, ties=ties, level=level)
    biased = replace(found, method=f"{found.method}, {BIASED}", notes=(*map(_in_words, found.notes), *f.notes))
    right = time_dependent_hazard_ratio(time, event, status_time, ties=ties, level=level)
    difference = math.log(biased.value) - math.log(right.value) if biased.value > 0 and right.value > 0 else NAN
    entry = np.where(f.reached, np.minimum(f.status, f.time), 0.0)
    everything = float(f.time.sum())
    return NaiveHazardRatio(
        biased=biased,
        time_dependent=right,
        log_difference=difference,
        factor=math.exp(difference),
        n_reached=int(f.reached.sum()),
        immortal_months=float(entry.sum()),
        immortal_share=float(entry.sum()) / everything if everything else NAN,
        notes=tuple(dict.fromkeys((*biased.notes, *right.notes))),
    )
