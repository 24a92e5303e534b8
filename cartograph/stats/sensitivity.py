"""How much a hazard ratio at a cutoff hangs on the cutoff's exact place, on single patients and on single centers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.cutoff import cutoff_scan
from cartograph.stats.event_table import distinct_times
from cartograph.stats.hazard import Ties
from cartograph.stats.results import Floats
from cartograph.stats.splits import Splits, firth, maximise
from cartograph.stats.survival import normal_quantile
from cartograph.stats.times import at_risk_of, label_codes

Change = Literal["none", "moved", "neighbour", "patient", "level"]
NUDGE = 0.1  # share of the cutoff
MOST_CELLS = 3_000_000  # patients left out x events: above, only the most influential patients are left out one by one

FEWEST = 10  # kinds of patients that are left out one by one in any case


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """The hazard ratio, high against low, after one ``change``. NaN = not estimable.

    "none": as asked; "moved": cutoff times 0.9 or 1.1; "neighbour": one measured value lower or higher; "patient": the patient at
    position ``patient`` left out, the one that lowers or raises the ratio most; "level": the patients of ``level`` left out.
    """

    change: Change
    cutoff: float
    n: int
    events: int
    hazard_ratio: float
    ci_low: float
    ci_high: float
    firth: bool
    patient: int = -1
    level: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """The estimate as asked (``variants[0]``) beside its variants. ``jackknife``: the ratio without each patient, in the order given.

    NaN in ``jackknife``: not estimable, or, in a large cohort, not among the patients that move the ratio most.
    """

    variants: tuple[Variant, ...]
    jackknife: Floats
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per variant: change, cutoff, n, events, hazard_ratio, ci_low, ci_high, firth, patient (position, -1 = none), level."""
        names = ["change", "cutoff", "n", "events", "hazard_ratio", "ci_low", "ci_high", "firth", "patient", "level"]
        return pd.DataFrame([{name: getattr(v, name) for name in names} for v in self.variants], columns=names)


def sensitivity(
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    cutoff: float,
    *,
    leave_out: npt.ArrayLike | None = None,
    ties: Ties = "efron",
) -> Sensitivity:
    """Cox hazard ratio (Wald limits; Firth's where Cox has none) at a cutoff and under small changes.

    The cutoff times 0.9 and 1.1; one measured value lower and higher; without each single patient (the jackknife range: Quenouille,
    Biometrika 1956); without each level of ``leave_out`` (a label per patient, for instance the center) that holds at least one patient.
    """
    values = np.asarray(value, dtype=np.float64)
    if not np.isfinite(cutoff):
        raise ValueError(f"cutoff must be a number; got {cutoff}")
    times, events = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.float64)
    variants = _moved(values, times, events, float(cutoff), ties)
    jackknife, extremes, notes = _without_each(values, times, events, float(cutoff), ties)
    variants += extremes
    if leave_out is not None:
        variants += _without_levels(values, times, events, float(cutoff), leave_out, ties)
    method = f"HR high vs low, Cox, {ties.capitalize()} ties, Wald limits"
    if any(v.firth for v in variants):
        method += "; Firth, profile limits, where Cox has no estimate"
    return Sensitivity(tuple(variants), jackknife, method, notes)


def _moved(values: Floats, times: Floats, events: Floats, cutoff: float, ties: Ties) -> list[Variant]:
    """As asked, at 0.9 and 1.1 times the cutoff, and at the measured values next to it: one scan of all of them."""
    distinct = np.unique(values)
    at = int(np.searchsorted(distinct, cutoff, side="right")) - 1  # the split is that of the largest value that is low
    asked: list[tuple[Change, float]] = [("none", cutoff), ("moved", cutoff * (1 - NUDGE)), ("moved", cutoff * (1 + NUDGE))]
    asked += [("neighbour", float(distinct[i])) for i in (at - 1, at + 1) if 0 <= i < len(distinct)]
    scan = cutoff_scan(values, times, events, cutoffs=[c for _, c in asked], ties=ties)
    n, total = len(values), int(events.sum())
    found = []
    for change, c in asked:
        row = int(np.searchsorted(scan.cutoff, c))
        ratio, low, high = (float(v[row]) for v in (scan.hazard_ratio, scan.ci_low, scan.ci_high))
        found.append(Variant(change, c, n, total, ratio, low, high, bool(scan.firth[row])))
    return found


def _without_levels(values: Floats, times: Floats, events: Floats, cutoff: float, leave_out: npt.ArrayLike, ties: Ties) -> list[Variant]:
    codes, labels = label_codes(leave_out, len(values), "leave_out")
    found = []
    for code, label in enumerate(labels):
        stays = codes != code
        scan = cutoff_scan(values[stays], times[stays], events[stays], cutoffs=[cutoff], ties=ties)
        ratio, low, high = (float(v[0]) for v in (scan.hazard_ratio, scan.ci_low, scan.ci_high))
        counts = int(stays.sum()), int(events[stays].sum())
        found.append(Variant("level", cutoff, *counts, ratio, low, high, bool(scan.firth[0]), level=str(label)))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Kinds:
    """Patients that are alike for the likelihood: last event time at or before theirs, high or low, event or not.

    ``of``: kind of each patient, -1 = left before the first event, so that nothing changes without them.
    """

    of: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    high: Floats
    event: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Base:
    """Counts of all patients at the event times: at risk and events, of everybody and of the high group."""

    total: Floats
    high: Floats
    tied: Floats
    tied_high: Floats


def _without_each(
    values: Floats, times: Floats, events: Floats, cutoff: float, ties: Ties
) -> tuple[Floats, list[Variant], tuple[str, ...]]:
    """Ratio without each patient; the lowest and the highest with their limits; notes."""
    base, kinds = _counted(values > cutoff, times, events)
    n_kinds = len(kinds.column)
    jackknife = np.full(len(values), np.nan)
    if not n_kinds:
        return jackknife, [], ("No events: nothing can be left out.",)
    most = max(FEWEST, int(MOST_CELLS // max(base.tied.sum(), 1)))
    chosen, notes = np.arange(n_kinds), []
    if n_kinds > most:
        order = np.argsort(_influence(base, kinds))
        chosen = np.sort(np.r_[order[: most // 2], order[-(most // 2) :]])
        notes.append(f"Left out one by one: the patients of the {len(chosen):,} of {n_kinds:,} courses that move the ratio most.")
    ratio, low, high, is_firth = _fits(base, kinds, chosen, ties)
    place = np.full(n_kinds + 1, -1)
    place[chosen] = np.arange(len(chosen))
    at = place[kinds.of]
    jackknife = np.where(at >= 0, ratio[at], np.nan)
    found = []
    for row in _ends(ratio):
        patient = int(np.flatnonzero(at == row)[0])
        counts = len(values) - 1, int(events.sum() - events[patient])
        limits = float(ratio[row]), float(low[row]), float(high[row])
        found.append(Variant("patient", cutoff, *counts, *limits, bool(is_firth[row]), patient=patient))
    return jackknife, found, tuple(notes)


def _ends(ratio: Floats) -> list[int]:
    """Rows of the lowest and the highest ratio."""
    return [int(np.nanargmin(ratio)), int(np.nanargmax(ratio))] if np.isfinite(ratio).any() else []


def _counted(high: npt.NDArray[np.bool_], times: Floats, events: Floats) -> tuple[_Base, _Kinds]:
    distinct, place, event = distinct_times(times, events)
    is_event = np.bincount(place, weights=event, minlength=len(distinct)) > 0
    width = int(is_event.sum())
    column = (np.cumsum(is_event) - 1)[place]
    used = column >= 0
    code = np.where(used, column * 4 + high * 2 + event.astype(np.int64), -1)
    found, of = np.unique(code[used], return_inverse=True)
    kind = np.full(len(times), -1)
    kind[used] = of

    def count(of_patients: npt.NDArray[np.bool_]) -> Floats:
        return np.bincount(column[used & of_patients], minlength=width).astype(np.float64)

    has_event = event > 0
    base = _Base(at_risk_of(count(used)), at_risk_of(count(high)), count(has_event), count(has_event & high))
    return base, _Kinds(kind, found // 4, (found // 2 % 2).astype(np.float64), (found % 2).astype(np.float64))


def _fits(base: _Base, kinds: _Kinds, chosen: npt.NDArray[np.int64], ties: Ties) -> tuple[Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    """Ratio, limits and whether they are Firth's, without one patient of each chosen kind."""
    sets = _risk_sets(base, kinds, chosen, ties)
    events = base.tied_high.sum() - kinds.high[chosen] * kinds.event[chosen]
    only_high = ((sets.total - sets.high <= 0) * sets.weight).sum(axis=1)
    any_high = ((sets.high > 0) * sets.weight).sum(axis=1)
    cox = (events > only_high) & (events < any_high)
    penalised = ~cox & (any_high > only_high)
    z = normal_quantile(0.95)
    found = np.full((3, len(chosen)), np.nan)
    rows = np.flatnonzero(cox)
    if len(rows):
        beta, information = maximise([sets.rows(rows)], events[rows], np.zeros(len(rows)))
        found[:, rows] = np.exp([beta, beta - z / np.sqrt(information), beta + z / np.sqrt(information)])
    rows = np.flatnonzero(penalised)
    if len(rows):
        found[:, rows] = np.exp(firth([sets.rows(rows)], events[rows], z))
    return found[0], found[1], found[2], penalised


def _risk_sets(base: _Base, kinds: _Kinds, chosen: npt.NDArray[np.int64], ties: Ties) -> Splits:
    """One term per event. The term of a left-out event keeps its place with nobody of the high group, which adds nothing."""
    tied = base.tied.astype(np.int64)
    column = np.repeat(np.arange(len(tied)), tied)
    order = np.arange(len(column)) - np.repeat(np.cumsum(tied) - tied, tied)
    own, event, is_high = (v[chosen][:, None] for v in (kinds.column, kinds.event, kinds.high))
    leaves = (column <= own).astype(np.float64)
    total, high = base.total[column] - leaves, base.high[column] - leaves * is_high
    if ties == "efron":
        here = (column == own) * event  # one event fewer is tied here
        left = tied[column] - here
        out = np.minimum(order / np.maximum(left, 1), 1.0)
        total -= out * left
        high -= out * (base.tied_high[column] - here * is_high)
    gone = (column == own) & (event > 0) & (order == tied[column] - 1)
    return Splits(np.where(gone, 1.0, total), np.where(gone, 0.0, high), np.ones(len(column)))


def _influence(base: _Base, kinds: _Kinds) -> Floats:
    """By how much the log ratio would move without a patient of each kind, to first order (Cain & Lange, Biometrics 1984).

    The score residual over the information. Only the order of the values is used. Tied events are taken as Breslow does.
    """
    sets = Splits(base.total, base.high[None, :], base.tied)
    beta, information = maximise([sets], base.tied_high.sum(keepdims=True), np.zeros(1))
    if not information[0] > 0:  # one group alone: nobody moves a ratio that there is not
        return np.zeros(len(kinds.column))
    theta = float(np.exp(beta[0]))
    weighted = base.total + (theta - 1) * base.high
    mean = theta * base.high / weighted
    hazard = base.tied / weighted
    own = kinds.column
    expected = np.cumsum(hazard)[own], np.cumsum(hazard * mean)[own]
    residual = kinds.event * (kinds.high - mean[own]) - np.where(kinds.high > 0, theta, 1.0) * (kinds.high * expected[0] - expected[1])
    found: Floats = -residual / float(information[0])
    return found
