"""The study on the active cohort: Table 2 first, then its figures, a tab each; a tab is computed when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from cartograph.charts.km import km_chart
from cartograph.charts.paper import grid_chart
from cartograph.charts.response import response_chart, response_height
from cartograph.charts.spec import Chart
from cartograph.charts.swimmer import swimmer_chart
from cartograph.cohort import Cohort
from cartograph.views.explore import ExploreResult, ExploreView, Panel
from cartograph.views.paper import (
    VISITS,
    CoursesResult,
    GridCell,
    PieceResult,
    ProductsResult,
    courses_result,
    filters_words,
    piece_lines,
    piece_result,
    product_lines,
    products_result,
    response_lines,
    table_two,
    table_two_frame,
)
from cartograph.views.provenance import provenance
from cartograph.views.published import BOTH_READING, MARROW_READING, PIECES, READING, Kind, Piece
from components import state
from components.explore_board import swimmer_height
from components.figure import show_figure
from components.kept import kept
from components.paper_page.tables import download, grid_table, lines_table, who
from components.sentences import UNADJUSTED, say

HEIGHT: Final = 400
RESPONSE_HEIGHT: Final = 420
PER_ROW: Final = 3
PIECE: Final = {piece.key: piece for piece in PIECES}
ENDPOINTS: Final[tuple[Kind, Kind]] = ("pfs", "os")


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Whom the page speaks of. ``view``: only its filters and split are read."""

    cohort: Cohort
    view: ExploreView
    dark: bool

    def draw(self, chart: Chart, *, key: str, said: str = "") -> None:
        """A figure with its badges."""
        show_figure(chart, key=key, synthetic=self.cohort.synthetic, provenance=said)


@kept(4)
def _table_two(cohort: Cohort, view: ExploreView) -> tuple[GridCell, ...]:
    return table_two(cohort, view)


@kept(40)
def _piece(cohort: Cohort, view: ExploreView, key: str, endpoint: Kind) -> PieceResult:
    return piece_result(cohort, view, PIECE[key], endpoint)


@kept(8)
def _products(cohort: Cohort, view: ExploreView, endpoint: Kind) -> ProductsResult:
    return products_result(cohort, view, endpoint)


@kept(4)
def _courses(cohort: Cohort, view: ExploreView) -> CoursesResult:
    return courses_result(cohort, view)


def show(cohort: Cohort) -> None:
    """The page of the active cohort. Cutoffs and endpoint of the view do not matter here, so they are not part of any key."""
    state.write_link()
    view = replace(state.view(), endpoint="", markers=(), combine="three")
    say(
        [
            "The Mayo study of ferritin and CRP (52 patients, ide-cel and cilta-cel, 2025) on your cohort, at its cutoffs, each number "
            "beside the printed one. Hazard ratios on this page are low against high, as the study prints them."
        ],
        kind="lead",
    )
    say([filters_words(view.filters)], kind="quiet")
    asked = Asked(cohort, view, state.is_dark())
    tabs: dict[str, Callable[[Asked], None]] = {
        "Table 2": _grid,
        "Courses and response": _courses_section,
        "Products": _products_section,
        "Ferritin, PFS": lambda a: _pieces(a, ("ferritin-0", "ferritin-5"), ("pfs",)),
        "Ferritin, OS": lambda a: _pieces(a, ("ferritin-0", "ferritin-5"), ("os",)),
        "Ferritin and CRP": lambda a: _pieces(a, ("both-0", "both-5"), ENDPOINTS, (BOTH_READING,)),
        "CRP alone": lambda a: _pieces(a, ("crp-0", "crp-5"), ENDPOINTS),
        "Marrow": lambda a: _pieces(a, ("marrow",), ENDPOINTS, (MARROW_READING,)),
    }
    for tab, section in zip(st.tabs(list(tabs), on_change="rerun", key="paper-tabs"), tabs.values(), strict=True):
        if tab.open:
            with tab:
                section(asked)


# ---------------------------------------------------------------- Table 2
def _grid(asked: Asked) -> None:
    cells = _table_two(asked.cohort, asked.view)
    asked.draw(grid_chart(cells, dark=asked.dark), key="paper-grid", said="Cutoffs: published")
    grid_table(cells)
    say([*READING, BOTH_READING, MARROW_READING], kind="quiet")
    download(asked.cohort, lambda: table_two_frame(cells), label="Table 2 (CSV)", name="table_2_yours_and_published", key="paper-grid-csv")


# ---------------------------------------------------------------- Figure 1
def _courses_section(asked: Asked) -> None:
    found = _courses(asked.cohort, asked.view)
    if found.result is None:
        st.info(found.wanted, icon=":material/info:")
        return
    left, right = st.columns([3, 2])
    with left:
        st.subheader("Swimmer plot (Figure 1A)")
        lanes = found.result.lanes
        asked.draw(swimmer_chart(lanes, dark=asked.dark, height=swimmer_height(lanes.n_drawn)), key="paper-courses")
        say(lanes.notes, kind="quiet")
    with right:
        st.subheader("Response at 1, 3 and 6 months (Figure 1B)")
        _response(asked, found.result)
    lines_table(response_lines(found.result.responses), name="Response, yours and published")
    say(["Shares of the patients with a response other than NE at the visit, exact limits.", UNADJUSTED], kind="quiet")


def _response(asked: Asked, result: ExploreResult) -> None:
    if not any(group.visit in VISITS for group in result.responses):
        st.info("This cohort lacks: a response at month 1, 3 or 6. Name response columns under Data.", icon=":material/info:")
    if result.responses:
        height = max(RESPONSE_HEIGHT, response_height(result.responses))
        asked.draw(response_chart(result.responses, (), dark=asked.dark, height=height), key="paper-response")


# ---------------------------------------------------------------- Figure 1C and S3
def _products_section(asked: Asked) -> None:
    for place, endpoint in zip(st.columns(2), ENDPOINTS, strict=True):
        with place:
            _one_endpoint(asked, _products(asked.cohort, asked.view, endpoint))


def _one_endpoint(asked: Asked, found: ProductsResult) -> None:
    st.subheader(f"{found.label} by product ({'Figure 1C' if found.endpoint == 'pfs' else 'Figure S3'})")
    if found.wanted:
        st.info(found.wanted, icon=":material/info:")
        return
    for panel in found.panels:
        _curves(asked, panel, found.x_max, found.label, key=f"paper-product-{found.endpoint}-{panel.key}")
    lines_table(product_lines(found), name=f"{found.label} by product, yours and published")
    say([who(found.n, found.n_missing, found.label), UNADJUSTED], kind="quiet")


def _curves(asked: Asked, panel: Panel, x_max: float, label: str, *, key: str, said: str = "") -> None:
    chart = km_chart(panel, x_max=x_max, dark=asked.dark, endpoint=label, height=HEIGHT, name=key)
    asked.draw(chart, key=key, said=said)


# ---------------------------------------------------------------- Figures 2 to 4, S1, S2, S4, S5
def _pieces(asked: Asked, keys: tuple[str, ...], endpoints: tuple[Kind, ...], reading: tuple[str, ...] = ()) -> None:
    for endpoint in endpoints:
        for key in keys:
            _one_piece(asked, _piece(asked.cohort, asked.view, key, endpoint))
    say([READING[0], *([READING[1]] if any(k.endswith("-5") for k in keys) else []), *reading], kind="quiet")


def _one_piece(asked: Asked, found: PieceResult) -> None:
    piece = found.piece
    st.subheader(f"{found.endpoint.upper()}: {_title(piece)} ({piece.figures[found.endpoint]})")
    if found.result is None:
        st.info(found.wanted, icon=":material/info:")
        return
    panels, said = found.result.panels, provenance(asked.cohort, found.view)
    for start in range(0, len(panels), PER_ROW):
        row = panels[start : start + PER_ROW]
        for panel, place in zip(row, st.columns(min(len(panels), PER_ROW))[: len(row)], strict=True):
            with place:
                key = f"paper-{piece.key}-{found.endpoint}-{panel.key}"
                _curves(asked, panel, found.result.x_max, found.result.endpoint_label, key=key, said=said)
    rules = " \u00b7 ".join(group.label for group in panels[0].groups)
    lines_table(piece_lines(found), name=f"{_title(piece)}, yours and published")
    names = " or ".join([*(asked.cohort.columns[m.column].label for m in piece.markers), found.result.endpoint_label])
    say([rules, who(panels[0].n, panels[0].n_missing, names), *([UNADJUSTED] if len(panels) > 1 else [])], kind="quiet")


def _title(piece: Piece) -> str:
    cutoffs = " and ".join(f"{m.name} {m.cutoff:g} {m.unit}" for m in piece.markers)
    return f"{piece.label}, {piece.time[:1].lower()}{piece.time[1:]} ({cutoffs})"
