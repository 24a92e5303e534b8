"""Explore's board: the finding in words, the cutoffs, curves of every product, response, courses, tables."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace

import streamlit as st

from cartograph.charts.km import km_chart
from cartograph.charts.response import response_chart, response_height
from cartograph.charts.spec import Chart
from cartograph.charts.swimmer import swimmer_chart
from cartograph.cohort import Cohort
from cartograph.views.board import Board, compute_on, prepare
from cartograph.views.explore import ExploreResult, ExploreView
from cartograph.views.provenance import provenance
from components import state
from components.display import Display, display, display_options
from components.explore_words import comparison_lines, finding, flow_line, interaction_line, summary_frame
from components.figure import with_room
from components.kept import kept
from components.live_cutoff.board import Moving, Placed, pack_board, send_board, show_finding
from components.live_cutoff.tables import bring_tables, table_names
from components.live_cutoff.track import wanted_table
from components.marker_panel import marker_panel, track_key
from components.sentences import NOBODY
from components.text import html_table, neutral_cells, plain

KM_HEIGHT = 430
FIGURE_HEIGHT = 520
LANE_HEIGHT = 11
TALLEST = 1400


@kept(12)
def board(cohort: Cohort, question: ExploreView) -> Board:
    """Everything that does not move with a cutoff, built once per cohort, filters, endpoint, split and markers of this session."""
    return prepare(cohort, question)


def show(cohort: Cohort) -> None:
    """The board of the active cohort; only this part is drawn again when a cutoff moves."""
    if not cohort.endpoints:
        st.info("Curves need a time and an event. Name them for this cohort under Data.", icon=":material/timer_off:")
        return
    state.write_link()
    _board(cohort)


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """All figures and the summary, made before anything is sent: the browser then repaints in one go, not piece by piece.

    ``packed``: the figures with their lines as the browser gets them.
    """

    curves: tuple[Chart, ...]
    response: Chart | None
    courses: Chart
    summary: str
    packed: bytes

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart in the order of the page."""
        return (*self.curves, *([self.response] if self.response else []), self.courses)


@st.fragment
def _board(cohort: Cohort) -> None:
    view, shown = state.view(), display()
    ready = board(cohort, without_cutoffs(view))
    result = compute_on(ready, view, order=shown.order, lanes_by=shown.lanes_by)
    moving = Moving(table_names(cohort, view), tuple(m.cutoff for m in view.markers))
    drawing = _draw(result, shown, moving, cohort) if ready.cohort.n else None
    state.look(view)
    show_finding(finding(result), flow_line(result), moving)
    for words in result.warnings:
        st.warning(plain(words), icon=":material/warning:")
    if drawing is None:
        st.info(NOBODY, icon=":material/filter_alt_off:")
        return
    marker_panel(ready.cohort, view, result.distributions, tables=moving.tables, beside=display_options)
    send_board(drawing.packed)
    if drawing.response is None:
        st.caption("This cohort has no response columns.")
    _tables(drawing)
    wanted = [wanted_table(track_key(position, marker)) for position, marker in enumerate(view.markers)]
    bring_tables(cohort, ready, view, height=KM_HEIGHT, wanted=wanted)


def _draw(result: ExploreResult, shown: Display, moving: Moving, cohort: Cohort) -> Drawing:
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
    summary = html_table(frame, numeric=numeric, name="Summary of the groups")
    return Drawing(curves, response, courses, summary, _packed(result, curves, response, courses, moving, cohort))


def without_cutoffs(view: ExploreView) -> ExploreView:
    """The part of the view that decides which tables are built."""
    return replace(view, markers=tuple(replace(m, cutoff=0.0, origin="hand") for m in view.markers), combine="three")


def _packed(
    result: ExploreResult, curves: tuple[Chart, ...], response: Chart | None, courses: Chart, moving: Moving, cohort: Cohort
) -> bytes:
    panels = [Placed(f"km-{p.key}", chart, comparison_lines(p)) for p, chart in zip(result.panels, curves, strict=True)]
    pair = [Placed("responses", with_room(response))] if response is not None else []
    pair.append(Placed("swimmer", courses, [html.escape(note) for note in result.lanes.notes]))
    note = interaction_line(result) if len(result.panels) > 1 else ""
    return pack_board(panels, pair, note, moving, synthetic=cohort.synthetic, provenance=provenance(cohort, result.view))


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
                    st.dataframe(neutral_cells(chart.table()), hide_index=True, placeholder="\u2013", key=f"numbers-{chart.name}")
