"""Every cutoff at once: log-rank test, Cox hazard ratio, medians and counts, read from the event table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc

from cartograph.stats.event_table import CELLS_PER_BLOCK, EventTable
from cartograph.stats.hazard import Ties, newton
from cartograph.stats.results import Floats, frame_of
from cartograph.stats.survival import LEVEL_TOLERANCE, normal_quantile
from cartograph.stats.times import Counts

Block = tuple[Counts, Counts, Counts, Counts]  # at risk low, events low, at risk high, events high; cutoffs x event times


@dataclass(frozen=True, slots=True, eq=False)
class CutoffScan:
    """One entry per cutoff, ascending; ``hazard_ratio`` is high (value > cutoff) against low. NaN = not estimable."""

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
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The columns above, one row per cutoff."""
        names = ["cutoff", "n_low", "n_high", "events_low", "events_high", "chi2", "p_value"]
        return frame_of(self, [*names, "hazard_ratio", "ci_low", "ci_high", "median_low", "median_high"])


def cutoff_scan(
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
    cutoffs: npt.ArrayLike | None = None,
    min_fraction: float = 0.1,
    ties: Ties = "efron",
) -> CutoffScan:
    """Compare high with low at every cutoff.

    ``value``: biomarker of each patient (nothing missing); ``cutoffs``: asked cutoffs, by default every distinct value that leaves at
    least ``min_fraction`` of the patients low and high (maxstat's window); ``strata``: compared within, medians are of all strata
    together. P values are of single cutoffs: the best of many is not a test.
    """
    values = np.asarray(value, dtype=np.float64)
    asked = _window(values, min_fraction) if cutoffs is None else np.unique(np.asarray(cutoffs, dtype=np.float64))
    everybody = EventTable.build(values, time, event)
    tables = [everybody] if strata is None else _strata_tables(values, time, event, strata)
    chi2, ratio, low, high = (np.full(len(asked), np.nan) for _ in range(4))
    for where, blocks in _together(tables, asked):
        chi2[where] = _chi2(blocks)
        ratio[where], low[where], high[where] = _fit([_at_events(block, ties) for block in blocks], normal_quantile(0.95))
    n_low, events_low = _counts(everybody, asked)
    n_events = int(everybody.event.sum())
    median_low, median_high = _medians(everybody, asked)
    method = f"log-rank; Cox, {ties.capitalize()} ties, Wald limits" + (", stratified" if strata is not None else "")
    counts = n_low, everybody.n - n_low, events_low, n_events - events_low
    return CutoffScan(asked, *counts, chi2, chdtrc(1, chi2), ratio, low, high, median_low, median_high, method)


def _window(values: Floats, min_fraction: float) -> Floats:
    """Distinct values with max(1, floor(N f)) <= n_low <= floor(N (1 - f)), as maxstat."""
    distinct, counts = np.unique(values, return_counts=True)
    n_low = np.cumsum(counts)
    n = len(values)
    return distinct[(n_low >= max(1, int(np.floor(n * min_fraction)))) & (n_low <= int(np.floor(n * (1 - min_fraction)))) & (n_low < n)]


def _strata_tables(values: Floats, time: npt.ArrayLike, event: npt.ArrayLike, strata: npt.ArrayLike) -> list[EventTable]:
    times, events = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.float64)
    levels, stratum = np.unique(np.asarray(strata), return_inverse=True)
    return [EventTable.build(values[stratum == s], times[stratum == s], events[stratum == s]) for s in range(len(levels))]


def _rows(table: EventTable, asked: Floats) -> npt.NDArray[np.int64]:
    """Position of each asked cutoff among the table's values; -1 = below all of them."""
    return np.asarray(np.searchsorted(table.cutoffs, asked, side="right") - 1, dtype=np.int64)


def _counts(table: EventTable, asked: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Patients and events at or below each cutoff."""
    rows = _rows(table, asked) + 1
    n = np.r_[0, np.cumsum(np.bincount(table.interval, minlength=len(table.cutoffs)))]
    events = np.r_[0, np.cumsum(np.bincount(table.interval, weights=table.event, minlength=len(table.cutoffs)))]
    return n[rows].astype(np.int64), np.rint(events[rows]).astype(np.int64)


def _together(tables: Sequence[EventTable], asked: Floats) -> Iterator[tuple[slice, list[Block]]]:
    """The same slice of the asked cutoffs from the table of every stratum that has events, in blocks that fit memory."""
    eventful = [table for table in tables if table.event.any()]
    events = sum(int(table.event.sum()) for table in eventful)  # the likelihood has one term per event, also at ties
    size = max(1, CELLS_PER_BLOCK // max(events, 1))
    for parts in zip(*(table.blocks(_rows(table, asked), size) for table in eventful), strict=True):
        yield parts[0][0], [part[1:] for part in parts]


def _chi2(blocks: Sequence[Block]) -> Floats:
    """Log-rank chi-squared at each cutoff, summed over strata; NaN where nothing can be compared."""
    score, variance = np.zeros(len(blocks[0][0])), np.zeros(len(blocks[0][0]))
    for low_risk, low_events, high_risk, high_events in blocks:
        r, d = low_risk[0] + high_risk[0], low_events[0] + high_events[0]
        score += high_events.sum(axis=1) - high_risk @ (d / r)
        variance += np.einsum("ij,ij,j->i", high_risk, low_risk, d * (r - d) / (r**2 * np.maximum(r - 1, 1)))
    chi2: Floats = np.divide(score**2, variance, out=np.full(len(score), np.nan), where=variance > 0)
    return chi2


def _at_events(block: Block, ties: Ties) -> tuple[Floats, Floats, Floats]:
    """Risk sets of every single event: at risk low, at risk high (cutoffs x events), events of the high group."""
    low_risk, low_events, high_risk, high_events = block
    tied = (low_events[0] + high_events[0]).astype(np.int64)
    column = np.repeat(np.arange(len(tied)), tied)
    a, b = low_risk[:, column], high_risk[:, column]
    if ties == "efron" and tied.max() > 1:
        order = np.arange(len(column)) - np.repeat(np.cumsum(tied) - tied, tied)
        out = order / np.repeat(tied, tied)
        a, b = a - low_events[:, column] * out, b - high_events[:, column] * out
    return a, b, high_events.sum(axis=1)


def _fit(sets: Sequence[tuple[Floats, Floats, Floats]], z: float) -> tuple[Floats, Floats, Floats]:
    low, high = (np.concatenate([s[i] for s in sets], axis=1) for i in range(2))
    events = np.sum([s[2] for s in sets], axis=0)
    only_high, any_high = (low <= 1e-12).sum(axis=1), (high > 1e-12).sum(axis=1)
    estimable = (events > only_high) & (events < any_high)
    beta, information = np.full(len(events), np.nan), np.full(len(events), np.nan)
    if estimable.any():
        beta[estimable], information[estimable] = newton(low[estimable], high[estimable], events[estimable])
    with np.errstate(invalid="ignore", divide="ignore"):
        error = 1 / np.sqrt(information)
        return np.exp(beta), np.exp(beta - z * error), np.exp(beta + z * error)


def _medians(table: EventTable, asked: Floats) -> tuple[Floats, Floats]:
    """Median survival of the low and of the high group at each cutoff, by R's midpoint rule; NaN = not reached."""
    low, high = np.full(len(asked), np.nan), np.full(len(asked), np.nan)
    times = table.event_times()
    ends = _last_times(table, asked)
    for where, low_risk, low_events, high_risk, high_events in table.blocks(_rows(table, asked)):
        low[where] = _median(times, low_risk, low_events, ends[0][where])
        high[where] = _median(times, high_risk, high_events, ends[1][where])
    return low, high


def _last_times(table: EventTable, asked: Floats) -> tuple[Floats, Floats]:
    """Longest time of the low and of the high group at each cutoff."""
    longest = np.full(len(table.cutoffs), -np.inf)
    np.maximum.at(longest, table.interval, table.time[table.place])
    rows = _rows(table, asked) + 1
    below = np.r_[-np.inf, np.maximum.accumulate(longest)]
    above = np.r_[np.maximum.accumulate(longest[::-1])[::-1], -np.inf]
    return below[rows], above[rows]


def _median(times: Floats, at_risk: Counts, events: Counts, end: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(np.where(at_risk > 0, 1 - events / at_risk, 1.0), axis=1)
    reached = survival <= 0.5 + LEVEL_TOLERANCE
    passed = survival < 0.5 - LEVEL_TOLERANCE
    first = times[np.argmax(reached, axis=1)]
    after = np.where(passed.any(axis=1), times[np.argmax(passed, axis=1)], end)
    return np.where(reached.any(axis=1), (first + after) / 2, np.nan)
