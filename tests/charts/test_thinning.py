import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartograph.charts.thinning import HALF, SCREEN_WIDTH, numbers, visible_points, visible_steps

HEIGHT, X_MAX = 250.0, 36.0


@given(st.integers(201, 4000), st.integers(0, 5))
def test_a_thinned_curve_is_at_most_half_a_pixel_off(n, seed):
    rng = np.random.default_rng(seed)
    time = np.sort(rng.uniform(0, X_MAX, n))
    survival = 1 - np.cumsum(rng.dirichlet(np.ones(n))) * 0.9
    keep = visible_steps(time, survival, x_max=X_MAX, height=HEIGHT)
    late = HALF * X_MAX / SCREEN_WIDTH
    asked = rng.uniform(0, X_MAX, 300)

    def drawn(t):
        row = np.searchsorted(time[keep], t, side="right") - 1
        return np.where(row < 0, 1.0, survival[keep][np.maximum(row, 0)])

    def true(t):
        row = np.searchsorted(time, t, side="right") - 1
        return np.where(row < 0, 1.0, survival[np.maximum(row, 0)])

    half = HALF / HEIGHT + 1e-12
    assert (drawn(asked) >= true(asked) - half).all()
    assert (drawn(asked) <= true(asked - late) + half).all()
    assert len(keep) <= SCREEN_WIDTH / HALF + 2
    assert {0, n - 1} <= set(keep.tolist())


def test_a_short_curve_stays_whole():
    time = np.linspace(0, 36, 200)
    assert len(visible_steps(time, 1 - time / 40, x_max=X_MAX, height=HEIGHT)) == 200


def test_marks_on_the_same_pixel_are_drawn_once():
    assert visible_points(np.array([1.0, 1.001, 2.0]), x_max=X_MAX).tolist() == [0, 2]
    assert visible_points(np.array([]), x_max=X_MAX).tolist() == []


def test_numbers_are_short_and_gaps_are_gaps():
    assert numbers([1 / 3, 2.0], 3) == [0.333, 2.0]
    assert numbers([1.0, float("nan"), float("inf")], 2) == [1.0, None, None]
    assert numbers(np.empty(0), 2) == pytest.approx([])
