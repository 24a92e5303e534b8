"""The figures of Explore as one component, and the sentence above them: both follow a dragged cutoff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from cartograph.charts.spec import Chart
from components import state
from components.figure import figure_data, to_bytes, with_room
from components.live_cutoff import engine

_HERE = Path(__file__).parent
_CSS = (_HERE.parent / "figure" / "figure.css").read_text(encoding="utf-8") + (_HERE / "board.css").read_text(encoding="utf-8")
_board = st.components.v2.component("cartograph.board", css=_CSS, js=engine.call("board"))
_finding = st.components.v2.component(
    "cartograph.finding", css=(_HERE / "finding.css").read_text(encoding="utf-8"), js=engine.call("finding")
)
PER_ROW = 3  # narrower, the at-risk numbers run together
TWO_ROWS = 4  # panels that stand two by two rather than three and one
KEY = "board"


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A figure of the board. ``lines``: what stands below it, as safe markup."""

    key: str
    chart: Chart
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Moving:
    """What a dragged cutoff needs to know: names of the tables, cutoffs on screen, one of each per marker."""

    tables: tuple[str, ...]
    cutoffs: tuple[float, ...]


def show_finding(finding: str, flow: str, moving: Moving) -> None:
    """The sentence that opens the page, and the flow of patients below it (safe markup); the address bar follows with them."""
    sent = {"finding": finding, "flow": flow, "tables": moving.tables, "cutoffs": moving.cutoffs, "link": state.link()}
    _finding(key="finding", data=to_bytes(sent))


def show_board(
    panels: Sequence[Placed], pair: Sequence[Placed], note: str, moving: Moving, *, synthetic: bool, provenance: str = ""
) -> None:
    """``panels`` side by side, the line ``note`` below them, then ``pair`` in two columns. Every figure downloads as SVG, PNG and CSV."""
    send_board(pack_board(panels, pair, note, moving, synthetic=synthetic, provenance=provenance))


def show_together(charts: Sequence[Chart], *, key: str, synthetic: bool, provenance: str = "") -> None:
    """Figures that no cutoff moves, in two columns, as one piece of the page: it answers sooner than with a piece for each."""
    placed = [Placed(chart.name, with_room(chart)) for chart in charts]
    packed = pack_board((), placed, "", Moving((), ()), synthetic=synthetic, provenance=provenance, key=key)
    _board(key=key, data=packed, on_csv_change=lambda: _csv_wanted(key))


def pack_board(
    panels: Sequence[Placed],
    pair: Sequence[Placed],
    note: str,
    moving: Moving,
    *,
    synthetic: bool,
    provenance: str = "",
    key: str = KEY,
) -> bytes:
    """What ``show_board`` sends: packed before the first piece of the page is sent, all pieces reach the browser in one go."""
    asked = state.take(f"{key}-csv-asked") or {}

    def placed(figure: Placed) -> dict[str, Any]:
        nonce = asked.get("nonce") if asked.get("figure") == figure.key else None
        sent = figure_data(figure.chart, height=figure.chart.layout["height"], synthetic=synthetic, provenance=provenance, nonce=nonce)
        return {"key": figure.key, "sent": sent, "lines": list(figure.lines)}

    return to_bytes(
        {
            "panels": [placed(figure) for figure in panels],
            "pair": [placed(figure) for figure in pair],
            "note": note,
            "perRow": 2 if len(panels) == TWO_ROWS else PER_ROW,
            "tables": moving.tables,
            "cutoffs": moving.cutoffs,
        }
    )


def send_board(packed: bytes) -> None:
    """Draw what ``pack_board`` packed."""
    _board(key=KEY, data=packed, on_csv_change=lambda: _csv_wanted(KEY))


def _csv_wanted(key: str) -> None:
    state.put(f"{key}-csv-asked", getattr(state.get(key), "csv", None))
