"""Two markers at once: the hazard ratio over the plane of both cutoffs, and what its best pair is worth."""

from __future__ import annotations

import streamlit as st

from cartograph.charts.plane import plane_chart
from cartograph.cohort import Cohort
from cartograph.views.board import Board
from cartograph.views.defaults import default_marker, marker_columns
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.plane import PlaneView, plane
from components import state
from components.cutoff_page.subject import HASHES, Subject, say


@st.cache_resource(scope="session", max_entries=12, show_spinner=False, hash_funcs=dict(HASHES))
def both_cutoffs(cohort: Cohort, board: Board, view: ExploreView, panel: str) -> PlaneView:
    """The plane, computed once for a cohort, a view and a panel of this session."""
    return plane(board, view, panel)


@st.fragment
def plane_section(about: Subject) -> None:
    """The plane of the chosen patients; with one marker a way to add the second."""
    if len(about.view.markers) < 2:
        _one_marker(about)
        return
    found = both_cutoffs(about.cohort, about.board, about.view, about.panel)
    figure, words = st.columns([3, 2])
    with figure:
        about.draw(plane_chart(found, dark=about.dark), key="plane")
    with words:
        say(found.notes, quiet=True)


def _one_marker(about: Subject) -> None:
    say(["The map shows the hazard ratio at every pair of cutoffs of two biomarkers."])
    both = with_second(about)
    if both is None:
        say(["This cohort has only one biomarker that is known before infusion."])
    else:
        st.button("Add a second biomarker", icon=":material/add:", key="plane-add-marker", on_click=_take, args=(both,))


def with_second(about: Subject) -> tuple[Marker, ...] | None:
    """The view's marker and the one that goes with it best: CRP of the same day, else any CRP, else the first; None without another."""
    first = about.view.markers[0]
    spare = [c for c in marker_columns(about.board.cohort) if c.key != first.column]
    if not spare:
        return None
    same_day = f"crp_{first.column.rpartition('_')[2]}"
    best = min(spare, key=lambda c: (c.key != same_day, not c.key.startswith("crp")))
    return (first, default_marker(about.board.cohort, best))


def _take(markers: tuple[Marker, ...]) -> None:
    state.change_view(markers=markers)
