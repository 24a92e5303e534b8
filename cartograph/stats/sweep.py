"""Groups at every stop of a cutoff: counts of two or three groups, and from them curves, medians, log-rank tests and hazard ratios.

The same definitions as for one cutoff (``survival``, ``compare``, ``hazard``), as array operations over stops x groups x times: what a
cutoff that is dragged shows is all computed before the drag begins. Stops come in blocks, so memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr

from cartograph.stats.counts import GroupCounts
from cartograph.stats.event_table import EventTable
from cartograph.stats.hazard import newton
from cartograph.stats.results import Floats
from cartograph.stats.survival import LEVEL_TOLERANCE, normal_quantile
from cartograph.stats.times import Counts, at_risk_of

Codes = npt.NDArray[np.int64]
Arrangement = Literal["low-high", "three", "both-low"]
CELLS = 600_000  # stops x groups x times of a block
NOBODY = 1e-12  # at risk, after tied events were taken out


@dataclass(frozen=True, slots=True, eq=False)
class GroupSweep:
    """``leaving`` and ``events``: stops x groups x times, as ``GroupCounts`` has them for one stop. ``where``: the stops of this block."""

    where: slice
    time: Floats
    leaving: Counts
    events: Counts

    @property
    def n(self) -> Codes:
        """Patients: stops x groups."""
        return np.asarray(np.rint(self.leaving.sum(axis=2)), dtype=np.int64)

    @property
    def n_events(self) -> Codes:
        """Events: stops x groups."""
        return np.asarray(np.rint(self.events.sum(axis=2)), dtype=np.int64)

    def at(self, stop: int) -> GroupCounts:
        """The counts of one stop of the block, for what is not computed for all stops at once."""
        return GroupCounts(self.time, self.leaving[stop], self.events[stop])

    def pair(self, low: int, high: int) -> GroupSweep:
        """Two of the groups, in this order."""
        return GroupSweep(self.where, self.time, self.leaving[:, [low, high]], self.events[:, [low, high]])


def sweep(
    table: EventTable,
    value: Floats,
    stops: Floats,
    *,
    other_high: npt.NDArray[np.bool_] | None = None,
    arrangement: Arrangement = "low-high",
) -> Iterator[GroupSweep]:
    """Counts of the groups at every stop, in blocks.

    ``value``: the marker of each patient of ``table`` (nothing missing); low is value <= stop. ``stops`` ascending.
    ``other_high``: of a second marker whose cutoff stays, True = high; then ``arrangement`` "three" gives both low, one high, both high
    and "both-low" gives both low, the rest. Without it the groups are low and high.
    """
    if (other_high is None) != (arrangement == "low-high"):
        raise ValueError(f"arrangement {arrangement!r} does not fit {'one marker' if other_high is None else 'two markers'}")
    side = np.zeros(table.n, dtype=np.int64) if other_high is None else other_high.astype(np.int64)
    first = np.searchsorted(stops, value)  # the first stop that takes the patient into the low group
    width, sides = len(table.time), 1 if other_high is None else 2
    totals = [_cells(side, table.place, table.event, (sides, width), weight) for weight in (False, True)]
    size = max(1, CELLS // max(sides * width, 1))
    carried = [np.zeros((sides, width)), np.zeros((sides, width))]
    for start in range(0, len(stops), size):
        stop = min(start + size, len(stops))
        inside = (first >= start) & (first < stop)
        made = []
        for k, weight in enumerate((False, True)):
            place = (first[inside] - start) * sides + side[inside]
            cells = _cells(place, table.place[inside], table.event[inside], ((stop - start) * sides, width), weight)
            below = np.cumsum(cells.reshape(stop - start, sides, width), axis=0) + carried[k]
            carried[k] = below[-1]
            made.append(arranged(below, totals[k], arrangement))
        yield GroupSweep(slice(start, stop), table.time, made[0], made[1])


def _cells(row: Codes, place: Codes, event: Floats, shape: tuple[int, int], weighted: bool) -> Counts:
    """One GROUP BY over (row, time): who leaves, or who has the event."""
    cell = row * shape[1] + place
    found = np.bincount(cell, weights=event if weighted else None, minlength=shape[0] * shape[1])
    return found.astype(np.float64).reshape(shape)


def arranged(below: Counts, total: Counts, arrangement: Arrangement) -> Counts:
    """Groups from who is at or below the stop (stops x sides x anything counted) and from everybody (sides x anything counted)."""
    above = total - below
    if arrangement == "low-high":
        return np.concatenate([below, above], axis=1)
    if arrangement == "three":
        return np.stack([below[:, 0], above[:, 0] + below[:, 1], above[:, 1]], axis=1)
    return np.stack([below[:, 0], above[:, 0] + total[1]], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class CurveSweep:
    """Kaplan-Meier curves of every stop and group: stops x groups x times; log-log limits, NaN where S = 0 or nobody is left."""

    time: Floats
    at_risk: Counts
    survival: Floats
    ci_low: Floats
    ci_high: Floats

    def median(self) -> tuple[Floats, Floats, Floats]:
        """Median with limits, stops x groups, as ``SurvivalCurve.quantile(0.5)``; NaN = not reached."""
        there = self.at_risk > 0
        value, low, high = (_crossing(self.time, band, there & np.isfinite(band)) for band in (self.survival, self.ci_low, self.ci_high))
        return value, low, high


def curves(counts: GroupSweep, *, level: float = 0.95) -> CurveSweep:
    """All curves of a block (Kaplan & Meier 1958; Greenwood's variance; log-log limits)."""
    at_risk = at_risk_of(counts.leaving)
    events, z = counts.events, normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival: Floats = np.cumprod(np.where(at_risk > 0, 1.0 - events / at_risk, 1.0), axis=2).astype(np.float64, copy=False)
        variance = np.cumsum(np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0), axis=2)
        log_s = np.log(survival)
        width = z * np.sqrt(variance) / log_s
        low, high = np.exp(log_s * np.exp(-width)), np.exp(log_s * np.exp(width))
    whole, none = survival >= 1.0, survival <= 0.0
    low, high = (np.where(none, np.nan, np.where(whole, 1.0, band)) for band in (low, high))
    return CurveSweep(counts.time, at_risk, survival, low, high)


def _crossing(time: Floats, band: Floats, known: npt.NDArray[np.bool_], p: float = 0.5) -> Floats:
    """Where 1 - p crosses each step curve, by R's rule (see ``survival._crossing``): a band need not fall all the way."""
    if not len(time):
        return np.full(band.shape[:2], np.nan)
    fall = np.where(known, 1.0 - band, -np.inf)
    touch = np.where(fall >= p - LEVEL_TOLERANCE, fall, np.inf).min(axis=2)
    beyond = np.where(fall > p + LEVEL_TOLERANCE, fall, np.inf).min(axis=2)
    touched = time[np.argmax(fall == touch[..., None], axis=2)]
    passed = time[np.argmax(fall == beyond[..., None], axis=2)]
    end = time[len(time) - 1 - np.argmax(known[..., ::-1], axis=2)]
    on_level = touch <= p + LEVEL_TOLERANCE
    found = np.where(on_level, (touched + np.where(np.isfinite(beyond), passed, end)) / 2, touched)
    return np.where(np.isfinite(touch), found, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of the log-rank test at every stop: ``score`` (observed - expected, stops x groups), ``variance`` (stops x groups x groups)."""

    score: Floats
    variance: Floats
    expected: Floats


def log_rank_moments(counts: GroupSweep) -> Moments:
    """Observed minus expected and their hypergeometric covariance (Mantel 1966) at every stop."""
    some = counts.events.sum(axis=(0, 1)) > 0
    events, at_risk = counts.events[..., some], at_risk_of(counts.leaving)[..., some]
    d, n = events.sum(axis=1, keepdims=True), at_risk.sum(axis=1, keepdims=True)
    share = np.divide(at_risk, n, out=np.zeros_like(at_risk), where=n > 0)
    expected = (share * d).sum(axis=2)
    spread = d * np.maximum(n - d, 0) / np.maximum(n - 1, 1)
    shared = share * spread
    variance = -np.einsum("kgt,kht->kgh", shared, share)
    groups = np.arange(counts.events.shape[1])
    variance[:, groups, groups] += shared.sum(axis=2)
    return Moments(events.sum(axis=2) - expected, variance, expected)


def log_rank_p(moments: Moments) -> Floats:
    """P of the log-rank test of all groups at every stop; NaN unless every group was at risk at an event."""
    k = moments.score.shape[1]
    found = np.full(len(moments.score), np.nan)
    fit = np.flatnonzero((moments.expected > 0).all(axis=1))
    fit = fit[np.linalg.matrix_rank(moments.variance[fit, 1:, 1:]) == k - 1]
    score, variance = moments.score[fit, 1:], moments.variance[fit, 1:, 1:]
    statistic = (score * np.linalg.solve(variance, score[..., None])[..., 0]).sum(axis=1)
    found[fit] = chdtrc(k - 1, statistic)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class RatioSweep:
    """Hazard ratio of the second group against the first at every stop, with Wald limits and p; NaN = not estimable."""

    value: Floats
    ci_low: Floats
    ci_high: Floats
    p_value: Floats


def cox_ratios(pair: GroupSweep, *, level: float = 0.95) -> RatioSweep:
    """Cox's hazard ratio (Efron ties) at every stop of two groups; NaN where the partial likelihood has no finite maximum."""
    low, high, events = _risk_sets(pair)
    only_high, any_high = ((low <= NOBODY) & (high > NOBODY)).sum(axis=1), (high > NOBODY).sum(axis=1)
    fit = (events > only_high) & (events < any_high)
    beta, information = np.full(len(events), np.nan), np.full(len(events), np.nan)
    if fit.any():
        beta[fit], information[fit] = newton(low[fit], high[fit], events[fit])
    return _ratios(beta, 1 / np.sqrt(information), normal_quantile(level))


def _risk_sets(pair: GroupSweep) -> tuple[Floats, Floats, Floats]:
    """At risk low and high (stops x events) and events of the high group. Efron takes l/d of d tied patients out before the l-th.

    How many are tied may differ between stops; an event that a stop does not have gets an empty high group, which adds nothing.
    """
    tied = pair.events.sum(axis=1)
    most = tied.max(axis=0, initial=0).astype(np.int64)
    column = np.repeat(np.arange(len(most)), most)
    order = np.arange(len(column)) - np.repeat(np.cumsum(most) - most, most)
    d = tied[:, column]
    out = np.divide(order, d, out=np.zeros_like(d), where=d > 0)
    at_risk = at_risk_of(pair.leaving)
    low = at_risk[:, 0, column] - pair.events[:, 0, column] * out
    high = np.where(order < d, at_risk[:, 1, column] - pair.events[:, 1, column] * out, 0.0)
    return np.where(order < d, low, 1.0), high, pair.events[:, 1].sum(axis=1)


def _ratios(beta: Floats, error: Floats, z: float) -> RatioSweep:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        p = 2 * ndtr(-np.abs(beta) / error)
        return RatioSweep(np.exp(beta), np.exp(beta - z * error), np.exp(beta + z * error), p)


def mantel_haenszel_ratios(pair: GroupSweep, *, level: float = 0.95) -> RatioSweep:
    """exp((O - E) / V) of the second group at every stop, as GraphPad Prism, with the log-rank p."""
    moments = log_rank_moments(pair)
    variance = moments.variance[:, 1, 1]
    p = log_rank_p(moments)
    with np.errstate(invalid="ignore", divide="ignore"):
        beta, error = np.where(np.isnan(p), np.nan, moments.score[:, 1] / variance), 1 / np.sqrt(variance)
    found = _ratios(beta, error, normal_quantile(level))
    return RatioSweep(found.value, found.ci_low, found.ci_high, p)


def thinned_times(time: Floats, is_step: npt.NDArray[np.bool_], x_max: float, most: int) -> tuple[Floats, Codes]:
    """Where step curves are drawn: every step up to ``x_max`` when there are at most ``most``, else ``most`` even columns.

    Returns the months and, for each, the last position in ``time`` at or before it (-1 = before the first). On even columns a step is
    drawn at most ``x_max / most`` months late.
    """
    steps = time[is_step & (time <= x_max)]
    months = np.asarray(steps if len(steps) <= most else np.linspace(0, x_max, most + 1)[1:], dtype=np.float64)
    return months, np.asarray(np.searchsorted(time, months, side="right") - 1, dtype=np.int64)


def at_columns(values: Floats, column: Codes, before: float) -> Floats:
    """The last axis of ``values`` read at positions; ``before`` where a position is -1."""
    if not values.shape[-1]:
        return np.full((*values.shape[:-1], len(column)), before)
    return np.where(column >= 0, values[..., np.maximum(column, 0)], before)
