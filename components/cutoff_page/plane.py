"""Two markers at once: the hazard ratio over the plane of both cutoffs, and what its best pair is worth."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from cartograph import format as fmt
from cartograph.charts.plane import plane_chart
from cartograph.cohort import Cohort
from cartograph.stats.plane import PlaneTest
from cartograph.views.board import Board
from cartograph.views.defaults import default_marker, marker_columns
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.plane import PlaneView, plane, plane_p
from cartograph.views.provenance import provenance
from components import state
from components.cutoff_page.subject import Subject
from components.figure import with_room
from components.kept import kept
from components.live_cutoff.plane import plane_map
from components.long_work import QUICK, Job, Progress, result_of
from components.sentences import say

MOVED = "plane-moved"


@kept(12)
def both_cutoffs(cohort: Cohort, board: Board, view: ExploreView, panel: str) -> PlaneView:
    """The plane, computed once for a cohort, a view and a panel of this session."""
    return plane(board, view, panel)


@kept(8)
def searched_plane(cohort: Cohort, question: ExploreView, panel: str) -> Job[PlaneTest]:
    """The test of the best pair, run once for a question and a panel of this session."""
    return Job()


@st.fragment
def plane_section(about: Subject) -> None:
    """The plane of the chosen patients; with one marker a way to add the second."""
    if len(about.view.markers) < 2:
        _one_marker(about)
        return
    if state.take(MOVED):
        st.rerun()  # the whole page speaks of the pair that was let go
    found, job = both_cutoffs(about.cohort, about.board, about.view, about.panel), _test_job(about)
    best_pair(about)
    figure, words = st.columns([3, 2])
    with figure:
        _draw(about, found, job.result)
    with words:
        say(_now(found))
        label, words_while = "Correct the best pair for the search", "Dealing out the outcomes anew, 1,000 times"
        done = result_of(job, lambda progress: _test(about, progress), label=label, words=words_while, key="plane-p")
        if done is not None:
            say(_best(found, done))
        say(found.notes, kind="quiet")


def _draw(about: Subject, found: PlaneView, test: PlaneTest | None) -> None:
    def let_go(first: float, second: float) -> None:
        for position, cutoff in enumerate((first, second)):
            state.change_marker(position, Marker(about.view.markers[position].column, cutoff, "hand"))
        state.put(MOVED, True)

    plane_map(
        with_room(plane_chart(found, dark=about.dark, test=test)),
        found,
        key="plane",
        locked=state.locked(),
        synthetic=about.cohort.synthetic,
        provenance=provenance(about.cohort, about.view),
        on_change=let_go,
    )


def best_pair(about: Subject) -> PlaneTest | None:
    """The best of all pairs and its corrected p: at once for cohorts of usual size; None for a large one until it is asked for."""
    job = _test_job(about)
    if about.cohort.n <= QUICK:
        job.finish(lambda progress: _test(about, progress))
    return job.result


def _test_job(about: Subject) -> Job[PlaneTest]:
    bare = replace(about.view, markers=tuple(replace(m, cutoff=0.0, origin="hand") for m in about.view.markers))
    return searched_plane(about.cohort, bare, about.panel)


def _test(about: Subject, progress: Progress) -> PlaneTest:
    shown = both_cutoffs(about.cohort, about.board, about.view, about.panel)
    return plane_p(about.board, about.view, shown, progress=progress)


def _now(found: PlaneView) -> list[str]:
    """The pair on screen: who is compared, how many, the hazard ratio or why it is not given."""
    pair = found.current
    low, mixed, high = (f"{n:,} patients ({e:,} events)" for n, e in zip(pair.n, pair.events, strict=True))
    sizes = f"{found.title}: both low {low}, one high {mixed}, both high {high}."
    if pair.reason:
        return [sizes, f"HR {found.contrast_words} is not given: {pair.reason}."]
    ratio = pair.hazard_ratio
    return [sizes, f"HR {found.contrast_words}, unadjusted: {fmt.ratio_with_limits(ratio.value, ratio.ci_low, ratio.ci_high)}."]


def _best(found: PlaneView, test: PlaneTest) -> list[str]:
    """The best of all pairs and what it is worth."""
    if math.isnan(test.p_value):
        return [f"The best pair cannot be judged: {'; '.join(test.notes)}."]
    where = " and ".join(
        f"{axis.label} {fmt.number(cutoff)}{f' {axis.unit}' if axis.unit else ''}"
        for axis, cutoff in zip(found.axes, (test.cutoff_a, test.cutoff_b), strict=True)
    )
    corrected = f"{fmt.p_equals(test.p_value)} corrected for having searched {test.pairs:,} pairs ({test.permutations:,} permutations)"
    return [f"Best of all pairs: {where}; {corrected}."]


def _one_marker(about: Subject) -> None:
    say(["The map shows the hazard ratio at every pair of cutoffs of two biomarkers."])
    both = with_second(about)
    if both is None:
        say(["This cohort has only one biomarker that is known before infusion."])
    elif st.button("Add a second biomarker", icon=":material/add:", key="plane-add-marker"):
        state.change_view(markers=both)
        st.rerun()  # the whole page: sentence, panel and figures speak of both now


def with_second(about: Subject) -> tuple[Marker, ...] | None:
    """The view's marker and the one that goes with it best: CRP of the same day, else any CRP, else the first; None without another."""
    first = about.view.markers[0]
    spare = [c for c in marker_columns(about.board.cohort) if c.key != first.column]
    if not spare:
        return None
    same_day = f"crp_{first.column.rpartition('_')[2]}"
    best = min(spare, key=lambda c: (c.key != same_day, not c.key.startswith("crp")))
    return (first, default_marker(about.board.cohort, best))
