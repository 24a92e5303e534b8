"""What the hazard ratio hangs on: the exact place of the cutoff, single patients, single centers."""

from __future__ import annotations

import streamlit as st

from cartograph.charts.sensitivity import sensitivity_chart
from cartograph.cohort import Cohort
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView
from cartograph.views.sensitivity import SensitivityView, compute_sensitivity
from components.cutoff_page.subject import Subject
from components.kept import kept
from components.sentences import say


@kept(30)
def varied(cohort: Cohort, board: Board, view: ExploreView, marker: int) -> SensitivityView:
    """The sensitivity of the cutoff, computed once for a cohort, a view and a marker of this session."""
    return compute_sensitivity(board, view, marker=marker)


@st.fragment
def sensitivity_section(about: Subject) -> None:
    """The strip of the chosen patients with its sentence."""
    found = varied(about.cohort, about.board, about.view, about.marker)
    panel = next(p for p in found.panels if p.key == about.panel)
    figure, words = st.columns([3, 2])
    with figure:
        about.draw(sensitivity_chart(found, panel, dark=about.dark), key="sensitivity")
    with words:
        say([f"{panel.title}: {panel.sentence}"])
        say([*panel.result.notes, *found.notes], kind="quiet")
