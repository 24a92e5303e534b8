"""Odds ratios of a yes-or-no outcome between two groups, and whether they differ between strata."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chdtrc, gammaln

from cartograph.stats.hazard import InteractionTest
from cartograph.stats.results import Estimate, Floats

NAN = float("nan")
FURTHEST = 700.0  # of the log odds ratio: beyond it exp() overflows
WIDEST = 40.0  # of a common log odds ratio: no table of patients comes near
METHOD = "conditional maximum likelihood, exact limits"


def odds_ratio(table: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Odds ratio of a 2 x 2 table with exact limits, conditional on its margins (Cornfield, Proc 3rd Berkeley Symp 1956).

    ``table``: [[exposed with, exposed without the outcome], [unexposed with, unexposed without]]. The estimate and limits are those of
    R's ``fisher.test``, solved exactly: limits leave (1 - level) / 2 in each tail. A zero on a diagonal gives 0 or infinity with one
    finite limit, and a note; NaN and a note where everybody is in one group or has the same outcome.
    """
    counts = _counts(table, (2, 2))
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1; got {level}")
    (a, b), (c, d) = counts.tolist()
    return _odds_ratio(a, b, c, d, level)


def _counts(table: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    counts = np.asarray(table)
    if counts.shape[-2:] != shape[-2:] or counts.ndim != len(shape) or (counts < 0).any() or not np.equal(counts, np.rint(counts)).all():
        raise ValueError(f"table must be {'strata of ' if len(shape) > 2 else ''}2 x 2 counts, none negative; got shape {counts.shape}")
    return counts.astype(np.int64)


@lru_cache(maxsize=4096)
def _odds_ratio(a: int, b: int, c: int, d: int, level: float) -> Estimate:
    n, events = a + b + c + d, a + c
    if 0 in (a + b, c + d, a + c, b + d):
        reason = "a group is empty" if 0 in (a + b, c + d) else "every patient has the same outcome"
        return Estimate(NAN, 0.0, math.inf, METHOD, n=n, events=events, notes=(reason,))
    x, log_weight = _hypergeometric(a, b, c, d)
    tail = (1 - level) / 2
    lowest, highest = a == x[0], a == x[-1]
    low = 0.0 if lowest else _root(lambda t: _mean(x >= a, x, log_weight, t) - tail)
    high = math.inf if highest else _root(lambda t: tail - _mean(x <= a, x, log_weight, t))
    notes: tuple[str, ...] = ()
    if lowest or highest:
        value, notes = (0.0 if lowest else math.inf), ("no finite estimate: an outcome is missing in a group",)
    else:
        value = _root(lambda t: _mean(x, x, log_weight, t) - a)
    return Estimate(value, low, high, METHOD, n=n, events=events, notes=notes)


def _hypergeometric(a: int, b: int, c: int, d: int) -> tuple[Floats, Floats]:
    """Counts of the first cell that the margins allow, and the logarithm of their weights at an odds ratio of 1."""
    row, column, n = a + b, a + c, a + b + c + d
    x = np.arange(max(0, row + column - n), min(row, column) + 1).astype(np.float64)
    weight = -(gammaln(x + 1) + gammaln(row - x + 1) + gammaln(column - x + 1) + gammaln(n - row - column + x + 1))
    return x, np.asarray(weight, dtype=np.float64)


def _mean(values: npt.ArrayLike, x: Floats, log_weight: Floats, log_ratio: float) -> float:
    """Mean of ``values`` under the noncentral hypergeometric distribution with this log odds ratio."""
    log_p = log_weight + x * log_ratio
    p = np.exp(log_p - log_p.max())
    return float((p * np.asarray(values)).sum() / p.sum())


def _root(rising: Callable[[float], float]) -> float:
    """The ratio at which a rising function of its logarithm is zero."""
    return math.exp(brentq(rising, -FURTHEST, FURTHEST, xtol=1e-14, rtol=8.9e-16))


def odds_interaction(tables: npt.ArrayLike) -> InteractionTest:
    """Likelihood-ratio test whether the odds ratio differs between strata (Agresti, Categorical Data Analysis, Wiley 2013).

    ``tables``: strata x 2 x 2 counts, each as in ``odds_ratio``. R: anova(glm(y ~ s + x, binomial), glm(y ~ s * x, binomial),
    test = "LRT"). Strata with one group or one outcome tell nothing and are left out; NaN and a note when fewer than two remain.
    """
    counts = _counts(tables, (0, 2, 2)).astype(np.float64)
    name = "likelihood-ratio test of interaction, logistic regression"
    telling = counts[(counts.sum(axis=1).min(axis=1) > 0) & (counts.sum(axis=2).min(axis=1) > 0)]
    df = len(telling) - 1
    if df < 1:
        return InteractionTest(NAN, max(df, 0), NAN, name, ("fewer than two strata with both groups and both outcomes",))
    fitted = _one_ratio(telling)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(telling > 0, telling * np.log(telling / fitted), 0.0)
    statistic = max(2 * float(terms.sum()), 0.0)
    return InteractionTest(statistic, df, float(chdtrc(df, statistic)), name)


def _one_ratio(tables: Floats) -> Floats:
    """Expected counts with the same odds ratio in every stratum, margins kept: the fit of the model without interaction."""
    exposed, cases, n = tables[:, 0].sum(axis=1), tables[:, :, 0].sum(axis=1), tables.sum(axis=(1, 2))
    total = float(tables[:, 0, 0].sum())
    if total in (float(np.maximum(0, exposed + cases - n).sum()), float(np.minimum(exposed, cases).sum())):
        return tables  # every stratum lies at the same end: the common ratio is 0 or infinite, and fits all of them
    ratio = math.exp(brentq(lambda t: _first_cell(exposed, cases, n, math.exp(t)).sum() - total, -WIDEST, WIDEST, xtol=1e-13))
    first = _first_cell(exposed, cases, n, ratio)
    rows = np.stack([first, exposed - first, cases - first, n - exposed - cases + first], axis=1)
    return np.asarray(rows.reshape(-1, 2, 2), dtype=np.float64)


def _first_cell(exposed: Floats, cases: Floats, n: Floats, ratio: float) -> Floats:
    """Exposed patients with the outcome at an odds ratio: the root of x (n - e - c + x) = ratio (e - x)(c - x) inside the margins."""
    square, linear, constant = 1 - ratio, n - exposed - cases + ratio * (exposed + cases), ratio * exposed * cases
    root = np.sqrt(linear**2 + 4 * square * constant)
    with np.errstate(divide="ignore", invalid="ignore"):  # the form that does not cancel
        return np.asarray(np.where(linear >= 0, 2 * constant / (linear + root), (root - linear) / (2 * square)), dtype=np.float64)
