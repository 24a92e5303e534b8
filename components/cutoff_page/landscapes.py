"""Every cutoff at once: one landscape for all patients and one per product, and the button that takes the best of them."""

from __future__ import annotations

import html

import streamlit as st

from cartograph.charts.landscape import landscape_chart
from cartograph.cohort import Cohort
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView
from cartograph.views.landscape import Landscape, moved_to, scanned, two_bests
from cartograph.views.provenance import provenance
from components.cutoff_page.searching import search_of, take_best
from components.cutoff_page.subject import Subject
from components.explore_board import without_cutoffs
from components.figure import with_room
from components.kept import kept
from components.live_cutoff.board import Moving, Placed, show_board


@kept(30)
def every_cutoff(cohort: Cohort, board: Board, question: ExploreView, marker: int) -> Landscape:
    """The landscape without its current cutoff, scanned once for a cohort, a question and a marker of this session."""
    return scanned(board, question, marker=marker)


def landscapes(about: Subject, moving: Moving) -> None:
    """All patients first, then each product: side by side where there is room, one after another on a phone."""
    still = every_cutoff(about.cohort, about.board, without_cutoffs(about.view), about.marker)
    found = moved_to(still, about.board, about.view, marker=about.marker)
    placed = [
        Placed(f"landscape-{p.key}", with_room(landscape_chart(found, p, dark=about.dark)), [html.escape(note) for note in p.notes])
        for p in found.panels
    ]
    with st.container(horizontal=True, vertical_alignment="center", key="every-cutoff"):
        st.markdown("**Every cutoff at once.** Each step is another cutoff of the same patients: picking the best of them is a search.")
        take_best(about)
    searched = search_of(about).result
    notes = (*found.notes, *([two_bests(found, searched)] if searched is not None else []))
    show_board(
        placed,
        (),
        html.escape(" ".join(filter(None, notes))),
        moving,
        synthetic=about.cohort.synthetic,
        provenance=provenance(about.cohort, about.view),
    )
