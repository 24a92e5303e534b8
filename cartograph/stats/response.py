"""Proportions with limits, and Fisher's exact test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betaincinv, gammaln
from scipy.stats import MonteCarloMethod
from scipy.stats import fisher_exact as scipy_fisher

from cartograph.stats.results import Estimate, Floats
from cartograph.stats.survival import normal_quantile

AS_LIKELY = 1 + 1e-7  # R's tolerance for "no more likely than the observed table"
MAX_LISTED = 2_000_000  # partial tables kept at once
SIMULATED_TABLES = 99_999


@lru_cache(maxsize=4096)
def proportion(
    successes: int, n: int, *, method: Literal["clopper-pearson", "wilson"] = "clopper-pearson", level: float = 0.95
) -> Estimate:
    """A proportion with exact (Clopper & Pearson, Biometrika 1934) or score (Wilson, J Am Stat Assoc 1927) limits.

    ``successes`` of ``n``; NaN with a note when n is 0; ValueError when successes lie outside 0 .. n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n; got {successes} of {n}")
    nan = float("nan")
    if n == 0:
        return Estimate(nan, nan, nan, method, n=0, events=0, notes=("nobody to count",))
    if method == "clopper-pearson":
        low, high = _clopper_pearson(successes, n, (1 - level) / 2)
    elif method == "wilson":
        low, high = _wilson(successes / n, n, normal_quantile(level))
    else:
        raise ValueError(f"method must be 'clopper-pearson' or 'wilson'; got {method!r}")
    return Estimate(successes / n, low, high, method, n=n, events=successes)


def _clopper_pearson(x: int, n: int, tail: float) -> tuple[float, float]:
    low = 0.0 if x == 0 else float(betaincinv(x, n - x + 1, tail))
    high = 1.0 if x == n else float(betaincinv(x + 1, n - x, 1 - tail))
    return low, high


def _wilson(p: float, n: int, z: float) -> tuple[float, float]:
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    below = 1 + z * z / n
    return max((middle - half) / below, 0.0), min((middle + half) / below, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class FisherTest:
    """Fisher's exact test of a table of counts, two-sided."""

    p_value: float
    n: int
    method: str = "Fisher's exact test"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: p_value, n, method."""
        return pd.DataFrame([{"p_value": self.p_value, "n": self.n, "method": self.method}])


def fisher_exact(table: npt.ArrayLike) -> FisherTest:
    """Two-sided p: the sum of all tables with these margins that are no more likely than the observed one.

    ``table``: r x c counts. Beyond 2 x 2 all tables are listed (Freeman & Halton, Biometrika 1951); where these are too many, p is
    simulated and ``method`` says so. p = 1 with a note when everybody has the same outcome or is in the same group (as in R), NaN without
    patients.
    """
    counts = np.asarray(table)
    if counts.ndim != 2 or (counts < 0).any() or not np.equal(counts, np.rint(counts)).all():
        raise ValueError("table must be a two-way table of counts, none negative")
    counts = counts.astype(np.int64)
    n = int(counts.sum())
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return FisherTest(1.0 if n else float("nan"), n, notes=("every patient has the same outcome or is in the same group",))
    if counts.shape == (2, 2):
        (a, b), (c, d) = counts.tolist()
        return FisherTest(fisher_two_by_two(a, b, c, d), n)
    p_value = _enumerated(counts)
    if p_value is not None:
        return FisherTest(p_value, n)
    simulation = MonteCarloMethod(n_resamples=SIMULATED_TABLES, rng=np.random.default_rng(1))
    simulated = float(scipy_fisher(counts, method=simulation).pvalue)
    return FisherTest(
        simulated, n, f"Fisher's exact test, simulated from {SIMULATED_TABLES:,} tables", ("too many tables to list them all",)
    )


@lru_cache(maxsize=32_768)
def fisher_two_by_two(a: int, b: int, c: int, d: int) -> float:
    """P of Fisher's test of the whole numbers (a, b), (c, d), for callers that test thousands of tables.

    Sum of hypergeometric probabilities; by logarithms of factorials, so that large tables do not overflow.
    """
    row, column, n = a + b, a + c, a + b + c + d
    x = np.arange(max(0, row + column - n), min(row, column) + 1)
    log_p = -(gammaln(x + 1) + gammaln(row - x + 1) + gammaln(column - x + 1) + gammaln(n - row - column + x + 1))
    p = np.exp(log_p - log_p.max())
    observed = p[a - x[0]]
    return min(1.0, float(p[p <= observed * AS_LIKELY].sum() / p.sum()))


def _enumerated(counts: npt.NDArray[np.int64]) -> float | None:
    """Sum over all r x c tables, row by row; None where they are too many.

    A partial table is what is left of each column total and its log-probability; equal ones are kept once, with their number.
    """
    counts = counts if counts.shape[1] <= counts.shape[0] else counts.T
    left, log_p = counts.sum(axis=0)[None, :], np.zeros(1)
    number: Floats = np.ones(1)
    for total in counts.sum(axis=1)[:-1]:
        if math.comb(int(total) + counts.shape[1] - 1, counts.shape[1] - 1) * len(left) > MAX_LISTED:
            return None
        rows = _fillings(int(total), counts.shape[1])
        after = (left[:, None, :] - rows).reshape(-1, counts.shape[1])
        p = (log_p[:, None] - gammaln(rows + 1).sum(axis=1)).ravel()
        inside = (after >= 0).all(axis=1)
        keys = np.column_stack([after[inside], np.rint(p[inside] * 1e9).astype(np.int64)])
        _, first, same = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        number = np.bincount(same.ravel(), weights=np.repeat(number, len(rows))[inside]).astype(np.float64)
        left, log_p = after[inside][first], p[inside][first]
    log_p = log_p - gammaln(left + 1).sum(axis=1)  # the last row takes what is left
    observed = -float(gammaln(counts + 1).sum())
    weight = number * np.exp(log_p - log_p.max())
    return min(1.0, float(weight[log_p <= observed + AS_LIKELY - 1].sum() / weight.sum()))


def _fillings(total: int, cells: int) -> npt.NDArray[np.int64]:
    """All ways to write ``total`` as a sum of ``cells`` counts: ways x cells."""
    if cells == 1:
        return np.array([[total]])
    parts = [
        np.column_stack([np.full(len(rest), first), rest]) for first in range(total + 1) for rest in [_fillings(total - first, cells - 1)]
    ]
    return np.concatenate(parts)
