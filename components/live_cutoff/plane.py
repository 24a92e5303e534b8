"""The map of two cutoffs, whose cross-hair is dragged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from cartograph.charts.plane import words_of_pairs
from cartograph.charts.spec import Chart
from cartograph.views.plane import PlaneView
from components import state
from components.figure import BOX, asked_csv, csv_wanted, figure_data, to_bytes
from components.live_cutoff import engine

_HERE = Path(__file__).parent
_CSS = (_HERE.parent / "figure" / "figure.css").read_text(encoding="utf-8") + (_HERE / "plane.css").read_text(encoding="utf-8")
_HANDLE = '<div class="pair" role="slider" tabindex="0"></div>'
_map = st.components.v2.component("cartograph.plane", html=BOX.format(more=_HANDLE), css=_CSS, js=engine.call("plane"))


def plane_map(
    chart: Chart,
    shown: PlaneView,
    *,
    key: str,
    locked: bool,
    synthetic: bool,
    provenance: str,
    on_change: Callable[[float, float], None],
) -> None:
    """Draw the map; ``on_change(first, second)`` gets both cutoffs, each of a pair on the map, when the cross-hair is let go.

    Dragged with the mouse anywhere on the map, with a finger by its ring, or moved with the arrow keys; Esc goes back. Lines and
    words follow at once. ``locked``: it stays where it is.
    """

    def moved() -> None:
        pair = getattr(state.get(key), "pair", None)
        if pair:
            on_change(float(pair["x"]), float(pair["y"]))

    height = chart.layout["height"]
    first, second = shown.axes
    sent = {
        "sent": figure_data(chart, height=height, synthetic=synthetic, provenance=provenance, nonce=asked_csv(key)),
        "x": shown.plane.cutoffs_a.tolist(),
        "y": shown.plane.cutoffs_b.tolist(),
        "at": [first.cutoff, second.cutoff],
        "labels": [first.label, second.label],
        "words": words_of_pairs(shown),
        "now": next((a["text"] for a in chart.layout["annotations"] if a.get("name") == "now"), ""),
        "locked": locked,
    }
    _map(key=key, data=to_bytes(sent), height=height, on_csv_change=csv_wanted(key), on_pair_change=moved)
