"""Tests between groups: R's values, slow re-implementations, edges."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kruskal, mannwhitneyu, rankdata, wilcoxon

from cartograph.stats.group_tests import chi_squared, cross_table, independence, kruskal_wallis, mcnemar, rank_sum, signed_rank, trend
from cartograph.stats.response import fisher_exact
from tests.stats.reference import close, numbers, values

R = values("group_tests")
FEW = st.lists(st.integers(0, 6), min_size=1, max_size=5)


def labels(table):
    """Patients of a table of counts: their values and groups."""
    cells = [(r, c) for r, row in enumerate(table) for c, n in enumerate(row) for _ in range(n)]
    return [r for r, _ in cells], [c for _, c in cells]


@pytest.mark.parametrize("name", R["contingency"])
def test_counts_as_in_r(name):
    of = R["contingency"][name]
    for yates, expected in ((False, of["pearson"]), (True, of["yates"])):
        if expected is None:
            continue
        found = chi_squared(of["table"], yates=yates)
        close([found.statistic, found.p_value], numbers([expected["statistic"], expected["p"]]))
        assert found.n == of["n"]
        assert found.df == expected["df"] or np.isnan(found.p_value)
        assert ("Yates" in found.method) == yates or np.isnan(found.p_value)
    if of["fisher_p"] is not None:
        close(fisher_exact(of["table"]).p_value, of["fisher_p"])
        if name != "zero_row":
            assert independence(*labels(of["table"])).p_value == fisher_exact(of["table"]).p_value


@pytest.mark.parametrize("name", R["wilcoxon"])
def test_rank_sum_as_in_r(name):
    of = R["wilcoxon"][name]
    first, second = numbers(of["first"]), numbers(of["second"])
    assert rank_sum(first, second).statistic == of["W"]
    close(rank_sum(first, second, exact=False).p_value, of["corrected"])
    close(rank_sum(first, second, exact=False, correct=False).p_value, of["uncorrected"])
    if len(first) + len(second) < 150:
        close(rank_sum(first, second, exact=True).p_value, of["exact"])
    assert ("normal" in rank_sum(first, second).method) == (max(len(first), len(second)) >= 50)


@pytest.mark.parametrize("name", R["kruskal"])
def test_kruskal_wallis_as_in_r(name):
    of = R["kruskal"][name]
    found = kruskal_wallis(numbers(of["value"]), of["group"])
    close([found.statistic, found.p_value], [of["H"], of["p"]])
    assert (found.df, found.n, found.n + found.n_missing) == (of["df"], of["n"], len(of["value"]))


@pytest.mark.parametrize("name", R["mcnemar"])
def test_mcnemar_as_in_r(name):
    (both, one), (other, neither) = R["mcnemar"][name]["table"]
    close(mcnemar(one, other, n=both + one + other + neither).p_value, R["mcnemar"][name]["exact"])


def test_trend_and_signed_rank_as_the_help_pages_of_r_print_them():
    smokers = trend([83, 90, 129, 70], [86, 93, 136, 82])
    assert (round(smokers.statistic, 4), round(smokers.p_value, 6)) == (8.2249, 0.004132)
    before = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    after = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    depression = signed_rank(before - after)
    assert (depression.statistic, round(depression.p_value, 5)) == (40, 0.03906)
    assert depression.method == "Wilcoxon signed rank test, exact"


# ---------------------------------------------------------------- slow but plain


@given(FEW, FEW)
def test_the_exact_rank_sum_deals_the_ranks_in_every_way(first, second):
    found = rank_sum(first, second)
    if len({*first, *second}) == 1:
        assert np.isnan(found.p_value)
        return
    ranks = rankdata([*first, *second])
    m, mean = len(first), len(first) * ranks.mean()
    sums = np.array([ranks[list(chosen)].sum() for chosen in combinations(range(len(ranks)), m)])
    close(found.p_value, np.mean(np.abs(sums - mean) >= abs(ranks[:m].sum() - mean) - 1e-9))
    assert found.statistic == sum((a > b) + 0.5 * (a == b) for a, b in product(first, second))
    close(rank_sum(second, first).p_value, found.p_value)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
def test_the_exact_signed_rank_deals_the_signs_in_every_way(change):
    found = signed_rank(change)
    moved = np.array([c for c in change if c])
    if not len(moved):
        assert np.isnan(found.p_value)
        return
    ranks = rankdata(np.abs(moved))
    sums = np.array([ranks[list(map(bool, signs))].sum() for signs in product((0, 1), repeat=len(moved))])
    close(found.p_value, np.mean(np.abs(sums - ranks.sum() / 2) >= abs(ranks[moved > 0].sum() - ranks.sum() / 2) - 1e-9))
    assert found.n == len(moved)


@given(st.integers(0, 10_000))
def test_normal_approximations_as_in_scipy(seed):
    rng = np.random.default_rng(seed)
    first, second = np.round(rng.normal(size=60), 1), np.round(rng.normal(0.2, 1, 70), 1)
    close(rank_sum(first, second).p_value, mannwhitneyu(first, second, method="asymptotic").pvalue)
    change = first[first != 0]
    close(signed_rank(change).p_value, wilcoxon(change, method="asymptotic", correction=True).pvalue)
    codes = rng.integers(0, 3, 60)
    close(kruskal_wallis(first, codes).p_value, kruskal(*(first[codes == k] for k in range(3))).pvalue)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=2, max_size=5), st.integers(-3, 3), st.integers(1, 4))
def test_the_trend_is_a_correlation_and_knows_no_scale(groups, start, step):
    yes, total = np.array([y for y, _ in groups]), np.array([y + n for y, n in groups])
    found = trend(yes, total)
    outcome = np.concatenate([[1.0] * y + [0.0] * n for y, n in groups])
    score = np.repeat(np.arange(len(groups)), total)
    if len(set(outcome)) < 2 or len(set(score)) < 2:
        assert np.isnan(found.p_value)
        return
    close(found.statistic, len(outcome) * np.corrcoef(outcome, score)[0, 1] ** 2)
    close(trend(yes, total, scores=start + step * np.arange(len(groups))).p_value, found.p_value)


# ---------------------------------------------------------------- edges


def test_who_is_missing_is_counted():
    assert (rank_sum([1, np.nan, 3], [2, np.nan]).n, rank_sum([1, np.nan, 3], [2, np.nan]).n_missing) == (3, 2)
    table, rows, columns, missing = cross_table(["b", "a", None, "a"], ["x", "y", "x", None])
    assert (table.tolist(), rows, columns, missing) == ([[0, 1], [1, 0]], ["a", "b"], ["x", "y"], 2)
    assert signed_rank([1.0, 0.0, np.nan]).notes == ("1 without change left out",)
    frame = kruskal_wallis([1, 2, np.nan], ["a", "b", "b"]).to_frame()
    assert frame.loc[0, ["n", "n_missing"]].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (rank_sum([], [1.0]), "a group is empty"),
        (rank_sum([1.0, 1.0], [1.0]), "every patient has the same value"),
        (signed_rank([0.0, 0.0]), "nobody changes"),
        (kruskal_wallis([1.0, 2.0], ["a", "a"]), "one group"),
        (kruskal_wallis([1.0, 1.0], ["a", "b"]), "every patient has the same value"),
        (independence([], []), "nobody to compare"),
        (independence(["yes", "yes"], ["a", "b"]), "every patient has the same value"),
        (independence(["yes", "no"], ["a", "a"], test="chi-squared"), "one group"),
        (trend([0, 0], [3, 4]), "every patient has the same outcome"),
        (trend([1, 0], [3, 0]), "one group"),
        (mcnemar(0, 0, n=0), "nobody changes"),
    ],
)
def test_what_cannot_be_computed_says_why(found, why):
    assert np.isnan(found.p_value)
    assert why in found.notes


def test_wrong_calls():
    for call in (
        lambda: independence(["a"], ["x", "y"]),
        lambda: independence(["a"], ["x"], test="t"),
        lambda: chi_squared([[1, -1], [2, 2]]),
        lambda: mcnemar(3, 4, n=5),
        lambda: trend([3], [2]),
        lambda: rank_sum([[1.0]], [1.0]),
        lambda: kruskal_wallis([1.0], ["a", "b"]),
        lambda: rank_sum(np.arange(300.0), np.arange(300.0), exact=True),
    ):
        with pytest.raises(ValueError, match=r"must|exact p"):
            call()
