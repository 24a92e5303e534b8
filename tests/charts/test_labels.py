import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartograph.charts.labels import month_ticks, shorten, spread


@given(st.lists(st.floats(0, 200), min_size=1, max_size=5))
def test_labels_never_overlap_and_stay_inside(wanted):
    placed = spread(wanted, 39.0, 0.0, 200.0)
    ordered = sorted(placed)
    assert all(b - a >= 39.0 - 1e-9 for a, b in itertools.pairwise(ordered))
    assert ordered[0] >= 19.5 - 1e-9
    assert ordered[-1] <= 200.0 - 19.5 + 1e-9
    assert [placed[i] for i in sorted(range(len(wanted)), key=lambda i: wanted[i])] == ordered


def test_labels_with_room_stay_where_their_curve_ends():
    assert spread([150.0, 30.0], 39.0, 0.0, 200.0) == [150.0, 30.0]


def test_labels_that_collide_share_the_move():
    assert spread([100.0, 100.0], 40.0, 0.0, 200.0) == [80.0, 120.0]


def test_month_ticks_are_round_and_few():
    assert month_ticks(24, 6) == [0, 6, 12, 18, 24]
    assert month_ticks(36, 5) == [0, 12, 24, 36]
    assert month_ticks(6, 6) == [0, 1, 2, 3, 4, 5, 6]


@given(st.floats(0.5, 500))
def test_month_ticks_never_leave_the_axis(x_max):
    ticks = month_ticks(x_max, 6)
    assert ticks[0] == 0
    assert ticks[-1] <= x_max * (1 + 1e-9)
    assert len(ticks) <= 7


@pytest.mark.parametrize(("text", "expected"), [("short", "short"), ("a very long name", "a very lo\u2026")])
def test_shorten(text, expected):
    assert shorten(text, 10) == expected
