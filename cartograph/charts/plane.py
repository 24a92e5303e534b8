"""The plane of two cutoffs as a map: one rectangle per pair, coloured by the hazard ratio, with the chosen pair under a cross-hair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.distribution import value_ticks
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.plane import PlaneTest
from cartograph.stats.results import Floats
from cartograph.views.explore import Distribution
from cartograph.views.plane import PlaneAxis, PlaneView

LEFT, RIGHT, TOP, BOTTOM = 60, 46, 162, 42
HEAD, LINE = 148, 17.0  # pixels of the title above the map, and from line to line below it
SCALE, SCALE_HEIGHT, KEY, NAMES = 58.0, 9.0, 30.0, 10.0  # pixels above the map: colour scale, key of what is not given, published cutoffs
BOUNDS = (1 / 2, 1 / 1.5, 1 / 1.2, 1.2, 1.5, 2.0)  # of the hazard ratio, between the colours
DEPTHS = (1.0, 0.62, 0.3)  # opacity of the colours, from the outermost
NOT_GIVEN = -1
CROSS, PAIR, NOW = ("cross-x", "cross-y"), "pair", "now"  # parts that a dragged pair moves: lines, ring, words
NOW_LINE = 2  # of the lines below the title
APART = 0.13  # share of an axis that two names of published cutoffs keep between them
KEY_WORDS = "hatched: not given, a group under {few} patients or without events"

Classes = npt.NDArray[np.int64]


def plane_chart(result: PlaneView, *, dark: bool, test: PlaneTest | None = None, height: int = 500, name: str = "") -> Chart:
    """Map of the hazard ratio over both cutoffs: blue = high fares better, orange = high fares worse, hatched grey = not given.

    The cross-hair is the pair that is chosen now. ``test``: the best pair of the plane is marked with a cross and its corrected p is
    printed. Published cutoffs stand as ticks at the top and at the right. ``Chart.table()`` holds every pair.
    """
    layout = _layout(result, dark, height)
    layout["shapes"] = [*_scale(layout, dark), *_cross_hair(result, dark), *_published_ticks(result, layout, dark)]
    layout["annotations"] = [*_headings(result, test, dark), *_scale_words(result, layout, dark), *_published_names(result, dark)]
    data = [*_cells(result, dark), _hatching(result, dark), _hover_points(result), *_marks(result, test, dark)]
    return Chart(name or f"plane-{result.panel}", data, layout, _alt(result, test), lambda: plane_table(result))


def plane_table(result: PlaneView) -> pd.DataFrame:
    """One row per pair of cutoffs: panel, both markers, who is compared, then the columns of ``CutoffPlane.to_frame``."""
    first, second = result.axes
    words = {"panel": result.title, "marker_a": first.label, "marker_b": second.label, "compared": result.contrast_words}
    frame = result.plane.to_frame()
    return pd.concat([pd.DataFrame(words, index=frame.index), frame], axis=1)


def _layout(result: PlaneView, dark: bool, height: int) -> dict[str, Any]:
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    for key, axis in zip(("xaxis", "yaxis"), result.axes, strict=True):
        ticks = _ticks(axis)
        title = f"{shorten(axis.label, 34)} ({axis.unit})" if axis.unit else shorten(axis.label, 40)
        ends = np.log10(axis.edges[[0, -1]]) if axis.log_scale else axis.edges[[0, -1]]
        layout[key] = {
            **theme.quiet_axis(dark=dark, grid=False),
            "type": "log" if axis.log_scale else "linear",
            "range": numbers(ends, 6),
            "tickvals": ticks,
            "ticktext": [fmt.number(t) for t in ticks],
            "title": {
                "text": theme.escape(title),
                "font": {"size": theme.SIZE_SMALL, "color": theme.ink(dark=dark).quiet},
                "standoff": 2,
            },
        }
    layout["xaxis"]["anchor"], layout["yaxis"]["anchor"] = "y", "x"
    return layout


def _ticks(axis: PlaneAxis) -> list[float]:
    """Round values inside the window."""
    nothing = np.empty(0)
    shown = Distribution(axis.column, axis.label, axis.unit, axis.log_scale, axis.edges, nothing.astype(np.int64), nothing, 0, 0)
    return value_ticks(replace(shown, edges=axis.edges[[0, -1]]))


def _colours(dark: bool) -> list[str]:
    """One colour per class of the hazard ratio, from far below 1 to far above it."""
    ink = theme.ink(dark=dark)
    better = [theme.with_opacity(ink.low, depth) for depth in DEPTHS]
    worse = [theme.with_opacity(ink.high, depth) for depth in reversed(DEPTHS)]
    return [*better, ink.grid, *worse]


def _classes(result: PlaneView) -> Classes:
    """Class of the hazard ratio of every pair; -1 = not given."""
    ratio = result.plane.hazard_ratio
    return np.where(np.isnan(ratio), NOT_GIVEN, np.searchsorted(BOUNDS, ratio, side="right")).astype(np.int64)


def _cells(result: PlaneView, dark: bool) -> list[dict[str, Any]]:
    """One filled trace per class, always all of them, so that a drawn figure keeps its structure."""
    classes = _classes(result)
    colours = [theme.ink(dark=dark).bar, *_colours(dark)]
    return [_filled(_rectangles(classes == k, result.axes), colour) for k, colour in enumerate(colours, start=NOT_GIVEN)]


def _rectangles(inside: npt.NDArray[np.bool_], axes: tuple[PlaneAxis, PlaneAxis]) -> tuple[Floats, Floats]:
    """Outlines of runs of cells along the first marker, with a gap after each: neighbours of one colour are one piece without a seam."""
    padded = np.pad(inside.astype(np.int64), ((1, 1), (0, 0)))
    step = np.diff(padded, axis=0).T  # rows of the second marker, so that starts and ends of runs come in the same order
    (row, start), (_, stop) = np.nonzero(step == 1), np.nonzero(step == -1)
    left, right, low, high = axes[0].edges[start], axes[0].edges[stop], axes[1].edges[row], axes[1].edges[row + 1]
    gap = np.full(len(row), np.nan)
    return np.column_stack([left, right, right, left, gap]).ravel(), np.column_stack([low, low, high, high, gap]).ravel()


def _filled(outline: tuple[Floats, Floats], colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(outline[0], 6),
        "y": numbers(outline[1], 6),
        "fill": "toself",
        "fillcolor": colour,
        "line": {"width": 0, "color": colour},
        "hoverinfo": "skip",
    }


def _hatching(result: PlaneView, dark: bool) -> dict[str, Any]:
    """A diagonal through every cell that is not given: told apart without colour."""
    i, j = np.nonzero(_classes(result) == NOT_GIVEN)
    (a, b), gap = (axis.edges for axis in result.axes), np.full(len(i), np.nan)
    x, y = np.column_stack([a[i], a[i + 1], gap]).ravel(), np.column_stack([b[j], b[j + 1], gap]).ravel()
    line = {"width": 0.8, "color": theme.ink(dark=dark).quiet}
    return {"type": "scatter", "mode": "lines", "x": numbers(x, 6), "y": numbers(y, 6), "line": line, "opacity": 0.6, "hoverinfo": "skip"}


def _hover_points(result: PlaneView) -> dict[str, Any]:
    """An invisible point in every cell, with the numbers of its pair."""
    frame = result.plane.to_frame()
    first, second = (theme.escape(shorten(axis.label, 24)) for axis in result.axes)
    template = (
        f"{first} %{{customdata[0]}}, {second} %{{customdata[1]}}<br><b>%{{customdata[2]}}</b>"
        "<br>both high: %{customdata[3]:,.0f} patients, %{customdata[4]:,.0f} events"
        "<br>one high: %{customdata[5]:,.0f} patients, %{customdata[6]:,.0f} events"
        "<br>both low: %{customdata[7]:,.0f} patients, %{customdata[8]:,.0f} events<extra></extra>"
    )
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(frame["cutoff_a"], 6),
        "y": numbers(frame["cutoff_b"], 6),
        "marker": {"opacity": 0, "size": 6, "color": "#000000"},
        "customdata": [_hover_row(row, result.plane.min_group) for row in frame.itertuples()],
        "hovertemplate": template,
    }


def _hover_row(row: Any, few: int) -> list[Any]:
    words = reasons(few).get(int(row.status)) or f"HR {fmt.ratio_with_limits(row.hazard_ratio, row.ci_low, row.ci_high)}"
    cutoffs = [fmt.number(row.cutoff_a), fmt.number(row.cutoff_b)]
    return [*cutoffs, words, row.n_high, row.events_high, row.n_mixed, row.events_mixed, row.n_low, row.events_low]


def _inside(axis: PlaneAxis, value: float) -> bool:
    return bool(axis.edges[0] <= value <= axis.edges[-1])


def _cross_hair(result: PlaneView, dark: bool) -> list[dict[str, Any]]:
    """A line across the map at each cutoff; unseen where the cutoff lies outside the window, until it is dragged into it."""
    line = {"color": theme.ink(dark=dark).text, "width": 1.5, "dash": "dot"}
    across = {"type": "line", "line": line}
    first, second = result.axes
    x, y = (float(np.clip(axis.cutoff, *axis.edges[[0, -1]])) for axis in result.axes)
    return [
        {**across, "name": CROSS[0], "opacity": float(_inside(first, first.cutoff)), "xref": "x", "yref": "paper"}
        | {"x0": x, "x1": x, "y0": 0, "y1": 1},
        {**across, "name": CROSS[1], "opacity": float(_inside(second, second.cutoff)), "xref": "paper", "yref": "y"}
        | {"x0": 0, "x1": 1, "y0": y, "y1": y},
    ]


def _marks(result: PlaneView, test: PlaneTest | None, dark: bool) -> list[dict[str, Any]]:
    """A ring at the chosen pair, a cross at the best one."""
    first, second = result.axes
    both = _inside(first, first.cutoff) and _inside(second, second.cutoff)
    best = test is not None and math.isfinite(test.statistic)
    found = []
    for x, y, there, symbol in (
        (first.cutoff, second.cutoff, both, "circle-open"),
        (test.cutoff_a if test else 0.0, test.cutoff_b if test else 0.0, best, "x-thin"),
    ):
        marker = {
            "symbol": symbol,
            "size": 11,
            "color": theme.ink(dark=dark).text,
            "line": {"width": 2.2, "color": theme.ink(dark=dark).text},
        }
        place = {"x": [x] if there else [], "y": [y] if there else []}
        found.append({"type": "scatter", "mode": "markers", **place, "marker": marker, "hoverinfo": "skip"})
    found[0]["meta"] = PAIR
    return found


def _headings(result: PlaneView, test: PlaneTest | None, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    missing = f" \u00b7 {result.n_missing:,} not measured" if result.n_missing else ""
    lines = [f"{theme.escape(result.endpoint)}: HR {result.contrast_words}{missing}", _now(result)]
    if test:
        lines.append(theme.escape(_best(test)))
    title = f"<b>{theme.escape(shorten(result.title, 26))}</b>\u2003n = {result.n:,}"
    found = [theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=HEAD, size=theme.SIZE_TITLE, colour=colours.text)]
    for k, words in enumerate(lines, start=1):
        colour = colours.quiet if k == 1 else colours.text
        line = theme.words(words, x=0, y=1, xshift=8 - LEFT, yshift=HEAD - 2 - k * LINE, colour=colour)
        found.append({"name": NOW, **line} if k == NOW_LINE else line)
    if not result.plane.hazard_ratio.size:
        place: theme.Place = {"x": 0.5, "y": 0.5, "xanchor": "center"}
        found.append(theme.words("No cutoff leaves a tenth of<br>the patients on either side", colour=colours.quiet, **place))
    return found


def _now(result: PlaneView) -> str:
    """The words of the pair that is chosen now."""
    now, ratio = result.current, result.current.hazard_ratio
    cutoffs = (result.axes[0].cutoff, result.axes[1].cutoff)
    return pair_words(cutoffs, now.reason, (ratio.value, ratio.ci_low, ratio.ci_high), now.smallest)


def pair_words(cutoffs: tuple[float, float], reason: str, ratio: tuple[float, float, float], smallest: int) -> str:
    """'○ Now 337 and 6: HR 2.1 (1.1-4.0), smaller group 12', safe inside an annotation. ``reason``: why there is no ratio."""
    at = " and ".join(fmt.number(cutoff) for cutoff in cutoffs)
    if reason:
        return theme.escape(f"\u25cb Now {at}: no HR, {reason}")
    return f"\u25cb Now {at}: HR {fmt.ratio_with_limits(*ratio)}, smaller group {smallest:,}"


def words_of_pairs(result: PlaneView) -> list[list[str]]:
    """The same words for every pair of the map: cutoffs of the first marker x cutoffs of the second."""
    rows = [
        pair_words(
            (row["cutoff_a"], row["cutoff_b"]),
            reasons(result.plane.min_group).get(int(row["status"]), ""),
            (row["hazard_ratio"], row["ci_low"], row["ci_high"]),
            int(row["smallest"]),
        )
        for row in result.plane.to_frame().to_dict("records")
    ]
    across = len(result.plane.cutoffs_b)
    return [rows[k : k + across] for k in range(0, len(rows), across)] if across else []


def reasons(few: int) -> dict[int, str]:
    """Why a pair has no hazard ratio, by its status."""
    return {1: f"a group has fewer than {few} patients", 2: "no events in a group", 3: "not estimable"}


def _best(test: PlaneTest) -> str:
    """'× Best of 512 pairs: 445 and 12, corrected p = 0.030'."""
    if math.isnan(test.p_value):
        return f"No best pair: {'; '.join(test.notes)}"
    pair = f"{fmt.number(test.cutoff_a)} and {fmt.number(test.cutoff_b)}"
    return f"\u00d7 Best of {test.pairs:,} pairs: {pair}, corrected {fmt.p_equals(test.p_value)}"


def _above(layout: dict[str, Any], pixels: float) -> float:
    """Paper position ``pixels`` above the map."""
    inner: float = layout["height"] - TOP - BOTTOM
    return round(1 + pixels / inner, 5)


def _scale(layout: dict[str, Any], dark: bool) -> list[dict[str, Any]]:
    """The colours side by side above the map."""
    colours = _colours(dark)
    ends = {"type": "rect", "xref": "paper", "yref": "paper", "y0": _above(layout, SCALE), "y1": _above(layout, SCALE + SCALE_HEIGHT)}
    share = 1 / len(colours)
    return [
        {**ends, "x0": round(k * share, 5), "x1": round((k + 1) * share, 5), "fillcolor": colour, "line": {"width": 0}}
        for k, colour in enumerate(colours)
    ]


def _scale_words(result: PlaneView, layout: dict[str, Any], dark: bool) -> list[dict[str, Any]]:
    """Hazard ratios between the colours, what the two ends mean, and the key of what is not given."""
    quiet, share = theme.ink(dark=dark).quiet, 1 / (len(BOUNDS) + 1)
    y = _above(layout, SCALE)
    ends = [("high fares better", 0.0, "left"), ("high fares worse", 1.0, "right")]
    found = [theme.words(w, x=x, y=y, xanchor=a, yshift=SCALE_HEIGHT + 8, colour=quiet) for w, x, a in ends]
    for k, bound in enumerate(BOUNDS, start=1):
        found.append(theme.words(fmt.ratio(bound), x=round(k * share, 5), y=y, xanchor="center", yshift=-8, colour=quiet))
    key = KEY_WORDS.format(few=result.plane.min_group)
    return [*found, theme.words(key, x=0, y=1, xshift=8 - LEFT, yshift=KEY, colour=quiet)]


def _published_ticks(result: PlaneView, layout: dict[str, Any], dark: bool) -> list[dict[str, Any]]:
    """A short mark beyond the map at every published cutoff: at the top for the first marker, at the right for the second."""
    line = {"color": theme.ink(dark=dark).text, "width": 1.5}
    top = {"type": "line", "xref": "x", "yref": "paper", "y0": 1, "y1": _above(layout, 4), "line": line}
    right = {"type": "line", "xref": "paper", "yref": "y", "x0": 1, "x1": 1.012, "line": line}
    first, second = result.axes
    return [
        *({**top, "x0": c.value, "x1": c.value} for c in first.published),
        *({**right, "y0": c.value, "y1": c.value} for c in second.published),
    ]


def _published_names(result: PlaneView, dark: bool) -> list[dict[str, Any]]:
    """The values of the published cutoffs beside their marks, those that have room."""
    colour = theme.ink(dark=dark).text
    first, second = result.axes
    tops = [(c, {"x": at, "y": 1.0, "xref": "x", "xanchor": "center", "yshift": NAMES}) for c, at in _with_room(first)]
    rights = [(c, {"x": 1.0, "y": at, "yref": "y", "xshift": 7.0}) for c, at in _with_room(second)]
    return [theme.words(fmt.number(value), colour=colour, **place) for value, place in [*tops, *rights]]  # type: ignore[arg-type]


def _with_room(axis: PlaneAxis) -> list[tuple[float, float]]:
    """(value, place on the axis: its logarithm on a log axis) of published cutoffs that are not too close to the one before."""
    found: list[tuple[float, float]] = []
    shown: Sequence[float] = [math.log10(v) if axis.log_scale else v for v in (float(axis.edges[0]), float(axis.edges[-1]))]
    for value in sorted({c.value for c in axis.published}):
        at = math.log10(value) if axis.log_scale else value
        if not found or at - found[-1][1] >= APART * (shown[1] - shown[0]):
            found.append((value, at))
    return found


def _alt(result: PlaneView, test: PlaneTest | None) -> str:
    names = " and ".join(axis.label for axis in result.axes)
    known = result.plane.hazard_ratio[~np.isnan(result.plane.hazard_ratio)]
    span = f" It lies between {fmt.ratio(known.min())} and {fmt.ratio(known.max())}." if len(known) else " It is not given at any pair."
    best = f" {_best(test)[2:]}." if test and math.isfinite(test.p_value) else ""
    what = f"Map of the {result.endpoint} hazard ratio, {result.contrast_words}, over the cutoffs of {names}, {result.title}."
    return f"{what}{span} {_now(result)}.{best}"
