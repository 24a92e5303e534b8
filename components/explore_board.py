"""Explore's board: the finding in words, the cutoffs, curves of every product, response, courses, tables."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from cartograph.charts.km import km_chart
from cartograph.charts.response import response_chart, response_height
from cartograph.charts.spec import Chart
from cartograph.charts.swimmer import swimmer_chart
from cartograph.cohort import Cohort
from cartograph.views.board import Board, compute_on, prepare
from cartograph.views.explore import ExploreResult, ExploreView
from components import state
from components.display import Display, display, display_options
from components.explore_words import comparison_lines, finding, flow_line, interaction_line, summary_frame
from components.figure import show_figure
from components.marker_panel import marker_panel
from components.text import html_table, neutral_cells, plain

KM_HEIGHT = 430
FIGURE_HEIGHT = 520
LANE_HEIGHT = 11
TALLEST = 1400
MAX_PER_ROW = 3  # narrower, the at-risk numbers run together


@st.cache_resource(scope="session", max_entries=12, show_spinner=False, hash_funcs={Cohort: lambda c: c.fingerprint})
def board(cohort: Cohort, question: ExploreView) -> Board:
    """Everything that does not move with a cutoff, built once per cohort, filters, endpoint, split and markers of this session."""
    return prepare(cohort, question)


def show(cohort: Cohort) -> None:
    """The board of the active cohort; only this part is drawn again when a cutoff moves."""
    if not cohort.endpoints:
        st.info("Curves need a time and an event. Name them for this cohort under Data.", icon=":material/timer_off:")
        return
    _board(cohort)


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """All figures and the summary, made before anything is sent: the browser then repaints in one go, not piece by piece."""

    curves: tuple[Chart, ...]
    response: Chart | None
    courses: Chart
    summary: str

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart in the order of the page."""
        return (*self.curves, *([self.response] if self.response else []), self.courses)


@st.fragment
def _board(cohort: Cohort) -> None:
    view, shown = state.view(), display()
    ready = board(cohort, without_cutoffs(view))
    result = compute_on(ready, view, order=shown.order, lanes_by=shown.lanes_by)
    drawing = _draw(result, shown) if ready.cohort.n else None
    state.write_link()
    _finding(result)
    if drawing is None:
        st.info("No patient passes the filters. Remove one in the sidebar.", icon=":material/filter_alt_off:")
        return
    marker_panel(ready.cohort, view, result.distributions, beside=display_options)
    _curves(result, drawing, synthetic=cohort.synthetic)
    _response_and_courses(result, drawing, synthetic=cohort.synthetic)
    _tables(drawing)


def _draw(result: ExploreResult, shown: Display) -> Drawing:
    dark = state.is_dark()
    curves = tuple(
        km_chart(p, x_max=result.x_max, dark=dark, limits=shown.limits, endpoint=result.endpoint_label, height=KM_HEIGHT)
        for p in result.panels
    )
    height = max(FIGURE_HEIGHT, response_height(result.responses)) if result.responses else 0
    response = response_chart(result.responses, result.response_tests, dark=dark, height=height) if height else None
    courses = swimmer_chart(result.lanes, dark=dark, height=swimmer_height(result.lanes.n_drawn))
    frame = summary_frame(result)
    numeric = [c for c in frame.columns if c not in ("Panel", "Group")]
    return Drawing(curves, response, courses, html_table(frame, numeric=numeric, name="Summary of the groups"))


def without_cutoffs(view: ExploreView) -> ExploreView:
    """The part of the view that decides which tables are built."""
    return replace(view, markers=tuple(replace(m, cutoff=0.0, origin="hand") for m in view.markers), combine="three")


def _finding(result: ExploreResult) -> None:
    st.html(f"<p class='carto-finding' role='status'>{finding(result)}</p><div class='carto-flow'>{flow_line(result)}</div>")
    for words in result.warnings:
        st.warning(plain(words), icon=":material/warning:")


def _curves(result: ExploreResult, drawing: Drawing, *, synthetic: bool) -> None:
    width = min(len(result.panels), MAX_PER_ROW)
    drawn = list(zip(result.panels, drawing.curves, strict=True))
    with st.container(key="km-panels"):
        for start in range(0, len(drawn), MAX_PER_ROW):
            for place, (panel, chart) in zip(st.columns(width), drawn[start : start + MAX_PER_ROW], strict=False):
                with place:
                    show_figure(chart, key=f"km-{panel.key}", height=KM_HEIGHT, synthetic=synthetic)
                    st.html(comparison_lines(panel))
        if len(result.panels) > 1:
            st.html(interaction_line(result))


def _response_and_courses(result: ExploreResult, drawing: Drawing, *, synthetic: bool) -> None:
    left, right = st.columns(2)
    with left:
        if drawing.response is not None:
            show_figure(drawing.response, key="responses", height=drawing.response.layout["height"], synthetic=synthetic)
        else:
            st.info("This cohort has no response columns.", icon=":material/info:")
    with right:
        show_figure(drawing.courses, key="swimmer", height=drawing.courses.layout["height"], synthetic=synthetic)
        for note in result.lanes.notes:
            st.caption(plain(note))


def swimmer_height(lanes: int) -> int:
    """Pixels for the swimmer plot: 11 a lane when few, never more than 1,400."""
    return int(min(max(FIGURE_HEIGHT, 120 + LANE_HEIGHT * lanes), TALLEST))


def _tables(drawing: Drawing) -> None:
    st.html(drawing.summary)
    numbers = st.expander("The numbers behind each figure", icon=":material/table:", on_change="rerun", key="numbers")
    if numbers.open:
        with numbers:
            for tab, chart in zip(st.tabs([chart.name for chart in drawing.charts]), drawing.charts, strict=True):
                with tab:
                    st.dataframe(neutral_cells(chart.table()), hide_index=True, key=f"numbers-{chart.name}")
