"""Shares with limits, one dot per group: for response rates and for toxicity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.views.rates import Rate, rates_frame

LEFT, RIGHT, TOP, BOTTOM = 118, 124, 52, 42
ROW, HEADING, GAP = 18.0, 22.0, 6.0  # pixels
LETTERS = 19  # of a group's name beside its dot
SHORTEST = 90.0


@dataclass(frozen=True, slots=True)
class Line:
    """A dot (``rate``) or, without one, a heading; ``y`` in pixels from the top."""

    y: float
    words: str
    rate: Rate | None = None


def rates_chart(rates: Sequence[Rate], *, title: str, below: str, dark: bool, name: str) -> Chart:
    """A dot with exact limits for every rate, under a heading for each outcome and panel; share and counts stand beside it.

    ``below``: second line of the heading, where the denominator is said.
    """
    lines, total = _lines(rates)
    height = math.ceil(TOP + BOTTOM + max(total, SHORTEST))
    layout = _layout(max(total, SHORTEST), title, below, dark, height)
    shown = [(line.rate, line.y) for line in lines if line.rate is not None and line.rate.evaluable]
    data = [trace for role in ("all", "low", "mixed", "high") for trace in _traces([s for s in shown if s[0].role == role], role, dark)]
    for line in lines:
        layout["annotations"] += _words(line, dark)
    return Chart(name, data, layout, _alt(title, rates), lambda: rates_frame(rates))


def _lines(rates: Sequence[Rate]) -> tuple[list[Line], float]:
    """Outcomes in order; under each the panels, under each the groups. Where every panel has one group the panel is its name."""
    single = len({r.short for r in rates}) < 2
    found: list[Line] = []
    y, outcome, panel = 0.0, "", ""
    for rate in rates:
        if rate.label != outcome:
            y += GAP if outcome else 0.0
            found.append(Line(y + HEADING / 2, f"<b>{theme.escape(rate.label)}</b>"))
            y, outcome, panel = y + HEADING, rate.label, ""
        name = rate.panel if single else rate.short
        if not single and rate.panel != panel:
            found.append(Line(y + ROW / 2, theme.escape(shorten(rate.panel, 2 * LETTERS))))
            y, panel = y + ROW, rate.panel
        found.append(Line(y + ROW / 2, theme.escape(shorten(name, LETTERS)), rate))
        y += ROW
    return found, y


def _layout(inner: float, title: str, below: str, dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=True),
        "range": [-0.02, 1.02],
        "tickvals": [0, 0.5, 1],
        "ticktext": ["0", "50", f"100{fmt.THIN_SPACE}%"],
        "anchor": "y",
    }
    layout["yaxis"] = {"range": [inner, 0], "visible": False, "fixedrange": True, "anchor": "x"}
    layout["annotations"] = [
        theme.words(f"<b>{theme.escape(title)}</b>", x=0, y=1, xshift=8 - LEFT, yshift=36, size=theme.SIZE_TITLE, colour=colours.text),
        theme.words(theme.escape(below), x=0, y=1, xshift=8 - LEFT, yshift=16, colour=colours.quiet),
    ]
    return layout


def _traces(shown: Sequence[tuple[Rate, float]], role: str, dark: bool) -> list[dict[str, Any]]:
    """Limits as a line with gaps, and the dots, of one marker group."""
    colour = theme.ink(dark=dark).of_role(role)
    x: list[float | None] = []
    y: list[float | None] = []
    for rate, place in shown:
        x += [round(rate.exact.ci_low, 4), round(rate.exact.ci_high, 4), None]
        y += [place, place, None]
    line = {"shape": "linear", "color": colour, "width": 1.6, "dash": "solid"}
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": numbers([rate.exact.value for rate, _ in shown], 4),
        "y": [place for _, place in shown],
        "marker": {"symbol": "square" if role == "high" else "circle", "size": 8, "color": colour, "line": {"width": 0, "color": colour}},
        "hovertext": [_hover(rate) for rate, _ in shown],
        "hoverinfo": "text",
    }
    return [{"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}, dots]


def _words(line: Line, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    rate = line.rate
    if rate is None:
        size = theme.SIZE_TEXT if line.words.startswith("<b>") else theme.SIZE_SMALL
        colour = colours.text if line.words.startswith("<b>") else colours.quiet
        return [theme.words(line.words, x=0, y=line.y, yref="y", xshift=8 - LEFT, size=size, colour=colour)]
    colour = colours.of_role(rate.role)
    share = fmt.percent_with_limits(rate.exact.value, rate.exact.ci_low, rate.exact.ci_high) if rate.evaluable else "nobody"
    return [
        theme.words(line.words, x=0, y=line.y, yref="y", xanchor="right", xshift=-8, colour=colour),
        theme.words(share, x=1, y=line.y, yref="y", xshift=6, colour=colour),
        theme.words(
            f"{rate.yes:,}/{rate.evaluable:,}", x=1, y=line.y, yref="y", xanchor="right", xshift=RIGHT - 4, size=10, colour=colours.quiet
        ),
    ]


def _hover(rate: Rate) -> str:
    exact, wilson = rate.exact, rate.wilson
    return "<br>".join(
        [
            f"<b>{theme.escape(rate.label)}</b>: {rate.yes:,} of {rate.evaluable:,}",
            theme.escape(f"{rate.panel}, {rate.group}"),
            f"{fmt.percent_with_limits(exact.value, exact.ci_low, exact.ci_high, rate.evaluable)} exact limits",
            f"{fmt.percent_with_limits(wilson.value, wilson.ci_low, wilson.ci_high, rate.evaluable)} Wilson's limits",
        ]
    )


def _alt(title: str, rates: Sequence[Rate]) -> str:
    said = [f"{r.label}, {r.panel}, {r.short}: {r.yes:,} of {r.evaluable:,}" for r in rates]
    more = f"; and {len(said) - 16} more" if len(said) > 16 else ""
    return f"{title}, shares with exact limits. " + "; ".join(said[:16]) + more + "."
