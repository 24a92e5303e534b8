"""Correlation and paired change against R, against counting every order by hand, and at the edges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from cartograph.stats import correlation as module
from cartograph.stats.adjust import benjamini_hochberg
from cartograph.stats.correlation import Method, correlation, correlations, crossing, paired_change
from cartograph.stats.group_tests import signed_rank
from tests.stats.reference import close, numbers, values

R = values("correlation")
METHODS: tuple[Method, Method] = ("spearman", "kendall")
REAL = st.floats(-1e3, 1e3, allow_nan=False)


def by_hand(x: np.ndarray, y: np.ndarray, method: Method) -> float:
    """The coefficient from its definition."""
    if method == "spearman":
        return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])
    pairs = list(itertools.combinations(range(len(x)), 2))
    dx, dy = (np.array([np.sign(v[i] - v[j]) for i, j in pairs]) for v in (x, y))
    return float((dx * dy).sum() / math.sqrt((dx != 0).sum() * (dy != 0).sum()))


@pytest.mark.parametrize("name", list(R))
def test_equals_r(name: str) -> None:
    expected = R[name]
    x, y = numbers(expected["x"]), numbers(expected["y"])
    rho = correlation(x, y, exact=False)
    close([rho.value, rho.n, rho.ties], [expected["spearman_rho"], expected["n"], expected["has_ties"]])
    close(rho.p_value, expected["spearman_p_t"], atol=0)
    tau = correlation(x, y, method="kendall", exact=False)
    close([tau.value, tau.p_value], [expected["kendall"]["tau_b"], expected["kendall"]["p_asymptotic"]], atol=0)
    if "spearman_p_exact" in expected:
        close(correlation(x, y).p_value, expected["spearman_p_exact"])


def test_kendall_exact_equals_the_example_of_hollander_and_wolfe() -> None:
    """Tuna lightness and quality (Nonparametric Statistical Methods, 1973, p. 185), the example of R's cor.test: T = 26, p = 0.1194."""
    lightness = [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1]
    quality = [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8]
    found = correlation(lightness, quality, method="kendall")
    assert (round(found.value, 4), round(found.p_value, 4)) == (0.4444, 0.1194)
    assert found.method == "Kendall's tau-b, limits Fieller, exact p"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 3, 1, 4), (5, 4, 3, 1, 2, 0), (3, 0, 2, 1, 5, 4, 6)])
def test_exact_p_is_the_share_of_all_orders(method: Method, order: tuple[int, ...]) -> None:
    x, y = np.arange(len(order), dtype=float), np.array(order, dtype=float)
    every = np.array([by_hand(x, np.array(o, dtype=float), method) for o in itertools.permutations(range(len(order)))])
    observed = by_hand(x, y, method)
    tails = (every >= observed - 1e-9).mean(), (every <= observed + 1e-9).mean()
    close(correlation(x, y, method=method).p_value, min(2 * min(tails), 1))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(REAL, REAL), min_size=4, max_size=30), st.sampled_from(METHODS))
def test_equals_the_definition_and_does_not_care_about_the_scale(pairs: list[tuple[float, float]], method: Method) -> None:
    x, y = np.array(pairs).T
    found = correlation(x, y, method=method)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert math.isnan(found.value)
        return
    close(found.value, by_hand(x, y, method))
    other = correlation(y, rankdata(x) ** 3, method=method)
    close([found.value, found.p_value, found.ci_low], [other.value, other.p_value, other.ci_low])
    turned = correlation(x, -y, method=method)
    close([turned.value, turned.p_value, turned.ci_low, turned.ci_high], [-found.value, found.p_value, -found.ci_high, -found.ci_low])
    assert 0 <= found.p_value <= 1


@pytest.mark.parametrize(
    ("method", "variance"), [("spearman", lambda r, n: (1 + r**2 / 2) / (n - 3)), ("kendall", lambda r, n: 0.437 / (n - 4))]
)
def test_limits_are_fishers_z_with_the_named_variance(method: Method, variance: object) -> None:
    expected = R["lung_age_wtloss"]
    found = correlation(numbers(expected["x"]), numbers(expected["y"]), method=method)
    assert callable(variance)
    reach = 1.959963984540054 * math.sqrt(variance(found.value, found.n))
    close([found.ci_low, found.ci_high], np.tanh(np.arctanh(found.value) + np.array([-reach, reach])))


@pytest.mark.parametrize("method", METHODS)
def test_limits_hold_what_they_promise(method: Method) -> None:
    """Of normal data with a known coefficient the limits hold it in about 95 of 100 samples."""
    rng = np.random.default_rng(4)
    pearson = 0.5
    truth = 6 / math.pi * math.asin(pearson / 2) if method == "spearman" else 2 / math.pi * math.asin(pearson)
    inside = 0
    for _ in range(400):
        x = rng.normal(size=60)
        found = correlation(x, pearson * x + math.sqrt(1 - pearson**2) * rng.normal(size=60), method=method)
        inside += found.ci_low <= truth <= found.ci_high
    assert 0.92 <= inside / 400 <= 0.985


@pytest.mark.parametrize("method", METHODS)
def test_what_cannot_be_estimated_is_said(method: Method) -> None:
    few = correlation([1, 2, 3, math.nan], [1, 2, 3, 4], method=method)
    assert (math.isnan(few.value), few.n, few.n_missing, few.notes) == (True, 3, 1, (module.FEW,))
    same = correlation([1.0] * 6, range(6), method=method)
    assert (math.isnan(same.p_value), same.notes) == (True, (module.CONSTANT,))
    perfect = correlation(range(12), range(12), method=method)
    assert (perfect.value, perfect.notes) == (1.0, (module.NO_LIMITS,))
    assert math.isnan(perfect.ci_low)
    assert perfect.p_value < 1e-6
    assert math.isnan(correlation(range(4), [1, 3, 2, 4], method="kendall").ci_low)
    assert correlation([], [], method=method).n == 0


def test_a_wrong_call_is_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        correlation([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="spearman"):
        correlation([1, 2, 3, 4], [1, 2, 3, 4], method="pearson")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="up to 9 pairs"):
        correlation(range(10), range(10), exact=True)
    with pytest.raises(ValueError, match="equally long"):
        paired_change([1, 2], [1])
    with pytest.raises(ValueError, match="positive"):
        paired_change([1, 2, 3, 0], [1, 2, 3, 4], ratio=True)


def test_a_matrix_holds_every_pair_once_with_q_values() -> None:
    rng = np.random.default_rng(1)
    lists = [rng.normal(size=30) for _ in range(4)]
    lists[2][:5] = np.nan
    lists.append(np.ones(30))
    found = correlations(lists, method="kendall")
    assert found.places == tuple(itertools.combinations(range(5), 2))
    assert [p.n for p in found.pairs] == [30, 25, 30, 30, 25, 30, 30, 25, 25, 30]
    close(found.q_values, benjamini_hochberg([p.p_value for p in found.pairs]))
    assert int(np.isfinite(found.q_values).sum()) == 6
    table = found.to_frame()
    assert len(table) == 10
    assert list(table.columns[:3]) == ["first", "second", "value"]
    assert correlations([lists[0]]).to_frame().empty


def test_pairs_with_few_patients_keep_the_coefficient_and_lose_the_p() -> None:
    rng = np.random.default_rng(7)
    lists = [rng.normal(size=20) for _ in range(3)]
    lists[2][9:] = np.nan
    every, careful = correlations(lists), correlations(lists, fewest_for_p=10)
    assert [math.isfinite(p.p_value) for p in careful.pairs] == [True, False, False]
    close([p.value for p in careful.pairs], [p.value for p in every.pairs])
    assert careful.pairs[1].notes == ("p not given: fewer than 10 pairs",)
    close(careful.q_values[0], careful.pairs[0].p_value)  # one test: nothing to correct for


# ---------------------------------------------------------------- paired
BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]  # Hollander & Wolfe 1973, p. 29: depression before and after therapy
AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]


def test_paired_change_equals_the_example_of_hollander_and_wolfe() -> None:
    """The example of R's wilcox.test: V = 40, one-sided p = 0.01953."""
    found = paired_change(AFTER, BEFORE)
    assert found.test.statistic == 40
    assert round(found.test.p_value / 2, 5) == 0.01953
    assert (round(found.change.value, 3), found.n_up, found.n_down, found.n_same) == (0.46, 7, 2, 0)
    assert found.change.method == "Hodges-Lehmann, exact limits"


@settings(max_examples=40, deadline=None)
@given(st.lists(REAL, min_size=6, max_size=25, unique=True), st.integers(0, 2**32 - 1))
def test_exact_limits_are_where_the_signed_rank_test_begins_to_reject(changes: list[float], seed: int) -> None:
    change = np.array(changes) + np.random.default_rng(seed).normal(size=len(changes))
    found = paired_change(np.zeros(len(change)), change).change
    row, column = np.triu_indices(len(change))
    walsh = np.sort((change[row] + change[column]) / 2)
    close(found.value, np.median(walsh))
    below, above = walsh[walsh < found.ci_low], walsh[walsh > found.ci_low]
    inside = (found.ci_low + above[0]) / 2 if len(above) else found.ci_low
    assert signed_rank(change - inside, exact=True).p_value > 0.05 - 1e-9
    if len(below):
        outside = (below[-1] + found.ci_low) / 2
        assert signed_rank(change - outside, exact=True).p_value <= 0.05 + 1e-9


def test_many_patients_give_the_same_limits_without_writing_the_averages_down(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    change = np.r_[rng.normal(0.3, 1, 200), np.zeros(5)]
    written = paired_change(np.zeros(205), change).change
    monkeypatch.setattr(module, "MOST_AVERAGED", 10)
    counted = paired_change(np.zeros(205), change).change
    close([counted.value, counted.ci_low, counted.ci_high], [written.value, written.ci_low, written.ci_high])
    assert written.method.endswith("limits from the normal distribution")


def test_a_ratio_is_the_change_of_the_logarithm() -> None:
    rng = np.random.default_rng(3)
    before, after = np.exp(rng.normal(5, 1, 30)), np.exp(rng.normal(5.3, 1, 30))
    found, logs = paired_change(before, after, ratio=True), paired_change(np.log(before), np.log(after))
    close([found.change.value, found.change.ci_low], np.exp([logs.change.value, logs.change.ci_low]))
    close(found.test.p_value, logs.test.p_value)
    turned = paired_change(after, before, ratio=True).change
    close([turned.value, turned.ci_low, turned.ci_high], [1 / found.change.value, 1 / found.change.ci_high, 1 / found.change.ci_low])
    assert found.to_frame().loc[0, "ratio"]


def test_few_or_unmoved_pairs() -> None:
    few = paired_change([1, 2, 3, math.nan], [2, 3, 4, 5])
    assert (few.n, few.n_missing, math.isnan(few.change.value), few.notes) == (3, 1, True, (module.FEW,))
    same = paired_change(range(1, 8), range(1, 8))
    assert (same.change.value, same.n_same) == (0.0, 7)
    assert math.isnan(same.test.p_value)
    assert paired_change([], []).n == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=40))
def test_crossing_counts_every_pair_once(pairs: list[tuple[int, int]]) -> None:
    before, after = (np.array([p[k] for p in pairs], dtype=float) for k in (0, 1))
    found = crossing(before, after, 3)
    assert found.low_high == sum(a <= 3 < b for a, b in pairs)
    assert found.high_low == sum(b <= 3 < a for a, b in pairs)
    assert found.high_high == sum(a > 3 and b > 3 for a, b in pairs)
    assert found.n == len(pairs)
    turned = crossing(after, before, 3)
    assert (turned.low_high, turned.high_low) == (found.high_low, found.low_high)
    if pairs:
        close(turned.test.p_value, found.test.p_value)


def test_crossing_with_two_cutoffs_and_missing_values() -> None:
    found = crossing([1, 5, math.nan, 9], [8, 2, 3, 9], 4, 8)
    assert found.to_frame().iloc[0, :6].tolist() == [1, 0, 1, 1, 3, 1]
