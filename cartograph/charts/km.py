"""Kaplan-Meier curves of one panel: steps with limits, censoring ticks, labels at the curves' ends, at-risk table on the same ticks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.axes import share_axis, time_axis
from cartograph.charts.labels import month_ticks, shorten, spread
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers, visible_points, visible_steps
from cartograph.stats.results import Floats
from cartograph.views.explore import Group, GroupHead, Panel

LEFT, RIGHT, TOP, BOTTOM = 66, 94, 48, 18
AXIS_GAP = 38  # pixels between the curves and the table: tick labels and axis title
TRACES = 5  # of each curve
ROW = 13.5  # pixels of a table row
GROUP_GAP = 0.4  # rows between the groups of the table
LABEL = 42.0  # pixels of a direct label of three lines
LABEL_LINES = 3
FEW = 0.1  # share of the group at risk below which a curve is drawn faint
HOVER = (
    "%{x:.1f} months<br>survival %{y:.1%} (%{customdata[0]:.1%}\u2013%{customdata[1]:.1%})<br>%{customdata[2]:,.0f} at risk"  # of the step
)
NUMBERS = (("At risk", "at_risk"), ("Events", "cum_events"), ("Censored", "cum_censored"))


def km_chart(
    panel: Panel, *, x_max: float, dark: bool, limits: bool = True, endpoint: str = "", height: int = 430, name: str = ""
) -> Chart:
    """Curves of one panel over 0 to ``x_max`` months.

    ``limits``: draw the confidence band of the curve (log-log unless the curve says otherwise). ``endpoint``: words above the
    vertical axis ("PFS"). ``height``: pixels on screen; labels are kept apart for this height. Curves of many patients are thinned
    to what a screen shows (``visible_steps``: at most half a pixel off); ``Chart.table()`` holds every row.
    """
    if not x_max > 0:
        raise ValueError(f"x_max must be a positive number of months, got {x_max}")
    plot = plot_height(len(panel.groups), height)
    layout = _layout(panel, x_max, dark, endpoint, height)
    data: list[dict[str, Any]] = []
    for group in panel.groups:
        data += _curve_traces(group, len(data) // TRACES, x_max, plot, dark, limits)
    ticks = layout["xaxis"]["tickvals"]
    for i, group in enumerate(panel.groups):
        data.append(_table_trace(group, i, ticks, dark))
        layout["annotations"] += _row_names(group, i, dark)
    layout["annotations"] += _direct_labels(panel, x_max, plot, dark)
    return Chart(name or f"survival-{panel.key}", data, layout, _alt(panel, endpoint), lambda: km_table(panel))


def km_table(panel: Panel) -> pd.DataFrame:
    """Every row of every curve: panel, group, rule, time (months), at_risk, events, censored, survival and its limits."""
    frames = [g.curve.to_frame().assign(panel=panel.title, group=g.short, rule=g.label) for g in panel.groups]
    if not frames:
        return pd.DataFrame(columns=["panel", "group", "rule"])
    table = pd.concat(frames, ignore_index=True)
    first = ["panel", "group", "rule"]
    return table[[*first, *(c for c in table.columns if c not in first)]]


def _first_row(position: int) -> float:
    """Row of the table where the numbers of a group begin."""
    return round(position * (len(NUMBERS) + GROUP_GAP), 3)


def _table_rows(groups: int) -> float:
    return _first_row(max(groups, 1) - 1) + len(NUMBERS)


def plot_height(groups: int, height: int) -> float:
    """Pixels between 0 % and the top of the vertical axis, for a figure ``height`` pixels high with so many groups."""
    return max(height - TOP - BOTTOM - AXIS_GAP - ROW * _table_rows(groups), 60.0)


def table_months(n: int, x_max: float) -> list[float]:
    """Months of the axis at which the numbers under the curves stand: fewer where the numbers are long."""
    return month_ticks(x_max, 6 if n < 1000 else 5 if n < 10000 else 4)


def _layout(panel: Panel, x_max: float, dark: bool, endpoint: str, height: int) -> dict[str, Any]:
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    inner = height - TOP - BOTTOM
    rows = _table_rows(len(panel.groups))
    ticks = table_months(panel.n, x_max)
    layout["xaxis"] = time_axis(ticks, 0, round(x_max * 1.005, 4), dark=dark)
    layout["yaxis"] = share_axis((inner - plot_height(len(panel.groups), height)) / inner, dark=dark)
    layout["yaxis2"] = {"domain": [0, round(ROW * rows / inner, 5)], "range": [rows - 0.5, -0.5], "visible": False, "fixedrange": True}
    layout["annotations"] = _headings(panel, endpoint, dark)
    return layout


def _headings(panel: Panel, endpoint: str, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    title = f"<b>{theme.escape(shorten(panel.title, 26))}</b>\u2003n = {panel.n:,}"
    missing = [f"{panel.n_missing:,} not measured"] if panel.n_missing else []
    below = " \u00b7 ".join([*([theme.escape(endpoint)] if endpoint else []), *missing])
    found = [theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=36, size=theme.SIZE_TITLE, colour=colours.text)]
    if below:
        found.append(theme.words(below, x=0, y=1, xshift=8 - LEFT, yshift=17, colour=colours.quiet))
    if not any(g.n for g in panel.groups):
        found.append(
            theme.words(
                "No patients with this endpoint and biomarker", x=0.5, y=0.7, xanchor="center", size=theme.SIZE_TEXT, colour=colours.quiet
            )
        )
    return found


def _steps(group: Group, x_max: float) -> dict[str, Floats]:
    """The curve from (0, 1) to the end of follow-up or of the axis; limits are 1 before the first event."""
    curve = group.curve
    inside = (curve.time <= x_max) & ((curve.events > 0) | (curve.time == 0))
    end = float(min(curve.time[-1], x_max)) if len(curve.time) else 0.0
    n = float(group.n)
    found = {
        "time": np.r_[0.0, curve.time[inside], end],
        "survival": np.r_[1.0, curve.survival[inside], np.nan],
        "ci_low": np.r_[1.0, curve.ci_low[inside], np.nan],
        "ci_high": np.r_[1.0, curve.ci_high[inside], np.nan],
        "at_risk": np.r_[n, curve.at_risk[inside].astype(np.float64), np.nan],
    }
    for values in found.values():
        values[-1] = values[-2] if not np.isfinite(values[-1]) else values[-1]
    reached = np.flatnonzero(curve.time <= x_max)
    if len(reached):
        found["at_risk"][-1] = curve.at_risk[reached[-1]]
    return found


def _faint_from(group: Group, x_max: float) -> float:
    """Month from which fewer than a tenth of the group is at risk; ``x_max`` when that is never."""
    few = np.flatnonzero(group.curve.at_risk < FEW * group.n)
    return float(min(group.curve.time[few[0]], x_max)) if len(few) else x_max


def _curve_traces(group: Group, position: int, x_max: float, plot: float, dark: bool, limits: bool) -> list[dict[str, Any]]:
    """Band (two traces), curve, its faint end, censoring ticks: always five, so that a drawn figure keeps its structure.

    ``meta`` names the part that a dragged cutoff moves.
    """
    colour = theme.ink(dark=dark).of_role(group.role)
    steps = _steps(group, x_max) if group.n else {k: np.empty(0) for k in ("time", "survival", "ci_low", "ci_high", "at_risk")}
    keep = visible_steps(steps["time"], steps["survival"], steps["ci_low"], steps["ci_high"], x_max=x_max, height=plot)
    steps = {k: v[keep] for k, v in steps.items()}
    edge = _faint_from(group, x_max) if group.n else 0.0
    strong, faint = _cut(steps, edge)
    traces = [
        *_band(steps if limits else {k: v[:0] for k, v in steps.items()}, colour),
        _line(strong, group, colour, 1.0),
        _line(faint, group, colour, theme.FAINT),
        _censoring(group, x_max, colour),
    ]
    names = ["", "band" if limits else "", "strong", "faint", "censored"]
    return [{**trace, "meta": f"{name}:{position}"} if name else trace for name, trace in zip(names, traces, strict=True)]


def _cut(steps: dict[str, Floats], edge: float) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Two pieces of a step curve that meet at ``edge``."""
    before, after = steps["time"] <= edge, steps["time"] > edge
    if not after.any():
        return steps, {k: v[:0] for k, v in steps.items()}
    last = int(before.sum()) - 1
    joint = {k: v[last : last + 1] if k != "time" else np.array([edge]) for k, v in steps.items()}
    return {k: np.r_[v[before], joint[k]] for k, v in steps.items()}, {k: np.r_[joint[k], v[after]] for k, v in steps.items()}


def _band(steps: dict[str, Floats], colour: str) -> list[dict[str, Any]]:
    finite = np.flatnonzero(np.isfinite(steps["ci_low"]) & np.isfinite(steps["ci_high"]))
    rows = slice(0, int(finite[-1]) + 1 if len(finite) else 0)
    low, high = (np.where(np.isfinite(steps[k][rows]), steps[k][rows], steps["survival"][rows]) for k in ("ci_low", "ci_high"))
    shared = {"type": "scatter", "mode": "lines", "x": numbers(steps["time"][rows], 3), "hoverinfo": "skip"}
    line = {"shape": "hv", "width": 0, "color": colour}
    return [
        {**shared, "y": numbers(low, 4), "line": line},
        {**shared, "y": numbers(high, 4), "line": line, "fill": "tonexty", "fillcolor": theme.with_opacity(colour, theme.BAND_OPACITY)},
    ]


def _line(steps: dict[str, Floats], group: Group, colour: str, opacity: float) -> dict[str, Any]:
    extra = zip(numbers(steps["ci_low"], 4), numbers(steps["ci_high"], 4), numbers(steps["at_risk"], 0), strict=True)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(steps["time"], 3),
        "y": numbers(steps["survival"], 4),
        "customdata": [list(row) for row in extra],
        "line": {"shape": "hv", "color": colour, "width": theme.LINE_WIDTH, "dash": theme.DASHES[group.role]},
        "opacity": opacity,
        "hovertemplate": f"<b>{theme.escape(group.short)}</b><br>{HOVER}<extra></extra>",
    }


def _censoring(group: Group, x_max: float, colour: str) -> dict[str, Any]:
    curve = group.curve
    rows = np.flatnonzero((curve.censored > 0) & (curve.time <= x_max))
    rows = rows[visible_points(curve.time[rows], x_max=x_max)]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(curve.time[rows], 3),
        "y": numbers(curve.survival[rows], 4),
        "marker": {"symbol": "line-ns-open", "size": 7, "color": colour, "line": {"width": 1.2, "color": colour}},
        "hoverinfo": "skip",
    }


def _table_trace(group: Group, position: int, ticks: list[float], dark: bool) -> dict[str, Any]:
    """Three rows of numbers under the ticks."""
    shown = group.curve.values_at(ticks) if group.n else None
    rows = len(NUMBERS)
    cells = [f"{int(v):,}" for _, column in NUMBERS for v in shown[column].tolist()] if shown is not None else ["0"] * (rows * len(ticks))
    return {
        "type": "scatter",
        "mode": "text",
        "meta": f"cells:{position}",
        "x": ticks * rows,
        "y": [_first_row(position) + k for k in range(rows) for _ in ticks],
        "text": cells,
        "textfont": {"color": theme.ink(dark=dark).of_role(group.role), "size": theme.SIZE_SMALL},
        "textposition": "middle center",
        "yaxis": "y2",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _row_names(group: Group, position: int, dark: bool) -> list[dict[str, Any]]:
    colour = theme.ink(dark=dark).of_role(group.role)
    first = _first_row(position)
    names = [
        theme.words(words, x=0, y=first + k, yref="y2", xanchor="right", xshift=-15, colour=colour) for k, (words, _) in enumerate(NUMBERS)
    ]
    short = rule_label(group.short)
    return [*names, {"name": f"rule:{position}", **theme.words(short, x=1, y=first, yref="y2", xshift=16, colour=colour)}]


def _direct_labels(panel: Panel, x_max: float, plot: float, dark: bool) -> list[dict[str, Any]]:
    """Group, n and median beside the end of each curve; pixels are counted from 100 % downwards."""
    if not panel.groups or not any(g.n for g in panel.groups):
        return []
    places = label_places([_end(group, x_max) for group in panel.groups], plot)
    found = []
    for position, (group, centre) in enumerate(zip(panel.groups, places, strict=True)):
        colour = theme.ink(dark=dark).of_role(group.role)
        found.append({"name": f"label:{position}", **theme.words(group_label(group), x=1, y=1, xshift=6, yshift=-centre, colour=colour)})
    return found


def label_places(ends: Sequence[float], plot: float) -> list[float]:
    """Middle of each direct label in pixels below 100 %, for curves that end at these heights (0 to 1)."""
    return spread([(1.015 - end) / 1.015 * plot for end in ends], LABEL, -LABEL / 4, plot + LABEL / 4)


def _end(group: Group, x_max: float) -> float:
    row = int(np.searchsorted(group.curve.time, x_max, side="right")) - 1
    return float(group.curve.survival[row]) if group.n and row >= 0 else 1.0 if group.n else 0.5


def group_label(group: GroupHead) -> str:
    """Rule, n and median of a group, as the three lines at the end of its curve."""
    short = rule_label(group.short)
    if group.n == 0:
        return f"{short}<br>no patients<br>not estimable"
    median = fmt.months(group.median.value)
    return f"{short}<br>n = {group.n:,}<br>median {median}" + ("" if median == fmt.NOT_REACHED else " mo")


def rule_label(short: str) -> str:
    """The rule of a group in bold, cut to the room beside the figure."""
    return f"<b>{theme.escape(shorten(short, 14))}</b>"


def _alt(panel: Panel, endpoint: str) -> str:
    """The figure in one sentence."""
    curves = []
    for group in panel.groups:
        median = fmt.median_with_limits(group.median.value, group.median.ci_low, group.median.ci_high) if group.n else fmt.NOT_ESTIMABLE
        curves.append(f"{group.label}: {fmt.patients(group.n)}, {fmt.events(group.events)}, median {median}")
    return f"Kaplan-Meier curves{' of ' + endpoint if endpoint else ''}, {panel.title}, {fmt.patients(panel.n)}. " + "; ".join(curves) + "."
