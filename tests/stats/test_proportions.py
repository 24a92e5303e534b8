"""The difference of two proportions, against Newcombe's own table and a slow second computation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from cartograph.stats.proportions import difference_of_proportions
from tests.stats.reference import values

CASES = values("newcombe")["cases"]
GROUP = st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['first']}-{c['second']}")
def test_limits_are_those_of_newcombes_table(case) -> None:
    found = difference_of_proportions(tuple(case["first"]), tuple(case["second"]))
    assert round(found.ci_low, 4) == case["low"]
    assert round(found.ci_high, 4) == case["high"]


def score_limit(x: int, n: int, z: float, *, upper: bool) -> float:
    """The proportion at which the score test of x out of n has the value z, by root finding."""
    p = x / n
    if p == float(upper):
        return p

    def distance(q: float) -> float:
        return (p - q) ** 2 - z * z * q * (1 - q) / n

    ends = (p + 1e-9, 1.0) if upper else (0.0, p - 1e-9)  # next to the proportion itself, where the score is 0 when it is 0 or 1
    return float(brentq(distance, *ends, xtol=1e-15))


@given(GROUP, GROUP, st.sampled_from([0.9, 0.95, 0.99]))
def test_limits_are_those_of_the_score_test_of_each_group(first, second, level) -> None:
    z = float(norm.ppf((1 + level) / 2))
    (x, n), (y, m) = first, second
    difference = x / n - y / m
    below = math.hypot(x / n - score_limit(x, n, z, upper=False), score_limit(y, m, z, upper=True) - y / m)
    above = math.hypot(score_limit(x, n, z, upper=True) - x / n, y / m - score_limit(y, m, z, upper=False))
    found = difference_of_proportions(first, second, level=level)
    np.testing.assert_allclose([found.value, found.ci_low, found.ci_high], [difference, difference - below, difference + above], atol=1e-9)


@given(GROUP, GROUP)
def test_groups_may_change_places_and_outcomes_too(first, second) -> None:
    found = difference_of_proportions(first, second)
    turned = difference_of_proportions(second, first)
    other = difference_of_proportions((first[1] - first[0], first[1]), (second[1] - second[0], second[1]))
    for mirrored in (turned, other):
        np.testing.assert_allclose(
            [-mirrored.ci_high, -mirrored.value, -mirrored.ci_low], [found.ci_low, found.value, found.ci_high], atol=1e-12
        )
    assert -1 - 1e-12 <= found.ci_low <= found.value <= found.ci_high <= 1 + 1e-12
    assert (found.n, found.events) == (first[1] + second[1], first[0] + second[0])


def test_an_empty_group_has_no_difference() -> None:
    found = difference_of_proportions((0, 0), (3, 9))
    assert math.isnan(found.value)
    assert found.notes == ("a group is empty",)


@pytest.mark.parametrize(("first", "level"), [((4, 3), 0.95), ((-1, 3), 0.95), ((1, 3), 1.0), ((1, 3), 0.0)])
def test_wrong_calls_are_refused(first, level) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        difference_of_proportions(first, (1, 2), level=level)
