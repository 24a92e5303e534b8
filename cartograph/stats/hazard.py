"""Hazard ratios of two groups: Cox (Efron, Breslow), Firth, Mantel-Haenszel, log-rank; interaction with a third factor.

With one binary covariate the partial likelihood depends on counts only, so every estimate here reads risk sets, never patients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtr

from cartograph.stats.compare import LogRankTest, by_stratum, log_rank_of
from cartograph.stats.counts import Codes, GroupCounts, RiskSets, group_counts, joined, risk_sets
from cartograph.stats.results import Floats
from cartograph.stats.survival import normal_quantile
from cartograph.stats.times import label_codes, survival_input

Method = Literal["cox", "firth", "mantel-haenszel", "log-rank"]
Ties = Literal["efron", "breslow"]
TOLERANCE = 1e-12
MAX_STEPS = 60
LONGEST_STEP = 2.0  # of the log hazard ratio, in one step of Newton's method
NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class HazardRatio:
    """Hazard of the exposed over the unexposed group; ``test`` made ``p_value``. NaN = not estimable, ``notes`` say why."""

    value: float
    ci_low: float
    ci_high: float
    p_value: float
    test: str
    method: str
    n: int
    events: int
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: value, ci_low, ci_high, p_value, test, method, n, events."""
        names = ["value", "ci_low", "ci_high", "p_value", "test", "method", "n", "events"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def hazard_ratio(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    exposed: npt.ArrayLike,
    *,
    method: Method = "cox",
    ties: Ties = "efron",
    strata: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> HazardRatio:
    """Hazard ratio of exposed (True) against unexposed patients.

    method "cox": partial likelihood, Wald limits and test (Cox, J R Stat Soc B 1972; Efron's or Breslow's ties).
    "firth": penalised likelihood with profile limits and penalised likelihood-ratio test (Heinze & Schemper, Biometrics 2001).
    "mantel-haenszel": exp((O - E) / V), as GraphPad Prism. "log-rank": (O1 / E1) / (O2 / E2). Both with the log-rank test.
    """
    data = survival_input(time, event)
    codes = _binary(exposed, len(data.time))
    tables = [group_counts(data.time, data.event, c, 2) for c in by_stratum(codes, strata)]
    return hazard_ratio_of(tables, method=method, ties=ties, level=level)


def _binary(exposed: npt.ArrayLike, n: int) -> Codes:
    """0 and 1 per patient; ValueError for anything else."""
    values = np.asarray(exposed, dtype=np.float64)
    if values.shape != (n,) or not np.isin(values, (0.0, 1.0)).all():
        raise ValueError(f"exposed must be True or False for each of the {n} patients, with none missing")
    return values.astype(np.int64)


def hazard_ratio_of(tables: Sequence[GroupCounts], *, method: Method = "cox", ties: Ties = "efron", level: float = 0.95) -> HazardRatio:
    """The hazard ratio of group 1 against group 0 from counts, one table per stratum."""
    n = int(sum(t.n.sum() for t in tables))
    z = normal_quantile(level)
    if method in ("mantel-haenszel", "log-rank"):
        return _from_log_rank(log_rank_of(tables), method, z, n)
    if method not in ("cox", "firth"):
        raise ValueError(f"method must be 'cox', 'firth', 'mantel-haenszel' or 'log-rank'; got {method!r}")
    sets = joined([risk_sets(t, ties=ties) for t in tables])
    words = f"{ties.capitalize()} ties" + (", stratified" if len(tables) > 1 else "")
    return _cox(sets, z, n, words) if method == "cox" else _firth(sets, level, n, words)


def _from_log_rank(test: LogRankTest, method: str, z: float, n: int) -> HazardRatio:
    events = round(float(test.observed.sum()))
    (o0, o1), (e0, e1) = test.observed, test.expected
    name = "Mantel-Haenszel (Prism)" if method == "mantel-haenszel" else "log-rank (O/E)"
    if math.isnan(test.statistic):
        return HazardRatio(NAN, NAN, NAN, NAN, "log-rank", name, n, events, test.notes or ("no comparison is possible",))
    if method == "mantel-haenszel":
        variance = float(test.variance[1, 1])
        log_ratio, error = float(o1 - e1) / variance, 1 / math.sqrt(variance)
    elif min(o0, o1) == 0:
        return HazardRatio(NAN, NAN, NAN, test.p_value, "log-rank", name, n, events, (_no_events_words(o0, o1),))
    else:
        log_ratio, error = math.log((o1 / e1) / (o0 / e0)), math.sqrt(1 / e0 + 1 / e1)
    notes = (_no_events_words(o0, o1),) if min(o0, o1) == 0 else ()
    limits = (math.exp(log_ratio - z * error), math.exp(log_ratio + z * error))
    return HazardRatio(math.exp(log_ratio), *limits, test.p_value, "log-rank", name, n, events, notes)


def _no_events_words(o0: float, o1: float) -> str:
    if o0 == 0 and o1 == 0:
        return "no events"
    return "no events in the low group" if o0 == 0 else "no events in the high group"


def _cox(sets: RiskSets, z: float, n: int, words: str) -> HazardRatio:
    events = round(float(sets.of_event.sum()))
    name = f"Cox, {words}"
    reason = monotone_reason(sets)
    if reason:
        return HazardRatio(NAN, NAN, NAN, NAN, "Wald", name, n, events, (reason,))
    beta, information = newton(sets.at_risk[0][None, :], sets.at_risk[1][None, :], sets.of_event[1:2])
    b, error = float(beta[0]), 1 / math.sqrt(float(information[0]))
    p = 2 * float(ndtr(-abs(b) / error))
    return HazardRatio(math.exp(b), math.exp(b - z * error), math.exp(b + z * error), p, "Wald", name, n, events)


def monotone_reason(sets: RiskSets) -> str:
    """Why the partial likelihood has no finite maximum, or "". Its slope keeps one sign when every event falls in the same group."""
    low, high = sets.at_risk
    if not sets.of_event.sum():
        return "no events"
    only_high, any_high = int((low <= TOLERANCE).sum()), int((high > TOLERANCE).sum())
    if only_high == any_high:
        return "the groups are never at risk together"
    if sets.of_event[1] <= only_high:
        return "no events in the high group while the low group is at risk" if sets.of_event[1] else "no events in the high group"
    if sets.of_event[1] >= any_high:
        return "no events in the low group while the high group is at risk" if sets.of_event[0] else "no events in the low group"
    return ""


def newton(low: Floats, high: Floats, events_high: Floats) -> tuple[Floats, Floats]:
    """Maximise the partial likelihood of many splits at once; every split must have a maximum (see ``monotone_reason``).

    ``low``, ``high``: splits x events, at risk in each group; ``events_high``: events in the high group of each split. Returns the log
    hazard ratio and the information of each split. The sign of the score narrows a bracket that no step may leave.
    """
    odds = np.full(low.shape, np.inf)
    np.divide(low, high, out=odds, where=high > TOLERANCE)
    beta, information = np.zeros(len(low)), np.ones(len(low))
    below, above = np.full(len(low), -np.inf), np.full(len(low), np.inf)
    for _ in range(MAX_STEPS):
        theta = np.exp(beta)[:, None]
        share = theta / (theta + odds)
        expected = share.sum(axis=1)
        score, information = events_high - expected, expected - np.einsum("ij,ij->i", share, share)
        below, above = np.where(score > 0, beta, below), np.where(score < 0, beta, above)
        step = np.clip(score / np.maximum(information, 1e-300), -LONGEST_STEP, LONGEST_STEP)
        proposed = beta + step
        with np.errstate(invalid="ignore"):
            proposed = np.where((proposed > below) & (proposed < above), proposed, (below + above) / 2)
        beta = np.where(np.abs(step) > TOLERANCE, proposed, beta)
        if np.all(np.abs(step) <= TOLERANCE * np.maximum(1.0, np.abs(beta))):
            break
    return beta, information


def _share(low: Floats, high: Floats, beta: Floats) -> Floats:
    """Probability that an event falls in the high group."""
    weighted = high * np.exp(beta)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weighted > 0, weighted / (low + weighted), 0.0)


def _firth(sets: RiskSets, level: float, n: int, words: str) -> HazardRatio:
    events = round(float(sets.of_event.sum()))
    name = f"Firth, {words}, profile limits"
    low, high = sets.at_risk
    if not events or not ((low > TOLERANCE) & (high > TOLERANCE)).any():
        reason = "no events" if not events else "the groups are never at risk together"
        return HazardRatio(NAN, NAN, NAN, NAN, "penalised likelihood ratio", name, n, events, (reason,))

    def penalised(b: float) -> float:
        share = _share(low[None, :], high[None, :], np.array([b]))[0]
        information = float((share * (1 - share)).sum())
        return float(b * sets.of_event[1] - np.log(low + high * math.exp(b)).sum() + 0.5 * math.log(information))

    def slope(b: float) -> float:
        share = _share(low[None, :], high[None, :], np.array([b]))[0]
        spread = share * (1 - share)
        return float(sets.of_event[1] - share.sum() + 0.5 * (spread * (1 - 2 * share)).sum() / spread.sum())

    best = _root(slope, 0.0, falling=True)
    top = penalised(best)
    drop = normal_quantile(level) ** 2 / 2
    below = _root(lambda b: penalised(b) - top + drop, best, falling=False, side=-1)
    above = _root(lambda b: penalised(b) - top + drop, best, falling=True, side=1)
    statistic = max(2 * (top - penalised(0.0)), 0.0)
    p = float(chdtrc(1, statistic))
    return HazardRatio(math.exp(best), math.exp(below), math.exp(above), p, "penalised likelihood ratio", name, n, events)


def _root(function: Callable[[float], float], start: float, *, falling: bool, side: int = 0) -> float:
    """The root of a function that falls (or rises) through zero: look outwards from ``start`` in doubling steps, then Brent."""
    direction = side or (1 if (function(start) > 0) == falling else -1)
    near, step = start, 0.5
    far = start + direction * step
    while function(far) * (1 if side else direction * (1 if falling else -1)) > 0:
        near, step = far, 2 * step
        far = start + direction * step
        if step > 500:
            return direction * math.inf
    return float(brentq(function, near, far, xtol=1e-12, rtol=1e-13))


@dataclass(frozen=True, slots=True, eq=False)
class InteractionTest:
    """Whether the hazard ratio of exposed against unexposed differs between the levels of a factor."""

    statistic: float
    df: int
    p_value: float
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: statistic, df, p_value, method."""
        return pd.DataFrame([{"statistic": self.statistic, "df": self.df, "p_value": self.p_value, "method": self.method}])


def interaction(
    time: npt.ArrayLike, event: npt.ArrayLike, exposed: npt.ArrayLike, by: npt.ArrayLike, *, ties: Ties = "efron"
) -> InteractionTest:
    """Likelihood-ratio test of exposed x by in the unstratified Cox model with both main effects.

    R: anova(coxph(Surv ~ exposed + by), coxph(Surv ~ exposed * by)). ``by``: a label for each patient, two or more levels.
    """
    data = survival_input(time, event)
    level, levels = label_codes(by, len(data.time), "by")
    cells = 2 * level + _binary(exposed, len(data.time))
    return interaction_of(group_counts(data.time, data.event, cells, 2 * len(levels)), ties=ties)


def interaction_of(cells: GroupCounts, *, ties: Ties = "efron") -> InteractionTest:
    """The test from counts. Cells in the order (level 0, unexposed), (level 0, exposed), (level 1, unexposed) ..."""
    k = cells.n_groups // 2
    name = f"likelihood-ratio test of interaction, Cox, {ties.capitalize()} ties"
    if k < 2:
        return InteractionTest(NAN, 0, NAN, name, ("fewer than two levels",))
    if (cells.n_events == 0).any():
        return InteractionTest(NAN, k - 1, NAN, name, ("no events in a group",))
    exposed = np.tile([0.0, 1.0], k)
    of_level = np.repeat(np.eye(k)[:, 1:], 2, axis=0)
    main = np.column_stack([exposed, of_level])
    full = np.column_stack([main, exposed[:, None] * of_level])
    sets = risk_sets(cells, ties=ties)
    statistic = max(2 * (_max_log_likelihood(sets, full) - _max_log_likelihood(sets, main)), 0.0)
    return InteractionTest(statistic, k - 1, float(chdtrc(k - 1, statistic)), name)


def _max_log_likelihood(sets: RiskSets, design: Floats) -> float:
    """Maximum of the partial log-likelihood of cells with covariates ``design`` (cells x covariates), by Newton's method."""
    beta = np.zeros(design.shape[1])
    value, score, information = _likelihood(sets, design, beta)
    for _ in range(MAX_STEPS):
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        for _ in range(20):
            trial = _likelihood(sets, design, beta + step)
            if trial[0] >= value - 1e-10:
                break
            step = step / 2
        gain = trial[0] - value
        beta, (value, score, information) = beta + step, trial
        if abs(gain) < 1e-12 * max(1.0, abs(value)):
            break
    return value


def _likelihood(sets: RiskSets, design: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
    linear = design @ beta
    weight = sets.at_risk * np.exp(linear)[:, None]
    total = weight.sum(axis=0)
    share = weight / total
    mean = design.T @ share
    score = design.T @ sets.of_event - mean.sum(axis=1)
    information = (design.T * share.sum(axis=1)) @ design - mean @ mean.T
    return float(sets.of_event @ linear - np.log(total).sum()), score, information
