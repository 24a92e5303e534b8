"""One measurement at two time points: a line per patient, or day 0 against the value before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.correlation import BOTTOM, EDGE, LEFT, RIGHT, above, cutoff_lines, on_axis, value_axis
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.views.correlations import Move, TimedResult, cutoff_number
from cartograph.views.explore import Distribution

TOP: Final = 112
SIDES: Final = (-0.3, 1.3)  # room beside the two time points
KINDS: Final[tuple[str, ...]] = ("stays", "rises", "falls")
KIND_OF: Final[dict[Move, str]] = {"low-low": "stays", "high-high": "stays", "low-high": "rises", "high-low": "falls"}
SIGNS: Final = {"stays": "\u25cf", "rises": "\u25b2", "falls": "\u25a0"}
SYMBOLS: Final = {"stays": "circle", "rises": "triangle-up", "falls": "square"}
DASHES: Final[dict[str, theme.Dash]] = {"stays": "solid", "rises": "solid", "falls": "dash"}
MANY: Final = 200  # patients beyond whom lines and points become fainter


def paired_lines_chart(result: TimedResult, *, dark: bool, height: int = 430) -> Chart:
    """A line from before to day 0 for each patient who has both; the medians in bold; the cutoff of each time point as a dashed line."""
    upright = theme.escape(result.unit)
    layout = _layout(result, upright, dark=dark, height=height)
    layout["yaxis"] = {**value_axis(_common(result), dark), "anchor": "x"}
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": list(SIDES),
        "tickvals": [0, 1],
        "ticktext": ["before lymphodepletion", "day 0"],
        "anchor": "y",
    }
    shown = [place for place in (0, 1) if on_axis(result.cutoffs[place], layout["yaxis"])]
    layout["shapes"] = [_cutoff_of(result, place, dark) for place in shown]
    layout["annotations"] += [_cutoff_words(result, place, layout, dark) for place in shown]
    data = [*(_lines(result, kind, dark) for kind in KINDS if kind in _kinds(result)), _medians(result, dark)]
    return Chart(f"paired-{result.shapes[0].column}-lines", data, layout, _alt(result, "A line per patient"), result.to_frame)


def paired_scatter_chart(result: TimedResult, *, dark: bool, height: int = 430) -> Chart:
    """Day 0 against the value before on the same axis; the dotted line is no change; in two corners how many cross."""
    unit = f" ({theme.escape(result.unit)})" if result.unit else ""
    layout = _layout(result, f"day 0{unit}", dark=dark, height=height)
    axis = value_axis(_common(result), dark)
    layout["xaxis"], layout["yaxis"] = {**axis, "anchor": "y"}, {**axis, "anchor": "x"}
    layout["shapes"], marks = cutoff_lines(result.cutoffs, result.cutoffs, layout, dark)
    colour = theme.ink(dark=dark).quiet
    below = theme.words(f"before lymphodepletion{unit} \u2192", x=1, y=0, xanchor="right", yshift=-31, colour=colour)
    layout["annotations"] += [*marks, below, *_corners(result, dark)]
    data = [_no_change(axis, colour), *(_points(result, kind, dark) for kind in KINDS if kind in _kinds(result))]
    return Chart(f"paired-{result.shapes[0].column}-against", data, layout, _alt(result, "Day 0 against the value before"), result.to_frame)


def _kinds(result: TimedResult) -> set[str]:
    return {KIND_OF[move] for move in result.moves}


def _common(result: TimedResult) -> Distribution:
    """One axis for both time points."""
    first, second = result.shapes
    low, high = min(first.edges[0], second.edges[0]), max(first.edges[-1], second.edges[-1])
    return replace(first, edges=np.array([low, high]), log_scale=result.logarithmic)


def _layout(result: TimedResult, upright: str, *, dark: bool, height: int) -> dict[str, Any]:
    """Title, who is in, where the cutoff comes from, the three kinds of patients, and the name of the upright axis."""
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    counted = f"{shorten(result.whom, 22)}: {fmt.patients(result.change.n)} with both, {result.change.n_missing:,} without"
    cutoff = f"cutoff {cutoff_number(result)}: {shorten(result.cutoff_words, 32)}"
    layout["annotations"] = [
        theme.words(f"<b>{theme.escape(shorten(result.name, 40))}</b>", size=theme.SIZE_TITLE - 2, colour=colours.text, **above(98)),
        theme.words(theme.escape(counted), colour=colours.text, **above(79)),
        theme.words(theme.escape(cutoff), colour=colours.quiet, **above(62)),
        theme.words(f"\u2191 {upright}" if upright else "", colour=colours.quiet, **above(14)),
    ]
    across = EDGE - LEFT
    crossed = result.crossed
    counts = {
        "stays": f"{crossed.low_low:,} low, {crossed.high_high:,} high",
        "rises": f"{crossed.low_high:,}",
        "falls": f"{crossed.high_low:,}",
    }
    for kind in KINDS:
        words = f"{SIGNS[kind]} {kind} ({counts[kind]})"
        layout["annotations"].append(theme.words(words, x=0, y=1, xshift=across, yshift=44, colour=_colour(kind, dark)))
        across += 10 + round(5.6 * len(words))
    return layout


def _colour(kind: str, dark: bool) -> str:
    colours = theme.ink(dark=dark)
    return {"stays": colours.mixed, "rises": colours.high, "falls": colours.low}[kind]


def _cutoff_of(result: TimedResult, place: int, dark: bool) -> dict[str, Any]:
    """The cutoff of one time point, over its half of the figure."""
    ends = (SIDES[0], 0.5) if place == 0 else (0.5, SIDES[1])
    line = {"color": theme.ink(dark=dark).text, "width": 1.2, "dash": "dash"}
    level = result.cutoffs[place]
    return {"type": "line", "xref": "x", "yref": "y", "x0": ends[0], "x1": ends[1], "y0": level, "y1": level, "line": line}


def _cutoff_words(result: TimedResult, place: int, layout: dict[str, Any], dark: bool) -> dict[str, Any]:
    at = float(np.log10(result.cutoffs[place])) if layout["yaxis"]["type"] == "log" else result.cutoffs[place]
    side: theme.Place = {"x": place, "y": at, "yref": "y", "yshift": 7, "xanchor": "left" if place == 0 else "right"}
    return theme.words(fmt.number(result.cutoffs[place]), colour=theme.ink(dark=dark).text, **side)


def _lines(result: TimedResult, kind: str, dark: bool) -> dict[str, Any]:
    """The patients of one kind as one trace with gaps."""
    mine = [KIND_OF[m] == kind for m in result.moves]
    before, after = (numbers(v[mine], 4) for v in result.values)
    many = len(mine) > MANY
    faint = theme.FAINT if kind == "stays" else 0.9
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [x for _ in before for x in (0, 1, None)],
        "y": [y for one, other in zip(before, after, strict=True) for y in (one, other, None)],
        "line": {"color": _colour(kind, dark), "width": 0.8 if many else 1.3, "dash": DASHES[kind]},
        "marker": {"symbol": SYMBOLS[kind], "size": 4 if many else 6, "color": _colour(kind, dark)},
        "opacity": faint / 2 if many and kind == "stays" else faint,
        "hovertext": [f"before {_said(b)}<br>day 0 {_said(a)}" for b, a in zip(before, after, strict=True) for _ in range(3)],
        "hoverinfo": "text",
    }


def _said(value: float | None) -> str:
    return fmt.NOT_ESTIMABLE if value is None else fmt.number(value)


def _medians(result: TimedResult, dark: bool) -> dict[str, Any]:
    colour = theme.ink(dark=dark).all
    medians = (result.change.median_before, result.change.median_after)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [0, 1],
        "y": numbers(medians, 4),
        "line": {"color": colour, "width": 3, "dash": "solid"},
        "marker": {"symbol": "diamond", "size": 11, "color": colour},
        "hovertext": [f"median {fmt.number(v)}" for v in medians],
        "hoverinfo": "text",
    }


def _no_change(axis: dict[str, Any], colour: str) -> dict[str, Any]:
    ends = [10**v for v in axis["range"]] if axis["type"] == "log" else axis["range"]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(ends),
        "y": list(ends),
        "line": {"color": colour, "width": 1.2, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _points(result: TimedResult, kind: str, dark: bool) -> dict[str, Any]:
    mine = [KIND_OF[m] == kind for m in result.moves]
    before, after = (numbers(v[mine], 4) for v in result.values)
    many = len(mine) > MANY
    return {
        "type": "scatter",
        "mode": "markers",
        "x": before,
        "y": after,
        "opacity": (0.45 if many else 0.7) if kind == "stays" else 0.95,
        "marker": {"symbol": SYMBOLS[kind], "size": 5 if many else 7, "color": _colour(kind, dark)},
        "hovertext": [f"before {_said(b)}<br>day 0 {_said(a)}" for b, a in zip(before, after, strict=True)],
        "hoverinfo": "text",
    }


def _corners(result: TimedResult, dark: bool) -> list[dict[str, Any]]:
    """How many rise and fall, in the corners where they stand; the other two corners lie on the line of no change."""
    colours, crossed = theme.ink(dark=dark), result.crossed
    up: theme.Place = {"x": 0, "y": 1, "xshift": 4, "yshift": -3, "yanchor": "top"}
    down: theme.Place = {"x": 1, "y": 0, "xshift": -4, "yshift": 3, "xanchor": "right", "yanchor": "bottom"}
    return [
        theme.words(f"low \u2192 high {crossed.low_high:,}", colour=colours.high, **up),
        theme.words(f"high \u2192 low {crossed.high_low:,}", colour=colours.low, **down),
    ]


def _alt(result: TimedResult, kind: str) -> str:
    return f"{kind}: {shorten(result.name, 120)}, {result.whom}. {result.sentence}"
