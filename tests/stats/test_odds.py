"""Odds ratios with exact limits against R; their interaction against a plain maximum of the likelihood."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from cartograph.stats.odds import odds_interaction, odds_ratio
from cartograph.stats.response import fisher_exact
from tests.stats.reference import close, numbers, values

COUNTS = st.lists(st.integers(0, 15), min_size=4, max_size=4)


@pytest.mark.parametrize("case", values("odds")["tables"], ids=lambda case: str(case["table"]))
def test_the_odds_ratio_and_its_limits_are_rs(case: dict) -> None:
    found = odds_ratio(case["table"])
    close([found.value, found.ci_low, found.ci_high], numbers([case["odds_ratio"], case["lower"], case["upper"]]))


@given(counts=COUNTS)
@settings(deadline=None)
def test_limits_leave_two_and_a_half_per_cent_in_each_tail(counts: list[int]) -> None:
    (a, b, c, d) = counts
    found = odds_ratio([[a, b], [c, d]])
    if math.isnan(found.value):
        assert 0 in (a + b, c + d, a + c, b + d)
        assert found.notes
        return
    row, column, n = a + b, a + c, a + b + c + d
    x = range(max(0, row + column - n), min(row, column) + 1)

    def probabilities(ratio: float) -> list[float]:
        weights = [math.comb(row, k) * math.comb(n - row, column - k) * ratio**k for k in x]
        return [w / sum(weights) for w in weights]

    if found.ci_low > 0:
        close(sum(p for k, p in zip(x, probabilities(found.ci_low), strict=True) if k >= a), 0.025)
    if found.ci_high < math.inf:
        close(sum(p for k, p in zip(x, probabilities(found.ci_high), strict=True) if k <= a), 0.025)
    if 0 < found.value < math.inf:
        close(sum(k * p for k, p in zip(x, probabilities(found.value), strict=True)), a)
    else:
        assert found.notes
    assert found.ci_low <= found.value <= found.ci_high


@given(counts=COUNTS)
@settings(deadline=None)
def test_exchanging_the_groups_turns_the_ratio_over(counts: list[int]) -> None:
    a, b, c, d = counts
    one, other = odds_ratio([[a, b], [c, d]]), odds_ratio([[c, d], [a, b]])
    if 0 < one.value < math.inf:
        close(other.value, 1 / one.value)
    if one.ci_low > 0:
        close(other.ci_high, 1 / one.ci_low)


def test_limits_that_leave_out_1_go_with_a_small_fisher_p() -> None:
    assert odds_ratio([[120, 80], [95, 130]]).ci_low > 1
    assert fisher_exact([[120, 80], [95, 130]]).p_value < 0.05
    wide = odds_ratio([[12, 8], [9, 11]])
    narrow = odds_ratio([[12, 8], [9, 11]], level=0.5)
    assert wide.ci_low < narrow.ci_low < narrow.value < narrow.ci_high < wide.ci_high


def test_a_large_table_does_not_overflow() -> None:
    found = odds_ratio([[30_000, 20_000], [20_000, 30_000]])
    close(found.value, 2.25, rtol=1e-4)
    assert 2.18 < found.ci_low < found.ci_high < 2.32


def deviance_by_minimising(tables: np.ndarray) -> float:
    """Log-likelihood with one odds ratio for all strata, found by a general optimiser."""
    cases, n = tables[:, :, 0], tables.sum(axis=2)

    def minus(parameters: np.ndarray) -> float:
        p = expit(parameters[:-1, None] + parameters[-1] * np.array([1.0, 0.0]))
        return -float((cases * np.log(p) + (n - cases) * np.log1p(-p)).sum())

    def saturated() -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(cases > 0, cases * np.log(cases / n), 0) + np.where(n > cases, (n - cases) * np.log((n - cases) / n), 0)
        return float(terms.sum())

    best = minimize(minus, np.zeros(len(tables) + 1), method="BFGS", options={"gtol": 1e-9})
    return 2 * (saturated() + float(best.fun))


@given(counts=st.lists(st.integers(1, 15), min_size=8, max_size=16).filter(lambda c: len(c) % 4 == 0))
@settings(max_examples=40, deadline=None)
def test_the_interaction_is_a_likelihood_ratio(counts: list[int]) -> None:
    tables = np.array(counts, dtype=float).reshape(-1, 2, 2)
    found = odds_interaction(tables)
    assert found.df == len(tables) - 1
    close(found.statistic, deviance_by_minimising(tables), rtol=1e-6, atol=1e-7)
    close(found.statistic, odds_interaction(tables[::-1]).statistic)  # the order of strata
    close(found.statistic, odds_interaction(tables[:, ::-1]).statistic, atol=1e-9)  # the order of groups
    close(found.statistic, odds_interaction(tables[:, :, ::-1]).statistic, atol=1e-9)  # yes for no


def test_equal_ratios_have_no_interaction() -> None:
    close(odds_interaction([[[10, 5], [4, 8]], [[20, 10], [8, 16]]]).statistic, 0, atol=1e-9)
    assert odds_interaction([[[5, 0], [3, 4]], [[6, 0], [1, 9]]]).statistic == 0  # the same infinite ratio


def test_an_empty_cell_still_counts() -> None:
    found = odds_interaction([[[10, 0], [5, 5]], [[3, 9], [6, 6]]])
    assert found.statistic > 5
    assert found.p_value < 0.02


def test_strata_that_tell_nothing_are_left_out_and_said() -> None:
    telling = [[10, 5], [4, 8]]
    found = odds_interaction([telling, [[0, 0], [3, 4]]])
    assert math.isnan(found.p_value)
    assert found.notes
    close(
        odds_interaction([telling, [[5, 0], [9, 0]], [[4, 9], [9, 4]]]).statistic, odds_interaction([telling, [[4, 9], [9, 4]]]).statistic
    )


@pytest.mark.parametrize("table", [[[1, 2]], [[1, -1], [2, 3]], [[0.5, 1], [2, 3]], [[[1, 2], [3, 4]]]])
def test_a_wrong_table_is_refused(table: list) -> None:
    with pytest.raises(ValueError, match="2 x 2"):
        odds_ratio(table)


def test_a_wrong_level_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        odds_ratio([[1, 2], [3, 4]], level=95)
    with pytest.raises(ValueError, match="strata of 2 x 2"):
        odds_interaction([[1, 2], [3, 4]])
