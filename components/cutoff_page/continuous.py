"""The same marker without a cutoff, beside the split."""

from __future__ import annotations

import streamlit as st

from cartograph.charts.continuous import continuous_chart
from cartograph.cohort import Cohort
from cartograph.views.board import Board
from cartograph.views.continuous import ContinuousView, continuous
from cartograph.views.explore import ExploreView
from components.cutoff_page.subject import Subject
from components.kept import kept
from components.sentences import say


@kept(30)
def kept_continuous(cohort: Cohort, board: Board, view: ExploreView, marker: int, panel: str) -> ContinuousView:
    """The marker kept continuous, fitted once for a cohort, a view, a marker and a panel of this session."""
    return continuous(board, view, marker=marker, panel=panel)


@st.fragment
def continuous_section(about: Subject) -> None:
    """The curve of the hazard ratio, and what cutting costs in words."""
    found = kept_continuous(about.cohort, about.board, about.view, about.marker, about.panel)
    figure, words = st.columns([3, 2])
    with figure:
        about.draw(continuous_chart(found, dark=about.dark), key="continuous")
    with words:
        say([found.finding, found.shape, found.cost])
        say(found.cautions, kind="quiet")
