"""The ROC curve of a marker, for a yes-or-no outcome or within a horizon: square panel, diagonal, current and best cutoff."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import SCREEN_WIDTH, Indices, numbers
from cartograph.stats.results import Floats
from cartograph.stats.roc import Curve, OperatingPoint
from cartograph.stats.time_roc import TimeRoc
from cartograph.views.discrimination import Discrimination, area_words, share_words, side_words

LEFT, RIGHT, TOP = 58, 18, 68
AXIS = 40  # pixels under the curve: tick labels and axis title
LINE = 13.0  # pixels of a line of the caption
LETTERS = 60  # of a line of the caption, for a phone
EVERYTHING = 400  # thresholds that are all drawn
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def roc_chart(result: Discrimination, *, dark: bool, height: int = 480, name: str = "") -> Chart:
    """Sensitivity over 1 - specificity with the diagonal of a coin, the current cutoff's point and the Youden point (ring).

    The area with its limits, both points in words and, within a horizon, what the weights stand for are written around the curve. A
    refusal gives an empty panel with its reason. Curves with many thresholds are thinned to half a pixel; ``Chart.table()`` has all.
    """
    caption = _caption(result)
    layout = _layout(caption, dark=dark, height=height)
    layout["shapes"] = [_diagonal(dark)]
    layout["annotations"] = [*_headings(result, dark), *_point_names(result, dark), _caption_words(caption, dark)]
    data = [_curve(result, dark), _mark(_youden(result), "circle-open", result, dark), _mark(_current(result), "circle", result, dark)]
    return Chart(name or f"roc-{result.column.key}-{result.outcome.key}", data, layout, _alt(result), lambda: roc_table(result))


def roc_table(result: Discrimination) -> pd.DataFrame:
    """One row per threshold: panel, marker, unit, outcome, positive side, threshold, sensitivity, specificity."""
    side = result.roc.direction if result.roc else ""
    first = {"panel": result.panel, "marker": result.column.label, "unit": result.column.unit, "outcome": result.outcome.label}
    table = result.to_frame()
    return table.assign(**first, positive_side=side)[[*first, "positive_side", *table.columns]]


def _known(result: Discrimination) -> Curve | None:
    """The curve, when there is one to draw."""
    return result.roc if result.roc is not None and math.isfinite(result.roc.auc.value) else None


def _current(result: Discrimination) -> OperatingPoint | None:
    return result.current if _known(result) else None


def _youden(result: Discrimination) -> OperatingPoint | None:
    """The Youden point with the lowest cutoff, unless calling everybody the same is as good."""
    point = result.youden[0] if result.youden else None
    return point if point is not None and math.isfinite(point.cutoff) else None


def _layout(caption: list[str], *, dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    bottom = round(AXIS + LINE * len(caption) + 8)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=bottom)
    for key, title in (("xaxis", "1 \u2212 specificity: called positive without the outcome"), ("yaxis", "Sensitivity")):
        layout[key] = {
            **theme.quiet_axis(dark=dark, grid=True),
            "range": [-0.015, 1.015],
            "tickvals": list(TICKS),
            "ticktext": [fmt.percent(t) for t in TICKS],
            "title": {"text": title, "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2},
        }
    layout["xaxis"]["anchor"], layout["yaxis"]["anchor"] = "y", "x"
    return layout


def _diagonal(dark: bool) -> dict[str, Any]:
    """Where a coin would be."""
    line = {"color": theme.ink(dark=dark).quiet, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "y", "x0": 0, "x1": 1, "y0": 0, "y1": 1, "line": line}


def _headings(result: Discrimination, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    roc = result.roc
    title = f"<b>{theme.escape(shorten(result.panel, 26))}</b>\u2003n = {result.n:,}"
    missing = result.n_no_marker + result.n_no_outcome
    counts = [f"{roc.n_positive:,} with, {roc.n_negative:,} without"] if roc else []
    if isinstance(roc, TimeRoc) and roc.n_censored:
        counts[0] += f", {roc.n_censored:,} censored before"
    below = [result.outcome.label, *counts, *([f"{missing:,} missing"] if missing else [])]
    area = (area_words(roc)[:1].upper() + area_words(roc)[1:]) if roc else ""
    found = [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=55, size=theme.SIZE_TITLE, colour=colours.text),
        theme.words(theme.escape(" \u00b7 ".join(below)), x=0, y=1, xshift=8 - LEFT, yshift=36, colour=colours.quiet),
        theme.words(f"<b>{theme.escape(area)}</b>", x=0, y=1, xshift=8 - LEFT, yshift=17, colour=colours.text),
    ]
    if _known(result) is None:
        place = theme.Place(x=0.5, y=0.6, xanchor="center")
        found.append(theme.words("No curve can be drawn", size=theme.SIZE_TEXT, colour=colours.quiet, **place))
    return found


def _wrapped(text: str) -> list[str]:
    """``text`` in lines of at most ``LETTERS`` letters, broken between words."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip(" ")
    return lines


def _caption(result: Discrimination) -> list[str]:
    """Short lines under the figure, each fit for a phone."""
    roc, current, youden = result.roc, _current(result), _youden(result)
    if roc is None or _known(result) is None:
        return _wrapped(result.finding)
    said = []
    if current is not None:
        said += [f"Dot: current cutoff, positive is {side_words(result, current)}", share_words(result, current)]
    if youden is not None:
        tied = f", one of {len(result.youden)} equally good" if len(result.youden) > 1 else ""
        said += [f"Ring: Youden cutoff, {side_words(result, youden)}, searched here{tied}", share_words(result, youden)]
    else:
        said.append("No cutoff is better than calling everybody the same")
    said.append(f"p is not given: {result.p_reason}" if result.p_reason else f"{roc.test.split(',')[0]} {fmt.p_equals(result.p_value)}")
    if isinstance(roc, TimeRoc):
        said += _weights(roc)
    if roc.direction_chosen:
        said.append(f"{roc.direction.capitalize()} values called positive: chosen from these patients")
    said += [f"{note[0].upper()}{note[1:]}" for note in roc.auc.notes]
    return [line for text in said for line in _wrapped(text)]


def _weights(roc: TimeRoc) -> list[str]:
    """What happened to those who are neither case nor control."""
    if not roc.n_censored:
        return ["Nobody is censored before the horizon: everybody counts once"]
    return [
        f"{roc.n_censored:,} censored before {fmt.number(roc.horizon)} months: their weight is given to those followed longer"
        f" (each counts up to {fmt.number(roc.largest_weight, 3)} times)"
    ]


def _caption_words(lines: list[str], dark: bool) -> dict[str, Any]:
    place: theme.Place = {"x": 0, "y": 0, "yanchor": "top", "xshift": 8 - LEFT, "yshift": -AXIS}
    return theme.words("<br>".join(theme.escape(line) for line in lines), colour=theme.ink(dark=dark).quiet, **place)


def _point_names(result: Discrimination, dark: bool) -> list[dict[str, Any]]:
    """The cutoffs beside their points: Youden's above the curve, the current one below it, so that they do not touch."""
    colours, found = theme.ink(dark=dark), []
    youden, current = _youden(result), _current(result)
    if youden is not None:
        left = youden.specificity > 0.75  # no room to the left of the point
        place = theme.Place(xanchor="left" if left else "right", xshift=-6 if left else -8, yshift=18 if left else 8)
        short = fmt.number(youden.cutoff)
        found.append(_name(youden, short if left else f"Youden {short}", colours.progression, place))
    if current is not None:
        right = current.specificity < 0.25
        place = theme.Place(xanchor="right" if right else "left", xshift=0 if right else 8, yshift=-14 if right else -8)
        found.append(_name(current, fmt.number(current.cutoff), colours.text, place))
    return found


def _name(point: OperatingPoint, text: str, colour: str, place: theme.Place) -> dict[str, Any]:
    x, y = numbers([1 - point.specificity, point.sensitivity], 4)
    place.update({"x": x or 0.0, "y": y or 0.0, "xref": "x", "yref": "y"})
    return theme.words(text, colour=colour, **place)


def _visible(x: Floats, y: Floats) -> Indices:
    """Thresholds that a screen can tell apart, the ends included; up to ``EVERYTHING`` all of them."""
    if len(x) <= EVERYTHING:
        return np.arange(len(x))
    half = np.floor(np.column_stack([x, y]) * SCREEN_WIDTH * 2)
    moved = np.r_[True, (np.diff(half, axis=0) != 0).any(axis=1)]
    moved[-1] = True
    return np.flatnonzero(moved)


def _curve(result: Discrimination, dark: bool) -> dict[str, Any]:
    """From nobody called positive (0, 0) to everybody (1, 1); each threshold says its split."""
    roc, colour = _known(result), theme.ink(dark=dark).all
    x, y, threshold = (np.empty(0) for _ in range(3))
    if roc is not None:
        x, y, threshold = 1 - roc.specificity, roc.sensitivity, roc.threshold
        keep = _visible(x, y)
        x, y, threshold = x[keep], y[keep], threshold[keep]
    sign = "\u2264" if roc is not None and roc.direction == "low" else "&gt;"
    unit = theme.escape(f" {result.column.unit}" if result.column.unit else "")
    said = [[f"{sign} {fmt.number(t)}{unit}" if math.isfinite(t) else "everybody or nobody"] for t in threshold.tolist()]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(x, 5),
        "y": numbers(y, 5),
        "customdata": said,
        "line": {"shape": "linear", "color": colour, "width": theme.LINE_WIDTH},
        "hovertemplate": "<b>%{customdata[0]}</b><br>sensitivity %{y:.1%}<br>called positive without the outcome %{x:.1%}<extra></extra>",
    }


def _mark(point: OperatingPoint | None, symbol: str, result: Discrimination, dark: bool) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    colour = colours.text if symbol == "circle" else colours.progression
    place = [] if point is None else [(1 - point.specificity, point.sensitivity)]
    marker = {"symbol": symbol, "size": 8 if symbol == "circle" else 13, "color": colour, "line": {"width": 2, "color": colour}}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers([x for x, _ in place], 5),
        "y": numbers([y for _, y in place], 5),
        "marker": marker,
        "hovertext": [] if point is None else [theme.escape(f"{side_words(result, point)}: {share_words(result, point)}")],
        "hoverinfo": "text",
    }


def _alt(result: Discrimination) -> str:
    parts = [f"ROC curve. {result.finding}"]
    if (current := _current(result)) is not None:
        parts.append(f"Current cutoff {side_words(result, current)}: {share_words(result, current)}.")
    if (youden := _youden(result)) is not None:
        parts.append(f"Youden cutoff {side_words(result, youden)}: {share_words(result, youden)}.")
    return " ".join(parts)
