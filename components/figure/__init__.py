"""A figure on the page: drawn as SVG in the browser from the chart's own JSON, with downloads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from cartograph.charts import theme
from cartograph.charts.spec import Chart
from components import state
from components.live_cutoff import engine
from components.text import neutral_cells

_HERE = Path(__file__).parent
BOX = """<div class="figure"><svg role="img"></svg>{more}<div class="tip" hidden></div><div class="tools">
<button type="button" aria-label="Download figure as SVG">SVG</button><button type="button" aria-label="Download figure as PNG">PNG</button>
<button type="button" aria-label="Download the numbers as CSV">CSV</button></div></div>"""
BADGES = 14  # pixels of the line of badges
SYNTHETIC_LINE = "# SYNTHETIC data: no real patient"

_draw = st.components.v2.component(
    "cartograph.figure", html=BOX.format(more=""), css=(_HERE / "figure.css").read_text(encoding="utf-8"), js=engine.call("figure")
)


def show_figure(chart: Chart, *, key: str, synthetic: bool, provenance: str = "") -> None:
    """Draw a chart as wide as its place, with a free line at its foot for the badges; SVG, PNG and CSV download from its corner.

    ``synthetic``: "SYNTHETIC data" stands on the figure, in its downloads and in the first line of the CSV. ``provenance``: where the
    cutoff came from, in the same places. The numbers of the CSV are made only when they are asked for. What is on screen stays until the
    new figure is drawn over it.
    """
    roomy = with_room(chart)
    height = roomy.layout["height"]
    sent = figure_data(roomy, height=height, synthetic=synthetic, provenance=provenance, nonce=asked_csv(key))
    _draw(key=key, data=to_bytes(sent), height=height, on_csv_change=csv_wanted(key))


def with_room(chart: Chart) -> Chart:
    """The chart with a free line at its foot, where the badges stand: captions and axis titles keep clear of them."""
    layout, margin = chart.layout, chart.layout["margin"]
    return replace(chart, layout={**layout, "height": layout["height"] + BADGES, "margin": {**margin, "b": margin["b"] + BADGES}})


def csv_wanted(key: str) -> Callable[[], None]:
    """What remembers that the numbers of this figure are asked for (``asked_csv``)."""

    def wanted() -> None:
        state.put(f"{key}-csv-asked", getattr(state.get(key), "csv", None))

    return wanted


def asked_csv(key: str) -> str | None:
    """The name of the request for the numbers of this figure, once; None without one."""
    found = state.take(f"{key}-csv-asked")
    return str(found) if found else None


def figure_data(chart: Chart, *, height: int, synthetic: bool, provenance: str = "", nonce: str | None = None) -> dict[str, Any]:
    """What the browser gets: figure, name, words, and the CSV when ``nonce`` names a request for it."""
    sent: dict[str, Any] = {
        "figure": {"data": chart.data, "layout": _with_badges(chart.layout, synthetic, provenance)},
        "name": f"{chart.name}{'-SYNTHETIC' if synthetic else ''}",
        "alt": chart.alt + (f" {provenance}." if provenance else "") + (" SYNTHETIC data, no real patient." if synthetic else ""),
        "height": height,
        "dark": chart.layout["paper_bgcolor"] == theme.DARK.ground,
    }
    if nonce:
        sent["csv"] = {"nonce": nonce, "text": csv_text(chart, synthetic=synthetic, provenance=provenance)}
    return sent


def to_bytes(sent: Mapping[str, Any]) -> bytes:
    """JSON for a component of ours."""
    return json.dumps(sent, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def csv_text(chart: Chart, *, synthetic: bool, provenance: str = "") -> str:
    """The numbers behind the figure, led by what a reader must know; texts that a spreadsheet would run are led by an apostrophe."""
    said = [*([SYNTHETIC_LINE] if synthetic else []), *([f"# {provenance}"] if provenance else [])]
    body = neutral_cells(chart.table()).to_csv(index=False, lineterminator="\r\n")
    return "".join(f"{line}\r\n" for line in said) + body


def _with_badges(layout: dict[str, Any], synthetic: bool, provenance: str) -> dict[str, Any]:
    """The layout with both lines in its lower corners."""
    colour = theme.ink(dark=layout["paper_bgcolor"] == theme.DARK.ground).quiet
    margin = layout["margin"]
    badges = []
    if provenance:
        left: theme.Place = {"x": 0, "y": 0, "yanchor": "bottom", "xshift": 8 - margin["l"], "yshift": 2 - margin["b"]}
        badges.append({"name": "provenance", **theme.words(theme.escape(provenance), size=9, colour=colour, **left)})
    if synthetic:
        right: theme.Place = {"x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom", "xshift": margin["r"] - 4, "yshift": 2 - margin["b"]}
        badges.append(theme.words("SYNTHETIC data", size=9, colour=colour, **right))
    return {**layout, "annotations": [*layout["annotations"], *badges]}
