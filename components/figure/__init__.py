"""A figure on the page: drawn as SVG in the browser from the chart's own JSON, with downloads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from cartograph.charts import theme
from cartograph.charts.spec import Chart
from components import state
from components.text import neutral_cells

_HERE = Path(__file__).parent
_HTML = """<div class="figure"><svg role="img"></svg><div class="tip" hidden></div><div class="tools">
<button type="button" aria-label="Download figure as SVG">SVG</button><button type="button" aria-label="Download figure as PNG">PNG</button>
<button type="button" aria-label="Download the numbers as CSV">CSV</button></div></div>"""
SYNTHETIC_LINE = "# SYNTHETIC data: no real patient"

_SOURCE = (_HERE / "figure.js").read_text(encoding="utf-8").replace("export default function (", "globalThis.cartographFigure = function (")
_ENGINE = f"{_SOURCE}\ndocument.dispatchEvent(new Event('cartograph-figure'));\nexport default () => {{}};\n"

# Streamlit sends a component's code with every message of it. The renderer is sent once a page; a figure carries these lines only.
_CALL = """export default function (component) {
  let end = () => {};
  const draw = () => { end = globalThis.cartographFigure(component); };
  if (globalThis.cartographFigure) draw();
  else document.addEventListener("cartograph-figure", draw, { once: true });
  return () => { document.removeEventListener("cartograph-figure", draw); end(); };
}"""

_load = st.components.v2.component("cartograph.engine", js=_ENGINE)
_draw = st.components.v2.component("cartograph.figure", html=_HTML, css=(_HERE / "figure.css").read_text(encoding="utf-8"), js=_CALL)


def figure_engine() -> None:
    """Bring the renderer to the browser: once a page run, outside of the parts that are drawn again with every cutoff."""
    with st.container(key="figure-engine"):
        _load(key="engine")


def show_figure(chart: Chart, *, key: str, height: int, synthetic: bool = False) -> None:
    """Draw a chart ``height`` pixels high and as wide as its place; SVG, PNG and CSV download from its corner.

    ``synthetic``: "SYNTHETIC data" stands on the figure, in its downloads and in the first line of the CSV. The numbers of the
    CSV are made only when they are asked for. What is on screen stays until the new figure is drawn over it.
    """
    asked = f"{key}-csv-asked"

    def wanted() -> None:
        state.put(asked, getattr(state.get(key), "csv", None))

    nonce = state.get(asked)
    state.forget(asked)
    _draw(key=key, data=payload(chart, height=height, synthetic=synthetic, nonce=nonce), height=height, on_csv_change=wanted)


def payload(chart: Chart, *, height: int, synthetic: bool, nonce: str | None = None) -> bytes:
    """What the browser gets: figure, name, words, and the CSV when ``nonce`` names a request for it."""
    sent: dict[str, Any] = {
        "figure": {"data": chart.data, "layout": _with_badge(chart.layout) if synthetic else chart.layout},
        "name": f"{chart.name}{'-SYNTHETIC' if synthetic else ''}",
        "alt": chart.alt + (" SYNTHETIC data, no real patient." if synthetic else ""),
        "height": height,
        "dark": chart.layout["paper_bgcolor"] == theme.DARK.ground,
    }
    if nonce:
        sent["csv"] = {"nonce": nonce, "text": csv_text(chart, synthetic=synthetic)}
    return json.dumps(sent, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def csv_text(chart: Chart, *, synthetic: bool) -> str:
    """The numbers behind the figure; texts that a spreadsheet would run as a formula are led by an apostrophe."""
    body = neutral_cells(chart.table()).to_csv(index=False, lineterminator="\r\n")
    return f"{SYNTHETIC_LINE}\r\n{body}" if synthetic else body


def _with_badge(layout: dict[str, Any]) -> dict[str, Any]:
    dark = layout["paper_bgcolor"] == theme.DARK.ground
    margin = layout["margin"]
    badge = theme.words(
        "SYNTHETIC data",
        x=1,
        y=0,
        xanchor="right",
        yanchor="bottom",
        xshift=margin["r"] - 4,
        yshift=2 - margin["b"],
        size=9,
        colour=theme.ink(dark=dark).quiet,
    )
    return {**layout, "annotations": [*layout["annotations"], badge]}
