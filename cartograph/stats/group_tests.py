"""Tests of one variable between groups: counts (Fisher, chi-squared, McNemar, trend) and ranks (Wilcoxon, Kruskal-Wallis)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, ndtr
from scipy.stats import binom, rankdata

from cartograph.stats.response import fisher_exact
from cartograph.stats.results import Floats

NAN = float("nan")
CountTest = Literal["fisher", "chi-squared", "chi-squared, Yates"]
EXACT_BELOW = 50  # patients in each group, from which R takes the normal distribution
MOST_EXACT = 400  # patients, beyond which the exact distribution is not made at all
FEW_EXPECTED = 5.0
SAME = 1e-9  # of probabilities and sums of ranks that should be equal
ONE_VALUE = "every patient has the same value"


@dataclass(frozen=True, slots=True, eq=False)
class GroupTest:
    """A test of one variable between groups, two-sided; NaN = cannot be computed, ``notes`` says why.

    ``statistic``: what ``statistic_name`` says ("X-squared", "W", "V", "H"; "" where a test has none); ``df``: degrees of freedom, 0 where
    there are none; ``n``: patients that were used; ``n_missing``: given, but without value or group.
    """

    p_value: float
    statistic: float
    statistic_name: str
    df: int
    n: int
    n_missing: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: method, statistic, df, p_value, n, n_missing."""
        names = ["method", "statistic", "df", "p_value", "n", "n_missing"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


# ---------------------------------------------------------------- counts


def cross_table(value: npt.ArrayLike, group: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], list[Any], list[Any], int]:
    """Counts (values x groups), the values, the groups (both sorted as text), patients without either.

    ``value``, ``group``: equally long labels; None and NaN are missing.
    """
    values, groups = pd.Series(np.asarray(value, dtype=object)), pd.Series(np.asarray(group, dtype=object))
    if values.shape != groups.shape:
        raise ValueError(f"value and group must be equally long; got {len(values)} and {len(groups)}")
    known = (values.notna() & groups.notna()).to_numpy()
    rows, row_names = _codes(values[known])
    columns, column_names = _codes(groups[known])
    counts = np.zeros((len(row_names), len(column_names)), dtype=np.int64)
    np.add.at(counts, (rows, columns), 1)
    return counts, row_names, column_names, int((~known).sum())


def _codes(labels: pd.Series[Any]) -> tuple[npt.NDArray[np.int64], list[Any]]:
    names = sorted(labels.unique().tolist(), key=str)
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[v] for v in labels.tolist()], dtype=np.int64), names


def independence(value: npt.ArrayLike, group: npt.ArrayLike, *, test: CountTest = "fisher") -> GroupTest:
    """Is a category distributed alike in the groups? ``value``, ``group``: labels of patients, None and NaN are missing.

    "fisher": Fisher's exact test, also beyond 2 x 2 (see ``fisher_exact``); "chi-squared": Pearson's; "chi-squared, Yates": with the
    continuity correction where the table is 2 x 2.
    """
    counts, _, _, missing = cross_table(value, group)
    if test not in ("fisher", "chi-squared", "chi-squared, Yates"):
        raise ValueError(f"test must be 'fisher', 'chi-squared' or 'chi-squared, Yates'; got {test!r}")
    if test == "fisher":
        if min(counts.shape) < 2:
            return GroupTest(NAN, NAN, "", 0, int(counts.sum()), missing, "Fisher's exact test", (_why_none(counts),))
        found = fisher_exact(counts)
        return GroupTest(found.p_value, NAN, "", 0, found.n, missing, found.method, found.notes)
    return chi_squared(counts, yates=test == "chi-squared, Yates", n_missing=missing)


def _why_none(counts: npt.NDArray[np.int64]) -> str:
    if not counts.sum():
        return "nobody to compare"
    return "one group" if counts.shape[1] < 2 else ONE_VALUE


def chi_squared(table: npt.ArrayLike, *, yates: bool = False, n_missing: int = 0) -> GroupTest:
    """Pearson's chi-squared test of a table of counts (values x groups), as R's ``chisq.test``.

    ``yates``: the continuity correction (Yates, J R Stat Soc Suppl 1934), made in 2 x 2 tables only. Rows and columns without a patient are
    left out (R answers NaN). A note says when an expected count is below 5.
    """
    counts = np.asarray(table)
    if counts.ndim != 2 or (counts < 0).any() or not np.equal(counts, np.rint(counts)).all():
        raise ValueError("table must be a two-way table of counts, none negative")
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0].astype(np.int64)
    corrected = yates and counts.shape == (2, 2)
    method = "chi-squared test" + (" with Yates' correction" if corrected else " without correction")
    n = int(counts.sum())
    if min(counts.shape, default=0) < 2:
        return GroupTest(NAN, NAN, "X-squared", 0, n, n_missing, method, (_why_none(counts),))
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    distance = np.abs(counts - expected)
    distance = distance - min(0.5, float(distance.min())) if corrected else distance
    statistic = float((distance**2 / expected).sum())
    df = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    notes = (f"the smallest expected count is below {FEW_EXPECTED:g}",) if expected.min() < FEW_EXPECTED else ()
    return GroupTest(float(chdtrc(df, statistic)), statistic, "X-squared", df, n, n_missing, method, notes)


def mcnemar(only_first: int, only_second: int, *, n: int, n_missing: int = 0) -> GroupTest:
    """Exact McNemar test: do as many patients change from yes to no as from no to yes? (McNemar, Psychometrika 1947).

    ``only_first``, ``only_second``: patients with the property at the first, at the second time only; ``n``: all pairs. Binomial, as R's
    ``binom.test(only_first, only_first + only_second)``.
    """
    changed = only_first + only_second
    if only_first < 0 or only_second < 0 or changed > n:
        raise ValueError(f"counts must not be negative nor exceed n; got {only_first}, {only_second} of {n}")
    if not changed:
        return GroupTest(1.0 if n else NAN, NAN, "", 0, n, n_missing, "exact McNemar test", ("nobody changes",))
    p = min(1.0, 2 * float(binom.cdf(min(only_first, only_second), changed, 0.5)))
    return GroupTest(p, float(only_first), "changed one way", 0, n, n_missing, "exact McNemar test")


def trend(successes: npt.ArrayLike, totals: npt.ArrayLike, *, scores: npt.ArrayLike | None = None) -> GroupTest:
    """Cochran-Armitage test of a trend of proportions over ordered groups, as R's ``prop.trend.test`` (Armitage, Biometrics 1955).

    ``successes`` of ``totals``: one count per group, in order; ``scores``: places of the groups, by default 1, 2, 3 ...
    """
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    s = np.arange(1.0, len(n) + 1) if scores is None else np.asarray(scores, dtype=np.float64)
    if x.ndim != 1 or x.shape != n.shape or s.shape != n.shape or (x < 0).any() or (x > n).any():
        raise ValueError("successes, totals and scores must be equally long, with 0 <= successes <= totals")
    total, name = int(n.sum()), "Cochran-Armitage test for trend"
    p = float(x.sum()) / total if total else NAN
    spread = float((n * s * s).sum() - (n * s).sum() ** 2 / total) if total else 0.0
    if not 0 < p < 1 or spread <= 0:
        why = "nobody to compare" if not total else "every patient has the same outcome" if not 0 < p < 1 else "one group"
        return GroupTest(NAN, NAN, "X-squared", 1, total, 0, name, (why,))
    statistic = float((s * (x - n * p)).sum()) ** 2 / (p * (1 - p) * spread)
    return GroupTest(float(chdtrc(1, statistic)), statistic, "X-squared", 1, total, 0, name)


# ---------------------------------------------------------------- ranks


def rank_sum(first: npt.ArrayLike, second: npt.ArrayLike, *, exact: bool | None = None, correct: bool = True) -> GroupTest:
    """Wilcoxon rank sum (Mann-Whitney) test of two groups, as R's ``wilcox.test``; W = pairs in which ``first`` is larger.

    ``first``, ``second``: measurements, NaN is missing. ``exact``: None = exact below 50 patients in each group. Without ties that is R's
    exact p; with ties it is the p given these ties (all ways to deal the observed mid-ranks, as R's exactRankTests), where R's
    ``wilcox.test`` takes the normal distribution. Otherwise normal, with correction for ties and, if ``correct``, for continuity.
    ``method`` says which. Source: Wilcoxon, Biometrics Bull 1945; Mann & Whitney, Ann Math Stat 1947.
    """
    one, two = _known(first), _known(second)
    missing = np.size(first) + np.size(second) - len(one) - len(two)
    m, n = len(one), len(two)
    name = "Wilcoxon rank sum test"
    if not m or not n:
        return GroupTest(NAN, NAN, "W", 0, m + n, missing, name, ("a group is empty",))
    ranks = rankdata(np.concatenate([one, two]))
    w = float(ranks[:m].sum()) - m * (m + 1) / 2
    ties = _ties(ranks)
    if ties == (m + n) ** 3 - (m + n):
        return GroupTest(NAN, w, "W", 0, m + n, missing, name, (ONE_VALUE,))
    if _exactly(exact, max(m, n), m + n):
        p = _exact_deal(ranks, m)
        return GroupTest(p, w, "W", 0, m + n, missing, f"{name}, exact" + (" given the ties" if ties else ""))
    total = m + n
    spread = math.sqrt(m * n / 12 * ((total + 1) - ties / (total * (total - 1))))
    p = _normal(w - m * n / 2, spread, correct)
    return GroupTest(p, w, "W", 0, total, missing, f"{name}, normal approximation{_corrections(ties, correct)}")


def signed_rank(change: npt.ArrayLike, *, exact: bool | None = None, correct: bool = True) -> GroupTest:
    """Wilcoxon signed rank test of paired differences; V = sum of the ranks of the positive ones, as R's ``wilcox.test(change)``.

    ``change``: one difference per patient, NaN is missing. Differences of zero are left out and counted in a note. ``exact`` as in
    ``rank_sum`` (all ways to deal signs to the observed mid-ranks). Source: Wilcoxon, Biometrics Bull 1945.
    """
    given = _known(change)
    missing = np.size(change) - len(given)
    moved = given[given != 0]
    notes = (f"{len(given) - len(moved):,} without change left out",) if len(moved) < len(given) else ()
    n, name = len(moved), "Wilcoxon signed rank test"
    if not n:
        return GroupTest(NAN, NAN, "V", 0, 0, missing, name, (*notes, "nobody changes"))
    ranks = rankdata(np.abs(moved))
    v, ties = float(ranks[moved > 0].sum()), _ties(ranks)
    if _exactly(exact, n, n):
        p = _exact_signs(ranks, v)
        return GroupTest(p, v, "V", 0, n, missing, f"{name}, exact" + (" given the ties" if ties else ""), notes)
    spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - ties / 48)
    p = _normal(v - n * (n + 1) / 4, spread, correct)
    return GroupTest(p, v, "V", 0, n, missing, f"{name}, normal approximation{_corrections(ties, correct)}", notes)


def kruskal_wallis(value: npt.ArrayLike, group: npt.ArrayLike) -> GroupTest:
    """Kruskal-Wallis test with correction for ties, as R's ``kruskal.test`` (Kruskal & Wallis, J Am Stat Assoc 1952).

    ``value``: measurements, NaN is missing; ``group``: labels, None and NaN are missing.
    """
    values, groups = np.asarray(value, dtype=np.float64), pd.Series(np.asarray(group, dtype=object))
    if values.shape != groups.shape:
        raise ValueError(f"value and group must be equally long; got {len(values)} and {len(groups)}")
    known = ~np.isnan(values) & groups.notna().to_numpy()
    n, missing, name = int(known.sum()), int((~known).sum()), "Kruskal-Wallis test"
    codes, names = _codes(groups[known])
    if len(names) < 2:
        return GroupTest(NAN, NAN, "H", 0, n, missing, name, ("one group" if n else "nobody to compare",))
    ranks = rankdata(values[known])
    ties = _ties(ranks)
    if ties == n**3 - n:
        return GroupTest(NAN, NAN, "H", len(names) - 1, n, missing, name, (ONE_VALUE,))
    sums = np.bincount(codes, weights=ranks)
    h = 12 / (n * (n + 1)) * float((sums**2 / np.bincount(codes)).sum()) - 3 * (n + 1)
    h /= 1 - ties / (n**3 - n)
    return GroupTest(float(chdtrc(len(names) - 1, max(h, 0.0))), h, "H", len(names) - 1, n, missing, name)


def _known(values: npt.ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError(f"measurements must be one list of numbers; got shape {found.shape}")
    return found[~np.isnan(found)]


def _ties(ranks: Floats) -> int:
    """Sum of t^3 - t over groups of t equal values."""
    _, t = np.unique(ranks, return_counts=True)
    return int((t.astype(np.int64) ** 3 - t).sum())


def _corrections(ties: int, correct: bool) -> str:
    said = [*(["ties"] if ties else []), *(["continuity"] if correct else [])]
    return f" corrected for {' and '.join(said)}" if said else ""


def _exactly(wanted: bool | None, largest: int, total: int) -> bool:
    if wanted and total > MOST_EXACT:
        raise ValueError(f"an exact p is made for at most {MOST_EXACT} patients; got {total}")
    return largest < EXACT_BELOW if wanted is None else wanted


def _normal(distance: float, spread: float, correct: bool) -> float:
    away = max(abs(distance) - (0.5 if correct else 0.0), 0.0) if distance else 0.0
    return min(1.0, 2 * float(ndtr(-away / spread)))


def _exact_deal(ranks: Floats, m: int) -> float:
    """P that the rank sum of m of the patients is as far from its mean, over all ways to choose them; ranks doubled are whole numbers."""
    steps = np.rint(2 * (ranks - ranks.min())).astype(np.int64)
    few = min(m, len(ranks) - m)  # the distance from the mean is the same for the other group
    observed = int(steps[:m].sum()) if few == m else int(steps[m:].sum())
    top = int(np.sort(steps)[::-1][:few].sum())
    ways = np.zeros((few + 1, top + 1))
    ways[0, 0] = 1.0
    for step in steps.tolist():
        ways[1:, step:] += ways[:-1, : top + 1 - step].copy()
    return _both_tails(ways[few], observed, few * float(steps.mean()))


def _exact_signs(ranks: Floats, v: float) -> float:
    """P that the sum of positive ranks is as far from its mean, over all ways to deal signs."""
    steps = np.rint(2 * ranks).astype(np.int64)
    ways = np.zeros(int(steps.sum()) + 1)
    ways[0] = 1.0
    for step in steps.tolist():
        ways[step:] += ways[:-step].copy()
    return _both_tails(ways, round(2 * v), float(steps.sum()) / 2)


def _both_tails(ways: Floats, observed: int, mean: float) -> float:
    """Share of the ways whose sum is at least as far from ``mean`` as the observed one."""
    distance = np.abs(np.arange(len(ways)) - mean)
    return min(1.0, float(ways[distance >= abs(observed - mean) - SAME].sum() / ways.sum()))
