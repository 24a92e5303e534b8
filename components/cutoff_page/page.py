"""The Cutoff page from top to bottom: sentence, cutoff, what it is worth in plain words, every other cutoff, and the evidence in tabs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from cartograph.cohort import Cohort
from cartograph.views.board import Board, compute_on
from cartograph.views.explore import ExploreResult, ExploreView
from cartograph.views.paragraph import Evidence, chosen_by_seeing, corrected, paragraph
from components import explore_board, state
from components.cutoff_page.continuous import continuous_section, kept_continuous
from components.cutoff_page.discrimination import discrimination_section
from components.cutoff_page.endpoints import endpoints_section
from components.cutoff_page.landscapes import landscapes
from components.cutoff_page.plane import best_pair, plane_section
from components.cutoff_page.searching import resampled_words, search_of
from components.cutoff_page.sensitivity import sensitivity_section, varied
from components.cutoff_page.subject import Subject
from components.cutoff_page.words import show_paragraph
from components.cutoff_page.worth import worth_section
from components.explore_words import finding, flow_line
from components.live_cutoff.board import Moving, show_finding
from components.live_cutoff.tables import bring_tables, table_names
from components.live_cutoff.track import wanted_table
from components.long_work import QUICK
from components.marker_panel import marker_panel, track_key
from components.sentences import NOBODY
from components.text import plain

SECTIONS: dict[str, Callable[[Subject], None]] = {
    "A searched cutoff": worth_section,
    "Kept continuous": continuous_section,
    "ROC": discrimination_section,
    "Two biomarkers": plane_section,
    "All endpoints": endpoints_section,
    "Sensitivity": sensitivity_section,
}


def show(cohort: Cohort) -> None:
    """The page of the active cohort; what stands below the sidebar is drawn again when a cutoff moves."""
    if not cohort.endpoints:
        st.info("A cutoff is judged by an outcome. Name a time and an event for this cohort under Data.", icon=":material/timer_off:")
        return
    state.write_link()
    _page(cohort)


@st.fragment
def _page(cohort: Cohort) -> None:
    view = state.view()
    ready = explore_board.board(cohort, explore_board.without_cutoffs(view))
    result = compute_on(ready, view)
    moving = Moving(table_names(cohort, view), tuple(m.cutoff for m in view.markers))
    state.look(view)
    about = Subject(cohort, ready, view, 0, "all", state.is_dark())
    why_not = _nothing_to_judge(ready, view)
    said = paragraph(ready.cohort, result, _evidence(about, result)) if not why_not else None  # before anything is sent: one repaint
    _head(cohort, ready, result, moving)
    if said is None:
        st.info(why_not, icon=":material/info:")
        return
    show_paragraph(said)
    about = replace(about, marker=_which_marker(ready, view))
    landscapes(about, moving)
    _sections(about)
    wanted = [wanted_table(track_key(position, marker)) for position, marker in enumerate(view.markers)]
    bring_tables(cohort, ready, view, height=explore_board.KM_HEIGHT, wanted=wanted)


def _head(cohort: Cohort, ready: Board, result: ExploreResult, moving: Moving) -> None:
    """The finding in one sentence, what must be known before believing it, and the cutoff itself."""
    show_finding(finding(result), flow_line(result), moving)
    for words in result.warnings:
        st.warning(plain(words), icon=":material/warning:")
    if ready.cohort.n:
        marker_panel(ready.cohort, result.view, result.distributions, tables=moving.tables, beside=lambda: None)


def _evidence(about: Subject, result: ExploreResult) -> Evidence:
    """What the paragraph rests on; with two markers nothing that speaks of one alone."""
    if about.why_not():
        return Evidence(state.looks())
    seen = chosen_by_seeing(about.view.markers)
    if len(about.view.markers) > 1:
        return Evidence(state.looks(), pairs=best_pair(about) if seen else None)
    found = search_of(about).result if seen else None
    return Evidence(
        looks=state.looks(),
        corrected=corrected(found, result.panels[0].groups[0].n) if found is not None else None,
        resampled=resampled_words(about),
        sensitivity=varied(about.cohort, about.board, about.view, 0).panels[0] if _small(about) else None,
        continuous=kept_continuous(about.cohort, about.board, about.view, 0, "all"),
    )


def _small(about: Subject) -> bool:
    """True where the paragraph may leave out one patient after another while a cutoff moves; in a larger cohort no single one matters."""
    return about.cohort.n <= QUICK


def _nothing_to_judge(ready: Board, view: ExploreView) -> str:
    """Why the page ends here, or ""."""
    if not ready.cohort.n:
        return NOBODY
    return (
        "" if view.markers else "This cohort has no biomarker that is known before infusion and differs between patients: nothing to cut."
    )


def _which_marker(ready: Board, view: ExploreView) -> int:
    """Position of the biomarker that the page speaks of: with two, the one that is chosen."""
    if len(view.markers) < 2:
        return 0
    labels = {m.column: column.label for m, column in zip(view.markers, ready.columns, strict=True)}
    key = "cutoff-biomarker"
    if state.get(key) not in labels:
        state.put(key, view.markers[0].column)
    chosen = st.segmented_control("Cutoff of", list(labels), format_func=lambda c: plain(labels[c]), key=key, required=True)
    return list(labels).index(chosen or view.markers[0].column)


@st.fragment
def _sections(about: Subject) -> None:
    """The evidence: only the tab that is open is computed."""
    chosen = _panel(about)
    tabs = st.tabs(list(SECTIONS), on_change="rerun", key="cutoff-sections")
    for tab, section in zip(tabs, SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                _section(chosen, section)


def _section(about: Subject, section: Callable[[Subject], None]) -> None:
    why_not = about.why_not()
    if why_not:
        st.info(plain(why_not), icon=":material/info:")
    else:
        section(about)


def _panel(about: Subject) -> Subject:
    """Whose numbers the tabs show."""
    titles = {table.key: table.title for table in about.board.tables}
    if len(titles) < 2:
        return about
    key = "cutoff-panel"
    if state.get(key) not in titles:
        state.put(key, "all")
    chosen = st.segmented_control("Patients", list(titles), format_func=lambda k: plain(titles[k]), key=key, required=True)
    return about.of(chosen or "all")
