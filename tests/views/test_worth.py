"""What a cutoff is worth, in numbers and in words."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cartograph import format as fmt
from cartograph.cohort.model import Cohort
from cartograph.stats.compare import log_rank
from cartograph.stats.cutoff_bootstrap import bootstrap_cutoff, cross_validated_cutoff
from cartograph.stats.selected import maximally_selected_log_rank
from cartograph.views.board import Board, prepare
from cartograph.views.explore import ExploreView, Marker, Origin
from cartograph.views.worth import REST, corrected_worth, cross_validate, held_out, resample, search, stability, worth
from tests.views.conftest import make_cohort


def view_of(cutoff: float = 300.0, origin: Origin = "searched", column: str = "ferritin_d0") -> ExploreView:
    return ExploreView("pfs", (Marker(column, cutoff, origin),))


def board_of(view: ExploreView, n: int = 200) -> Board:
    return prepare(make_cohort(n), view)


def changed(cohort: Cohort, **columns: Any) -> Cohort:
    return dataclasses.replace(cohort, patients=cohort.patients.assign(**columns), fingerprint=f"changed-{list(columns)}")


@pytest.mark.parametrize("panel", ["all", "0", "1"])
def test_every_number_is_that_of_the_panels_patients(panel: str) -> None:
    view = view_of(5.0, column="crp_d0")
    board = board_of(view)
    table = next(t for t in board.tables if t.key == panel)
    known = table.member & np.isfinite(board.values[0])
    value, time, event = board.values[0][known], board.time[known], board.event[known]
    of = worth(board, view, panel=panel)
    assert (of.n, of.n_missing, of.events) == (known.sum(), table.member.sum() - known.sum(), event.sum())
    assert of.n_low == (value <= 5).sum()
    assert of.naive_p == log_rank(time, event, value > 5).p_value
    plain = maximally_selected_log_rank(value, time, event, permutations=200, seed=5)
    found = search(board, panel=panel, permutations=200, seed=5)
    assert (found.cutoff, found.p_value) == (plain.cutoff, plain.p_value)
    assert of.best.cutoff == plain.cutoff
    assert resample(board, panel=panel, replicates=20).corrected_hazard_ratio == pytest.approx(
        bootstrap_cutoff(value, time, event, replicates=20).corrected_hazard_ratio
    )
    assert cross_validate(board, panel=panel, repeats=2).hazard_ratio == pytest.approx(
        cross_validated_cutoff(value, time, event, repeats=2).hazard_ratio
    )


def test_at_the_best_cutoff_the_corrected_p_is_that_of_the_search() -> None:
    view = view_of()
    board = board_of(view)
    found = search(board)
    best = view_of(found.cutoff)
    told = corrected_worth(worth(board, best), found)
    assert told.here.p_value == found.p_value
    assert told.statistic == found.statistic
    assert f"Corrected {fmt.p_equals(found.p_value)} at {fmt.number(found.cutoff)}" in told.finding
    assert f"{found.n_cutoffs:,} cutoffs from" in told.finding
    assert told.naive.startswith("naive p")
    assert not any("The best cutoff by this statistic" in note for note in told.notes)
    assert told.counts.sum() == 1000
    assert told.edges[0] <= found.null_maxima.min()
    assert told.edges[-1] > found.null_maxima.max()
    assert told.to_frame().loc[0, "p_on_screen"] == found.p_value


def test_another_cutoff_of_the_window_has_a_larger_p_and_names_the_best() -> None:
    view = view_of(200.0, "hand")
    board = board_of(view)
    found = search(board)
    told = corrected_worth(worth(board, view), found)
    assert told.here.p_value > found.p_value
    assert any(f"The best cutoff by this statistic is {fmt.number(found.cutoff)}" in note for note in told.notes)


def test_a_cutoff_that_nobody_searched_needs_no_correction() -> None:
    view = view_of(337.0, "normal")
    board = board_of(view)
    of = worth(board, view)
    assert not of.applies
    assert "no correction for searching applies" in of.why
    told = corrected_worth(of, search(board))
    assert told.naive == ""
    assert f"Log-rank {fmt.p_equals(of.naive_p)} at 337" in told.finding
    assert "needs no correction" in stability(of, resample(board, replicates=30)).notes[-1]


@pytest.mark.parametrize("origin", ["searched", "hand", "link"])
def test_a_cutoff_that_may_have_been_picked_is_corrected(origin: Origin) -> None:
    view = view_of(337.0, origin)
    of = worth(board_of(view), view)
    assert of.applies
    assert "its own p does not hold" in of.why


def test_outside_the_window_there_is_no_p() -> None:
    view = view_of(1e6)
    board = board_of(view)
    told = corrected_worth(worth(board, view), search(board))
    assert "No corrected p for 1,000,000" in told.finding
    assert np.isnan([told.statistic, told.here.p_value]).all()
    assert told.naive == ""


def test_stability_says_where_the_best_cutoff_moved_and_what_is_left() -> None:
    view = view_of()
    board = board_of(view)
    found = resample(board, replicates=100)
    told = stability(worth(board, view), found)
    ends = f"between {fmt.number(found.range_low)} and {fmt.number(found.range_high)}"
    assert ends in told.moved
    assert "of 100 resampled cohorts" in told.moved
    assert f"{fmt.ratio(found.corrected_hazard_ratio)} corrected for optimism" in told.left
    assert f"corrected {fmt.concordance(found.corrected_concordance)}" in told.left
    assert REST in told.notes
    assert "not of 300" in told.notes[-1]
    at_best = stability(worth(board, view_of(found.cutoff)), found)
    assert at_best.notes == (REST,)
    gone = dataclasses.replace(found, corrected_hazard_ratio=0.9)
    assert "Nothing is left" in stability(worth(board, view), gone).left
    unknown = dataclasses.replace(found, corrected_hazard_ratio=np.nan)
    assert fmt.NOT_ESTIMABLE in stability(worth(board, view), unknown).left
    fixed = dataclasses.replace(found, range_low=330.0, range_high=330.0)
    assert "stayed at 330" in stability(worth(board, view), fixed).moved


def test_held_out_says_both_ratios() -> None:
    view = view_of()
    board = board_of(view)
    found = cross_validate(board, repeats=3)
    told = held_out(worth(board, view), found)
    assert f"HR high vs low {fmt.ratio(found.hazard_ratio)}" in told.finding
    assert "over 3 repeats" in told.finding
    assert f"in the same patients {fmt.ratio(found.apparent_hazard_ratio)}" in told.finding


def test_few_events_are_said() -> None:
    view = view_of()
    cohort = make_cohort(60)
    events = cohort.patients["pfs_event"].to_numpy() * (np.arange(60) < 12)
    board = prepare(changed(cohort, pfs_event=events), view)
    told = stability(worth(board, view), resample(board, replicates=30))
    assert any(note.startswith("Only ") and "events" in note for note in told.notes)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"ferritin_d0": 300.0}, "no cutoff leaves enough"),
        ({"ferritin_d0": np.nan}, "no patients"),
        ({"pfs_event": 0.0}, "no events"),
    ],
)
def test_nothing_to_search_is_said_everywhere(columns: dict[str, float], reason: str) -> None:
    view = view_of()
    board = prepare(changed(make_cohort(60), **columns), view)
    of = worth(board, view)
    assert reason in of.reason
    told = corrected_worth(of, search(board))
    assert told.finding.startswith("No p value")
    assert len(told.edges) == len(told.counts) == 0
    assert "Nothing to resample" in stability(of, resample(board)).moved
    assert "Not cross-validated" in held_out(of, cross_validate(board)).finding
    assert len(of.to_frame()) == 1


def test_a_second_marker_is_not_used_and_that_is_said() -> None:
    view = ExploreView("pfs", (Marker("ferritin_d0", 300.0, "searched"), Marker("crp_d0", 6.0)))
    board = board_of(view)
    assert worth(board, view).notes == ("Ferritin, day 0 alone: CRP, day 0 is not used here.",)
    assert worth(board, view).n == worth(board_of(view_of()), view_of()).n
    assert search(board, marker=1).n < search(board, marker=0).n


def test_wrong_calls_say_what_is_expected() -> None:
    view = view_of()
    board = board_of(view)
    with pytest.raises(ValueError, match="marker must be a position"):
        worth(board, view, marker=1)
    with pytest.raises(ValueError, match="marker must be a position"):
        search(board, marker=3)
    with pytest.raises(ValueError, match="panel must be one of 'all'"):
        resample(board, panel="nobody")


def test_frames_and_methods_are_those_of_the_results() -> None:
    view = view_of()
    board = board_of(view)
    of = worth(board, view)
    told = stability(of, resample(board, replicates=10)), held_out(of, cross_validate(board, repeats=1)), corrected_worth(of, search(board))
    for one in told:
        assert one.method == one.found.method
        assert isinstance(one.to_frame(), pd.DataFrame)
    assert of.method == of.best.method
    assert of.to_frame().loc[0, "best_cutoff"] == of.best.cutoff
