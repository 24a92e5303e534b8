"""A waterfall: the change of the M-protein of every patient, one bar each, coloured by best response."""

from __future__ import annotations

import math
from typing import Any

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.incidence import slug
from cartograph.charts.labels import shorten
from cartograph.charts.legend import Entry, legend, legend_rows
from cartograph.charts.spec import Chart
from cartograph.views.response_page import Depth

LEFT, RIGHT, BOTTOM, TITLE, PLOT = 54, 14, 20, 48, 280
DENSE = 80  # bars beyond which the dots are small
LOWEST, HIGHEST = -100.0, 100.0  # per cent; longer bars are cut there and said


def waterfall_chart(depth: Depth, *, dark: bool, like: Depth | None = None) -> Chart:
    """Bars from the largest increase to the deepest reduction; lines at -50 % and -90 % (the depth of PR and of VGPR).

    A dot below each bar has the colour of the patient's marker group. ``like``: the panel whose axis is taken, so that panels side by
    side have the same.
    """
    codes = [code for code in theme.RESPONSE_COLOURS if code in depth.best]
    entries = [Entry("\u25a0", theme.response_colour(c, dark=dark), c) for c in codes]
    entries += [Entry("\u25a0", theme.response_colour("", dark=dark), "best response not known")] if "" in depth.best else []
    roles = [role for role in ("low", "mixed", "high") if role in depth.roles]
    entries += [Entry("\u25cf", theme.ink(dark=dark).of_role(role), f"{role} marker") for role in roles]
    top = TITLE + 15 * legend_rows(entries)
    layout = theme.base_layout(dark=dark, height=top + PLOT + BOTTOM, left=LEFT, right=RIGHT, top=top, bottom=BOTTOM)
    layout["barmode"] = "stack"
    layout["xaxis"] = {"range": [-0.6, max(len(depth.change), 1) - 0.4], "visible": False, "fixedrange": True, "anchor": "y"}
    high = max([25.0, *(min(v, HIGHEST) for v in (like or depth).change.tolist())])
    ticks = [t for t in (-100, -90, -50, 0, 50, 100) if t <= high]
    layout["yaxis"] = {
        **theme.quiet_axis(dark=dark, grid=True),
        "range": [LOWEST - (12 if roles else 2), high + 3],
        "tickvals": ticks,
        "ticktext": [f"{fmt.number(t)}{fmt.THIN_SPACE}%" for t in ticks],
        "anchor": "x",
    }
    layout["annotations"] = [*_headings(depth, top, dark), *legend(entries, left=8 - LEFT, above=top - TITLE - 6, dark=dark)]
    data = [_bars(depth, code, dark) for code in [*codes, *([""] if "" in depth.best else [])]]
    data += [_dots(depth, role, dark) for role in roles]
    return Chart(f"waterfall-{slug(depth.panel)}", data, layout, _alt(depth), depth.to_frame)


def _bars(depth: Depth, code: str, dark: bool) -> dict[str, Any]:
    chosen = [i for i, best in enumerate(depth.best) if best == code]
    change = [float(depth.change[i]) for i in chosen]
    return {
        "type": "bar",
        "name": code or "not known",
        "x": chosen,
        "y": [round(min(max(v, LOWEST), HIGHEST), 2) for v in change],
        "width": 0.82,
        "marker": {"color": theme.response_colour(code, dark=dark), "line": {"width": 0.5, "color": theme.response_edge(dark=dark)}},
        "hovertext": [
            f"<b>{theme.escape(depth.patients[i])}</b><br>{fmt.signed(v, 1)}{fmt.THIN_SPACE}%<br>best response {code or 'not known'}"
            for i, v in zip(chosen, change, strict=True)
        ],
        "hoverinfo": "text",
    }


def _dots(depth: Depth, role: str, dark: bool) -> dict[str, Any]:
    """The marker group of each patient, below the bars."""
    chosen = [i for i, found in enumerate(depth.roles) if found == role]
    colour = theme.ink(dark=dark).of_role(role)
    marker = {"symbol": "circle", "size": 4 if len(depth.change) > DENSE else 6, "color": colour, "line": {"width": 0, "color": colour}}
    return {"type": "scatter", "mode": "markers", "x": chosen, "y": [LOWEST - 7] * len(chosen), "marker": marker, "hoverinfo": "skip"}


def _headings(depth: Depth, top: int, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    cut = sum(1 for v in depth.change.tolist() if v > HIGHEST)
    missing = f" \u00b7 {depth.n_missing:,} without a value" if depth.n_missing else ""
    below = f"{shorten(depth.label, 40)} \u00b7 n = {len(depth.change):,}{missing}" + (f" \u00b7 {cut} beyond +100 %" if cut else "")
    return [
        theme.words(
            f"<b>{theme.escape(shorten(depth.panel, 26))}: depth of response</b>",
            x=0, y=1, xshift=8 - LEFT, yshift=top - 14, size=theme.SIZE_TITLE - 1, colour=colours.text,
        ),
        theme.words(theme.escape(below), x=0, y=1, xshift=8 - LEFT, yshift=top - 33, colour=colours.quiet),
    ]  # fmt: skip


def _alt(depth: Depth) -> str:
    if not len(depth.change):
        return f"Waterfall of {depth.label}, {depth.panel}: nobody has a value."
    middle = sorted(depth.change.tolist())[math.floor((len(depth.change) - 1) / 2)]
    deep = sum(1 for v in depth.change.tolist() if v <= -90)
    return (
        f"Waterfall of {depth.label}, {depth.panel}, {fmt.patients(len(depth.change))}: median {fmt.signed(middle, 0)} %, "
        f"{deep:,} with a reduction of 90 % or more."
    )
