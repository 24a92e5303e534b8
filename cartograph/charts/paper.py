"""Table 2 as a figure: our hazard ratio of low against high above the printed one, on one log axis, a cell of the table each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.views.paper import ENDPOINT_LABELS, GridCell, table_two_frame

LEFT, RIGHT, TOP, BOTTOM = 10, 10, 58, 44
PITCH: Final = 46.0  # pixels of a cell
WORDS, OURS, THEIRS = 10.0, 24.0, 37.0  # centres below the top of a cell
DOTS: Final = 0.5  # share of the width for dots and limits
NUMBERS: Final = 0.53
ENDS: Final = (0.005, 10.0)
TICKS: Final = (0.01, 0.1, 1.0, 10.0)


def grid_chart(cells: Sequence[GridCell], *, dark: bool) -> Chart:
    """Two dots with 95 % limits a cell: ours by Cox (Firth's where Cox has no maximum) filled, Table 2 as a hollow diamond."""
    colours = theme.ink(dark=dark)
    tops = [i * PITCH for i in range(len(cells))]
    height = math.ceil(TOP + BOTTOM + PITCH * max(len(cells), 1))
    ours = [(_ours(cell), top + OURS) for cell, top in zip(cells, tops, strict=True)]
    theirs = [(cell.printed[0].numbers, top + THEIRS) for cell, top in zip(cells, tops, strict=True)]
    drawn = [(n, y) for n, y in ours if n is not None]
    layout = _layout(tops, height, dark)
    layout["annotations"] += [a for cell, top in zip(cells, tops, strict=True) for a in _words(cell, top, dark)]
    data = [
        _limits(drawn, colours.low),
        _dots(drawn, colours.low, "circle", "Your cohort"),
        _limits(theirs, colours.high),
        _dots(theirs, colours.high, "diamond-open", "Published"),
        _arrows(drawn, colours.low),
    ]
    return Chart("table-2", data, layout, _alt(cells), lambda: table_two_frame(tuple(cells)))


Numbers = tuple[float, float, float]


def _ours(cell: GridCell) -> Numbers | None:
    """Ratio and limits to draw: the first method that gives a number and stands for the likelihood."""
    found = [r for r in cell.ratios if math.isfinite(r.value) and not r.method.startswith("Mantel")]
    return (found[0].value, found[0].ci_low, found[0].ci_high) if found else None


def _clamped(value: float) -> float:
    return min(max(value, ENDS[0]), ENDS[1])


def _layout(tops: Sequence[float], height: int, dark: bool) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    inner = float(height - TOP - BOTTOM)
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "type": "log",
        "domain": [0, DOTS],
        "range": [math.log10(ENDS[0]), math.log10(ENDS[1])],
        "tickvals": list(TICKS),
        "ticktext": [fmt.number(t) for t in TICKS],
        "title": {"text": "HR, low against high", "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2},
        "anchor": "y",
    }
    layout["yaxis"] = {"range": [inner, 0], "visible": False, "fixedrange": True, "anchor": "x"}
    between = {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "line": {"color": colours.grid, "width": 1}}
    one = {"type": "line", "xref": "x", "yref": "y", "x0": 1, "x1": 1, "line": {"color": colours.quiet, "width": 1}}
    layout["shapes"] = [{**between, "y0": y, "y1": y} for y in tops[1:]]
    layout["shapes"] += [{**one, "y0": y + OURS - 7, "y1": y + THEIRS + 7} for y in tops]
    layout["annotations"] = [
        theme.words(
            "<b>Table 2: hazard ratio of low against high</b>", x=0, y=1, yshift=42, size=theme.SIZE_TITLE - 2, colour=colours.text
        ),
        theme.words("\u25cf your cohort, Cox (F: Firth)", x=0, y=1, yshift=20, colour=colours.low),
        theme.words("\u25c7 published (* see the note)", x=NUMBERS, y=1, yshift=20, colour=colours.high),
    ]
    return layout


def _words(cell: GridCell, top: float, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    name = f"<b>{ENDPOINT_LABELS[cell.endpoint]}</b> {theme.escape(cell.piece.label)}, {cell.piece.time[:1].lower()}{cell.piece.time[1:]}"
    ours = _ours(cell)
    firth = " F" if ours and cell.ratios[0].value != ours[0] else ""
    said = fmt.ratio_with_limits(*ours) + firth if ours else (fmt.NOT_ESTIMABLE if cell.ratios else "column missing")
    theirs = cell.printed[0]
    return [
        theme.words(name, x=0, y=top + WORDS, yref="y", colour=colours.text),
        theme.words(said, x=NUMBERS, y=top + OURS, yref="y", colour=colours.low if ours else colours.quiet),
        theme.words(
            f"{theirs.hr} ({theirs.ci_low}\u2013{theirs.ci_high}){'*' if cell.note else ''}",
            x=NUMBERS,
            y=top + THEIRS,
            yref="y",
            colour=colours.high,
        ),
    ]


def _limits(of: Sequence[tuple[Numbers, float]], colour: str) -> dict[str, Any]:
    """Lines from lower to upper limit, cut at the axis."""
    x: list[float | None] = []
    y: list[float | None] = []
    for (_, low, high), at in of:
        if not math.isnan(low) and not math.isnan(high):
            x += [round(_clamped(low), 4), round(_clamped(high), 4), None]
            y += [at, at, None]
    line = {"shape": "linear", "color": colour, "width": 1.5, "dash": "solid"}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}


def _dots(of: Sequence[tuple[Numbers, float]], colour: str, symbol: str, name: str) -> dict[str, Any]:
    shown = [(n, y) for n, y in of if ENDS[0] <= n[0] <= ENDS[1]]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers([n[0] for n, _ in shown], 4),
        "y": [y for _, y in shown],
        "hovertext": [f"{name}: {theme.escape(fmt.ratio_with_limits(*n))}" for n, _ in shown],
        "hoverinfo": "text",
        "marker": {"symbol": symbol, "size": 8, "color": colour, "line": {"color": colour, "width": 1.5}},
    }


def _arrows(of: Sequence[tuple[Numbers, float]], colour: str) -> dict[str, Any]:
    """Arrows where a ratio or a limit lies beyond the axis."""
    left = [(ENDS[0], y, "\u25c2") for n, y in of if min(n[0], n[1]) < ENDS[0]]
    found = left + [(ENDS[1], y, "\u25b8") for n, y in of if max(n[0], n[2]) > ENDS[1]]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [x for x, _, _ in found],
        "y": [y for _, y, _ in found],
        "text": [glyph for _, _, glyph in found],
        "textfont": {"color": colour, "size": theme.SIZE_TEXT},
        "textposition": "middle center",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _alt(cells: Sequence[GridCell]) -> str:
    said = []
    for cell in cells:
        ours = _ours(cell)
        mine = fmt.ratio_with_limits(*ours) if ours else fmt.NOT_ESTIMABLE
        name = f"{ENDPOINT_LABELS[cell.endpoint]} {cell.piece.label} {cell.piece.time}"
        said.append(f"{name}: {mine}, published {cell.printed[0].words}")
    return f"Hazard ratios of low against high, yours and published. {'; '.join(said)}."
