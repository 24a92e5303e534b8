"""The sensitivity strip: the hazard ratio as shown and after small changes, as dots with limits on one logarithmic axis."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.axes import arrows
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.stats.sensitivity import Variant
from cartograph.views.sensitivity import SensitivityPanel, SensitivityView

LEFT, RIGHT, TOP, BOTTOM = 136, 98, 50, 36
PITCH = 21  # pixels of a row
GAP = 0.5  # rows between kinds of changes
ENDS = (0.1, 10.0)
TICKS = (0.1, 0.3, 1.0, 3.0, 10.0)
LONGEST = 24  # letters of a row's name


def sensitivity_chart(of: SensitivityView, panel: SensitivityPanel, *, dark: bool, height: int = 0) -> Chart:
    """One row per variant: dot and limits, with the numbers beside them; the estimate as shown is a line through all rows.

    The axis runs from 0.1 to 10; a limit beyond it ends in an arrow, and the words beside it give the value. ``height``: pixels,
    0 = as many as the rows need.
    """
    places = _places(panel)
    height = height or sensitivity_height(panel)
    layout = _layout(of, panel, places, dark, height)
    rows = [(v, y) for v, y in zip(panel.result.variants, places, strict=True) if math.isfinite(v.hazard_ratio)]
    data = [_limits(rows, dark), _dots(panel, places, dark), _arrows(rows, dark)]
    return Chart(f"sensitivity-{panel.key}", data, layout, _alt(of, panel), lambda: sensitivity_table(panel))


def sensitivity_height(panel: SensitivityPanel) -> int:
    """Pixels that the strip needs."""
    return round(TOP + BOTTOM + PITCH * (_places(panel)[-1] + 1))


def sensitivity_table(panel: SensitivityPanel) -> pd.DataFrame:
    """One row per variant: panel, variant in words, and the columns of ``Sensitivity.to_frame``; no patient is named."""
    frame = panel.result.to_frame().drop(columns="patient")
    frame.insert(0, "variant", list(panel.rows))
    frame.insert(0, "panel", panel.title)
    return frame


def _places(panel: SensitivityPanel) -> list[float]:
    """Row of each variant from the top, kinds of changes set apart."""
    found, y, before = [], 0.0, ""
    for variant in panel.result.variants:
        y += GAP if before and variant.change != before else 0.0
        found.append(y)
        y, before = y + 1, variant.change
    return found


def _layout(of: SensitivityView, panel: SensitivityPanel, places: list[float], dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=True),
        "type": "log",
        "range": [math.log10(end) for end in ENDS],
        "tickvals": list(TICKS),
        "ticktext": [fmt.number(t) for t in TICKS],
        "title": {"text": "HR high vs low", "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2},
        "anchor": "y",
    }
    layout["yaxis"] = {"range": [places[-1] + 0.5, -0.5], "visible": False, "fixedrange": True}
    base = panel.result.variants[0].hazard_ratio
    up: dict[str, Any] = {"type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    layout["shapes"] = [{**up, "x0": 1, "x1": 1, "line": {"color": colours.quiet, "width": 1}}]
    if math.isfinite(base):
        at = _clamped(base)
        layout["shapes"].append({**up, "x0": at, "x1": at, "line": {"color": colours.high, "width": 1.5, "dash": "dash"}})
    layout["annotations"] = [*_headings(of, panel, dark), *_row_words(panel, places, dark)]
    return layout


def _clamped(value: float) -> float:
    return min(max(value, ENDS[0]), ENDS[1])


def _headings(of: SensitivityView, panel: SensitivityPanel, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    title = f"<b>{theme.escape(shorten(panel.title, 26))}</b>\u2003n = {panel.n:,}"
    unit = f" {of.unit}" if of.unit else ""
    below = theme.escape(f"{of.endpoint} \u00b7 {shorten(of.label, 22)} > {fmt.number(of.cutoff)}{unit}")
    return [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=36, size=theme.SIZE_TITLE, colour=colours.text),
        theme.words(below, x=0, y=1, xshift=8 - LEFT, yshift=17, colour=colours.quiet),
    ]


def _row_words(panel: SensitivityPanel, places: list[float], dark: bool) -> list[dict[str, Any]]:
    """Name of each row on the left, its numbers on the right."""
    colours = theme.ink(dark=dark)
    found = []
    for name, variant, y in zip(panel.rows, panel.result.variants, places, strict=True):
        colour = colours.text if variant.change == "none" else colours.quiet
        found.append(theme.words(theme.escape(shorten(name, LONGEST)), x=0, y=y, yref="y", xshift=8 - LEFT, colour=colour))
        found.append(theme.words(theme.escape(_numbers(variant)), x=1, y=y, yref="y", xshift=6, colour=colour))
    return found


def _numbers(variant: Variant) -> str:
    return fmt.ratio_with_limits(variant.hazard_ratio, variant.ci_low, variant.ci_high) + (" F" if variant.firth else "")


def _limits(rows: list[tuple[Variant, float]], dark: bool) -> dict[str, Any]:
    """All limits as one line with gaps."""
    x: list[float | None] = []
    y: list[float | None] = []
    for variant, place in rows:
        x += [round(_clamped(variant.ci_low), 4), round(_clamped(variant.ci_high), 4), None]
        y += [place, place, None]
    line = {"shape": "linear", "color": theme.ink(dark=dark).all, "width": 1.5, "dash": "solid"}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}


def _dots(panel: SensitivityPanel, places: list[float], dark: bool) -> dict[str, Any]:
    colour = theme.ink(dark=dark).high
    known = [
        (v, y, name)
        for v, y, name in zip(panel.result.variants, places, panel.rows, strict=True)
        if math.isfinite(v.hazard_ratio) and ENDS[0] <= v.hazard_ratio <= ENDS[1]
    ]
    hovers = [
        f"<b>{theme.escape(name)}</b><br>HR {theme.escape(_numbers(v))}<br>{fmt.events(v.events)} of {fmt.patients(v.n)}"
        for v, _, name in known
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(v.hazard_ratio, 4) for v, _, _ in known],
        "y": [y for _, y, _ in known],
        "marker": {"symbol": "circle", "size": 7, "color": colour, "line": {"width": 0, "color": colour}},
        "hovertext": hovers,
        "hoverinfo": "text",
    }


def _arrows(rows: list[tuple[Variant, float]], dark: bool) -> dict[str, Any]:
    """Arrows where a limit lies beyond the axis."""
    left = [(ENDS[0], y) for v, y in rows if v.ci_low < ENDS[0]]
    right = [(ENDS[1], y) for v, y in rows if v.ci_high > ENDS[1]]
    return arrows(left, right, dark=dark)


def _alt(of: SensitivityView, panel: SensitivityPanel) -> str:
    cut = any(v.ci_low < ENDS[0] or v.ci_high > ENDS[1] for v in panel.result.variants)
    words = " Limits beyond 0.1 and 10 end in an arrow." if cut else ""
    return f"{panel.title}, {of.label} > {fmt.number(of.cutoff)}: {panel.sentence}{words}"
