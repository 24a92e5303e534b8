"""A marker's histogram, split in colour at the cutoff: for the slider's track, notebooks and exports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.results import Floats
from cartograph.views.explore import Distribution

LEFT, RIGHT, TOP, BOTTOM = 16, 16, 30, 40


def distribution_chart(distribution: Distribution, cutoff: float, *, dark: bool, height: int = 180) -> Chart:
    """Histogram with the part at or below ``cutoff`` in the colour of low and the part above in the colour of high."""
    colours = theme.ink(dark=dark)
    layout = _layout(distribution, dark=dark, height=height)
    below = float(np.clip(cutoff, distribution.edges[0], distribution.edges[-1]))
    data = [
        _area(distribution, distribution.edges[0], below, colours.low),
        _area(distribution, below, distribution.edges[-1], colours.high),
    ]
    layout["shapes"] = [_cutoff_line(below, colours.text)]
    words = f"{fmt.number(cutoff)} {theme.escape(distribution.unit)}"
    # Plotly's annotations stand at the logarithm, its shapes at the value
    at = float(np.log10(below)) if distribution.log_scale else below
    place: theme.Place = {"x": at, "y": 1, "xref": "x", "xanchor": "center", "yshift": 9}
    layout["annotations"] = [theme.words(words, size=theme.SIZE_TEXT, colour=colours.text, **place)]
    alt = f"Histogram of {distribution.label}, {fmt.patients(distribution.n)}, cutoff {fmt.number(cutoff)} {distribution.unit}."
    return Chart(f"distribution-{distribution.column}", data, layout, alt, lambda: distribution_table(distribution))


def _layout(distribution: Distribution, *, dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    ticks = value_ticks(distribution)
    edges = np.log10(distribution.edges) if distribution.log_scale else distribution.edges
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": numbers(edges[[0, -1]], 5),
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
        "title": {"text": _title(distribution), "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2},
    }
    layout["xaxis"] |= {"type": "log" if distribution.log_scale else "linear", "anchor": "y", "showline": True, "linecolor": colours.quiet}
    layout["yaxis"] = {"range": [0, max(int(distribution.counts.max(initial=0)), 1) * 1.05], "visible": False, "fixedrange": True}
    return layout


def _cutoff_line(at: float, colour: str) -> dict[str, Any]:
    line = {"color": colour, "width": 1.5}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line}


def distribution_table(distribution: Distribution) -> pd.DataFrame:
    """One row per bin: from, to (in the marker's unit), patients."""
    return pd.DataFrame({"from": distribution.edges[:-1], "to": distribution.edges[1:], "patients": distribution.counts})


def value_ticks(distribution: Distribution) -> list[float]:
    """Three to seven round values inside the range of the marker."""
    low, high = float(distribution.edges[0]), float(distribution.edges[-1])
    if distribution.log_scale:
        return _log_ticks(low, high)
    steps = [m * 10.0**e for e in range(-6, 12) for m in (1, 2, 5)]
    step = next(s for s in steps if (high - low) / s <= 6)
    first = np.ceil(low / step)
    return [round(float(k * step), 10) for k in np.arange(first, np.floor(high / step) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for leading in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))):
        ticks = [round(m * 10.0**e, 10) for e in decades for m in leading]
        inside = [t for t in ticks if low <= t <= high]
        if len(inside) >= 3:
            break
    return inside


def _title(distribution: Distribution) -> str:
    unit = f" ({distribution.unit})" if distribution.unit else ""
    missing = f", {distribution.n_missing:,} not measured" if distribution.n_missing else ""
    return theme.escape(f"{distribution.label}{unit}, {fmt.patients(distribution.n)}{missing}")


def _area(distribution: Distribution, start: float, stop: float, colour: str) -> dict[str, Any]:
    """The outline of the bars between two values as one filled shape."""
    x, y = outline(distribution.edges, distribution.counts.astype(np.float64), float(start), float(stop))
    line = {"width": 0, "color": colour}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(x, 5),
        "y": numbers(y, 3),
        "fill": "toself",
        "fillcolor": theme.with_opacity(colour, 0.55),
        "line": line,
        "hoverinfo": "skip",
    }


def outline(edges: Floats, counts: Floats, start: float, stop: float) -> tuple[Floats, Floats]:
    """Corners of the histogram between ``start`` and ``stop``, from the ground up and back down to it."""
    inside = (edges[1:] > start) & (edges[:-1] < stop)
    left, right, level = np.maximum(edges[:-1][inside], start), np.minimum(edges[1:][inside], stop), counts[inside]
    if not len(level):
        return np.empty(0), np.empty(0)
    return np.r_[left[0], np.column_stack([left, right]).ravel(), right[-1]], np.r_[0.0, np.repeat(level, 2), 0.0]
