"""Two products compared: mirrored histograms of scores and weights, and differences of survival with and without weights."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.results import Estimate
from cartograph.views.panels import MILESTONES
from cartograph.views.products import ROLES, Effects, ProductsResult
from cartograph.views.products_shown import Mirrored

LEFT, RIGHT, TOP, BOTTOM = 46, 14, 56, 44
NARROW: Final = 10  # pixels of both margins of the figure of differences
NAME: Final = 30  # letters of a product's name
STEPS: Final = (0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
PITCH: Final = 58.0  # pixels of a month in the figure of differences
DOTS: Final = 0.5  # share of the width for dots and limits
WORDS: Final = 0.54  # where the numbers begin
DOT: Final = 15.0  # pixels between the two dots of a month


def mirrored_chart(of: Mirrored, *, dark: bool, height: int = 300) -> Chart:
    """The first product upwards, the second downwards, each in shares of its own patients."""
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    tallest = max(float(of.first.max(initial=0.0)), float(of.second.max(initial=0.0)), 0.02)
    step = next((s for s in STEPS if tallest / s <= 3), 1.0)
    top = step * math.ceil(tallest / step) * 1.08
    up = [round(k * step, 4) for k in range(int(top / step + 1e-9) + 1)]
    ticks = [-t for t in up[:0:-1]] + up
    layout["barmode"] = "overlay"
    layout["xaxis"] = {**theme.quiet_axis(dark=dark, grid=False), **_span(of), "anchor": "y"}
    layout["xaxis"]["title"] = {
        "text": theme.escape(shorten(of.axis, 52)),
        "font": {"size": theme.SIZE_SMALL, "color": colours.quiet},
        "standoff": 2,
    }
    layout["yaxis"] = {
        **theme.quiet_axis(dark=dark, grid=True),
        "range": [-top, top],
        "tickvals": ticks,
        "ticktext": [fmt.percent(abs(t)) for t in ticks],
        "anchor": "x",
    }
    nought = {
        "type": "line",
        "xref": "paper",
        "yref": "y",
        "x0": 0,
        "x1": 1,
        "y0": 0,
        "y1": 0,
        "line": {"color": colours.quiet, "width": 1},
    }
    layout["shapes"] = [nought, *(_mark(x, colours.text) for x in of.marks)]
    layout["annotations"] = [*_titles(of.title, of.subtitle, dark), *_names(of, dark)]
    data = [_bars(of, 0, dark), _bars(of, 1, dark)]
    return Chart(f"products-{of.key}", data, layout, _mirrored_alt(of), of.to_frame)


def _span(of: Mirrored) -> dict[str, Any]:
    low, high = float(of.edges[0]), float(of.edges[-1])
    step = next(s for s in (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 1e9) if (high - low) / s <= 5)
    ticks = [low + k * step for k in range(int((high - low) / step + 1e-9) + 1)]
    return {"range": [low, high], "tickvals": ticks, "ticktext": [fmt.number(t) for t in ticks]}


def _mark(x: float, colour: str) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "line": {"color": colour, "width": 1, "dash": "dash"},
    }


def _titles(title: str, below: str, dark: bool, left: int = LEFT) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    return [
        theme.words(f"<b>{theme.escape(title)}</b>", x=0, y=1, xshift=8 - left, yshift=40, size=theme.SIZE_TITLE - 2, colour=colours.text),
        theme.words(theme.escape(shorten(below, 62)), x=0, y=1, xshift=8 - left, yshift=20, colour=colours.quiet),
    ]


def _names(of: Mirrored, dark: bool) -> list[dict[str, Any]]:
    """The products in the corners of their half."""
    colours = theme.ink(dark=dark)
    found = []
    for place, (y, shift) in enumerate(((1.0, -8.0), (0.0, 8.0))):
        said = f"<b>{theme.escape(shorten(of.names[place], NAME))}</b> n = {of.n[place]:,}"
        found.append(theme.words(said, x=0, y=y, xshift=4, yshift=shift, colour=colours.of_role(ROLES[place])))
    return found


def _bars(of: Mirrored, place: int, dark: bool) -> dict[str, Any]:
    shares = of.first if place == 0 else of.second
    colour = theme.ink(dark=dark).of_role(ROLES[place])
    name = theme.escape(shorten(of.names[place], NAME))
    said = [
        f"<b>{name}</b><br>{fmt.number(a, 3)} to {fmt.number(b, 3)}<br>{fmt.percent(s)} of the patients"
        for a, b, s in zip(of.edges[:-1].tolist(), of.edges[1:].tolist(), shares.tolist(), strict=True)
    ]
    widths = (of.edges[1:] - of.edges[:-1]) * 0.92
    return {
        "type": "bar",
        "x": numbers((of.edges[:-1] + of.edges[1:]) / 2, 5),
        "y": numbers(shares if place == 0 else -shares, 5),
        "base": [0] * len(shares),
        "width": numbers(widths, 5),
        "marker": {"color": colour, "line": {"width": 0, "color": colour}},
        "hovertext": said,
        "hoverinfo": "text",
    }


def _mirrored_alt(of: Mirrored) -> str:
    sides = [f"{name}: {fmt.patients(n)}" for name, n in zip(of.names, of.n, strict=True)]
    return f"{of.title} of both products, mirrored. {'; '.join(sides)}. {of.subtitle}."


# ---------------------------------------------------------------- differences


def differences_chart(result: ProductsResult, *, dark: bool) -> Chart:
    """Survival of the first minus that of the second product at each milestone, in percentage points with 95 % limits."""
    colours = theme.ink(dark=dark)
    inner = PITCH * len(MILESTONES)
    layout = theme.base_layout(dark=dark, height=round(TOP + BOTTOM + inner), left=NARROW, right=NARROW, top=TOP, bottom=BOTTOM)
    shown = [e for e in (result.unadjusted, result.weighted) if e is not None]
    reach = _reach(shown)
    ticks = [-reach, -reach / 2, 0.0, reach / 2, reach]
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "domain": [0, DOTS],
        "range": [-reach * 1.04, reach * 1.04],
        "tickvals": ticks,
        "ticktext": [fmt.signed(100 * t, 0) for t in ticks],
        "title": {"text": "percentage points", "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2},
        "anchor": "y",
    }
    layout["yaxis"] = {"range": [inner, 0], "visible": False, "fixedrange": True, "anchor": "x"}
    nought = {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": 0,
        "x1": 0,
        "y0": 0,
        "y1": 1,
        "line": {"color": colours.quiet, "width": 1},
    }
    between = [
        {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": {"color": colours.grid, "width": 1}}
        for y in (PITCH, 2 * PITCH)
    ]
    layout["shapes"] = [nought, *between]
    rule = f"{result.group_rule}; " if result.group_rule else ""
    below = f"{rule}{shorten(result.names[0], 22)} minus {shorten(result.names[1], 22)}"
    layout["annotations"] = [
        *_titles(f"Difference of {result.endpoint}, n = {sum(result.n):,}", below, dark, NARROW),
        *_key(shown, dark),
        *_month_words(shown, dark),
    ]
    data = [trace for place, effects in enumerate(shown) for trace in _difference_traces(effects, place, reach, dark)]
    return Chart("products-differences", data, layout, _difference_alt(result, shown), lambda: _difference_frame(shown))


def _key(shown: list[Effects], dark: bool) -> list[dict[str, Any]]:
    """Which dot is which, above the numbers."""
    colours = theme.ink(dark=dark)
    marks = (("\u25cb unadjusted", colours.quiet), ("\u25cf weighted", colours.high))
    return [
        theme.words(text, x=WORDS, y=1, yshift=6, xshift=96.0 * k, colour=colour) for k, (text, colour) in enumerate(marks[: len(shown)])
    ]


def _reach(shown: list[Effects]) -> float:
    """The end of the axis: what holds every limit, in steps of 20 points."""
    ends = [abs(v) for e in shown for m in e.milestones for v in (m.value, m.ci_low, m.ci_high) if math.isfinite(v)]
    return min(max(math.ceil(max(ends, default=0.2) * 5) / 5, 0.2), 1.0)


def _line_of(month: int, place: int) -> float:
    return month * PITCH + 27 + place * DOT


def _month_words(shown: list[Effects], dark: bool) -> list[dict[str, Any]]:
    """'12 months' above its dots, the numbers beside them."""
    colours = theme.ink(dark=dark)
    found = []
    for row, month in enumerate(MILESTONES):
        found.append(theme.words(f"<b>{month:g} months</b>", x=0, y=row * PITCH + 11, yref="y", colour=colours.text))
        for place, effects in enumerate(shown):
            colour = colours.quiet if place == 0 else colours.high
            found.append(theme.words(_short(effects.milestones[row]), x=WORDS, y=_line_of(row, place), yref="y", colour=colour))
    return found


def _short(of: Estimate) -> str:
    return fmt.points_with_limits(of.value, of.ci_low, of.ci_high).replace(" points", "")


def _difference_traces(effects: Effects, place: int, reach: float, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    colour = colours.quiet if place == 0 else colours.high
    x: list[float | None] = []
    y: list[float | None] = []
    for row, of in enumerate(effects.milestones):
        if math.isfinite(of.ci_low) and math.isfinite(of.ci_high):
            x += [round(max(of.ci_low, -reach), 4), round(min(of.ci_high, reach), 4), None]
            y += [_line_of(row, place)] * 2 + [None]
    known = [(row, of) for row, of in enumerate(effects.milestones) if math.isfinite(of.value)]
    line = {"shape": "linear", "color": colour, "width": 1.5, "dash": "solid"}
    return [
        {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"},
        {
            "type": "scatter",
            "mode": "markers",
            "x": numbers([of.value for _, of in known], 4),
            "y": [_line_of(row, place) for row, _ in known],
            "marker": {
                "symbol": "circle-open" if place == 0 else "circle",
                "size": 8,
                "color": colour,
                "line": {"width": 1.5, "color": colour},
            },
            "hovertext": [
                f"<b>{effects.title}</b>, {MILESTONES[row]:g} months<br>{fmt.points_with_limits(of.value, of.ci_low, of.ci_high)}"
                for row, of in known
            ],
            "hoverinfo": "text",
        },
    ]


def _difference_frame(shown: list[Effects]) -> pd.DataFrame:
    rows = [
        (e.title, month, of.value, of.ci_low, of.ci_high, of.std_error)
        for e in shown
        for month, of in zip(MILESTONES, e.milestones, strict=True)
    ]
    return pd.DataFrame(rows, columns=["analysis", "months", "difference", "ci_low", "ci_high", "std_error"])


def _difference_alt(result: ProductsResult, shown: list[Effects]) -> str:
    said = [f"{month:g} months, {e.title.lower()} {_short(e.milestones[row])}" for row, month in enumerate(MILESTONES) for e in shown]
    return f"{result.endpoint} of {result.names[0]} minus {result.names[1]} in percentage points: {'; '.join(said)}."
