"""The hazard ratio over the values of a marker: spline with limits, straight line, patients as a rug, the cutoff as a line."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.distribution import value_ticks
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import Indices, numbers, visible_points
from cartograph.stats.results import Floats
from cartograph.views.continuous import ContinuousView

LEFT, RIGHT, TOP = 58, 14, 56
AXIS = 40  # pixels under the rug: tick labels and axis title
LINE = 13.0  # pixels of a line of the caption
RUG = 0.11  # share of the height that the rug takes
GAP = 0.03
EVERYBODY = 200  # patients of a row of the rug that are all drawn
LIMITS_TO = 10.0  # limits are drawn to a tenth and to ten times
CURVE_TO = 100.0  # curves are drawn to a hundredth and to a hundred times
LEAST = (0.5, 2.0)  # the hazard ratios that are always on the axis
TICKS = (
    (0.01, 0.1, 1.0, 10.0, 100.0),
    (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0),
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
)


class _Frame(NamedTuple):
    """Hazard ratios at the ends of the vertical axis; ``cut_low``, ``cut_high``: a curve or a limit lies beyond that end."""

    low: float
    high: float
    cut_low: bool = False
    cut_high: bool = False


def continuous_chart(result: ContinuousView, *, dark: bool, height: int = 400, name: str = "") -> Chart:
    """Hazard ratio against the reference (HR 1, ring) over the marker, on a log axis.

    The solid line is the natural spline with pointwise limits, the dashed one the straight line of the fit; where there is no spline
    the limits are those of the straight line. Ticks below are patients, events in the upper row. Limits beyond 0.1 to 10 and curves
    beyond 0.01 to 100 are cut at the frame, which the caption says. ``Chart.table()`` holds them uncut.
    """
    frame = _frame(result)
    caption = _caption(result, frame)
    layout = _layout(result, frame, dark=dark, height=height, lines=len(caption))
    layout["shapes"] = [_level_line(result, dark), *_cutoff_line(result, dark)]
    layout["annotations"] = [*_headings(result, dark), *_cutoff_words(result, dark), _caption_words(caption, dark)]
    data = [*_band(result, frame, dark), *_curves(result, frame, dark), _reference(result, dark), *_rug(result, dark)]
    alt = f"{result.finding} {result.shape} {result.cost}"
    return Chart(name or f"continuous-{result.column.key}", data, layout, alt, lambda: continuous_table(result))


def continuous_table(result: ContinuousView) -> pd.DataFrame:
    """One row per marker value: panel, marker, unit, value, reference, hazard ratios of line and spline with their limits."""
    table = result.to_frame()
    first = {"panel": result.panel, "marker": result.column.label, "unit": result.column.unit, "endpoint": result.endpoint_label}
    return table.assign(**first)[[*first, *table.columns]]


def _has_spline(result: ContinuousView) -> bool:
    return len(result.effect.knots) > 0


def _limits(result: ContinuousView) -> tuple[Floats, Floats]:
    curve = result.effect.curve
    return (curve.spline_low, curve.spline_high) if _has_spline(result) else (curve.line_low, curve.line_high)


def _frame(result: ContinuousView) -> _Frame:
    """The readable range: all of the curves up to ``CURVE_TO``, limits up to ``LIMITS_TO``, never less than ``LEAST``."""
    curve = result.effect.curve
    curves, limits = (np.concatenate(pair) for pair in ((curve.line, curve.spline), _limits(result)))
    curves, limits = curves[~np.isnan(curves)], limits[~np.isnan(limits)]
    if not len(curves):
        return _Frame(*LEAST)
    drawn = np.r_[np.clip(curves, 1 / CURVE_TO, CURVE_TO), np.clip(limits, 1 / LIMITS_TO, LIMITS_TO), LEAST]
    low, high = float(drawn.min()), float(drawn.max())
    everything = np.r_[curves, limits]
    return _Frame(low, high, bool((everything < low * 0.999).any()), bool((everything > high * 1.001).any()))


def _layout(result: ContinuousView, frame: _Frame, *, dark: bool, height: int, lines: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    bottom = round(AXIS + LINE * lines + 8)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=bottom)
    shape = result.distribution
    edges = np.log10(shape.edges) if shape.log_scale else shape.edges
    ticks = value_ticks(shape)
    title = {"font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2}
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "type": "log" if shape.log_scale else "linear",
        "range": numbers(edges[[0, -1]], 5),
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
        "title": {**title, "text": theme.escape(shorten(result.column.label_with_unit, 44))},
        "anchor": "y2",
        "showline": True,
        "linecolor": colours.quiet,
    }
    room = 0.04 * math.log10(frame.high / frame.low)
    levels = _ratio_ticks(frame)
    layout["yaxis"] = {
        **theme.quiet_axis(dark=dark, grid=True),
        "type": "log",
        "range": numbers([math.log10(frame.low) - room, math.log10(frame.high) + room], 5),
        "tickvals": levels,
        "ticktext": [f"{t:g}" for t in levels],
        "title": {**title, "text": _against(result)},
        "domain": [RUG + GAP, 1],
    }
    layout["yaxis2"] = {"domain": [0, RUG], "range": [-0.6, 1.6], "visible": False, "fixedrange": True}
    return layout


def _against(result: ContinuousView) -> str:
    at = result.effect.curve.reference
    return theme.escape(f"HR against {fmt.number(at, 3)}{_unit(result)}") if math.isfinite(at) else "Hazard ratio"


def _unit(result: ContinuousView) -> str:
    return f" {result.column.unit}" if result.column.unit else ""


def _ratio_ticks(frame: _Frame) -> list[float]:
    """The coarsest round hazard ratios that give at least three ticks."""
    inside: list[float] = []
    for ticks in TICKS:
        inside = [t for t in ticks if frame.low * 0.999 <= t <= frame.high * 1.001]
        if len(inside) >= 3:
            break
    return inside


def _headings(result: ContinuousView, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    title = f"<b>{theme.escape(shorten(result.panel, 26))}</b>\u2003n = {result.n:,}, {fmt.events(result.effect.events)}"
    missing = f" \u00b7 {result.n_missing:,} without value or endpoint" if result.n_missing else ""
    below = theme.escape(f"{result.endpoint_label}{missing}")
    found = [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=44, size=theme.SIZE_TITLE, colour=colours.text),
        theme.words(below, x=0, y=1, xshift=8 - LEFT, yshift=26, colour=colours.quiet),
    ]
    if math.isnan(result.effect.line.value):
        words, place = "No hazard ratio can be estimated", theme.Place(x=0.5, y=0.75, xanchor="center")
        found.append(theme.words(words, size=theme.SIZE_TEXT, colour=colours.quiet, **place))
    return found


def _caption(result: ContinuousView, frame: _Frame) -> list[str]:
    """Short lines under the figure, each fit for a phone."""
    effect, lines = result.effect, []
    line = effect.line
    if math.isnan(line.value):
        return []
    if _has_spline(result):
        lines.append(f"Solid: natural spline, knots {', '.join(fmt.number(k, 3) for k in effect.knots)}")
        bend = "The effect bends" if effect.nonlinearity.p_value < 0.05 else "No sign of a bend"
        lines.append(f"{bend}: spline against line, likelihood ratio {fmt.p_equals(effect.nonlinearity.p_value)}")
    else:
        lines.append("No curve: too few events or different values")
    lines.append(f"Dashed: straight line, HR {fmt.ratio_with_limits(line.value, line.ci_low, line.ci_high)} {_per(result)}")
    lines.append("Ticks: patients, upper row those with an event")
    ends = [(frame.cut_low, f"below {fmt.number(frame.low, 2)}"), (frame.cut_high, f"above {fmt.number(frame.high, 2)}")]
    if frame.cut_low or frame.cut_high:
        lines.append(f"Cut at the frame: what lies {' and '.join(words for cut, words in ends if cut)}")
    if not _inside(result):
        lines.append("The cutoff lies outside the values of these patients")
    return lines


def _per(result: ContinuousView) -> str:
    return {"doubling": "per doubling", "sd": "per standard deviation", "unit": "per unit"}[result.effect.scale]


def _caption_words(lines: list[str], dark: bool) -> dict[str, Any]:
    place: theme.Place = {"x": 0, "y": 0, "yanchor": "top", "xshift": 8 - LEFT, "yshift": -AXIS}
    return theme.words("<br>".join(theme.escape(line) for line in lines), colour=theme.ink(dark=dark).quiet, **place)


def _at(result: ContinuousView, value: float) -> float:
    """Where an annotation stands: at the logarithm on a log axis (shapes and traces stand at the value)."""
    return math.log10(value) if result.distribution.log_scale else value


def _inside(result: ContinuousView) -> bool:
    edges = result.distribution.edges
    return bool(edges[0] <= result.marker.cutoff <= edges[-1])


def _level_line(result: ContinuousView, dark: bool) -> dict[str, Any]:
    """HR 1."""
    low, high = numbers(result.distribution.edges[[0, -1]], 5)
    line = {"color": theme.ink(dark=dark).quiet, "width": 1}
    return {"type": "line", "xref": "x", "yref": "y", "x0": low, "x1": high, "y0": 1, "y1": 1, "line": line, "layer": "below"}


def _cutoff_line(result: ContinuousView, dark: bool) -> list[dict[str, Any]]:
    if not _inside(result):
        return []
    line = {"color": theme.ink(dark=dark).text, "width": 1.5}
    at = result.marker.cutoff
    return [{"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line}]


def _cutoff_words(result: ContinuousView, dark: bool) -> list[dict[str, Any]]:
    if not _inside(result):
        return []
    edges, at = result.distribution.edges, _at(result, result.marker.cutoff)
    low, high = _at(result, float(edges[0])), _at(result, float(edges[-1]))
    share = (at - low) / (high - low)
    anchor = "left" if share < 0.25 else "right" if share > 0.75 else "center"
    words = theme.escape(f"cutoff {fmt.number(result.marker.cutoff)}{_unit(result)}")
    place: theme.Place = {"x": at, "y": 1, "xref": "x", "xanchor": anchor, "yshift": 8}
    return [theme.words(words, colour=theme.ink(dark=dark).text, **place)]


def _drawn(values: Floats, frame: _Frame) -> list[float | None]:
    """Hazard ratios, those far outside brought near the frame: a renderer cannot place 1e300."""
    return numbers(np.clip(values, frame.low / 4, frame.high * 4), 5)


def _band(result: ContinuousView, frame: _Frame, dark: bool) -> list[dict[str, Any]]:
    colour = theme.ink(dark=dark).all
    low, high = _limits(result)
    known = np.isfinite(low) & ~np.isnan(high)
    shared = {"type": "scatter", "mode": "lines", "x": numbers(result.effect.curve.value[known], 5), "hoverinfo": "skip"}
    line = {"shape": "linear", "width": 0, "color": colour}
    fill = {"fill": "tonexty", "fillcolor": theme.with_opacity(colour, theme.BAND_OPACITY)}
    return [
        {**shared, "y": _drawn(low[known], frame), "line": line},
        {**shared, "y": _drawn(high[known], frame), "line": line, **fill},
    ]


def _curves(result: ContinuousView, frame: _Frame, dark: bool) -> list[dict[str, Any]]:
    curve, colours = result.effect.curve, theme.ink(dark=dark)
    unit = theme.escape(_unit(result))
    found = []
    for words, ratio, low, high, colour, dash in (
        ("Spline", curve.spline, curve.spline_low, curve.spline_high, colours.all, "solid"),
        ("Straight line", curve.line, curve.line_low, curve.line_high, colours.quiet, "dash"),
    ):
        known = np.flatnonzero(~np.isnan(ratio))
        rows = zip(curve.value[known].tolist(), ratio[known].tolist(), low[known].tolist(), high[known].tolist(), strict=True)
        said = [[f"{fmt.number(v)}{unit}", f"HR {fmt.ratio_with_limits(r, a, b)}"] for v, r, a, b in rows]
        found.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": numbers(curve.value[known], 5),
                "y": _drawn(ratio[known], frame),
                "customdata": said,
                "line": {"shape": "linear", "color": colour, "width": theme.LINE_WIDTH, "dash": dash},
                "hovertemplate": f"<b>{words}</b><br>%{{customdata[0]}}<br>%{{customdata[1]}}<extra></extra>",
            }
        )
    return found


def _reference(result: ContinuousView, dark: bool) -> dict[str, Any]:
    """A ring where the hazard ratio is 1 by definition."""
    at = result.effect.curve.reference
    shown = [at] if math.isfinite(at) and not math.isnan(result.effect.line.value) else []
    colour = theme.ink(dark=dark).text
    marker = {"symbol": "circle-open", "size": 9, "color": colour, "line": {"width": 1.6, "color": colour}}
    return {"type": "scatter", "mode": "markers", "x": numbers(shown, 5), "y": [1.0] * len(shown), "marker": marker, "hoverinfo": "skip"}


def _rug(result: ContinuousView, dark: bool) -> list[dict[str, Any]]:
    """One tick per patient (per pixel where they are many): censored below, events above and darker."""
    colours = theme.ink(dark=dark)
    found = []
    for row, chosen, colour in ((0, ~result.had_event, colours.quiet), (1, result.had_event, colours.text)):
        value = result.value[chosen]
        value = value[_visible(value, result)]
        marker = {"symbol": "line-ns-open", "size": 9, "color": colour, "line": {"width": 1.2, "color": colour}}
        shared = {"type": "scatter", "mode": "markers", "yaxis": "y2", "opacity": 0.55 + 0.35 * row, "hoverinfo": "skip"}
        found.append({**shared, "x": numbers(value, 5), "y": [row] * len(value), "marker": marker})
    return found


def _visible(value: Floats, result: ContinuousView) -> Indices:
    """Patients that a screen can tell apart; up to ``EVERYBODY`` all of them."""
    if len(value) <= EVERYBODY:
        return np.arange(len(value))
    shape = result.distribution
    shown, edges = (np.log10(v) if shape.log_scale else v for v in (value, shape.edges))
    return visible_points(shown - edges[0], x_max=float(edges[-1] - edges[0]))
