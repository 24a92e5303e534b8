"""The plane on screen: the cell of a pair is what Explore says of that pair."""

import numpy as np
import pytest

from cartograph.stats.hazard import hazard_ratio
from cartograph.views.board import Board, compute_on, prepare
from cartograph.views.explore import Combine, ExploreView, Marker
from cartograph.views.plane import PlaneView, plane, plane_p
from tests.views.conftest import make_cohort


def view_of(ferritin: float = 337, crp: float = 6, *, combine: Combine = "both-low") -> ExploreView:
    return ExploreView(markers=(Marker("ferritin_d0", ferritin), Marker("crp_d0", crp)), combine=combine)


def shown_of(view: ExploreView, panel: str = "all", n: int = 200) -> tuple[Board, PlaneView]:
    board = prepare(make_cohort(n), view)
    return board, plane(board, view, panel)


@pytest.mark.parametrize("combine", ["three", "both-low"])
@pytest.mark.parametrize("panel", ["all", "1"])
def test_a_cell_is_what_explore_says_of_its_pair(combine: Combine, panel: str) -> None:
    board, found = shown_of(view_of(combine=combine), panel)
    rows = found.plane.to_frame().query("status == 0").iloc[::67]
    assert len(rows) > 3
    for row in rows.itertuples():
        moved = view_of(row.cutoff_a, row.cutoff_b, combine=combine)
        there = next(p for p in compute_on(board, moved).panels if p.key == panel)
        ratio = there.hazard_ratios[0].estimate
        assert ratio is not None
        assert (row.hazard_ratio, row.ci_low, row.ci_high) == pytest.approx((ratio.value, ratio.ci_low, ratio.ci_high), rel=1e-8)
        now = plane(board, moved, panel).current
        assert now.hazard_ratio.value == pytest.approx(row.hazard_ratio, rel=1e-8)
        assert now.n == (row.n_low, row.n_mixed, row.n_high)
        assert now.events == (row.events_low, row.events_mixed, row.events_high)
        assert now.smallest == row.smallest


def test_everybody_is_counted_and_axes_hold_their_cutoffs() -> None:
    board, found = shown_of(view_of())
    assert found.n + found.n_missing == board.cohort.n
    assert found.n_missing > 0
    assert found.contrast_words == "one or both high vs both low"
    for axis, cutoffs in zip(found.axes, (found.plane.cutoffs_a, found.plane.cutoffs_b), strict=True):
        assert len(cutoffs) <= 30
        assert np.all((axis.edges[:-1] < cutoffs) & (cutoffs < axis.edges[1:]))
    assert [c.value for c in found.axes[0].published] == [337, 400]


def test_a_cutoff_outside_the_window_and_a_small_group_are_said() -> None:
    _, found = shown_of(view_of(1e6))
    assert "The cutoff of Ferritin, day 0 lies outside the window that is drawn." in found.notes
    _, extreme = shown_of(view_of(1e6, combine="three"))
    assert extreme.current.reason == "a group has fewer than 10 patients"
    assert np.isnan(extreme.current.hazard_ratio.value)


def test_a_marker_with_one_value_leaves_an_empty_plane() -> None:
    cohort = make_cohort(60)
    cohort.patients["crp_d0"] = 5.0
    view = view_of()
    found = plane(prepare(cohort, view), view)
    assert found.plane.hazard_ratio.size == 0
    assert found.notes[0] == "no cutoff leaves a tenth of the patients on either side"


def test_the_corrected_p_is_of_the_plane_that_is_shown() -> None:
    view = view_of()
    board, found = shown_of(view)
    told: list[float] = []
    test = plane_p(board, view, found, permutations=50, progress=told.append)
    assert test.contrast == "rest"
    assert 0 < test.p_value <= 1
    assert told[-1] == 1
    values = board.values
    known = board.tables[0].known
    high = (values[0] > test.cutoff_a) | (values[1] > test.cutoff_b)
    assert hazard_ratio(board.time[known], board.event[known], high[known]).p_value < 0.2


def test_a_wrong_call_says_what_is_expected() -> None:
    view = view_of()
    board = prepare(make_cohort(), view)
    with pytest.raises(ValueError, match="needs two markers; the view has 1"):
        plane(board, ExploreView(markers=view.markers[:1]))
    with pytest.raises(ValueError, match="panel must be one of 'all', '0', '1'"):
        plane(board, view, "7")
