"""Survival of weighted patients: curves, log-rank test, hazard ratio, restricted means and their differences.

Weights are taken as known, as R's survfit and coxph(robust = TRUE) do: standard errors are those of the infinitesimal jackknife, the
root of the sum of squared influences of the patients. ``cartograph.stats.weighted_bootstrap`` estimates the weights anew instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, ndtr

from cartograph.stats.results import Estimate, Floats
from cartograph.stats.survival import SurvivalCurve, normal_quantile
from cartograph.stats.times import Indices, SurvivalInput, at_risk_of, survival_input

Ties = Literal["efron", "breslow"]
Mask = npt.NDArray[np.bool_]
NAN = float("nan")
MAX_STEPS = 100
TOLERANCE = 1e-12
LONGEST_STEP = 2.0
ONE_SIDED = "the events that could tell the groups apart all fall in one of them: no finite hazard ratio"
NOBODY = "a group is empty"
NOT_FOLLOWED = "nobody of a group is followed that long"


@dataclass(frozen=True, slots=True, eq=False)
class WeightedCurve:
    """A weighted Kaplan-Meier curve.

    ``curve``: survival, standard error and limits are weighted, while at_risk, events and censored count patients, so that nobody takes a
    sum of weights for people. ``weight_at_risk``, ``weight_events``: the sums of weights at the same times. ``effective``: Kish's size.
    """

    curve: SurvivalCurve
    weight_at_risk: Floats
    weight_events: Floats
    effective: float
    data: SurvivalInput
    weight: Floats
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per time: those of the curve, weight_at_risk, weight_events."""
        return self.curve.to_frame().assign(weight_at_risk=self.weight_at_risk, weight_events=self.weight_events)

    def at(self, time: float) -> Estimate:
        """Survival at a time (months) with the curve's limits; NaN beyond the longest time."""
        found = self.curve.values_at([time])
        value, low, high = (float(found[name][0]) for name in ("survival", "ci_low", "ci_high"))
        row = int(np.searchsorted(self.curve.time, time, side="right")) - 1
        error = float(self.curve.std_error[row]) if row >= 0 else 0.0
        notes = () if math.isfinite(value) else (NOT_FOLLOWED,)
        error = error if math.isfinite(value) else NAN
        return Estimate(value, low, high, self.method, error, self.curve.n, self.curve.n_events, notes)

    def restricted_mean(self, tau: float) -> Estimate:
        """Area under the curve to ``tau`` (months) with normal limits; NaN where nobody is followed to ``tau`` and the curve is above 0."""
        if not tau > 0:
            raise ValueError(f"tau must be positive; got {tau}")
        curve, n, events = self.curve, self.curve.n, self.curve.n_events
        method = "area under " + self.method
        if not n or (curve.max_time < tau and curve.survival[-1] > 0):
            return Estimate(NAN, NAN, NAN, method, NAN, n, events, (NOT_FOLLOWED,))
        inside = curve.time < tau
        edges = np.r_[0.0, curve.time[inside], tau]
        pieces = np.diff(edges) * np.r_[1.0, curve.survival[inside]]
        after = np.cumsum(pieces[::-1])[::-1][1:]  # area from each time to tau
        mean = float(pieces.sum())
        error = _error_of_mean(self, inside, after)
        z = normal_quantile(curve.level)
        return Estimate(mean, mean - z * error, mean + z * error, method, error, n, events)


def weighted_kaplan_meier(time: npt.ArrayLike, event: npt.ArrayLike, weight: npt.ArrayLike, *, level: float = 0.95) -> WeightedCurve:
    """Kaplan-Meier curve of weighted patients: S(t) = product of 1 - (weight of events) / (weight at risk) (Xie & Liu, Stat Med 2005).

    ``time``: months; ``event``: True = event; ``weight``: not negative, 0 = left out. ValueError otherwise and for missing values. With
    equal weights it is the Kaplan-Meier curve with Greenwood's variance.
    """
    data, weights = _weighted_input(time, event, weight)
    table = _table(data, weights)
    last = table.events == table.at_risk  # all who are left have the event: exactly nought, whatever the rounding of the sums
    steps: Floats = np.where(last, 0.0, 1.0 - table.weight_events / table.weight_at_risk)
    survival = np.cumprod(steps).astype(np.float64)
    log_error = _log_errors(table, data, weights)
    low, high = _log_log_limits(survival, log_error, normal_quantile(level))
    with np.errstate(invalid="ignore"):
        error: Floats = np.where(survival > 0, survival * log_error, NAN)
    n = len(data.time)
    method = "weighted Kaplan-Meier, robust variance, log-log limits"
    notes = () if n else ("no patients",)
    counts = (table.at_risk, table.events, table.leaving - table.events)
    curve = SurvivalCurve(table.time, *counts, survival, error, low, high, n, level, "log-log", method, notes)
    squares = float((weights**2).sum())
    effective = float(weights.sum()) ** 2 / squares if squares else 0.0
    return WeightedCurve(curve, table.weight_at_risk, table.weight_events, effective, data, weights, method, notes)


def _log_log_limits(survival: Floats, log_error: Floats, z: float) -> tuple[Floats, Floats]:
    """Limits of S on the log-log scale; NaN where S = 0, 1 where it is still 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        width = z * log_error / np.log(survival)
        low, high = survival ** np.exp(-width), survival ** np.exp(width)
    low, high = (np.where(survival >= 1, 1.0, limit) for limit in (low, high))
    return np.where(survival <= 0, NAN, low), np.where(survival <= 0, NAN, high)


class _Table(NamedTuple):
    """Per distinct time: patients and weights that leave, have the event, are at risk. ``place``: row of each patient."""

    time: Floats
    place: Indices
    leaving: Floats
    events: Floats
    at_risk: Floats
    weight_events: Floats
    weight_at_risk: Floats


def _table(data: SurvivalInput, weight: Floats) -> _Table:
    time, place = np.unique(data.time, return_inverse=True)

    def per_time(values: Floats) -> Floats:
        return np.bincount(place, weights=values, minlength=len(time)).astype(np.float64)

    leaving, events = per_time(np.ones_like(weight)), per_time(data.event)
    own, gone = per_time(weight * data.event), per_time(weight)
    return _Table(time, place, leaving, events, at_risk_of(leaving), own, at_risk_of(gone))


def _weighted_input(time: npt.ArrayLike, event: npt.ArrayLike, weight: npt.ArrayLike) -> tuple[SurvivalInput, Floats]:
    """Patients with a weight above 0."""
    data = survival_input(time, event)
    weights = np.asarray(weight, dtype=np.float64)
    if weights.shape != data.time.shape or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(f"one weight of 0 or more is expected for each of the {len(data.time)} patients, with none missing")
    kept = weights > 0
    return SurvivalInput(data.time[kept], data.event[kept]), weights[kept]


def _influence_parts(table: _Table) -> tuple[Floats, Floats]:
    """What staying at risk adds to the log of S at each time, d / (n (n - d)), and what an event takes away, 1 / (n - d)."""
    left = table.weight_at_risk - table.weight_events
    ends = table.events == table.at_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        stay = np.where(ends, 0.0, table.weight_events / (table.weight_at_risk * left))
        taken = np.where(ends, 0.0, 1.0 / left)
    return stay, taken


def _log_errors(table: _Table, data: SurvivalInput, weight: Floats) -> Floats:
    """Standard error of log S at each time; infinite where S = 0."""
    stay, taken = _influence_parts(table)
    gathered = np.cumsum(stay)
    final = gathered[table.place] - data.event * taken[table.place]
    past = np.cumsum(np.bincount(table.place, weights=(weight * final) ** 2, minlength=len(table.time)))
    squares: Floats = at_risk_of(np.bincount(table.place, weights=weight**2, minlength=len(table.time)).astype(np.float64))
    ahead = np.append(squares[1:], np.zeros(min(len(squares), 1)))
    found: Floats = np.sqrt(past + gathered**2 * ahead)
    return np.where(table.events == table.at_risk, np.inf, found)


def _error_of_mean(of: WeightedCurve, inside: Mask, after: Floats) -> float:
    """Root of the sum of squared influences on the area; ``after``: area from each time inside to the end."""
    table = _table(of.data, of.weight)
    stay, taken = _influence_parts(table)
    area = np.zeros(len(table.time))
    area[inside] = after
    gathered = np.cumsum(stay * area)
    influence = gathered[table.place] - of.data.event * (taken * area)[table.place]
    return float(np.sqrt(((of.weight * influence) ** 2).sum()))


# ---------------------------------------------------------------- differences


def survival_difference(first: WeightedCurve, second: WeightedCurve, time: float) -> Estimate:
    """Survival of the first minus that of the second group at a time (months), with normal limits."""
    return _difference(first.at(time), second.at(time), first.curve.level, "difference of weighted Kaplan-Meier curves")


def restricted_mean_difference(first: WeightedCurve, second: WeightedCurve, tau: float) -> Estimate:
    """Mean time lived without the event up to ``tau`` (months): first minus second group, with normal limits."""
    method = "difference of areas under weighted Kaplan-Meier curves"
    return _difference(first.restricted_mean(tau), second.restricted_mean(tau), first.curve.level, method)


def _difference(first: Estimate, second: Estimate, level: float, method: str) -> Estimate:
    n, events = first.n + second.n, first.events + second.events
    value = first.value - second.value
    if not math.isfinite(value):
        return Estimate(NAN, NAN, NAN, method, NAN, n, events, tuple(dict.fromkeys((*first.notes, *second.notes))))
    squares = [0.0 if e.value in (0.0, 1.0) and math.isnan(e.std_error) else e.std_error**2 for e in (first, second)]
    error = math.sqrt(sum(squares))
    if not error > 0:
        return Estimate(value, NAN, NAN, method, NAN, n, events, ("no limits: no events yet in either group, or nobody left",))
    z = normal_quantile(level)
    return Estimate(value, value - z * error, value + z * error, method, error, n, events)


# ---------------------------------------------------------------- log-rank


@dataclass(frozen=True, slots=True, eq=False)
class WeightedLogRank:
    """``difference``: weighted observed minus expected events of the first group; ``statistic``: chi-squared with 1 degree of freedom."""

    statistic: float
    p_value: float
    difference: float
    variance: float
    n: int
    events: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: statistic, p_value, difference, variance, n, events, method."""
        names = ["statistic", "p_value", "difference", "variance", "n", "events", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def weighted_log_rank(time: npt.ArrayLike, event: npt.ArrayLike, exposed: npt.ArrayLike, weight: npt.ArrayLike) -> WeightedLogRank:
    """Log-rank test of two weighted groups (Xie & Liu, Stat Med 2005); with equal weights the ordinary log-rank test.

    ``exposed``: True = first group. The variance sums d (n - d) / (n (n - 1)) times the squared weights of those at risk, each group's
    with the squared share of the other in the weight at risk; d and n count patients.
    """
    _weighted_input(time, event, weight)
    kept = np.asarray(weight, dtype=np.float64) > 0
    inside = _two_groups(exposed, len(kept))[kept]
    data, weights = _weighted_input(time, event, weight)
    method = "weighted log-rank (Xie & Liu)"
    n, events = len(weights), int(data.event.sum())
    table = _table(data, weights)
    own = _table(SurvivalInput(data.time, data.event * inside), weights * inside)
    at = table.events > 0
    d, r, d_w, r_w = table.events[at], table.at_risk[at], table.weight_events[at], table.weight_at_risk[at]
    share = own.weight_at_risk[at] / r_w
    difference = float((own.weight_events[at] - d_w * share).sum())
    squares = _table(SurvivalInput(data.time, data.event), weights**2).weight_at_risk[at]
    first = _table(SurvivalInput(data.time, data.event), weights**2 * inside).weight_at_risk[at]
    spread = d * (r - d) / (r * np.maximum(r - 1, 1))
    variance = float((spread * ((1 - share) ** 2 * first + share**2 * (squares - first))).sum())
    if not variance > 1e-300 or inside.all() or not inside.any():
        return WeightedLogRank(NAN, NAN, difference, variance, n, events, method, ("fewer than two groups were ever at risk at an event",))
    statistic = difference**2 / variance
    return WeightedLogRank(statistic, float(chdtrc(1, statistic)), difference, variance, n, events, method)


def _two_groups(exposed: npt.ArrayLike, n: int) -> Mask:
    values = np.asarray(exposed)
    if values.shape != (n,) or not np.isin(values, (0, 1)).all():
        raise ValueError(f"exposed must be True or False for each of the {n} patients, with none missing")
    return values.astype(bool)


# ---------------------------------------------------------------- Cox


@dataclass(frozen=True, slots=True, eq=False)
class WeightedHazardRatio:
    """Hazard of the first group (exposed) over the second. ``std_error``: robust, of the log; ``naive_error``: model-based."""

    value: float
    ci_low: float
    ci_high: float
    p_value: float
    log_value: float
    std_error: float
    naive_error: float
    n: int
    events: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: value, ci_low, ci_high, p_value, log_value, std_error, naive_error, n, events, method."""
        names = ["value", "ci_low", "ci_high", "p_value", "log_value", "std_error", "naive_error", "n", "events", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


class _Risk(NamedTuple):
    """One entry per single event, by time: weight at risk of the first and of the second group with tied events taken out as Efron does.

    ``mass``: what the entry counts; ``out``: the share of the tied events taken out; ``row``: its distinct time.
    """

    first: Floats
    second: Floats
    mass: Floats
    out: Floats
    row: Indices


def weighted_hazard_ratio(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    exposed: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    ties: Ties = "efron",
    level: float = 0.95,
) -> WeightedHazardRatio:
    """Cox hazard ratio of two weighted groups with robust (sandwich) limits and Wald test (Lin & Wei, J Am Stat Assoc 1989).

    As R's ``coxph(Surv(time, event) ~ exposed, weights = w, robust = TRUE)``. ``exposed``: True = first group. NaN and a note without a
    finite estimate.
    """
    data, weights = _weighted_input(time, event, weight)
    kept = np.asarray(weight, dtype=np.float64) > 0
    inside = _two_groups(exposed, len(kept))[kept]
    method = f"weighted Cox ({'Efron' if ties == 'efron' else 'Breslow'}), robust limits"
    n, events = len(weights), int(data.event.sum())

    def nothing(why: str) -> WeightedHazardRatio:
        return WeightedHazardRatio(NAN, NAN, NAN, NAN, NAN, NAN, NAN, n, events, method, (why,))

    if not inside.any() or inside.all():
        return nothing(NOBODY)
    table, own = _table(data, weights), _table(SurvivalInput(data.time, data.event * inside), weights * inside)
    risk = _risk(table, own, ties)
    beta = _maximum(risk, float(own.weight_events.sum()))
    if not math.isfinite(beta):
        return nothing(ONE_SIDED if events else "no events")
    share = _shares(risk, beta)
    information = float((risk.mass * share * (1 - share)).sum())
    influence = weights * _scores(table, risk, data, inside.astype(np.float64), beta)
    error = float(np.sqrt((influence**2).sum())) / information
    z = normal_quantile(level)
    ends = (math.exp(beta - z * error), math.exp(beta + z * error))
    p = float(2 * ndtr(-abs(beta) / error)) if error > 0 else NAN
    return WeightedHazardRatio(math.exp(beta), *ends, p, beta, error, 1 / math.sqrt(information), n, events, method)


def _risk(table: _Table, own: _Table, ties: Ties) -> _Risk:
    d = table.events.astype(np.int64)
    row = np.repeat(np.arange(len(d)), d)
    within = np.arange(len(row)) - np.repeat(np.cumsum(d) - d, d)
    out = within / d[row] if ties == "efron" else np.zeros(len(row))
    first = own.weight_at_risk[row] - out * own.weight_events[row]
    second = (table.weight_at_risk - own.weight_at_risk)[row] - out * (table.weight_events - own.weight_events)[row]
    floor = 1e-12 * table.weight_at_risk[row]  # what rounding leaves of a group that has nobody at risk
    first, second = np.where(first > floor, first, 0.0), np.where(second > floor, second, 0.0)
    return _Risk(first, second, table.weight_events[row] / d[row], out, row)


def _shares(risk: _Risk, beta: float) -> Floats:
    """Share of the first group in the hazard of those at risk, at each event."""
    shift = math.exp(-abs(beta))
    one, two = (risk.first, risk.second * shift) if beta > 0 else (risk.first * shift, risk.second)
    total: Floats = one / (one + two)
    return total


def _maximum(risk: _Risk, observed: float) -> float:
    """The log hazard ratio at which observed and expected weights of events agree; NaN where there is none."""
    most, least = float(risk.mass[risk.first > 0].sum()), float(risk.mass[risk.second == 0].sum())
    slack = 1e-10 * max(float(risk.mass.sum()), 1e-300)
    if observed >= most - slack or observed <= least + slack:
        return NAN
    beta, low, high = 0.0, -math.inf, math.inf
    for _ in range(MAX_STEPS):
        share = _shares(risk, beta)
        score = observed - float((risk.mass * share).sum())
        low, high = (beta, high) if score > 0 else (low, beta)
        information = float((risk.mass * share * (1 - share)).sum())
        step = max(-LONGEST_STEP, min(LONGEST_STEP, score / information)) if information > 0 else math.copysign(LONGEST_STEP, score)
        there = beta + step
        if abs(step) <= TOLERANCE * max(1.0, abs(beta)):
            return there
        if not low < there < high:
            there = (low + high) / 2
        beta = there
    return beta


def _scores(table: _Table, risk: _Risk, data: SurvivalInput, x: Floats, beta: float) -> Floats:
    """Score residual of each patient (Therneau & Grambsch 2000, section 7.1), with Efron's shares at ties."""
    rows = len(table.time)
    share = _shares(risk, beta)
    hazard = risk.mass / (risk.first * math.exp(beta) + risk.second)

    def per_time(values: Floats) -> Floats:
        return np.bincount(risk.row, weights=values, minlength=rows).astype(np.float64)

    whole, mean = np.cumsum(per_time(hazard)), np.cumsum(per_time(hazard * share))
    relief, relief_mean = per_time(hazard * risk.out), per_time(hazard * share * risk.out)
    average = np.divide(per_time(share), table.events, out=np.zeros(rows), where=table.events > 0)
    own = table.place
    expected = x * whole[own] - mean[own] - data.event * (x * relief[own] - relief_mean[own])
    found: Floats = data.event * (x - average[own]) - np.exp(beta * x) * expected
    return found
