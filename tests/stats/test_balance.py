"""Standardised mean differences: plain re-implementations, invariants, weights, edges."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cartograph.stats.balance import difference_of_categories, difference_of_numbers
from tests.stats.reference import close

GROUP = np.array(["a"] * 20 + ["b"] * 30)


def made(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(5, 2, 50), rng.integers(0, 3, 50).astype(object), rng.uniform(0.1, 3, 50)


def shares(labels, weight, levels):
    return np.array([weight[labels == level].sum() for level in levels]) / weight.sum()


@given(st.integers(0, 10_000))
def test_numbers_by_the_formula(seed):
    value, _, weight = made(seed)
    a, b = value[GROUP == "a"], value[GROUP == "b"]
    found = difference_of_numbers(value, GROUP)
    close(found.value, (a.mean() - b.mean()) / math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
    close(difference_of_numbers(value, GROUP, weights=np.full(50, 3.7)).value, found.value)
    moments = []
    for name in "ab":
        x, w = value[name == GROUP], weight[name == GROUP]
        mean = np.average(x, weights=w)
        moments.append((mean, w.sum() / (w.sum() ** 2 - (w**2).sum()) * (w * (x - mean) ** 2).sum()))
    weighted = difference_of_numbers(value, GROUP, weights=weight)
    close(weighted.value, (moments[0][0] - moments[1][0]) / math.sqrt((moments[0][1] + moments[1][1]) / 2))
    close(difference_of_numbers(3 * value - 40, GROUP).value, found.value)
    close(difference_of_numbers(-value, GROUP).value, -found.value)
    close(difference_of_numbers(value, GROUP, groups=["b", "a"]).value, -found.value)


@given(st.integers(0, 10_000))
def test_categories_by_the_formula_whichever_level_is_left_out(seed):
    _, labels, weight = made(seed)
    for weights in (np.ones(50), weight):
        found = difference_of_categories(labels, GROUP, weights=weights).value
        t, c = (shares(labels[name == GROUP], weights[name == GROUP], [0, 1, 2]) for name in "ab")
        for left in range(3):
            kept = [k for k in range(3) if k != left]
            spread = (np.diag(t) - np.outer(t, t) + np.diag(c) - np.outer(c, c))[np.ix_(kept, kept)] / 2
            close(found, math.sqrt((t - c)[kept] @ np.linalg.inv(spread) @ (t - c)[kept]))


@given(st.integers(0, 20), st.integers(0, 30))
def test_two_levels_are_the_difference_of_shares_with_its_sign(first, second):
    value = np.array(["yes"] * first + ["no"] * (20 - first) + ["yes"] * second + ["no"] * (30 - second), dtype=object)
    p, q = first / 20, second / 30
    assume(p * (1 - p) + q * (1 - q) > 0)
    found = difference_of_categories(value, GROUP)
    close(found.value, (p - q) / math.sqrt((p * (1 - p) + q * (1 - q)) / 2))
    twice = np.concatenate([value, value]), np.concatenate([GROUP, GROUP])
    close(difference_of_categories(*twice).value, found.value)
    close(difference_of_categories(value, GROUP, weights=np.full(50, 2.0)).value, found.value)


def test_a_weight_of_zero_leaves_a_patient_out():
    value, labels, _ = made(1)
    weight = np.ones(50)
    weight[::7] = 0
    kept = weight > 0
    close(difference_of_numbers(value, GROUP, weights=weight).value, difference_of_numbers(value[kept], GROUP[kept]).value)
    assert difference_of_categories(labels, GROUP, weights=weight).n == kept.sum()


def test_of_more_groups_the_largest_pair_is_told():
    value = [0, 1, 2, 10, 11, 12, 1, 2, 3, np.nan]
    group = ["a"] * 3 + ["b"] * 3 + ["c"] * 3 + ["c"]
    found = difference_of_numbers(value, group)
    assert (found.first, found.second, found.value, found.n, found.n_missing) == ("a", "b", -10, 9, 1)
    assert found.notes == ("largest of 3 pairs",)
    assert found.to_frame()["value"].tolist() == [-10, -1, 9]


def test_what_is_constant_or_apart():
    assert difference_of_numbers([7.0] * 4, ["a", "a", "b", "b"]).value == 0
    assert difference_of_numbers([7.0, 7.0, 8.0, 8.0], ["a", "a", "b", "b"]).value == -math.inf
    assert difference_of_categories(["x"] * 4, ["a", "a", "b", "b"]).value == 0
    apart = difference_of_categories(["x", "x", "y", "z"], ["a", "a", "b", "b"])
    assert (apart.value, apart.notes) == (math.inf, ("the groups share no level",))


def test_what_is_not_estimable_says_why():
    alone = difference_of_numbers([1.0, 2.0, 3.0], ["a", "a", "b"])
    assert math.isnan(alone.value)
    assert "fewer than two" in alone.notes[0]
    assert difference_of_numbers([1.0, 2.0], ["a", "a"]).notes == ("one group",)
    assert math.isnan(difference_of_categories([None, None, "x"], ["a", "a", "b"]).value)


def test_wrong_calls():
    with pytest.raises(ValueError, match="equally long"):
        difference_of_numbers([1.0, 2.0], ["a"])
    with pytest.raises(ValueError, match="not negative"):
        difference_of_numbers([1.0, 2.0], ["a", "b"], weights=[1.0, -1.0])
