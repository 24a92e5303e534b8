"""Competing risks: cumulative incidence by cause (Aalen-Johansen), Gray's test, and 1 - Kaplan-Meier only to show how far off it is.

lifelines breaks ties of its Aalen-Johansen estimate at random; here everything is counted at distinct times, so ties are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc

from cartograph.stats.compare import NOT_COMPARABLE, by_stratum
from cartograph.stats.counts import Codes
from cartograph.stats.results import Floats, frame_of
from cartograph.stats.survival import kaplan_meier, normal_quantile
from cartograph.stats.times import Counts, Indices, at_risk_of, label_codes, survival_input

IncidenceLimits = Literal["log-log", "plain"]
Cells = npt.NDArray[np.float64]  # groups x times, or causes x groups x times
NAN = float("nan")
ROUNDING = 1e-12  # a sum of jumps that misses 1 by less has reached it
EVERYBODY = "all"
COLUMNS = ["time", "at_risk", "events", "other_events", "censored", "incidence", "std_error", "ci_low", "ci_high"]
METHOD = "Aalen-Johansen, variance as cmprsk, {} limits"
WARNING = "1 - Kaplan-Meier treats the other causes as censoring and overstates the probability: for comparison only"


@dataclass(frozen=True, slots=True, eq=False)
class IncidenceCurve:
    """Cumulative incidence of one cause in one group: arrays of equal length, one entry per distinct time (months), ascending.

    ``at_risk`` counts T >= t without any event; ``events``: of this cause; ``other_events``: of the others; ``incidence``: probability
    of an event of this cause by t (just after t), in the presence of the other causes. Limits are missing (NaN) while nothing has happened.
    """

    cause: int
    group: Any
    time: Floats
    at_risk: Counts
    events: Counts
    other_events: Counts
    censored: Counts
    incidence: Floats
    std_error: Floats
    ci_low: Floats
    ci_high: Floats
    n: int
    method: str
    notes: tuple[str, ...] = ()

    @property
    def n_events(self) -> int:
        """Events of this cause."""
        return int(self.events.sum())

    @property
    def max_time(self) -> float:
        """The longest time, NaN without patients."""
        return float(self.time[-1]) if len(self.time) else NAN

    def to_frame(self) -> pd.DataFrame:
        """One row per time: time, at_risk, events, other_events, censored, incidence, std_error, ci_low, ci_high."""
        return frame_of(self, COLUMNS)

    def at(self, times: npt.ArrayLike) -> pd.DataFrame:
        """At given times (months): time, at_risk, cum_events, incidence, std_error, ci_low, ci_high; NaN beyond the longest time."""
        asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
        last = np.searchsorted(self.time, asked, side="right")
        before = np.searchsorted(self.time, asked, side="left")
        inside = asked <= self.max_time if len(self.time) else np.zeros(len(asked), dtype=bool)
        start = {"incidence": 0.0, "std_error": 0.0, "ci_low": NAN, "ci_high": NAN}
        stepped = {name: np.where(inside, np.r_[first, getattr(self, name)][last], np.nan) for name, first in start.items()}
        at_risk = np.r_[self.at_risk, 0.0][before]
        return pd.DataFrame({"time": asked, "at_risk": at_risk, "cum_events": np.r_[0.0, np.cumsum(self.events)][last], **stepped})


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeIncidence:
    """Cumulative incidence of every cause in every group, groups in order and causes ascending within them.

    Without ``group`` the only group is "all". At every time the incidences of all causes and the event-free probability sum to 1.
    """

    curves: tuple[IncidenceCurve, ...]
    causes: tuple[int, ...]
    groups: tuple[Any, ...]
    level: float
    ci: IncidenceLimits
    method: str
    notes: tuple[str, ...] = ()

    def curve(self, cause: int, group: Any = EVERYBODY) -> IncidenceCurve:
        """The curve of one cause in one group. ValueError when there is no such cause or group."""
        for found in self.curves:
            if found.cause == cause and found.group == group:
                return found
        raise ValueError(f"there is no cause {cause!r} in group {group!r}; causes: {self.causes}, groups: {self.groups}")

    def at(self, times: npt.ArrayLike) -> pd.DataFrame:
        """All curves at given times: group, cause and the columns of ``IncidenceCurve.at``."""
        return self._stacked([c.at(times) for c in self.curves])

    def to_frame(self) -> pd.DataFrame:
        """All curves: group, cause and the columns of ``IncidenceCurve.to_frame``."""
        return self._stacked([c.to_frame() for c in self.curves])

    def _stacked(self, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
        labelled = [f.assign(group=c.group, cause=c.cause) for c, f in zip(self.curves, frames, strict=True)]
        table = pd.concat(labelled, ignore_index=True) if labelled else pd.DataFrame(columns=[*COLUMNS, "group", "cause"])
        return table[["group", "cause", *[name for name in table.columns if name not in ("group", "cause")]]]


@dataclass(frozen=True, slots=True, eq=False)
class GrayTest:
    """Gray's test of equal cumulative incidence of ``cause`` in k groups. NaN and a note when not estimable.

    ``statistic`` is chi-squared with ``df`` degrees of freedom. ``n``: patients, ``events``: of the cause, ``observed`` and ``expected``:
    weighted by (1 - F)^rho, per group; ``variance`` (k x k) is the covariance of observed - expected.
    """

    statistic: float
    df: int
    p_value: float
    cause: int
    groups: tuple[Any, ...]
    n: Codes
    events: Codes
    observed: Floats
    expected: Floats
    variance: Floats
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group: group, n, events, observed, expected."""
        columns = {"n": self.n, "events": self.events, "observed": self.observed, "expected": self.expected}
        return pd.DataFrame({"group": list(self.groups), **columns})


@dataclass(frozen=True, slots=True, eq=False)
class MisleadingOneMinusKaplanMeier:
    """What 1 - Kaplan-Meier would claim, beside the cumulative incidence: arrays of equal length over ``time`` (months).

    ``difference``: how much is overstated, as a probability. To warn, never to report alone.
    """

    cause: int
    time: Floats
    one_minus_kaplan_meier: Floats
    incidence: Floats
    difference: Floats
    method: str
    notes: tuple[str, ...] = (WARNING,)

    def to_frame(self) -> pd.DataFrame:
        """One row per time: time, one_minus_kaplan_meier, incidence, difference."""
        return frame_of(self, ["time", "one_minus_kaplan_meier", "incidence", "difference"])


class CompetingInput(NamedTuple):
    """Times (merged as R's timefix does) and causes, one entry per patient; 0 = censored."""

    time: Floats
    cause: Indices


def competing_input(time: npt.ArrayLike, cause: npt.ArrayLike) -> CompetingInput:
    """Times and causes as arrays. ValueError for missing or negative times, causes that are not 0, 1, 2 ..., unequal lengths."""
    causes = np.asarray(cause, dtype=np.float64)
    if causes.ndim != 1 or not np.isfinite(causes).all() or (causes < 0).any() or (causes != np.rint(causes)).any():
        raise ValueError("cause must be a whole number for every patient: 0 = censored, 1, 2 ... = the causes")
    data = survival_input(time, causes > 0)
    return CompetingInput(data.time, causes.astype(np.int64))


class _Cells(NamedTuple):
    """Counts at distinct times: who leaves (groups x times) and events of each cause (causes x groups x times)."""

    time: Floats
    leaving: Cells
    events: Cells


def _count(data: CompetingInput, codes: Codes, n_groups: int, causes: tuple[int, ...]) -> _Cells:
    """One GROUP BY over (cause, group, time); ``codes``: -1 = left out."""
    inside = codes >= 0
    distinct, place = np.unique(data.time[inside], return_inverse=True)
    cell, size = codes[inside] * len(distinct) + place, n_groups * len(distinct)
    shape = (n_groups, len(distinct))
    of_cause = [np.bincount(cell[data.cause[inside] == c], minlength=size).reshape(shape) for c in causes]
    events = np.array(of_cause, dtype=np.float64).reshape(len(causes), *shape)
    return _Cells(distinct, np.bincount(cell, minlength=size).astype(np.float64).reshape(shape), events)


def cumulative_incidence(
    time: npt.ArrayLike, cause: npt.ArrayLike, group: npt.ArrayLike | None = None, *, level: float = 0.95, ci: IncidenceLimits = "log-log"
) -> CumulativeIncidence:
    """Probability of each cause over time when the other causes can come first (Aalen & Johansen, Scand J Stat 1978).

    ``time``: months to the first event or to censoring, not negative; ``cause``: 0 = censored, 1, 2 ... = what happened; ``group``: a
    label per patient. ValueError for missing values, unequal lengths and other codes. Equals R's ``cmprsk::cuminc`` with its variance
    (Gray, Ann Stat 1988). ``ci``: "log-log" = F^exp(-+ z se / (F log F)) (Choudhury, Stat Med 2002), "plain" = F +- z se, cut to 0 and 1.
    """
    data = competing_input(time, cause)
    z = normal_quantile(level)
    if ci not in ("log-log", "plain"):
        raise ValueError(f"ci must be 'log-log' or 'plain'; got {ci!r}")
    n = len(data.time)
    codes, labels = (np.zeros(n, dtype=np.int64), (EVERYBODY,)) if group is None else label_codes(group, n, "group")
    causes = tuple(int(c) for c in np.unique(data.cause[data.cause > 0]))
    curves: list[IncidenceCurve] = []
    for g, label in enumerate(labels):
        cells = _count(data, np.where(codes == g, 0, -1), 1, causes)
        curves += [_curve(cells, c, causes[c], label, z, ci) for c in range(len(causes))]
    notes = () if causes else ("no events",)
    return CumulativeIncidence(tuple(curves), causes, labels, level, ci, METHOD.format(ci), notes)


def _curve(cells: _Cells, place: int, cause: int, group: Any, z: float, ci: IncidenceLimits) -> IncidenceCurve:
    """The curve of ``causes[place]`` from the counts of one group."""
    at_risk, of_all = at_risk_of(cells.leaving[0]), cells.events[:, 0].sum(axis=0)
    events = cells.events[place, 0]
    free = np.cumprod(1.0 - of_all / at_risk)
    before = np.r_[1.0, free][:-1]
    incidence = np.cumsum(before * events / at_risk)
    error = np.sqrt(_variance(incidence, before, free, events, of_all - events, at_risk))
    low, high = _limits(incidence, error, z, ci)
    notes = () if events.any() else ("no events of this cause in this group",)
    rest = (of_all - events, cells.leaving[0] - of_all)
    n = int(at_risk[0]) if len(at_risk) else 0
    return IncidenceCurve(cause, group, cells.time, at_risk, events, *rest, incidence, error, low, high, n, METHOD.format(ci), notes)


def _variance(incidence: Floats, before: Floats, free: Floats, events: Counts, others: Counts, at_risk: Counts) -> Floats:
    """Gray's variance of the incidence at every time.

    An event at s moves the incidence at t by the jump itself, if of this cause, less the share (F(t) - F(s)) / S(s) that its patient could
    still have added. The squares, summed over s <= t, are expanded so that one pass serves every t. Tied events of d among n count
    1 - (d - 1) / (n - 1).
    """
    share = np.divide(1.0, free, out=np.zeros_like(free), where=free > 0)
    one, two, three = (np.zeros_like(free) for _ in range(3))
    for d, own in ((events, 1.0), (others, 0.0)):
        tied = 1.0 - np.maximum(d - 1, 0) / np.maximum(at_risk - 1, 1)
        spread = tied * d * (before / at_risk) ** 2
        if not own:
            spread = np.where(free > 0, spread, 0.0)
        moved = own + share * incidence
        one, two, three = one + share**2 * spread, two + share * moved * spread, three + moved**2 * spread
    one, two, three = np.cumsum(one), np.cumsum(two), np.cumsum(three)
    return np.maximum(three + incidence**2 * one - 2 * incidence * two, 0.0)


def _limits(incidence: Floats, error: Floats, z: float, ci: IncidenceLimits) -> tuple[Floats, Floats]:
    """Limits from the standard error; NaN where the incidence is 0 or has reached 1."""
    inside = (incidence > 0) & (incidence < 1 - ROUNDING)
    value = np.where(inside, incidence, 0.5)
    if ci == "plain":
        low, high = np.maximum(value - z * error, 0.0), np.minimum(value + z * error, 1.0)
    else:
        width = z * error / (value * np.log(value))
        with np.errstate(over="ignore"):  # next to 1 the lower limit is 0
            low, high = value ** np.exp(-width), value ** np.exp(width)
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def gray_test(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    of: int = 1,
    rho: float = 0.0,
    strata: npt.ArrayLike | None = None,
) -> GrayTest:
    """Whether the cumulative incidence of one cause differs between groups (Gray, Ann Stat 1988); equals R's ``cmprsk::cuminc``.

    ``time``, ``cause``: as in ``cumulative_incidence``; ``of``: the cause that is compared; ``group``: a label per patient. ``rho``: weight
    (1 - F)^rho, F the incidence of all groups together. ``strata``: scores and variances are summed over strata. ValueError as there.
    """
    data = competing_input(time, cause)
    codes, labels = label_codes(group, len(data.time), "group")
    if of < 1:
        raise ValueError(f"of must be a cause, 1 or more; got {of}")
    k = len(labels)
    observed, expected, variance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    kinds = CompetingInput(data.time, np.where(data.cause == of, 1, np.where(data.cause > 0, 2, 0)))
    parts = by_stratum(codes, strata)
    for part in parts:
        moments = _gray_moments(_count(kinds, part, k, (1, 2)), rho)
        observed, expected, variance = observed + moments[0], expected + moments[1], variance + moments[2]
    method = "Gray's test" + (f", weight (1 - F)^{rho:g}" if rho else "") + (", stratified" if len(parts) > 1 else "")
    n, events = np.bincount(codes, minlength=k), np.bincount(codes[data.cause == of], minlength=k)
    compared = np.flatnonzero(expected > 0)
    df = max(len(compared) - 1, 0)
    kept = compared[1:]
    score, block = (observed - expected)[kept], variance[np.ix_(kept, kept)]
    if df == 0 or np.linalg.matrix_rank(block) < df:
        note = NOT_COMPARABLE if events.sum() else "no events of this cause"
        return GrayTest(NAN, df, NAN, of, labels, n, events, observed, expected, variance, method, (note,))
    statistic = float(score @ np.linalg.solve(block, score))
    return GrayTest(statistic, df, float(chdtrc(df, statistic)), of, labels, n, events, observed, expected, variance, method)


class _Pooled(NamedTuple):
    """What Gray's statistic needs at each time: groups x times, and times for all groups together."""

    before: Cells  # event-free probability of each group just before t
    after: Cells
    weight: Cells  # patients at risk per event-free probability: those who would be at risk, had no other cause come first
    share: Cells  # of the null subdistribution risk set
    incidence: Floats  # of the cause, all groups together, just after t
    incidence_before: Floats
    total: Floats  # sum of ``weight``


def _pooled(at_risk: Cells, events: Cells) -> _Pooled:
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = np.where(at_risk > 0, events.sum(axis=0) / at_risk, 0.0)
        after: Cells = np.cumprod(1.0 - fall, axis=1).astype(np.float64)
        before = np.column_stack([np.ones(len(after)), after])[:, :-1]
        of_group = np.cumsum(np.where(at_risk > 0, before * events[0] / at_risk, 0.0), axis=1)
        of_group_before = np.column_stack([np.zeros(len(after)), of_group])[:, :-1]
        weight = np.where(at_risk > 0, at_risk / before, 0.0)
    still = weight * (1.0 - of_group_before)
    total = weight.sum(axis=0)
    jump = np.divide(events[0].sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    incidence = np.cumsum(jump)
    share = np.divide(still, still.sum(axis=0), out=np.zeros_like(still), where=still.sum(axis=0) > 0)
    return _Pooled(before, after, weight, share, incidence, np.r_[0.0, incidence][:-1], total)


def _gray_moments(cells: _Cells, rho: float) -> tuple[Floats, Floats, Cells]:
    """Observed, expected (k) and variance (k x k) of one stratum.

    ``pull`` (i, k, t): what an event in group k adds to the score of group i at once; ``drift``: what it takes from all later scores by
    lowering the pooled risk set. The variance sums their squares over the events of every group, with the correction for ties.
    """
    k, happened = cells.leaving.shape[0], cells.events.sum(axis=(0, 1)) > 0
    at_risk, events = at_risk_of(cells.leaving)[:, happened], cells.events[:, :, happened]
    pooled = _pooled(at_risk, events)
    own = events[0].sum(axis=0)
    left = 1.0 - pooled.incidence_before
    scale = np.where(left > 0, np.maximum(left, 0.0) ** rho, 0.0)
    observed, expected = events[0] @ scale, pooled.share @ (scale * own)
    part = np.divide(pooled.weight, pooled.total, out=np.zeros_like(pooled.weight), where=pooled.total > 0)
    pull = scale * pooled.weight[:, None] * (np.eye(k)[:, :, None] - part[None])
    rate = np.divide(own, pooled.total * left, out=np.zeros_like(own), where=pooled.total * left > 0)
    drift = np.cumsum(pull * rate, axis=2)
    remaining = drift[:, :, -1:] - drift if drift.shape[2] else drift
    lost = np.divide(1.0 - pooled.incidence, pooled.after, out=np.zeros_like(pooled.after), where=pooled.after > 0)
    from_own = pull + np.where(pooled.after > 0, 1.0 - lost, 1.0) * remaining
    from_other = lost * remaining
    spread_own, spread_other = _spreads(pooled, at_risk, own, events[1])
    variance = np.einsum("ikt,jkt,kt->ij", from_own, from_own, spread_own)
    variance += np.einsum("ikt,jkt,kt->ij", from_other, from_other, spread_other)
    return observed, expected, variance


def _spreads(pooled: _Pooled, at_risk: Cells, own: Floats, others: Cells) -> tuple[Cells, Cells]:
    """Variance that each time adds in each group: by events of the cause (under equal incidence) and by those of the other causes."""
    inside = at_risk > 0
    n = np.where(inside, at_risk, 1.0)
    expected_size = pooled.total * pooled.before
    several = inside & (own > 1) & (expected_size > 1)
    tied = 1.0 - np.divide(np.maximum(own - 1, 0.0), expected_size - 1, out=np.zeros_like(n), where=several)
    of_own = np.where(inside, tied * pooled.before * own / (np.maximum(pooled.total, 1e-300) * n), 0.0)
    tied = 1.0 - np.maximum(others - 1, 0.0) / np.maximum(n - 1, 1.0)
    of_other = np.where(inside & (pooled.after > 0), tied * others * (pooled.before / n) ** 2, 0.0)
    return of_own, of_other


def misleading_one_minus_kaplan_meier(time: npt.ArrayLike, cause: npt.ArrayLike, *, of: int = 1) -> MisleadingOneMinusKaplanMeier:
    """1 - Kaplan-Meier of one cause with the others censored, beside its cumulative incidence: shown to warn, never to report.

    ``time``, ``cause``: as in ``cumulative_incidence``; ``of``: the cause, present in the data (ValueError). It answers what would happen
    if the other causes did not exist, and is never below the cumulative incidence (Gooley et al., Stat Med 1999).
    """
    data = competing_input(time, cause)
    curve = cumulative_incidence(data.time, data.cause).curve(of)
    naive = 1.0 - kaplan_meier(data.time, data.cause == of).survival
    method = "1 - Kaplan-Meier (other causes censored) against Aalen-Johansen"
    return MisleadingOneMinusKaplanMeier(of, curve.time, naive, curve.incidence, naive - curve.incidence, method)
