"""Firth's penalised likelihood for models with several coefficients: maximum, profile limits, penalised likelihood-ratio tests.

The model comes as a function, so Cox and logistic regression share one search. The penalty log(det information) / 2 keeps estimates
finite where a covariate separates the events. Firth, Biometrika 1993; Heinze & Schemper, Biometrics 2001 (Cox), Stat Med 2002 (logistic).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import chdtrc

from cartograph.stats.partial import RiskOrder, event_moments, totals
from cartograph.stats.results import Floats
from cartograph.stats.survival import normal_quantile

MAX_STEPS = 400
TOLERANCE = 1e-10
FOR_VALUE = 1e-7  # where only the value at the top counts, whose error is the square of this
LONGEST = 2.0  # of a step, in log ratios per standard deviation
PROFILE_STEPS = 80
FURTHEST = 200.0  # of a limit, in log ratios per standard deviation: beyond it there is none
NAN = float("nan")


class Point(NamedTuple):
    """Penalised log-likelihood and its slope at some coefficients, with the unpenalised information."""

    value: float
    score: Floats
    information: Floats


Evaluate = Callable[[Floats], Point]


@dataclass(frozen=True, slots=True, eq=False)
class FirthFit:
    """Coefficients with profile limits and penalised likelihood-ratio p, one of each per coefficient (log ratios)."""

    coefficients: Floats
    covariance: Floats
    ci_low: Floats
    ci_high: Floats
    p_values: Floats
    log_likelihood: float
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per coefficient: coefficient, ci_low, ci_high, p_values."""
        return pd.DataFrame({name: getattr(self, name) for name in ("coefficients", "ci_low", "ci_high", "p_values")})


def cox_point(orders: list[RiskOrder], beta: Floats) -> Point:
    """The penalised partial likelihood (Efron) at ``beta``; value -infinity where the information is singular."""
    k = len(beta)
    moments = [event_moments(order, beta) for order in orders]
    information = sum((at.covariance.sum(axis=2) for at in moments), np.zeros((k, k)))
    sign, log_det = np.linalg.slogdet(information)
    if sign <= 0:
        return Point(-math.inf, np.zeros(k), information)
    inverse = np.linalg.inv(information)
    value, score = log_det / 2, np.zeros(k)
    for order, at in zip(orders, moments, strict=True):
        linear = beta @ order.x - at.log_scale
        value += float(linear[order.rows].sum() - np.log(at.total).sum())
        square = np.einsum("in,ij,jn->n", order.x, inverse, order.x)
        third = totals(order, np.concatenate([square[None, :], order.x * square]) * at.weight) / at.total
        turned = inverse @ at.mean
        skew = third[1:] - at.mean * third[0] - 2 * np.einsum("ije,je->ie", at.covariance, turned)
        score += order.x[:, order.rows].sum(axis=1) - at.mean.sum(axis=1) + skew.sum(axis=1) / 2
    return Point(float(value), score, information)


def firth_fit(evaluate: Evaluate, k: int, *, wanted: int | None = None, level: float = 0.95, method: str = "Firth") -> FirthFit:
    """Maximum of ``evaluate`` over ``k`` coefficients. ``wanted``: limits and p of the first so many only (all by default).

    Covariates must be on comparable scales (standard deviation near 1), because steps are bounded. NaN and a note when there is no maximum.
    """
    wanted = k if wanted is None else wanted
    free = np.ones(k, dtype=bool)
    beta, top, found = _maximum(evaluate, np.zeros(k), free)
    if not found:
        nothing = np.full(wanted, NAN)
        reason = "the penalised likelihood has no maximum that could be found"
        return FirthFit(np.full(k, NAN), np.full((k, k), NAN), nothing, nothing, nothing, NAN, method, (reason,))
    drop = normal_quantile(level) ** 2 / 2
    low, high = (_limits(evaluate, beta, top, (wanted, side), drop) for side in (-1, 1))
    p = np.array([_p_value(evaluate, beta, top, j) for j in range(wanted)], dtype=np.float64)
    covariance = np.asarray(np.linalg.inv(top.information), dtype=np.float64)
    return FirthFit(beta, covariance, low, high, p, top.value, f"{method}, profile limits")


def _maximum(evaluate: Evaluate, start: Floats, free: npt.NDArray[np.bool_], tolerance: float = TOLERANCE) -> tuple[Floats, Point, bool]:
    """Climb from ``start`` in the ``free`` coefficients; the information of the unpenalised likelihood gives the direction."""
    beta, here = start, evaluate(start)
    if not math.isfinite(here.value):
        return beta, here, False
    for _ in range(MAX_STEPS):
        step = np.zeros(len(beta))
        step[free] = np.linalg.lstsq(here.information[np.ix_(free, free)], here.score[free], rcond=None)[0]
        step *= min(1.0, LONGEST / max(float(np.abs(step).max()), 1e-300))
        length = float(np.abs(step).max())
        if length <= tolerance * max(1.0, float(np.abs(beta).max())):
            return beta, here, True
        there = evaluate(beta + step)
        while _too_far(here, there, step) and np.abs(step).max() > tolerance:
            step = step / 2
            there = evaluate(beta + step)
        beta, here = beta + step, there
    return beta, here, False


def _too_far(here: Point, there: Point, step: Floats) -> bool:
    """The step went down, or so far past the top that it looks back at more than half of the slope it came from.

    The second rule matters close to the top, where values no longer differ: the penalised likelihood may bend more than its information.
    """
    return there.value < here.value - 1e-10 or float(there.score @ step) < -0.5 * abs(float(here.score @ step))


def _held(evaluate: Evaluate, start: Floats, j: int, value: float) -> tuple[Floats, Point, bool]:
    """The maximum with coefficient ``j`` held at ``value``."""
    free = np.ones(len(start), dtype=bool)
    free[j] = False
    at = start.copy()
    at[j] = value
    if not free.any():
        return at, evaluate(at), True
    return _maximum(evaluate, at, free, FOR_VALUE)


def _p_value(evaluate: Evaluate, beta: Floats, top: Point, j: int) -> float:
    """The penalised likelihood-ratio test of coefficient ``j``, with the penalty of the whole model."""
    _, held, found = _held(evaluate, beta, j, 0.0)
    return float(chdtrc(1, max(2 * (top.value - held.value), 0.0))) if found else NAN


def _limits(evaluate: Evaluate, beta: Floats, top: Point, which: tuple[int, int], drop: float) -> Floats:
    """Limits of the first coefficients on one side; ``which``: how many, and -1 or 1."""
    wanted, side = which
    return np.array([_limit(evaluate, beta, top, (j, side), drop) for j in range(wanted)], dtype=np.float64)


def _limit(evaluate: Evaluate, beta: Floats, top: Point, side: tuple[int, int], drop: float) -> float:
    """Where the profile of a coefficient has fallen by ``drop``; ``side``: its number, and -1 or 1. Infinite where it never does."""
    found = _by_steps(evaluate, beta, top, side, drop)
    return found if math.isfinite(found) else _by_bracket(evaluate, beta, top, side, drop)


def _by_steps(evaluate: Evaluate, beta: Floats, top: Point, side: tuple[int, int], drop: float) -> float:
    """Venzon & Moolgavkar's search (Appl Stat 1988): value and slopes of the other coefficients together; NaN when it does not settle."""
    j, direction = side
    target, at, here = top.value - drop, beta.copy(), top
    for _ in range(PROFILE_STEPS):
        try:
            inverse = np.linalg.inv(here.information)
        except np.linalg.LinAlgError:
            return NAN
        square = (2 * (here.value - target) + here.score @ inverse @ here.score) / inverse[j, j]
        slope = direction * math.sqrt(max(square, 0.0))
        pull = here.score.copy()
        pull[j] += slope
        step = inverse @ pull
        step *= min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() <= 1e-8 * max(1.0, float(np.abs(at).max())):
            settled = abs(here.value - target) < 1e-7 and direction * (at[j] - beta[j]) > 0
            return float(at[j]) if settled else NAN
        at = at + step
        here = evaluate(at)
        if not math.isfinite(here.value) or abs(at[j]) > FURTHEST:
            return NAN
    return NAN


def _by_bracket(evaluate: Evaluate, beta: Floats, top: Point, side: tuple[int, int], drop: float) -> float:
    """The same limit, one held value after the other: slow and sure."""
    j, direction = side
    warm = beta.copy()

    def above(value: float) -> float:
        at, held, _ = _held(evaluate, warm, j, value)
        warm[:] = at
        return held.value - top.value + drop

    near, length = float(beta[j]), 0.5
    far = near + direction * length
    while above(far) > 0:
        near, length = far, 2 * length
        far = near + direction * length
        if abs(far) > FURTHEST:
            return direction * math.inf
    return float(brentq(above, near, far, xtol=1e-10, rtol=1e-12))
