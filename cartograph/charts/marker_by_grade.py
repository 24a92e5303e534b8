"""A marker by the grade of a toxicity, or any measure by group: a box and every patient's point, with the cutoff across if there is one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.incidence import slug
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.results import Floats
from cartograph.views.toxicity import MarkerBox, MarkerByGrade

LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 58, 14, 50, 54, 360
HALF = 0.3  # half width of a box, in grades
GOLDEN = 0.6180339887  # spreads points evenly without chance
ROOM = 0.06  # of the axis, above and below the points
LETTERS = 48  # of all names below the axis together, on a phone


def marker_by_grade_chart(found: MarkerByGrade, *, dark: bool, like: MarkerByGrade | None = None) -> Chart:
    """One column per grade that occurs: quartiles, whiskers and points; points above the cutoff have the colour of high.

    Without a cutoff (NaN) all points have one colour. ``like``: the panel whose marker axis is taken, so that panels side by side have
    the same.
    """
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=HEIGHT, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    words = "grade" if any(box.grade.isdigit() for box in found.boxes) else ""
    letters = max(5, LETTERS // max(len(found.boxes), 1))
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [-0.6, max(len(found.boxes), 1) - 0.4],
        "tickvals": list(range(len(found.boxes))),
        "ticktext": [theme.escape(shorten(f"{words} {box.grade}".strip(), letters)) for box in found.boxes],
        "anchor": "y",
        "showline": True,
        "linecolor": colours.quiet,
        "linewidth": 1,
    }
    layout["yaxis"] = {**theme.quiet_axis(dark=dark, grid=True), **_scale(like or found), "anchor": "x"}
    layout["annotations"] = [*_headings(found, dark), *_sizes(found, dark)]
    layout["shapes"] = [s for place, box in enumerate(found.boxes) for s in _box(place, box, dark)] + _cutoff(found, dark)
    data = [_points(found, high, dark) for high in (False, True)]
    return Chart(f"marker-by-grade-{slug(found.toxicity)}-{slug(found.panel)}", data, layout, _alt(found), found.to_frame)


def _all_values(found: MarkerByGrade) -> Floats:
    values = np.concatenate([np.array([found.cutoff]), *(box.values for box in found.boxes)])
    known = values[np.isfinite(values)]
    return known if len(known) else np.array([1.0])


def _scale(found: MarkerByGrade) -> dict[str, Any]:
    values = _all_values(found)
    if found.log_scale:
        values = values[values > 0]
    shown = np.log10(values) if found.log_scale else values
    low, high = float(shown.min()), float(shown.max())
    room = ROOM * (high - low or 1.0)
    ticks = _log_ticks(low, high) if found.log_scale else _ticks(low, high)
    return {
        "type": "log" if found.log_scale else "linear",
        "range": [round(low - room, 4), round(high + room, 4)],
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
    }


def _ticks(low: float, high: float) -> list[float]:
    span = high - low or 1.0
    step = next(m * 10.0**e for e in range(-6, 12) for m in (1, 2, 5) if span / (m * 10.0**e) <= 6)
    return [round(float(k * step), 10) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(low), math.ceil(high) + 1)
    for leading in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))):
        found = [round(m * 10.0**e, 10) for e in decades for m in leading if low <= math.log10(m * 10.0**e) <= high]
        if len(found) >= 3:
            break
    return found


def _box(place: int, box: MarkerBox, dark: bool) -> list[dict[str, Any]]:
    """Box, median and whiskers. Shapes stand at the value, also on a log axis."""
    colours = theme.ink(dark=dark)
    low, middle, high = box.quartiles
    line = {"color": colours.all, "width": 1.2}
    on = {"xref": "x", "yref": "y", "layer": "below"}
    stroke = {"type": "line", **on, "line": line}
    return [
        {"type": "rect", **on, "x0": place - HALF, "x1": place + HALF, "y0": low, "y1": high,
         "fillcolor": theme.with_opacity(colours.bar, 0.3), "line": line},
        {**stroke, "x0": place - HALF, "x1": place + HALF, "y0": middle, "y1": middle, "line": {"color": colours.all, "width": 2.4}},
        {**stroke, "x0": place, "x1": place, "y0": box.whiskers[0], "y1": low},
        {**stroke, "x0": place, "x1": place, "y0": high, "y1": box.whiskers[1]},
    ]  # fmt: skip


def _cutoff(found: MarkerByGrade, dark: bool) -> list[dict[str, Any]]:
    """The line of the cutoff."""
    if math.isnan(found.cutoff) or (found.log_scale and found.cutoff <= 0):
        return []
    line = {"color": theme.ink(dark=dark).text, "width": 1.2, "dash": "dash"}
    return [{"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": found.cutoff, "y1": found.cutoff, "line": line}]


def _points(found: MarkerByGrade, high: bool, dark: bool) -> dict[str, Any]:
    colour = theme.ink(dark=dark).of_role("all" if math.isnan(found.cutoff) else "high" if high else "low")
    x: list[float | None] = []
    y: list[float | None] = []
    hover: list[str] = []
    for place, box in enumerate(found.boxes):
        spread = ((np.arange(len(box.values)) * GOLDEN) % 1.0 - 0.5) * 1.5 * HALF + place
        chosen = (box.values > found.cutoff) == high
        x += numbers(spread[chosen], 4)
        y += numbers(box.values[chosen], 5)
        name = theme.escape(f"{found.toxicity} {box.grade}")
        hover += [f"{fmt.number(v)} {theme.escape(found.unit)}<br>{name}" for v in box.values[chosen].tolist()]
    marker = {"symbol": "circle", "size": 5 if found.n <= 300 else 3, "color": colour, "line": {"width": 0, "color": colour}}
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": marker, "opacity": 0.7, "hovertext": hover, "hoverinfo": "text"}


def _headings(found: MarkerByGrade, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    unit = f" ({found.unit})" if found.unit else ""
    missing = f" \u00b7 {found.n_missing:,} not used" if found.n_missing else ""
    title = f"<b>{theme.escape(shorten(f'{found.panel}: by {found.toxicity}', 36))}</b>"
    below = f"{shorten(found.label + unit, 36)} \u00b7 n = {found.n:,}{missing}"
    return [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=36, size=theme.SIZE_TITLE, colour=colours.text),
        theme.words(theme.escape(below), x=0, y=1, xshift=8 - LEFT, yshift=17, colour=colours.quiet),
    ]


def _sizes(found: MarkerByGrade, dark: bool) -> list[dict[str, Any]]:
    """Patients and median under each grade."""
    colour = theme.ink(dark=dark).quiet
    return [
        theme.words(
            f"n = {len(box.values):,}<br>{fmt.number(box.quartiles[1])}",
            x=place,
            y=0,
            xref="x",
            xanchor="center",
            yshift=-34,
            colour=colour,
        )
        for place, box in enumerate(found.boxes)
    ]


def _alt(found: MarkerByGrade) -> str:
    said = [f"{box.grade}: median {fmt.number(box.quartiles[1])} of {len(box.values):,}" for box in found.boxes]
    return f"{found.label} by {found.toxicity}, {found.panel}. " + "; ".join(said) + "."
