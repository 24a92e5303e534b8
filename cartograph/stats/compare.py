"""Tests that compare survival between groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc

from cartograph.stats.counts import Codes, GroupCounts, group_counts
from cartograph.stats.results import Floats
from cartograph.stats.times import Counts, at_risk_of, label_codes, survival_input

NOT_COMPARABLE = "fewer than two groups were ever at risk at an event"


@dataclass(frozen=True, slots=True, eq=False)
class LogRankTest:
    """Log-rank test of k groups. ``statistic`` is chi-squared with ``df`` degrees of freedom; NaN and a note when not estimable.

    ``n``, ``observed`` and ``expected`` have one entry per group; ``variance`` (k x k) is the covariance of observed - expected.
    With rho > 0 observed and expected are weighted by S(t-)^rho of all patients together.
    """

    statistic: float
    df: int
    p_value: float
    groups: tuple[Any, ...]
    n: Codes
    observed: Floats
    expected: Floats
    variance: Floats
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group: group, n, observed, expected."""
        return pd.DataFrame({"group": list(self.groups), "n": self.n, "observed": self.observed, "expected": self.expected})


def log_rank(
    time: npt.ArrayLike, event: npt.ArrayLike, group: npt.ArrayLike, *, strata: npt.ArrayLike | None = None, rho: float = 0.0
) -> LogRankTest:
    """Log-rank test with the hypergeometric variance (Mantel, Cancer Chemother Rep 1966); the same as R's survdiff.

    ``time``: months, not negative; ``event``: True = event; ``group``: a label per patient. ``strata``: observed, expected and
    variance are summed over strata. ``rho``: Harrington & Fleming's weight S(t-)^rho (1 = Peto & Peto). Missing values: ValueError.
    """
    data = survival_input(time, event)
    codes, labels = label_codes(group, len(data.time), "group")
    tables = [group_counts(data.time, data.event, part, len(labels)) for part in by_stratum(codes, strata)]
    return log_rank_of(tables, labels, rho=rho)


def by_stratum(codes: Codes, strata: npt.ArrayLike | None) -> list[Codes]:
    """The group codes once per stratum, with -1 for the patients of other strata."""
    if strata is None:
        return [codes]
    stratum, levels = label_codes(strata, len(codes), "strata")
    return [np.where(stratum == s, codes, -1) for s in range(len(levels))]


def log_rank_of(tables: Sequence[GroupCounts], labels: tuple[Any, ...] = (), *, rho: float = 0.0) -> LogRankTest:
    """The test from counts, one table per stratum. ``labels`` of the groups: 0, 1 ... if not given."""
    k = tables[0].n_groups
    labels = labels or tuple(range(k))
    n = np.sum([table.n for table in tables], axis=0)
    observed, expected, variance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for table in tables:
        o, e, v = _moments(table, rho)
        observed, expected, variance = observed + o, expected + e, variance + v
    method = ("log-rank" if rho == 0 else f"log-rank, weight S(t-)^{rho:g}") + (", stratified" if len(tables) > 1 else "")
    comparable = np.flatnonzero(expected > 0)
    df = max(len(comparable) - 1, 0)
    kept = comparable[1:]
    difference, block = (observed - expected)[kept], variance[np.ix_(kept, kept)]
    if df == 0 or np.linalg.matrix_rank(block) < df:
        return LogRankTest(np.nan, df, np.nan, labels, n, observed, expected, variance, method, (NOT_COMPARABLE,))
    statistic = float(difference @ np.linalg.solve(block, difference))
    return LogRankTest(statistic, df, float(chdtrc(df, statistic)), labels, n, observed, expected, variance, method)


def _moments(table: GroupCounts, rho: float) -> tuple[Floats, Floats, Floats]:
    """Observed, expected (k) and variance (k x k) of one stratum."""
    at_risk = at_risk_of(table.leaving)
    d_all, n_all = table.events.sum(axis=0), at_risk.sum(axis=0)
    at = d_all > 0
    d_all, n_all, d, n = d_all[at], n_all[at], table.events[:, at], at_risk[:, at]
    weight = _weights(d_all, n_all, rho)
    share: Counts = n / n_all
    expected = share @ (weight * d_all)
    spread = weight**2 * d_all * (n_all - d_all) / np.maximum(n_all - 1, 1)
    shared = share * spread
    variance = np.diag(shared.sum(axis=1)) - shared @ share.T
    return d @ weight, expected, variance


def _weights(events: Counts, at_risk: Counts, rho: float) -> Floats:
    """S(t-)^rho of the pooled curve at each event time."""
    if rho == 0:
        return np.ones(len(events))
    survival = np.cumprod(1.0 - events / at_risk)
    before: Floats = np.r_[1.0, survival[:-1]]
    return before**rho
