"""E-values: the paper's own examples, and the definition by a bias factor."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartograph.stats.evalue import e_value, risk_ratio


@pytest.mark.parametrize(
    ("ratio", "low", "high", "value", "limit"),
    [
        (3.9, 1.8, 8.7, 7.26, 3.00),  # breast feeding and infant death, VanderWeele & Ding, Ann Intern Med 2017
        (10.73, 8.02, 14.36, 20.9, 15.5),  # smoking and lung cancer, the same
    ],
)
def test_the_examples_of_the_paper(ratio, low, high, value, limit):
    found = e_value(ratio, low, high, common=False)
    assert found.value == pytest.approx(value, rel=5e-3)
    assert found.limit == pytest.approx(limit, rel=5e-3)


@given(st.floats(0.05, 20), st.booleans())
def test_a_confounder_of_that_strength_moves_the_ratio_to_one_exactly(ratio, common):
    """With both associations at E the largest bias is E * E / (2 E - 1), the bounding factor of Ding & VanderWeele."""
    found = e_value(ratio, ratio, ratio, common=common)
    away = max(found.risk_ratio, 1 / found.risk_ratio)
    assert found.value**2 / (2 * found.value - 1) == pytest.approx(away, rel=1e-8)


@given(st.floats(0.05, 20))
def test_the_direction_does_not_matter(ratio):
    for common in (True, False):
        one, other = (e_value(r, r / 1.2, r * 1.2, common=common) for r in (ratio, 1 / ratio))
        assert (one.value, one.limit) == (pytest.approx(other.value), pytest.approx(other.limit))


def test_a_common_outcome_is_drawn_towards_one():
    assert risk_ratio(0.5, common=True) == pytest.approx((1 - 0.5 ** math.sqrt(0.5)) / (1 - 0.5 ** math.sqrt(2)), rel=1e-12)
    assert 0.5 < risk_ratio(0.5, common=True) < 1
    assert risk_ratio(0.5, common=False) == 0.5


def test_limits_that_hold_one_need_no_confounder():
    assert e_value(0.8, 0.5, 1.3, common=True).limit == 1


def test_nothing_known_and_wrong_calls():
    assert np.isnan(e_value(np.nan, np.nan, np.nan, common=True).value)
    assert np.isnan(e_value(2.0, np.nan, np.nan, common=True).limit)
    with pytest.raises(ValueError, match="between its limits"):
        e_value(2.0, 2.5, 3.0, common=True)
    with pytest.raises(ValueError, match="positive"):
        e_value(-1.0, -2.0, 3.0, common=True)
    assert list(e_value(2.0, 1.5, 3.0, common=True).to_frame()["common"]) == [True]
