"""A time course: single patients thin, median with quartiles of each group, and how many were sampled at each nominal day."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.axes import time_axis
from cartograph.charts.incidence import slug
from cartograph.charts.labels import shorten
from cartograph.charts.legend import ROW as KEY_ROW
from cartograph.charts.legend import Entry, legend, legend_rows
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.results import Floats
from cartograph.views.kinetics_curves import FEW, CurveGroup, CurvePanel

LEFT, RIGHT, BOTTOM = 66, 16, 18
HEAD: Final = 58  # pixels of the two lines above the key
AXIS_GAP: Final = 38  # pixels between the curves and the numbers
ROW: Final = 14.5  # pixels of a row of numbers
CELLS: Final = 9  # numbers in a row that a phone can show side by side
ROOM: Final = 0.05  # of the vertical axis, above and below
TITLE, KEY_LETTERS, SUBTITLE = 34, 26, 52
THIN: Final = 0.8
MANY: Final = 40  # single courses from which they are drawn paler
GLYPHS: Final = {"solid": "\u2501", "dash": "\u254d", "dot": "\u2505"}
STEPS: Final = (1, 2, 5, 7, 14, 28, 30, 60, 90, 180, 365, 730)


def course_chart(panel: CurvePanel, *, dark: bool, singles: bool = True, height: int = 400) -> Chart:
    """Curves of one panel over days. ``singles``: draw the single patients; open symbols lie below the limit of detection."""
    colours = theme.ink(dark=dark)
    entries = _key(panel, singles, dark)
    rows = max(len(panel.groups), 1)
    top = round(HEAD + KEY_ROW * legend_rows(entries))
    plot = max(height - top - BOTTOM - AXIS_GAP - ROW * rows, 120.0)
    inner = plot + AXIS_GAP + ROW * rows
    layout = theme.base_layout(dark=dark, height=round(inner + top + BOTTOM), left=LEFT, right=RIGHT, top=top, bottom=BOTTOM)
    first, last = panel.days
    margin = 0.015 * (last - first)
    title = "Days from infusion"
    ticks = _day_ticks(first, last)
    axis = time_axis(ticks, round(first - margin, 4), round(last + margin, 4), title=title, dark=dark)
    layout["xaxis"] = {**axis, "ticktext": [fmt.number(t) for t in ticks]}
    layout["yaxis"] = {**theme.quiet_axis(dark=dark, grid=True), **_scale(panel), "anchor": "x", "domain": [round(1 - plot / inner, 5), 1]}
    layout["yaxis2"] = {"domain": [0, round(ROW * rows / inner, 5)], "range": [rows - 0.5, -0.5], "visible": False, "fixedrange": True}
    layout["shapes"] = [_infusion(layout["yaxis"], colours.quiet)] if first < 0 else []
    layout["annotations"] = [*_headings(panel, top, dark), *legend(entries, left=8 - LEFT, above=top - HEAD + 9, dark=dark)]
    data: list[dict[str, Any]] = []
    for group in panel.groups:
        data += _single(group, panel, dark) if singles else []
    for group in panel.groups:
        data += _median(group, panel, dark)
    for position, group in enumerate(panel.groups):
        data.append(_sizes(group, position, panel, dark))
        place: theme.Place = {"x": 0, "y": position, "yref": "y2", "xanchor": "right", "xshift": -15}
        layout["annotations"].append(theme.words("Patients", colour=colours.of_role(group.role), **place))
    return Chart(f"course-{slug(panel.quantity.key)}-{slug(shorten(panel.title, 40))}", data, layout, _alt(panel), panel.to_frame)


# ---------------------------------------------------------------- axes
def _day_ticks(first: float, last: float) -> list[float]:
    """Round days, at most nine; weeks where the axis is short."""
    step = next((s for s in STEPS if (last - first) / s <= 8), 3650)
    return [float(k * step) for k in range(math.ceil(first / step), math.floor(last / step) + 1)]


def _scale(panel: CurvePanel) -> dict[str, Any]:
    low, high = panel.values
    if panel.log_scale:
        low, high = math.log10(low), math.log10(high)
    room = ROOM * (high - low)
    ticks = log_ticks(low, high) if panel.log_scale else linear_ticks(low, high)
    return {
        "type": "log" if panel.log_scale else "linear",
        "range": [round(low - room, 4), round(high + room, 4)],
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
    }


def linear_ticks(low: float, high: float) -> list[float]:
    """Round values, at most seven."""
    span = high - low or 1.0
    step = next(m * 10.0**e for e in range(-6, 31) for m in (1, 2, 5) if span / (m * 10.0**e) <= 6)
    return [round(float(k * step), 10) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two logarithms, with values between them where there are few, without some where there are many."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    found: list[float] = []
    for leading in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))):
        found = [float(f"{m}e{e}") for e in decades for m in leading if low <= math.log10(m) + e <= high]
        if len(found) >= 3:
            break
    return found[:: math.ceil(len(found) / 8)] if found else []


def _infusion(axis: dict[str, Any], colour: str) -> dict[str, Any]:
    """The day of infusion, from the foot to the top of the vertical axis. Shapes stand at the value, also on a log axis."""
    ends = [10**v if axis["type"] == "log" else v for v in axis["range"]]
    line = {"color": colour, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "y", "x0": 0, "x1": 0, "y0": ends[0], "y1": ends[1], "line": line, "layer": "below"}


# ---------------------------------------------------------------- curves
def _single(group: CurveGroup, panel: CurvePanel, dark: bool) -> list[dict[str, Any]]:
    """One thin line per patient in one trace, and the symbols of what lies below the limit."""
    colour = theme.ink(dark=dark).of_role(group.role)
    samples = group.samples
    breaks = np.flatnonzero(np.diff(samples.patient)) + 1
    x, y = (numbers(np.insert(v, breaks, np.nan), 4) for v in (samples.day, group.shown))
    once = np.bincount(samples.patient, minlength=samples.n)[samples.patient] == 1
    faint = 0.28 if group.n_drawn > MANY else 0.45
    line = {"shape": "linear", "width": THIN, "color": colour, "dash": "solid"}
    return [
        {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "opacity": faint, "hoverinfo": "skip"},
        _symbols(group, np.asarray(once & ~group.open), "circle", colour),
        _symbols(group, group.open, "circle-open", colour),
    ]


def _symbols(group: CurveGroup, which: Any, symbol: str, colour: str) -> dict[str, Any]:
    marker = {"symbol": symbol, "size": 5 if symbol.endswith("open") else 3.5, "color": colour, "line": {"width": 1, "color": colour}}
    x, y = numbers(group.samples.day[which], 4), numbers(group.shown[which], 6)
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": marker, "opacity": 0.55, "hoverinfo": "skip"}


def _median(group: CurveGroup, panel: CurvePanel, dark: bool) -> list[dict[str, Any]]:
    """Band from first to third quartile, and the median; where a quartile lies below the limit it is drawn at the limit."""
    colour = theme.ink(dark=dark).of_role(group.role)
    shown = group.profile[group.profile["n"] >= FEW]
    x = numbers(shown["day"].to_numpy(dtype=np.float64), 4)
    low, middle, high = (numbers(_height(shown, name, panel), 6) for name in ("q1", "median", "q3"))
    bare = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"shape": "linear", "width": 0, "color": colour}}
    said = [
        f"<b>{theme.escape(shorten(group.name, 40))}</b><br>day {fmt.number(day)}, n = {n:,}<br>median {middle} ({first}\u2013{third})"
        for day, n, first, middle, third in shown[["day", "n", "q1_text", "median_text", "q3_text"]].itertuples(index=False)
    ]
    marker = {"symbol": "circle", "size": 5, "color": colour, "line": {"width": 0, "color": colour}}
    line = {"shape": "linear", "color": colour, "width": 2.4, "dash": theme.DASHES[group.role]}
    return [
        {**bare, "x": x, "y": low},
        {**bare, "x": x, "y": high, "fill": "tonexty", "fillcolor": theme.with_opacity(colour, 0.2)},
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": x,
            "y": middle,
            "line": line,
            "marker": marker,
            "hovertext": said,
            "hoverinfo": "text",
        },
    ]


def _height(shown: pd.DataFrame, name: str, panel: CurvePanel) -> Floats:
    heights = shown[name].to_numpy(dtype=np.float64)
    return np.maximum(heights, panel.values[0]) if panel.log_scale else heights


def _sizes(group: CurveGroup, position: int, panel: CurvePanel, dark: bool) -> dict[str, Any]:
    """Patients at the nominal days, as many as fit beside each other."""
    first, last = panel.days
    apart = (last - first) / CELLS
    days: list[float] = []
    texts: list[str] = []
    for day, n in group.profile[["day", "n"]].itertuples(index=False):
        if not days or day - days[-1] >= apart:
            days.append(round(float(day), 3))
            texts.append(f"{int(n):,}")
    return {
        "type": "scatter",
        "mode": "text",
        "x": days,
        "y": [position] * len(days),
        "text": texts,
        "textfont": {"color": theme.ink(dark=dark).of_role(group.role), "size": theme.SIZE_SMALL},
        "textposition": "middle center",
        "yaxis": "y2",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


# ---------------------------------------------------------------- words
def _key(panel: CurvePanel, singles: bool, dark: bool) -> list[Entry]:
    colours = theme.ink(dark=dark)
    found = [
        Entry(GLYPHS[theme.DASHES[g.role]], colours.of_role(g.role), theme.escape(shorten(_called(g), KEY_LETTERS))) for g in panel.groups
    ]
    if len(panel.groups) == 1:
        found = [Entry(GLYPHS["solid"], colours.of_role(panel.groups[0].role), "median, quartiles")]
    if singles and any(g.open.any() for g in panel.groups):
        found.append(Entry("\u25cb", colours.quiet, "below the limit"))
    return found


def _called(group: CurveGroup) -> str:
    """The short rule of a marker group; "yes" and "no" say nothing without their question."""
    return group.name if group.short in ("yes", "no") else group.short


def _headings(panel: CurvePanel, top: int, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    title = f"<b>{theme.escape(shorten(panel.title, TITLE))}</b>\u2003n = {panel.n:,}"
    missing = f" \u00b7 {panel.n_missing:,} not used" if panel.n_missing else ""
    below = theme.escape(shorten(panel.quantity.label_with_unit, SUBTITLE - len(missing)) + missing)
    found = [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=top - 12, size=theme.SIZE_TITLE, colour=colours.text),
        theme.words(below, x=0, y=1, xshift=8 - LEFT, yshift=top - 31, colour=colours.quiet),
    ]
    if not panel.n:
        middle: theme.Place = {"x": 0.5, "y": 0.7, "xanchor": "center"}
        found.append(theme.words("No samples in this window", size=theme.SIZE_TEXT, colour=colours.quiet, **middle))
    return found


def _alt(panel: CurvePanel) -> str:
    parts = [f"{g.name}: {fmt.patients(g.n)}{_peak(g)}" for g in panel.groups]
    return f"{panel.quantity.label_with_unit} over days from infusion, {panel.title}. " + "; ".join(parts) + "."


def _peak(group: CurveGroup) -> str:
    """The highest median in words."""
    shown = group.profile[group.profile["n"] >= FEW]
    if not len(shown) or not shown["median"].notna().any():
        return ""
    top = shown.loc[shown["median"].idxmax()]
    return f", highest median {top['median_text']} on day {fmt.number(float(top['day']))}"
