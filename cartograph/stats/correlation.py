"""How two measurements go together (Spearman, Kendall), and how one measurement changes between two time points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, stdtr
from scipy.stats import kendalltau, rankdata

from cartograph.stats.adjust import benjamini_hochberg
from cartograph.stats.group_tests import GroupTest, mcnemar, signed_rank
from cartograph.stats.results import Estimate, Floats
from cartograph.stats.survival import normal_quantile

Method = Literal["spearman", "kendall"]
NAN = float("nan")
FEWEST_PAIRS = 4
SPEARMAN_EXACT = 9  # pairs, up to which every order is counted, as R does
KENDALL_EXACT = 49  # pairs, as R
PERFECT = 1 - 1e-12
FIELLER = 0.437  # variance of Kendall's z times (n - 4)
SIGNS_EXACT = 49  # pairs without ties, as R's wilcox.test
MOST_AVERAGED = 1500  # patients whose averages are written down
HALVINGS = 80
FEW = f"fewer than {FEWEST_PAIRS} pairs"
CONSTANT = "every patient has the same value of one of them"
NO_LIMITS = "a coefficient of 1 or \u22121 has no limits"


@dataclass(frozen=True, slots=True, eq=False)
class Correlation:
    """Spearman's rho or Kendall's tau-b of complete pairs, two-sided p. NaN = not estimable, ``notes`` say why.

    ``n``: pairs with both values; ``n_missing``: given without one of them; ``ties``: True when a value occurs twice.
    ``method`` names coefficient, limits and how p was made.
    """

    value: float
    ci_low: float
    ci_high: float
    p_value: float
    n: int
    n_missing: int
    ties: bool
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: value, ci_low, ci_high, p_value, n, n_missing, ties, method."""
        names = ["value", "ci_low", "ci_high", "p_value", "n", "n_missing", "ties", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationMatrix:
    """The pairs of k measurements: (0, 1), (0, 2) ... (k-2, k-1). ``q_values``: Benjamini-Hochberg over the pairs that have a p."""

    places: tuple[tuple[int, int], ...]
    pairs: tuple[Correlation, ...]
    q_values: Floats
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per pair: first, second (places), and the columns of ``Correlation.to_frame``, q_value."""
        columns = ["first", "second", "value", "ci_low", "ci_high", "p_value", "n", "n_missing", "ties", "method", "q_value"]
        if not self.pairs:
            return pd.DataFrame(columns=columns)
        table = pd.concat([p.to_frame() for p in self.pairs], ignore_index=True)
        first, second = zip(*self.places, strict=True)
        return table.assign(first=first, second=second, q_value=self.q_values)[columns]


@dataclass(frozen=True, slots=True, eq=False)
class PairedChange:
    """Change of one measurement from before to after, in complete pairs.

    ``median_before``, ``median_after``; ``change``: Hodges-Lehmann estimate of after - before, of after / before where ``ratio`` is True;
    ``test``: Wilcoxon's signed-rank test of that change; ``n_up``, ``n_down``, ``n_same``: pairs that rose, fell, stayed.
    """

    n: int
    n_missing: int
    median_before: float
    median_after: float
    change: Estimate
    test: GroupTest
    n_up: int
    n_down: int
    n_same: int
    ratio: bool
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: n, n_missing, medians, change with limits, p_value, n_up, n_down, n_same, ratio, method."""
        row = {name: getattr(self, name) for name in ("n", "n_missing", "median_before", "median_after")}
        row |= {"change": self.change.value, "ci_low": self.change.ci_low, "ci_high": self.change.ci_high, "p_value": self.test.p_value}
        return pd.DataFrame([row | {name: getattr(self, name) for name in ("n_up", "n_down", "n_same", "ratio", "method")}])


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """Who crosses a cutoff between two time points; high is ``value > cutoff``. ``test``: McNemar's exact test of the two that cross."""

    low_low: int
    low_high: int
    high_low: int
    high_high: int
    n_missing: int
    test: GroupTest
    method: str
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Complete pairs."""
        return self.low_low + self.low_high + self.high_low + self.high_high

    def to_frame(self) -> pd.DataFrame:
        """One row: low_low, low_high, high_low, high_high, n, n_missing, p_value, method."""
        names = ["low_low", "low_high", "high_low", "high_high", "n", "n_missing"]
        return pd.DataFrame([{**{name: getattr(self, name) for name in names}, "p_value": self.test.p_value, "method": self.method}])


# ---------------------------------------------------------------- two measurements
def correlation(
    x: npt.ArrayLike, y: npt.ArrayLike, *, method: Method = "spearman", exact: bool | None = None, level: float = 0.95
) -> Correlation:
    """Correlation of two equally long lists of numbers, missing values NaN; pairs without one of them are left out.

    "spearman": p from every order of up to 9 pairs without ties, else from t with n - 2 degrees of freedom (R: cor.test, exact = FALSE);
    limits by Fisher's z with variance (1 + rho^2 / 2) / (n - 3) (Bonett & Wright, Psychometrika 2000). "kendall": tau-b; p exact below 50
    pairs without ties, else normal with the variance for ties, as R's cor.test; limits by Fisher's z with variance 0.437 / (n - 4)
    (Fieller, Hartley & Pearson, Biometrika 1957). ``exact``: True = count orders where there are no ties (ValueError beyond 9 or 49
    pairs), False = never, None = as R. Under 4 pairs nothing is estimated.
    """
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"x and y must be two equally long lists of numbers; got shapes {first.shape} and {second.shape}")
    if method not in ("spearman", "kendall"):
        raise ValueError(f"method must be 'spearman' or 'kendall'; got {method!r}")
    known = np.isfinite(first) & np.isfinite(second)
    missing = int((~known).sum())
    return _of_complete(rankdata(first[known]), rankdata(second[known]), missing, method, exact, level)


def _of_complete(first: Floats, second: Floats, missing: int, method: Method, exact: bool | None, level: float) -> Correlation:
    """The correlation of two lists of ranks."""
    n, name = len(first), "Spearman" if method == "spearman" else "Kendall's tau-b"
    ties = len(np.unique(first)) < n or len(np.unique(second)) < n
    why_not = FEW if n < FEWEST_PAIRS else (CONSTANT if np.ptp(first) == 0 or np.ptp(second) == 0 else "")
    if why_not:
        return Correlation(NAN, NAN, NAN, NAN, n, missing, ties, name, (why_not,))
    most = SPEARMAN_EXACT if method == "spearman" else KENDALL_EXACT
    if exact and not ties and n > most:
        raise ValueError(f"exact p values are made for up to {most} pairs; got {n}")
    counted = not ties and n <= most and exact is not False
    if method == "spearman":
        value, p = _spearman(first, second, counted)
        variance, limits = (1 + value * value / 2) / (n - 3), "limits Bonett & Wright"
    else:
        value, p = _kendall(first, second, counted)
        variance, limits = (FIELLER / (n - 4) if n > 4 else math.inf), "limits Fieller"
    low, high, notes = _limits(value, variance, level)
    how = "exact p" if counted else ("p from t" if method == "spearman" else "p from the normal distribution")
    return Correlation(value, low, high, p, n, missing, ties, f"{name}, {limits}, {how}", notes)


def _limits(value: float, variance: float, level: float) -> tuple[float, float, tuple[str, ...]]:
    """Limits on Fisher's z scale."""
    if abs(value) >= PERFECT:
        return NAN, NAN, (NO_LIMITS,)
    if math.isinf(variance):
        return NAN, NAN, ("too few pairs for limits",)
    middle, reach = math.atanh(value), normal_quantile(level) * math.sqrt(variance)
    return math.tanh(middle - reach), math.tanh(middle + reach), ()


def _spearman(first: Floats, second: Floats, counted: bool) -> tuple[float, float]:
    n = len(first)
    a, b = first - first.mean(), second - second.mean()
    rho = float(np.clip((a @ b) / math.sqrt((a @ a) * (b @ b)), -1.0, 1.0))
    if counted:
        distance = round(float(((first - second) ** 2).sum()))
        return rho, _tails(_distances(n), distance)
    if abs(rho) >= PERFECT:
        return rho, 0.0
    t = rho * math.sqrt((n - 2) / (1 - rho * rho))
    return rho, min(2 * float(stdtr(n - 2, -abs(t))), 1.0)


def _kendall(first: Floats, second: Floats, counted: bool) -> tuple[float, float]:
    n = len(first)
    tau = float(kendalltau(first, second, method="asymptotic").statistic)
    tau = math.copysign(1.0, tau) if abs(tau) >= PERFECT else tau
    if counted:
        concordant = round((tau + 1) * n * (n - 1) / 4)
        return tau, _tails(_inversions(n), concordant)
    x, y = (np.unique(r, return_counts=True)[1].astype(np.float64) for r in (first, second))
    pairs = n * (n - 1) / 2
    score = tau * math.sqrt((pairs - (x * (x - 1)).sum() / 2) * (pairs - (y * (y - 1)).sum() / 2))
    spread = (n * (n - 1) * (2 * n + 5) - (x * (x - 1) * (2 * x + 5)).sum() - (y * (y - 1) * (2 * y + 5)).sum()) / 18
    spread += (x * (x - 1)).sum() * (y * (y - 1)).sum() / (2 * n * (n - 1))
    spread += (x * (x - 1) * (x - 2)).sum() * (y * (y - 1) * (y - 2)).sum() / (9 * n * (n - 1) * (n - 2))
    return tau, min(2 * float(ndtr(-abs(score) / math.sqrt(spread))), 1.0)


def _tails(chances: Floats, observed: int) -> float:
    """Twice the smaller tail, at most 1."""
    return min(2 * min(float(chances[: observed + 1].sum()), float(chances[observed:].sum())), 1.0)


@lru_cache(maxsize=64)
def _inversions(n: int) -> Floats:
    """Probability of each number of concordant pairs when all orders of n are equally likely."""
    chances = np.ones(1)
    for k in range(2, n + 1):
        chances = np.convolve(chances, np.full(k, 1 / k))
    return chances


@lru_cache(maxsize=16)
def _distances(n: int) -> Floats:
    """Probability of each sum of squared rank differences when all orders of n are equally likely."""
    size = n * (n * n - 1) // 3 + 1
    of_set = {0: np.zeros(size)}
    of_set[0][0] = 1.0
    for place in range(n):  # ranks already given away -> ways to each sum
        grown: dict[int, Floats] = {}
        for taken, ways in of_set.items():
            for rank in range(n):
                if not taken & (1 << rank):
                    step = (rank - place) ** 2
                    into = grown.setdefault(taken | (1 << rank), np.zeros(size))
                    into[step:] += ways[: size - step]
        of_set = grown
    return of_set[(1 << n) - 1] / math.factorial(n)


def correlations(
    values: Sequence[npt.ArrayLike], *, method: Method = "spearman", level: float = 0.95, fewest_for_p: int = 0
) -> CorrelationMatrix:
    """Every pair of some measurements, each in its own complete pairs, with q values over the pairs that have a p.

    ``values``: equally long lists, one per measurement, missing values NaN. ``fewest_for_p``: pairs with fewer patients keep coefficient
    and limits, their p is NaN and ``notes`` say why. See ``correlation``.
    """
    places = tuple((i, j) for i in range(len(values)) for j in range(i + 1, len(values)))
    pairs = tuple(_with_enough(correlation(values[i], values[j], method=method, level=level), fewest_for_p) for i, j in places)
    q = benjamini_hochberg([p.p_value for p in pairs]) if pairs else np.empty(0)
    return CorrelationMatrix(places, pairs, q, "Spearman" if method == "spearman" else "Kendall's tau-b")


def _with_enough(found: Correlation, fewest: int) -> Correlation:
    if found.n >= fewest or math.isnan(found.p_value):
        return found
    return replace(found, p_value=NAN, notes=(*found.notes, f"p not given: fewer than {fewest} pairs"))


# ---------------------------------------------------------------- one measurement, twice
def paired_change(before: npt.ArrayLike, after: npt.ArrayLike, *, ratio: bool = False, level: float = 0.95) -> PairedChange:
    """Change between two time points of the same patients, missing values NaN.

    Hodges-Lehmann: the median of the averages of all pairs of changes, limits from their order: exact ranks below 50 pairs without ties
    or zeros (equal to R's wilcox.test), else the normal distribution's (Hollander & Wolfe, Nonparametric Statistical Methods, 1999).
    ``ratio``: after / before instead of after - before, through logarithms; ValueError unless every value is positive.
    """
    first, second = _two_lists(before, after)
    known = np.isfinite(first) & np.isfinite(second)
    missing, first, second = int((~known).sum()), first[known], second[known]
    if ratio and not ((first > 0).all() and (second > 0).all()):
        raise ValueError("a ratio needs positive values before and after")
    change = np.log(second / first) if ratio else second - first
    test = signed_rank(change)
    estimate = _hodges_lehmann(change, level, ratio)
    middle = (float(np.median(first)), float(np.median(second))) if len(first) else (NAN, NAN)
    moved = int((change > 0).sum()), int((change < 0).sum()), int((change == 0).sum())
    return PairedChange(len(first), missing, *middle, estimate, test, *moved, ratio, f"{estimate.method}; {test.method}", estimate.notes)


def _two_lists(before: npt.ArrayLike, after: npt.ArrayLike) -> tuple[Floats, Floats]:
    first, second = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"before and after must be two equally long lists of numbers; got shapes {first.shape} and {second.shape}")
    return first, second


def _hodges_lehmann(change: Floats, level: float, ratio: bool) -> Estimate:
    n = len(change)
    name = "Hodges-Lehmann" + (", ratio" if ratio else "")
    if n < FEWEST_PAIRS:
        return Estimate(NAN, NAN, NAN, name, n=n, notes=(FEW,))
    size = np.abs(change)
    exactly = n <= SIGNS_EXACT and bool((size > 0).all()) and len(np.unique(size)) == n
    rank = _exact_rank(n, level) if exactly else _normal_rank(n, level)
    limits = f"{name}, {'exact limits' if exactly else 'limits from the normal distribution'}"
    averages = n * (n + 1) // 2
    wanted = [(averages + 1) // 2, averages // 2 + 1, rank, averages + 1 - rank]
    left, right, below, above = _ordered_averages(change, wanted)
    found = ((left + right) / 2, below, above)
    value, low, high = (math.exp(v) for v in found) if ratio else found
    return Estimate(value, low, high, limits, n=n)


def _ordered_averages(change: Floats, ranks: Sequence[int]) -> list[float]:
    """The averages of all pairs of changes (each with itself too) that have these ranks, the smallest has rank 1.

    Of many patients the averages are not written down: how many are at most some value is counted, and the value is found by halving.
    """
    if len(change) <= MOST_AVERAGED:
        row, column = np.triu_indices(len(change))
        ordered = np.sort((change[row] + change[column]) / 2)
        return [float(ordered[rank - 1]) for rank in ranks]
    ascending = np.sort(change)
    own = np.arange(len(ascending))
    found = []
    for rank in ranks:
        low, high = float(ascending[0]), float(ascending[-1])
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            up_to = np.searchsorted(ascending, 2 * middle - ascending, side="right")
            enough = int(np.maximum(up_to - own, 0).sum()) >= rank
            low, high = (low, middle) if enough else (middle, high)
        found.append(high)
    return found


def _exact_rank(n: int, level: float) -> int:
    """Which of the ordered averages is the lower limit: the quantile of the signed-rank statistic, at least the first."""
    chances = np.ones(1)
    for k in range(1, n + 1):
        grown = np.zeros(len(chances) + k)
        grown[: len(chances)] += chances / 2
        grown[k:] += chances / 2
        chances = grown
    return max(int(np.searchsorted(np.cumsum(chances), (1 - level) / 2 * (1 - 1e-12))), 1)


def _normal_rank(n: int, level: float) -> int:
    spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    return max(round(n * (n + 1) / 4 - normal_quantile(level) * spread), 1)


def crossing(before: npt.ArrayLike, after: npt.ArrayLike, cutoff_before: float, cutoff_after: float | None = None) -> Crossing:
    """Complete pairs by low and high before and after; high is ``value > cutoff``. One cutoff serves both unless a second is given.

    p: McNemar's exact test, binomial, of those who rise above against those who fall to the cutoff or below (McNemar, Psychometrika 1947).
    """
    first, second = _two_lists(before, after)
    known = np.isfinite(first) & np.isfinite(second)
    high_before = first[known] > cutoff_before
    high_after = second[known] > (cutoff_before if cutoff_after is None else cutoff_after)
    up, down = int((~high_before & high_after).sum()), int((high_before & ~high_after).sum())
    missing = int((~known).sum())
    test = mcnemar(up, down, n=int(known.sum()), n_missing=missing)
    stay_low, stay_high = int((~high_before & ~high_after).sum()), int((high_before & high_after).sum())
    return Crossing(stay_low, up, down, stay_high, missing, test, test.method, test.notes)
