"""The flow of response between visits: a column of patients per visit, and bands for those who move from one state to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from cartograph.charts import theme
from cartograph.charts.incidence import slug
from cartograph.charts.labels import shorten
from cartograph.charts.legend import Entry, legend, legend_rows
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.views.response_page import STATES, ResponseFlow

LEFT, RIGHT, BOTTOM = 16, 16, 28
TITLE = 48  # pixels of the two heading lines
PLOT = 330
BAR = 0.09  # half width of a column, in visits
BETWEEN = 0.025  # free share of the height between two states
CURVE = np.linspace(0.0, 1.0, 13)
COLOURS = (
    theme.RESPONSE_COLOURS["CR"], theme.RESPONSE_COLOURS["VGPR"], theme.RESPONSE_COLOURS["PR"], theme.RESPONSE_COLOURS["SD"],
    theme.RESPONSE_COLOURS["PD"], theme.RESPONSE_COLOURS["NE"],
)  # fmt: skip
NARROWEST = 0.035  # share of the height below which a count is left out


def response_flow_chart(flow: ResponseFlow, *, dark: bool) -> Chart:
    """An alluvial: columns are visits, heights are patients; bands keep the colour of the state they leave."""
    present = [k for k in range(len(STATES)) if (flow.states == k).any()]
    entries = [Entry("\u25a0", COLOURS[k], STATES[k]) for k in present]
    top = TITLE + 15 * legend_rows(entries)
    layout = theme.base_layout(dark=dark, height=top + PLOT + BOTTOM, left=LEFT, right=RIGHT, top=top, bottom=BOTTOM)
    last = max(len(flow.visits) - 1, 1)
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [-BAR - 0.12, last + BAR + 0.12],
        "tickvals": list(range(len(flow.visits))),
        "ticktext": list(flow.visits),
        "anchor": "y",
    }
    layout["yaxis"] = {"range": [1, 0], "visible": False, "fixedrange": True, "anchor": "x"}
    tops, heights = _columns(flow)
    data = [_band(*band, dark=dark) for band in _bands(flow, tops, heights)]
    layout["shapes"] = _boxes(tops, heights, dark)
    layout["annotations"] = [*_headings(flow, top, dark), *legend(entries, left=8 - LEFT, above=top - TITLE - 6, dark=dark)]
    layout["annotations"] += _counts(flow, tops, heights)
    return Chart(f"response-flow-{slug(flow.panel)}", data, layout, _alt(flow), flow.to_frame)


def _columns(flow: ResponseFlow) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Top and height of every state (rows) at every visit (columns), as shares of the plot."""
    visits = len(flow.visits)
    counts = np.array([[(flow.states[:, v] == k).sum() for v in range(visits)] for k in range(len(STATES))], dtype=np.float64)
    counts = counts.reshape(len(STATES), visits)
    room = 1.0 - BETWEEN * (len(STATES) - 1)
    heights = counts / max(flow.n, 1) * room
    gaps = np.where(counts > 0, BETWEEN, 0.0)
    tops = np.vstack([np.zeros(visits), np.cumsum(heights + gaps, axis=0)[:-1]])
    return tops, heights


def _bands(
    flow: ResponseFlow, tops: np.ndarray[Any, Any], heights: np.ndarray[Any, Any]
) -> list[tuple[int, int, int, int, float, float, float]]:
    """(visit, from state, to state, patients, top at the left, top at the right, height) of every band."""
    unit = heights.sum(axis=0).max() / max(flow.n, 1) if flow.n else 0.0
    found = []
    for v in range(len(flow.visits) - 1):
        left, right = tops[:, v].copy(), tops[:, v + 1].copy()
        for one in range(len(STATES)):
            for other in range(len(STATES)):
                n = int(((flow.states[:, v] == one) & (flow.states[:, v + 1] == other)).sum())
                if n:
                    found.append((v, one, other, n, float(left[one]), float(right[other]), n * unit))
                    left[one] += n * unit
                    right[other] += n * unit
    return found


def _band(visit: int, one: int, other: int, n: int, left: float, right: float, high: float, *, dark: bool) -> dict[str, Any]:
    ease = CURVE**2 * (3 - 2 * CURVE)
    x = visit + BAR + CURVE * (1 - 2 * BAR)
    y = left + (right - left) * ease
    line = {"shape": "linear", "width": 0, "color": COLOURS[one], "dash": "solid"}
    words = f"<b>{n:,}</b>: {STATES[one]} \u2192 {STATES[other]}"
    xs, ys = np.r_[x, x[::-1]], np.r_[y, (y + high)[::-1]]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(xs, 4),
        "y": numbers(ys, 5),
        "fill": "toself",
        "fillcolor": theme.with_opacity(COLOURS[one], 0.6 if dark else 0.5),
        "line": line,
        "hovertext": [words] * len(xs),
        "hoverinfo": "text",
    }


def _boxes(tops: np.ndarray[Any, Any], heights: np.ndarray[Any, Any], dark: bool) -> list[dict[str, Any]]:
    edge = {"color": theme.response_edge(dark=dark), "width": 0.8}
    found = []
    for k, v in np.argwhere(heights > 0).tolist():
        box = {"x0": v - BAR, "x1": v + BAR, "y0": round(float(tops[k, v]), 5), "y1": round(float(tops[k, v] + heights[k, v]), 5)}
        found.append({"type": "rect", "xref": "x", "yref": "y", **box, "fillcolor": COLOURS[k], "line": edge})
    return found


def _headings(flow: ResponseFlow, top: int, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    title = f"<b>{theme.escape(shorten(flow.panel, 20))}: response from visit to visit</b>"
    missing = f" \u00b7 {flow.n_missing:,} not measured" if flow.n_missing else ""
    below = f"{shorten(flow.group, 40)} \u00b7 n = {flow.n:,}{missing}"
    return [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=top - 14, size=theme.SIZE_TITLE - 1, colour=colours.text),
        theme.words(theme.escape(below), x=0, y=1, xshift=8 - LEFT, yshift=top - 33, colour=colours.quiet),
    ]


def _counts(flow: ResponseFlow, tops: np.ndarray[Any, Any], heights: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    """The number of patients inside every column that has room."""
    found = []
    for k, v in np.argwhere(heights > NARROWEST).tolist():
        n = int((flow.states[:, v] == k).sum())
        at = round(float(tops[k, v] + heights[k, v] / 2), 5)
        found.append(theme.words(f"{n:,}", x=v, y=at, xref="x", yref="y", xanchor="center", size=10, colour=theme.text_on(COLOURS[k])))
    return found


def _alt(flow: ResponseFlow) -> str:
    said = []
    for v, visit in enumerate(flow.visits):
        counts = [(STATES[k], int((flow.states[:, v] == k).sum())) for k in range(len(STATES))]
        said.append(f"{visit}: " + ", ".join(f"{name} {n:,}" for name, n in counts if n))
    return f"Flow of response between visits, {flow.panel}, {flow.group}. " + "; ".join(said) + "."
