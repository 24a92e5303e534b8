"""A Love plot: each variable has its name above and its dot below, so that it reads on a phone as on a wide screen."""

from __future__ import annotations

import math
from typing import Any, Final

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.views.baseline import Love, LoveRow

LEFT, RIGHT, TOP, BOTTOM = 10, 10, 66, 56
PITCH: Final = 32.0  # pixels of a line
UPPER, LOWER = 9.0, 23.0  # centres of the name and of the dot, pixels below the top of a line
LONGEST: Final = 40  # letters of a name
LONGEST_HOVER: Final = 120
ENDS: Final = (0.5, 1.0, 1.5, 2.0)  # of the axis: the first that holds every difference, else the last
STEPS: Final[dict[float, float]] = {0.5: 0.1, 1.0: 0.2, 1.5: 0.5, 2.0: 0.5}
MARGIN: Final = 1.04  # room for a dot at either end of the axis


def love_chart(of: Love, *, dark: bool, height: int = 0) -> Chart:
    """Absolute standardised differences as dots: open as they are, filled after weighting; lines at the usual limit and at that of chance.

    ``height``: pixels, 0 = as many as the lines need. A difference beyond the axis ends in an arrow.
    """
    height = height or love_height(of)
    end = _end(of)
    tops = [place * PITCH for place in range(len(of.rows))]
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    layout["xaxis"] = _axis(end, dark)
    layout["yaxis"] = {"range": [float(height - TOP - BOTTOM), 0], "visible": False, "fixedrange": True, "anchor": "x"}
    layout["shapes"] = _lines(of, end, float(height - TOP - BOTTOM), dark)
    layout["annotations"] = [
        *_headings(of, end, dark),
        *(a for row, top in zip(of.rows, tops, strict=True) for a in _words(of, row, top, dark)),
    ]
    data = [_dots(of, end, tops, dark, after=False)]
    if of.names[1]:
        data.append(_dots(of, end, tops, dark, after=True))
    data.append(_arrows(of, end, tops, dark))
    return Chart(f"love-{of.key}", data, layout, _alt(of), of.to_frame)


def love_height(of: Love) -> int:
    """Pixels that let every line be read."""
    return math.ceil(TOP + BOTTOM + max(len(of.rows), 1) * PITCH)


def _sizes(of: Love) -> list[float]:
    return [abs(v) for row in of.rows for v in (row.before, row.after) if not math.isnan(v)]


def _end(of: Love) -> float:
    largest = max([v for v in _sizes(of) if math.isfinite(v)], default=0.0)
    return next((end for end in ENDS if largest <= end), ENDS[-1])


def _axis(end: float, dark: bool) -> dict[str, Any]:
    ticks = [round(k * STEPS[end], 1) for k in range(round(end / STEPS[end]) + 1)]
    title = "standardised difference, size"
    return {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [end * (1 - MARGIN) / 2, end * MARGIN],
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
        "title": {"text": title, "font": {"size": theme.SIZE_SMALL, "color": theme.ink(dark=dark).quiet}, "standoff": 2},
        "anchor": "y",
    }


def _lines(of: Love, end: float, bottom: float, dark: bool) -> list[dict[str, Any]]:
    """A rule between the variables, and beside each dot the two limits: there they cross no words."""
    colours = theme.ink(dark=dark)
    across = {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1}
    found = [{**across, "y0": k * PITCH, "y1": k * PITCH, "line": {"color": colours.grid, "width": 1}} for k in range(1, len(of.rows))]
    marks = [(of.limit, colours.quiet, "solid"), (of.chance, colours.quiet, "dot")]
    for value, colour, dash in marks:
        if math.isnan(value) or value > end:
            continue
        upright = {"type": "line", "xref": "x", "yref": "y", "x0": value, "x1": value, "line": {"color": colour, "width": 1, "dash": dash}}
        found += [{**upright, "y0": k * PITCH + LOWER - 6, "y1": min(k * PITCH + LOWER + 7, bottom)} for k in range(len(of.rows))]
    return found


def _headings(of: Love, end: float, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    chance = (
        f"; dotted: chance alone keeps 95{fmt.THIN_SPACE}% below {fmt.standardised(of.chance)}"
        if not math.isnan(of.chance) and of.chance <= end
        else ""
    )
    said = f"line: {of.limit:g}{chance}"
    if of.names[1]:
        said = f"\u25cb {of.names[0]}  \u25cf {of.names[1]}; {said}"
    return [
        theme.words(f"<b>{theme.escape(shorten(of.title, 44))}</b>", x=0, y=1, yshift=53, size=theme.SIZE_TITLE - 2, colour=colours.text),
        theme.words(theme.escape(shorten(of.subtitle, 62)), x=0, y=1, yshift=35, colour=colours.quiet),
        theme.words(theme.escape(said), x=0, y=1, yshift=19, colour=colours.quiet),
    ]


def _words(of: Love, row: LoveRow, top: float, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    name = theme.words(theme.escape(shorten(row.label, LONGEST)), x=0, y=top + UPPER, yref="y", colour=colours.text)
    size = theme.words(_size_words(of, row), x=1, y=top + UPPER, yref="y", xanchor="right", colour=colours.text)
    return [name, size]


def _size_words(of: Love, row: LoveRow) -> str:
    said = fmt.standardised(row.before)
    return said if math.isnan(row.after) or not of.names[1] else f"{said} \u2192 {fmt.standardised(row.after)}"


def _dots(of: Love, end: float, tops: list[float], dark: bool, *, after: bool) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    shown = [(row, abs(row.after if after else row.before), top + LOWER) for row, top in zip(of.rows, tops, strict=True)]
    shown = [(row, value, y) for row, value, y in shown if value <= end]  # False for what is not known
    filled = after or not of.names[1]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers([value for _, value, _ in shown], 4),
        "y": [y for _, _, y in shown],
        "marker": {
            "symbol": "circle" if filled else "circle-open",
            "size": 9,
            "color": colours.low if filled else colours.high,
            "line": {"width": 0 if filled else 2, "color": colours.low if filled else colours.high},
        },
        "hovertext": [_hover(of, row) for row, _, _ in shown],
        "hoverinfo": "text",
    }


def _arrows(of: Love, end: float, tops: list[float], dark: bool) -> dict[str, Any]:
    """Arrows where a difference lies beyond the axis."""
    places = [
        top + LOWER
        for row, top in zip(of.rows, tops, strict=True)
        if max(abs(row.before), 0 if math.isnan(row.after) else abs(row.after)) > end
    ]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [end] * len(places),
        "y": places,
        "text": ["\u25b8"] * len(places),
        "textfont": {"color": theme.ink(dark=dark).all, "size": theme.SIZE_TEXT},
        "textposition": "middle center",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _hover(of: Love, row: LoveRow) -> str:
    between = f"<br>{theme.escape(shorten(row.pair, LONGEST_HOVER))}" if row.pair else ""
    counted = f"<br>{fmt.patients(row.n)}, {row.n_missing:,} not known" if row.n else ""
    return f"<b>{theme.escape(shorten(row.label, LONGEST_HOVER))}</b><br>standardised difference {_size_words(of, row)}{between}{counted}"


def _alt(of: Love) -> str:
    said = "; ".join(f"{shorten(r.label, LONGEST)} {_size_words(of, r)}" for r in of.rows[:12])
    more = f"; and {len(of.rows) - 12} more" if len(of.rows) > 12 else ""
    return f"{of.title}, {of.subtitle}. Size of standardised differences, largest first: {said}{more}."
