"""Every cutoff at once: one landscape for all patients and one per product, and the button that takes the best of them."""

from __future__ import annotations

import html

import streamlit as st

from cartograph.charts.landscape import landscape_chart
from cartograph.cohort import Cohort
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView
from cartograph.views.landscape import Landscape, landscape
from cartograph.views.provenance import provenance
from components.cutoff_page.searching import take_best
from components.cutoff_page.subject import HASHES, Subject, with_room
from components.live_cutoff.board import Moving, Placed, show_board


@st.cache_resource(scope="session", max_entries=30, show_spinner=False, hash_funcs=dict(HASHES))
def every_cutoff(cohort: Cohort, board: Board, view: ExploreView, marker: int) -> Landscape:
    """The landscape, scanned once for a cohort, a view and a marker of this session."""
    return landscape(board, view, marker=marker)


def landscapes(about: Subject, moving: Moving) -> None:
    """All patients first, then each product: side by side where there is room, one after another on a phone."""
    found = every_cutoff(about.cohort, about.board, about.view, about.marker)
    placed = [
        Placed(f"landscape-{p.key}", with_room(landscape_chart(found, p, dark=about.dark)), [html.escape(note) for note in p.notes])
        for p in found.panels
    ]
    with st.container(horizontal=True, vertical_alignment="center", key="every-cutoff"):
        st.markdown("**Every cutoff at once.** Each step is another cutoff of the same patients: picking the best of them is a search.")
        take_best(about)
    show_board(
        placed,
        (),
        html.escape(" ".join(found.notes)),
        moving,
        synthetic=about.cohort.synthetic,
        provenance=provenance(about.cohort, about.view),
    )
