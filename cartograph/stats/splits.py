"""The partial likelihood of many splits into low and high at once, from counts: Cox, profile limits and Firth's penalised estimate.

With one binary covariate each single event adds theta h / (total + (theta - 1) h), where h of the total at risk are high and theta is the
hazard ratio. Sums of the powers of this share give the score, the information and their derivatives; nothing else is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal

from cartograph.stats.counts import Codes
from cartograph.stats.hazard import MAX_STEPS, Ties
from cartograph.stats.results import Floats
from cartograph.stats.times import Counts

SMALL_STEP = 1e-3  # of the log ratio: the cubic that is solved leaves less than its fourth power, the information its third
POLYNOMIAL_STEP = 0.5  # up to here the cubic is trusted, beyond it Newton's step is taken
LONGEST_STEP = 2.0
TOLERANCE = 1e-12
QUADRATURE_ERROR = 1e-14
LARGEST_RATIO = 20.0  # hazard ratio up to which the sum over tied events keeps that error; it grows slowly beyond


@dataclass(frozen=True, slots=True, eq=False)
class TiedTerms:
    """The terms that tied events add: ``weight`` times a risk set from which the share ``out`` of the tied patients is taken.

    ``column``: event time of each term; the first term of every event time comes first, in order of time.
    """

    column: Codes
    out: Floats
    weight: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """Risk sets of many splits: ``high`` (splits x terms) of ``total`` (terms or splits x terms) at risk, ``weight`` (terms) times each."""

    total: Floats
    high: Floats
    weight: Floats

    def rows(self, rows: Codes) -> Splits:
        """Some of the splits."""
        return Splits(self.total[rows] if self.total.ndim > 1 else self.total, self.high[rows], self.weight)


def tied_terms(tied: Counts, at_risk: Counts, ties: Ties) -> TiedTerms:
    """Terms of the event times with ``tied`` events among ``at_risk``.

    Breslow: one term of weight d. Efron: d terms, l / d of the tied patients taken out before the l-th. Where d is large the sum over l
    of this smooth function is taken by Gauss quadrature for equally spaced points (the discrete Chebyshev polynomials: Gautschi,
    Orthogonal Polynomials, 2004), with as many nodes as leave 1e-14 of it for hazard ratios up to 20; d nodes are the sum itself.
    """
    column = np.arange(len(tied))
    if ties == "breslow":
        return TiedTerms(column, np.zeros(len(tied)), tied)
    if ties != "efron":
        raise ValueError(f"ties must be 'efron' or 'breslow'; got {ties!r}")
    pairs, kind = np.unique(np.column_stack([tied.astype(np.int64), _node_counts(tied, at_risk)]), axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    rules = [_rule(int(d), int(k)) for d, k in pairs]
    first = np.r_[0, np.cumsum([len(out) for out, _ in rules])].astype(np.int64)
    further = (first[1:] - first[:-1])[kind] - 1
    order = np.arange(further.sum()) - np.repeat(np.cumsum(further) - further, further)
    node = np.r_[first[kind], np.repeat(first[kind], further) + 1 + order].astype(np.int64)
    out, weight = (np.concatenate([rule[i] for rule in rules]) if rules else np.empty(0) for i in range(2))
    return TiedTerms(np.r_[column, np.repeat(column, further)], out[node], weight[node])


def _node_counts(tied: Counts, at_risk: Counts) -> Codes:
    """Nodes that leave ``QUADRATURE_ERROR``: it falls as rho^(-2 k), rho from the distance of the pole of the summed function."""
    share = tied / at_risk
    reach = np.minimum(LARGEST_RATIO * share, 1 - (1 - share) / LARGEST_RATIO) * np.maximum(tied - 1, 0.5) / tied
    pole = 2 / reach - 1
    rho = pole + np.sqrt(pole**2 - 1)
    nodes = np.ceil(-np.log(QUADRATURE_ERROR) / (2 * np.log(rho)))
    return np.asarray(np.minimum(tied, nodes), dtype=np.int64)


@lru_cache(maxsize=4096)
def _rule(tied: int, nodes: int) -> tuple[Floats, Floats]:
    """Points in 0 .. 1 and weights whose weighted sum replaces the sum over l / tied, l = 0 .. tied - 1."""
    if nodes == tied:
        return np.arange(tied) / tied, np.ones(tied)
    k = np.arange(1, nodes, dtype=np.float64)
    beside = np.sqrt(k**2 * (tied**2 - k**2) / (4 * (4 * k**2 - 1)))
    points, vectors = eigh_tridiagonal(np.full(nodes, (tied - 1) / 2), beside)
    return points / tied, tied * vectors[0] ** 2


def splits_of(terms: TiedTerms, at_risk: Counts, tied: Counts, high_risk: Counts, high_events: Counts) -> Splits:
    """Risk sets of the terms. ``high_risk``, ``high_events``: splits x event times; ``at_risk``, ``tied``: of low and high together."""
    total = at_risk[terms.column] - terms.out * tied[terms.column]
    width = len(tied)
    if not terms.out.any():
        return Splits(total, high_risk, terms.weight)
    more, out = terms.column[width:], terms.out
    high = np.empty((len(high_risk), len(out)))
    high[:, :width] = high_risk - high_events * out[:width] if out[:width].any() else high_risk
    np.multiply(high_events[:, more], -out[width:], out=high[:, width:])
    high[:, width:] += high_risk[:, more]
    return Splits(total, high, terms.weight)


def moments(sets: Sequence[Splits], beta: Floats, powers: int = 4) -> Floats:
    """``powers`` x splits: weighted sums of the share of the high group, its square, cube ... at the log ratios ``beta``."""
    theta = np.exp(beta)
    sums = np.zeros((powers, len(beta)))
    for part in sets:
        share = part.high * (theta - 1)[:, None]
        share += part.total
        np.divide(part.high, share, out=share)
        sums[0] += share @ part.weight
        power = np.square(share)
        sums[1] += power @ part.weight
        for k in range(2, powers):
            power *= share
            sums[k] += power @ part.weight
    found: Floats = sums * theta ** np.arange(1, powers + 1)[:, None]
    return found


def log_likelihood(sets: Sequence[Splits], events_high: Floats, beta: Floats) -> Floats:
    """Partial log-likelihood of each split, up to a constant: 0 at a log ratio of 0."""
    value: Floats = beta * events_high
    for part in sets:
        value = value - np.log1p(np.expm1(beta)[:, None] * part.high / part.total) @ part.weight
    return value


def maximise(sets: Sequence[Splits], events_high: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Log hazard ratio and information of each split; each must have a maximum (see ``hazard.monotone_reason``).

    ``sets``: one per stratum, added up. Each look at the counts gives the score and its first three derivatives; the root of that cubic
    is the next value. The sign of the score narrows a bracket that no step may leave; a good ``start`` needs one or two looks.
    """
    beta, information = start.astype(np.float64), np.ones(len(start))
    below, above = np.full(len(start), -np.inf), np.full(len(start), np.inf)
    active = np.arange(len(start))
    for _ in range(MAX_STEPS):
        part = sets if len(active) == len(beta) else [s.rows(active) for s in sets]
        b, m = beta[active], moments(part, beta[active])
        score = events_high[active] - m[0]
        below[active], above[active] = np.where(score > 0, b, below[active]), np.where(score < 0, b, above[active])
        curve = m[0] - m[1], m[0] - 3 * m[1] + 2 * m[2], m[0] - 7 * m[1] + 12 * m[2] - 6 * m[3]
        step = _cubic_step(score, *curve)
        small = np.abs(step) <= SMALL_STEP
        beta[active] = np.where(small, b + step, _inside(b + step, below[active], above[active]))
        moved = beta[active] - b
        information[active] = curve[0] + curve[1] * moved + curve[2] * moved**2 / 2
        active = active[~small]
        if not len(active):
            break
    return beta, information


def _inside(proposed: Floats, below: Floats, above: Floats) -> Floats:
    """The proposed values, or the middle of the bracket where they leave it."""
    with np.errstate(invalid="ignore"):
        return np.where((proposed > below) & (proposed < above), proposed, (below + above) / 2)


def _cubic_step(score: Floats, information: Floats, first: Floats, second: Floats) -> Floats:
    """Where score - information x - first x^2 / 2 - second x^3 / 6 crosses zero next to x = 0; Newton's step where that is far."""
    step = np.clip(score / np.maximum(information, 1e-300), -LONGEST_STEP, LONGEST_STEP)
    near = np.abs(step) <= POLYNOMIAL_STEP
    x = np.where(near, step, 0.0)
    for _ in range(4):
        slope = information + first * x + second * x**2 / 2
        x = x + (score - information * x - first * x**2 / 2 - second * x**3 / 6) / np.maximum(slope, 0.1 * information + 1e-300)
        x = np.clip(x, -LONGEST_STEP, LONGEST_STEP)
    return np.where(near, x, step)


def profile_limits(sets: Sequence[Splits], events_high: Floats, beta: Floats, information: Floats, z: float) -> tuple[Floats, Floats]:
    """Log ratios beside the maximum ``beta`` where twice the log-likelihood is z^2 lower (Venzon & Moolgavkar, Appl Stat 1988)."""
    floor = log_likelihood(sets, events_high, beta) - z**2 / 2

    def excess(b: Floats) -> tuple[Floats, Floats]:
        return log_likelihood(sets, events_high, b) - floor, events_high - moments(sets, b)[0]

    return _limits(excess, beta, z / np.sqrt(information))


def firth(sets: Sequence[Splits], events_high: Floats, z: float) -> tuple[Floats, Floats, Floats]:
    """Log ratio that maximises log-likelihood + log(information) / 2, and its profile limits (Heinze & Schemper, Biometrics 2001)."""

    def penalised(b: Floats) -> Floats:
        m = moments(sets, b)
        value: Floats = log_likelihood(sets, events_high, b) + np.log(m[0] - m[1]) / 2
        return value

    def slope(b: Floats) -> tuple[Floats, Floats]:
        m = moments(sets, b)
        spread, skew, square = m[0] - m[1], m[0] - 3 * m[1] + 2 * m[2], m[1] - 2 * m[2] + m[3]
        value = events_high - m[0] + skew / spread / 2
        return value, -spread + ((spread - 6 * square) / spread - (skew / spread) ** 2) / 2

    best = _falling_root(slope, np.zeros(len(events_high)), -np.inf)
    floor = penalised(best) - z**2 / 2
    m = moments(sets, best)
    low, high = _limits(lambda b: (penalised(b) - floor, slope(b)[0]), best, z / np.sqrt(m[0] - m[1]))
    return best, low, high


Curve = Callable[[Floats], tuple[Floats, Floats]]  # value and slope of a function, for each split at its own argument


def _limits(excess: Curve, best: Floats, width: Floats) -> tuple[Floats, Floats]:
    """Where a function with its maximum at ``best`` crosses zero on both sides; ``width``: where to look first."""

    def mirrored(b: Floats) -> tuple[Floats, Floats]:
        value, slope = excess(-b)
        return value, -slope

    return -_falling_root(mirrored, -best + width, -best), _falling_root(excess, best + width, best)


def _falling_root(function: Curve, start: Floats, left: Floats | float) -> Floats:
    """Where each function falls through zero, right of ``left``: Newton's method inside a bracket."""
    x = start.copy()
    below, above = np.broadcast_to(left, x.shape).astype(np.float64), np.full(len(x), np.inf)
    for _ in range(MAX_STEPS):
        value, slope = function(x)
        below, above = np.where(value > 0, x, below), np.where(value < 0, x, above)
        step = np.where(slope < 0, value / np.maximum(-slope, 1e-300), LONGEST_STEP * np.sign(value))
        step = np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        small = np.abs(step) <= TOLERANCE * np.maximum(1.0, np.abs(x))
        x = np.where(small, x, _inside(x + step, below, above))
        if small.all():
            break
    return x
