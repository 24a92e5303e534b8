"""Every cutoff at once: log-rank test, Cox hazard ratio, medians, restricted means and counts, read from counts per cutoff and time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc

from cartograph.stats.event_table import CELLS_PER_BLOCK, Block, CutoffCounts, distinct_times
from cartograph.stats.hazard import Ties
from cartograph.stats.results import Floats, frame_of
from cartograph.stats.splits import Splits, firth, maximise, profile_limits, splits_of, tied_terms
from cartograph.stats.survival import LEVEL_TOLERANCE, normal_quantile
from cartograph.stats.times import Counts, label_codes

RatioLimits = Literal["wald", "profile"]
COUNTED = ["cutoff", "n_low", "n_high", "events_low", "events_high"]
COMPARED = ["chi2", "p_value", "hazard_ratio", "ci_low", "ci_high"]
ARRAYS = [*COUNTED, *COMPARED, "median_low", "median_high", "firth", "rmst_low", "rmst_high"]
SINGLE = "Each p value is that of its own cutoff: the smallest of many is not a test."


@dataclass(frozen=True, slots=True, eq=False)
class CutoffScan:
    """One entry per cutoff, ascending; ``hazard_ratio`` is high (value > cutoff) against low. NaN = not estimable.

    ``firth``: True where Cox has no estimate, nearly always because a group has no events: ratio and limits are Firth's there.
    ``rmst_low``, ``rmst_high``: mean months lived up to ``tau``. ``by_stratum``: label and scan of each stratum alone, with ``strata``.
    """

    cutoff: Floats
    n_low: npt.NDArray[np.int64]
    n_high: npt.NDArray[np.int64]
    events_low: npt.NDArray[np.int64]
    events_high: npt.NDArray[np.int64]
    chi2: Floats
    p_value: Floats
    hazard_ratio: Floats
    ci_low: Floats
    ci_high: Floats
    median_low: Floats
    median_high: Floats
    method: str
    notes: tuple[str, ...]
    firth: npt.NDArray[np.bool_]
    rmst_low: Floats
    rmst_high: Floats
    tau: float
    by_stratum: tuple[tuple[str, CutoffScan], ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The columns above, one row per cutoff; ``by_stratum`` has frames of its own."""
        return frame_of(self, ARRAYS)

    def rows(self, rows: npt.NDArray[np.int64]) -> CutoffScan:
        """Some of the cutoffs, by position; ``by_stratum`` is cut in the same way."""
        parts = tuple((label, scan.rows(rows)) for label, scan in self.by_stratum)
        return replace(self, by_stratum=parts, **{name: getattr(self, name)[rows] for name in ARRAYS})


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What is asked of every cutoff."""

    cutoffs: Floats
    ties: Ties
    limits: RatioLimits
    tau: float | None
    z: float


@dataclass(frozen=True, slots=True, eq=False)
class _Comparison:
    """Comparison of high with low, filled block by block, of one stratum or of several together."""

    chi2: Floats
    ratio: Floats
    low: Floats
    high: Floats
    firth: npt.NDArray[np.bool_]

    @classmethod
    def empty(cls, n: int) -> _Comparison:
        chi2, ratio, low, high = (np.full(n, np.nan) for _ in range(4))
        return cls(chi2, ratio, low, high, np.zeros(n, dtype=bool))


@dataclass(frozen=True, slots=True, eq=False)
class _Survival:
    """Medians and restricted means of the low and the high group (2 x cutoffs), filled block by block."""

    median: Floats
    mean: Floats
    tau: float


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One table at some cutoffs: counts, risk sets, score and variance of the log-rank test (2 x cutoffs)."""

    table: CutoffCounts
    block: Block
    sets: Splits
    log_rank: Floats


def cutoff_scan(  # noqa: PLR0913  (three arrays and what may be asked of them, each by name)
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
    cutoffs: npt.ArrayLike | None = None,
    min_fraction: float = 0.1,
    ties: Ties = "efron",
    limits: RatioLimits = "wald",
    tau: float | None = None,
) -> CutoffScan:
    """Compare high with low at every cutoff.

    ``value``: biomarker of each patient (nothing missing); ``time`` (months) and ``event`` as in ``kaplan_meier``. ``cutoffs``: asked
    cutoffs, by default every distinct value that leaves at least ``min_fraction`` of the patients low and high (maxstat's window).
    ``strata``: compared within; medians and restricted means are of all patients; ``by_stratum`` holds each stratum alone.
    ``limits`` of the ratio: "wald" or "profile" (of the likelihood). Firth's estimate, with limits from its own profile, stands where
    Cox has none. ``tau``: end of the restricted mean (months), by default the shortest of the longest times of the groups of all
    cutoffs. P values are of single cutoffs: the best of many is not a test.
    """
    values = _measured(value, np.shape(time))
    if limits not in ("wald", "profile"):
        raise ValueError(f"limits must be 'wald' or 'profile'; got {limits!r}")
    if tau is not None and not tau > 0:
        raise ValueError(f"tau must be a positive number of months; got {tau}")
    asked = search_window(values, min_fraction) if cutoffs is None else np.unique(np.asarray(cutoffs, dtype=np.float64))
    if np.isnan(asked).any():
        raise ValueError("cutoffs must be numbers; at least one is missing")
    task = _Task(asked, ties, limits, tau, normal_quantile(0.95))
    times, place, events = distinct_times(time, event)
    interval = np.searchsorted(asked, values, side="left")
    if strata is None:
        return _scan([CutoffCounts.build(interval, len(asked), times, place, events)], task)[0]
    codes, labels = label_codes(strata, len(values), "strata")
    members = [np.flatnonzero(codes == s) for s in range(len(labels))]
    tables = [CutoffCounts.build(interval[m], len(asked), times, place[m], events[m]) for m in members]
    everybody = CutoffCounts.build(interval, len(asked), times, place, events)
    *alone, together = _scan(tables, task, everybody)
    by_stratum = tuple(zip(map(str, labels), alone, strict=True))
    return replace(together, method=f"{together.method}, stratified", by_stratum=by_stratum)


def _measured(value: npt.ArrayLike, shape: tuple[int, ...]) -> Floats:
    values = np.asarray(value, dtype=np.float64)
    if values.shape != shape or not np.isfinite(values).all():
        raise ValueError("value must be one finite number per patient: leave out patients that were not measured first")
    return values


def search_window(value: npt.ArrayLike, min_fraction: float = 0.1) -> Floats:
    """The cutoffs that are searched by default: distinct values with max(1, floor(N f)) <= n_low <= floor(N (1 - f)), as maxstat."""
    values = np.asarray(value, dtype=np.float64)
    distinct, counts = np.unique(values, return_counts=True)
    n_low = np.cumsum(counts)
    n = len(values)
    return distinct[(n_low >= max(1, int(np.floor(n * min_fraction)))) & (n_low <= int(np.floor(n * (1 - min_fraction)))) & (n_low < n)]


def _scan(tables: Sequence[CutoffCounts], task: _Task, everybody: CutoffCounts | None = None) -> list[CutoffScan]:
    """The scan of each table; with ``everybody`` (their patients in one table) the stratified scan at the end."""
    n = len(task.cutoffs)
    units = [[i] for i in range(len(tables))] + ([list(range(len(tables)))] if everybody is not None else [])
    compared, survived = [_Comparison.empty(n) for _ in units], [_no_survival(table, task) for table in tables]
    starts = [0.0] * len(units)
    for where, looks in _together(tables, task.ties):
        for u, unit in enumerate(units):
            used = [looks[i] for i in unit if i in looks]
            if used:
                starts[u] = _compare(compared[u], where, used, starts[u], task)
        for i, look in looks.items():
            _survive(survived[i], where, look.table, look.block)
    owners = [*tables] if everybody is None else [*tables, everybody]
    if everybody is not None:
        survived.append(_survival_of(everybody, task))
    return [_result(owner, c, s, task) for owner, c, s in zip(owners, compared, survived, strict=True)]


def _together(tables: Sequence[CutoffCounts], ties: Ties) -> Iterator[tuple[slice, dict[int, _Look]]]:
    """The same slice of the cutoffs from every table that has events, in blocks that fit the cache: position of the table -> counts."""
    eventful = [i for i, table in enumerate(tables) if len(table.time)]
    terms = {i: tied_terms(tables[i].tied, tables[i].at_risk, ties) for i in eventful}
    size = max(1, CELLS_PER_BLOCK // max(sum(len(t.column) for t in terms.values()), 1))
    for parts in zip(*(tables[i].blocks(size) for i in eventful), strict=True):
        looks = {}
        for i, (where, block) in zip(eventful, parts, strict=True):
            sets = splits_of(terms[i], tables[i].at_risk, tables[i].tied, block[2], block[3])
            looks[i] = _Look(tables[i], block, sets, _log_rank(tables[i], where, block))
        yield parts[0][0], looks


def _log_rank(table: CutoffCounts, where: slice, block: Block) -> Floats:
    """Score (observed - expected of the high group) and variance of the log-rank test at each cutoff: 2 x cutoffs."""
    high_risk = block[2]
    r, d = table.at_risk, table.tied
    spread = d * (r - d) / (r**2 * np.maximum(r - 1, 1))
    score = (table.n_events - table.events_low[where]) - high_risk @ (d / r)
    first = high_risk @ (spread * r)
    variance = first - np.square(high_risk) @ spread
    # the difference of two large sums: nothing but rounding is left where one group is never at risk
    return np.stack([score, np.where(variance > 1e-12 * first, variance, 0.0)])


def _compare(found: _Comparison, where: slice, looks: Sequence[_Look], start: float, task: _Task) -> float:
    """Fill a block of the comparison. ``start``: by how much Cox differed from score / variance so far; returns it for the next block."""
    score, variance = np.sum([look.log_rank for look in looks], axis=0)
    known = variance > 0
    peto = np.divide(score, variance, out=np.zeros(len(score)), where=known)
    found.chi2[where] = np.where(known, score * peto, np.nan)
    events, only_high, any_high = np.sum([_event_counts(look.table, where) for look in looks], axis=0)
    cox = (events > only_high) & (events < any_high)
    finite, others = np.flatnonzero(cox), np.flatnonzero(~cox & (any_high > only_high))
    at = np.arange(where.start, where.stop)
    if len(finite):
        sets = [look.sets if len(finite) == len(score) else look.sets.rows(finite) for look in looks]
        beta, information = maximise(sets, events[finite], np.clip(peto[finite] + start, -3, 3))
        start = float(beta[-1] - peto[finite[-1]])
        width = task.z / np.sqrt(information)
        limits = (beta - width, beta + width) if task.limits == "wald" else profile_limits(sets, events[finite], beta, information, task.z)
        found.ratio[at[finite]], found.low[at[finite]], found.high[at[finite]] = np.exp([beta, *limits])
    if len(others):
        best = firth([look.sets.rows(others) for look in looks], events[others], task.z)
        found.ratio[at[others]], found.low[at[others]], found.high[at[others]] = np.exp(best)
        found.firth[at[others]] = True
    return start


def _event_counts(table: CutoffCounts, where: slice) -> tuple[Floats, Floats, Floats]:
    """Events of the high group; events while only the high group is at risk; events while the high group is at risk."""
    events_high = (table.n_events - table.events_low[where]).astype(np.float64)
    return events_high, table.n_events - table.events_until(table.last_low[where]), table.events_until(table.last_high[where])


def _no_survival(table: CutoffCounts, task: _Task) -> _Survival:
    """Medians that are not reached and restricted means without an event, to be filled where there are events."""
    both = np.isfinite(table.last_low) & np.isfinite(table.last_high)
    shortest = np.minimum(table.last_low, table.last_high)[both]
    tau = task.tau if task.tau is not None else float(shortest.min()) if len(shortest) and shortest.min() > 0 else np.nan
    n_low = table.n_low
    mean = np.where(np.stack([n_low, table.n - n_low]) > 0, tau, np.nan)
    return _Survival(np.full((2, len(n_low)), np.nan), mean, tau)


def _survival_of(table: CutoffCounts, task: _Task) -> _Survival:
    found = _no_survival(table, task)
    for where, block in table.blocks(max(1, CELLS_PER_BLOCK // max(len(table.time), 1))):
        _survive(found, where, table, block)
    return found


def _survive(found: _Survival, where: slice, table: CutoffCounts, block: Block) -> None:
    """Fill a block of medians (R's midpoint rule; NaN = not reached) and restricted means."""
    times, width = table.time, len(table.time)
    edges = np.minimum(np.r_[times, np.inf], found.tau)
    pieces = np.diff(edges)
    for group, last in enumerate((table.last_low[where], table.last_high[where])):
        at_risk, events = block[2 * group], block[2 * group + 1]
        survival = _curves(at_risk, events)
        mean = edges[0] + survival @ pieces
        found.mean[group, where] = np.where(np.isfinite(last), mean, np.nan)
        reached = np.count_nonzero(survival > 0.5 + LEVEL_TOLERANCE, axis=1)
        passed = _passed(survival, reached)
        padded = np.r_[times, np.nan]
        after = np.where(passed < width, padded[passed], last)
        found.median[group, where] = np.where(reached < width, (padded[reached] + after) / 2, np.nan)


def _passed(survival: Counts, reached: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Steps of each curve that are not below one half; more than those above it only where a step lies on one half."""
    found = reached.copy()
    step = survival[np.arange(len(survival)), np.minimum(reached, survival.shape[1] - 1)]
    level = np.flatnonzero(np.abs(step - 0.5) <= LEVEL_TOLERANCE)
    found[level] = np.count_nonzero(survival[level] >= 0.5 - LEVEL_TOLERANCE, axis=1)
    return found


def _curves(at_risk: Counts, events: Counts) -> Counts:
    """Kaplan-Meier at every event time, cutoffs x event times; carried on where nobody is left."""
    factor = events / np.maximum(at_risk, 1.0)
    np.subtract(1.0, factor, out=factor)
    return np.cumprod(factor, axis=1, out=factor)


def _result(table: CutoffCounts, compared: _Comparison, survived: _Survival, task: _Task) -> CutoffScan:
    words = "Wald" if task.limits == "wald" else "profile-likelihood"
    method = f"log-rank; Cox, {task.ties.capitalize()} ties, {words} limits"
    if compared.firth.any():
        method += "; Firth, profile limits, where Cox has no estimate"
    return CutoffScan(
        cutoff=task.cutoffs,
        n_low=table.n_low,
        n_high=table.n - table.n_low,
        events_low=table.events_low,
        events_high=table.n_events - table.events_low,
        chi2=compared.chi2,
        p_value=chdtrc(1, compared.chi2),
        hazard_ratio=compared.ratio,
        ci_low=compared.low,
        ci_high=compared.high,
        median_low=survived.median[0],
        median_high=survived.median[1],
        method=method,
        notes=_notes(compared, survived, task),
        firth=compared.firth,
        rmst_low=survived.mean[0],
        rmst_high=survived.mean[1],
        tau=survived.tau,
    )


def _notes(compared: _Comparison, survived: _Survival, task: _Task) -> tuple[str, ...]:
    notes = [SINGLE]
    if np.isfinite(survived.tau):
        why = "" if task.tau is not None else ", the shortest of the longest times of the groups of all cutoffs"
        notes.append(f"Restricted means are up to {survived.tau:.4g} months{why}.")
    if compared.firth.any():
        notes.append(f"Firth's estimate at {int(compared.firth.sum()):,} of {len(compared.firth):,} cutoffs: Cox has none there.")
    return tuple(notes)
