"""The landscape of one panel: hazard ratio with limits, log-rank statistic and events of both groups over the cutoff."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.distribution import value_ticks
from cartograph.charts.labels import shorten, spread
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.cutoff import CutoffScan
from cartograph.stats.results import Floats
from cartograph.views.landscape import Landscape, LandscapePanel, NamedTick

LEFT, RIGHT, BOTTOM = 40, 58, 42
HEAD = 64  # pixels of title, line of words and the words of the current cutoff
NAME_ROW, NAME_ROWS = 13.0, 3  # pixels of a row of tick names above the figure, and how many rows there may be
NARROW = 232.0  # pixels of the cutoff axis on a phone: names that would touch there stand in different rows
PER_LETTER = 6.2
RATIO_ENDS = (0.1, 10.0)
RATIO_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
NAIVE = 3.841458820694124  # chi-squared with one degree of freedom that a single cutoff passes with p = 0.05
ROWS = ((0.55, 1.0), (0.265, 0.455), (0.0, 0.19))  # ratio, log-rank, events: shares of the height
CUTOFF, HERE = "cutoff", "here"  # parts that a dragged cutoff moves: the line, the words
CUT = "\u2191 HR high vs low, drawn from 0.1 to 10"
NAMES = ("\u2191 HR high vs low (95 % limits)", "Log-rank chi-squared (diamond: largest)", "Events in each group")


def landscape_chart(of: Landscape, panel: LandscapePanel, *, dark: bool, height: int = 470) -> Chart:
    """Three rows on one cutoff axis: HR (log axis from 0.1 to 10, what lies beyond is cut and said), chi-squared, events.

    The searched window is shaded, published cutoffs are named above, the current cutoff is a line with its HR in words. Steps are
    exact: nothing changes between two measured values.
    """
    names = _name_rows(of)
    layout = _layout(of, panel, names, dark, height)
    colours = theme.ink(dark=dark)
    scan = panel.scan
    x = np.r_[scan.cutoff, _end(of, panel)] if len(scan.cutoff) else np.empty(0)
    hovers = _hovers(scan, of)
    data = [
        *_ratio_traces(scan, x, hovers, dark),
        _line(x, scan.chi2, colours.all, "y2", hovers),
        _best(panel, hovers, dark),
        _line(x, scan.events_low.astype(np.float64), colours.low, "y3", hovers, dash=theme.DASHES["low"]),
        _line(x, scan.events_high.astype(np.float64), colours.high, "y3", hovers, dash=theme.DASHES["high"]),
    ]
    return Chart(f"landscape-{panel.key}", data, layout, _alt(of, panel), lambda: landscape_table(panel))


def landscape_table(panel: LandscapePanel) -> pd.DataFrame:
    """One row per cutoff: panel, the columns of the scan, whether it is the nearest to the current and the largest log-rank."""
    frame = panel.scan.to_frame()
    frame.insert(0, "panel", panel.title)
    rows = np.arange(len(frame))
    return frame.assign(nearest_to_current=rows == panel.nearest, largest_log_rank=rows == panel.best)


def _end(of: Landscape, panel: LandscapePanel) -> float:
    """Where the step of the last cutoff ends: the next measured value."""
    above = of.distribution.values[of.distribution.values > panel.window[1]]
    return float(above[0]) if len(above) else panel.window[1]


def _at(of: Landscape, value: float) -> float:
    """Where Plotly puts words: at the logarithm on a log axis."""
    return float(np.log10(value)) if of.distribution.log_scale else float(value)


def _inside(of: Landscape, value: float) -> float:
    return float(np.clip(value, of.distribution.edges[0], of.distribution.edges[-1]))


def _share(of: Landscape, value: float) -> float:
    """Position on the cutoff axis, 0 to 1."""
    low, high = (_at(of, float(e)) for e in of.distribution.edges[[0, -1]])
    return (_at(of, _inside(of, value)) - low) / (high - low)


def _name_rows(of: Landscape) -> list[list[tuple[NamedTick, float]]]:
    """Names of published cutoffs in rows, each with its centre as a share of the axis, so that none touch on a phone.

    Ticks that find no room in ``NAME_ROWS`` rows keep their line but not their name.
    """
    rows: list[list[tuple[NamedTick, float]]] = [[] for _ in range(NAME_ROWS)]
    for tick in sorted(of.ticks, key=lambda t: t.value):
        width = PER_LETTER * len(tick.name) / NARROW
        centre = spread([_share(of, tick.value)], width, 0.0, 1.15)[0]
        for row in rows:
            if not row or row[-1][1] + (PER_LETTER * len(row[-1][0].name) / NARROW + width) / 2 <= centre:
                row.append((tick, centre))
                break
    return [row for row in rows if row]


def _layout(of: Landscape, panel: LandscapePanel, names: list[list[tuple[NamedTick, float]]], dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    top = round(HEAD + NAME_ROW * len(names))
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=top, bottom=BOTTOM)
    ticks = value_ticks(of.distribution)
    unit = f" ({of.distribution.unit})" if of.distribution.unit else ""
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "type": "log" if of.distribution.log_scale else "linear",
        "range": [round(_at(of, float(e)), 5) for e in of.distribution.edges[[0, -1]]],
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
        "title": {
            "text": theme.escape(f"Cutoff of {of.distribution.label}{unit}"),
            "font": {"size": theme.SIZE_SMALL, "color": colours.quiet},
            "standoff": 2,
        },
        "anchor": "y3",
        "showline": True,
        "linecolor": colours.quiet,
    }
    layout["yaxis"] = _ratio_axis(dark)
    tallest = float(np.nanmax(np.r_[panel.scan.chi2, NAIVE]))
    layout["yaxis2"] = _count_axis(tallest, ROWS[1], dark)
    layout["yaxis3"] = _count_axis(float(max(panel.scan.events_low.max(initial=1), panel.scan.events_high.max(initial=1))), ROWS[2], dark)
    layout["shapes"] = _shapes(of, panel, dark)
    layout["annotations"] = _words(of, panel, names, dark)
    return layout


def _ratio_axis(dark: bool) -> dict[str, Any]:
    return {
        **theme.quiet_axis(dark=dark, grid=True),
        "type": "log",
        "range": [math.log10(end) for end in RATIO_ENDS],
        "tickvals": list(RATIO_TICKS),
        "ticktext": [fmt.number(t) for t in RATIO_TICKS],
        "domain": list(ROWS[0]),
    }


def _count_axis(tallest: float, domain: tuple[float, float], dark: bool) -> dict[str, Any]:
    """From 0 to a little above ``tallest``, with two or three round ticks."""
    step = next(m * 10.0**e for e in range(12) for m in (1, 2, 5) if tallest / (m * 10.0**e) <= 3)
    ticks = [k * step for k in range(int(tallest / step) + 1)]
    return {
        **theme.quiet_axis(dark=dark, grid=True),
        "range": [0, round(tallest * 1.08, 4)],
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
        "domain": list(domain),
    }


def _shapes(of: Landscape, panel: LandscapePanel, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    found = []
    if math.isfinite(panel.window[0]):
        window: dict[str, Any] = {"type": "rect", "layer": "below", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0}}
        found.append({**window, "x0": panel.window[0], "x1": _end(of, panel), "fillcolor": theme.with_opacity(colours.quiet, 0.1)})
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1}
    found.append({**across, "yref": "y", "y0": 1, "y1": 1, "line": {"color": colours.quiet, "width": 1}})
    found.append({**across, "yref": "y2", "y0": NAIVE, "y1": NAIVE, "line": {"color": colours.quiet, "width": 1, "dash": "dash"}})
    up = {"type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    found += [{**up, "x0": t.value, "x1": t.value, "line": {"color": colours.quiet, "width": 1, "dash": "dot"}} for t in of.ticks]
    at = _inside(of, of.cutoff)
    return [*found, {**up, "name": CUTOFF, "x0": at, "x1": at, "line": {"color": colours.text, "width": 1.5}}]


def _words(of: Landscape, panel: LandscapePanel, names: list[list[tuple[NamedTick, float]]], dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    up = NAME_ROW * len(names)
    here: theme.Place = {"x": 0, "y": 1, "xshift": 8 - LEFT, "yshift": up + 17}
    title = f"<b>{theme.escape(shorten(panel.title, 26))}</b>\u2003n = {panel.n:,}"
    low, high = (fmt.number(end) for end in panel.window)
    below = [
        theme.escape(of.endpoint),
        *([f"{panel.n_missing:,} not measured"] if panel.n_missing else []),
        *([f"searched: {low} to {high}"] if len(panel.scan.cutoff) else []),
    ]
    found = [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=up + 52, size=theme.SIZE_TITLE, colour=colours.text),
        theme.words(" \u00b7 ".join(below), x=0, y=1, xshift=8 - LEFT, yshift=up + 34, colour=colours.quiet),
        {"name": HERE, **theme.words(f"<b>{here_words(of, panel)}</b>", size=theme.SIZE_TEXT, colour=colours.text, **here)},
    ]
    for i, row in enumerate(names):
        shift = 8 + NAME_ROW * i
        found += [theme.words(theme.escape(t.name), x=c, y=1, xanchor="center", yshift=shift, colour=colours.quiet) for t, c in row]
    # the ratio's name stands below its row, where no limit can reach it; the others above theirs
    places = ((ROWS[0][0], -8), *((above, 7) for _, above in ROWS[1:]))
    for name, (y, shift) in zip((CUT if _is_cut(panel.scan) else NAMES[0], *NAMES[1:]), places, strict=True):
        found.append(theme.words(name, x=0, y=y, xshift=3, yshift=shift, colour=colours.quiet))
    if not len(panel.scan.cutoff):
        found.append(theme.words("No cutoff to compare", x=0.5, y=0.75, xanchor="center", size=theme.SIZE_TEXT, colour=colours.quiet))
    found.append(theme.words("naive 0.05", x=1, y=NAIVE, yref="y2", xshift=4, colour=colours.quiet))
    return found + _event_labels(panel.scan, dark)


def _event_labels(scan: CutoffScan, dark: bool) -> list[dict[str, Any]]:
    """'low' and 'high' where their lines end."""
    if not len(scan.cutoff):
        return []
    colours = theme.ink(dark=dark)
    tallest = float(max(scan.events_low.max(), scan.events_high.max(), 1))
    ends = [float(events[-1]) for events in (scan.events_low, scan.events_high)]
    places = spread([(1 - e / tallest) * 70 for e in ends], 14, -7, 77)
    return [
        theme.words(name, x=1, y=(1 - p / 70) * tallest, yref="y3", xshift=4, colour=colour)
        for name, p, colour in zip(("low", "high"), places, (colours.low, colours.high), strict=True)
    ]


def here_words(of: Landscape, panel: LandscapePanel) -> str:
    """'> 337 µg/L: HR 1.9 (1.1–3.2)' of the current cutoff, safe inside an annotation."""
    return words_of(panel.here, of.distribution.unit)[0]


def words_of(scan: CutoffScan, unit: str) -> list[str]:
    """The same for each cutoff of a scan."""
    columns = (scan.cutoff, scan.hazard_ratio, scan.ci_low, scan.ci_high, scan.firth)
    lead = f" {unit}" if unit else ""
    return [
        theme.escape(f"> {fmt.number(cutoff)}{lead}: HR {fmt.ratio_with_limits(*ratio)}{', Firth' if firth else ''}")
        for cutoff, *ratio, firth in zip(*(v.tolist() for v in columns), strict=True)
    ]


def _is_cut(scan: CutoffScan) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(((scan.ci_low < RATIO_ENDS[0]) | (scan.ci_high > RATIO_ENDS[1])).any())


def _hovers(scan: CutoffScan, of: Landscape) -> list[str]:
    """Everything about each cutoff, a line per row."""
    unit = f" {of.distribution.unit}" if of.distribution.unit else ""
    columns = (
        scan.cutoff,
        scan.n_low,
        scan.n_high,
        scan.events_low,
        scan.events_high,
        scan.chi2,
        scan.hazard_ratio,
        scan.ci_low,
        scan.ci_high,
    )
    found = []
    for c, n_low, n_high, low, high, chi2, *ratio in zip(*(v.tolist() for v in columns), strict=True):
        lines = [
            f"<b>Cutoff {fmt.number(c)}{theme.escape(unit)}</b>",
            f"HR high vs low {theme.escape(fmt.ratio_with_limits(*ratio))}",
            f"log-rank chi-squared {fmt.number(chi2, 3)}",
            f"high: {fmt.events(high)} of {n_high:,}",
            f"low: {fmt.events(low)} of {n_low:,}",
        ]
        found.append("<br>".join(lines))
    return found


def _stepped(values: Floats) -> Floats:
    """The last value once more, for the end of the window."""
    stepped: Floats = np.r_[values, values[-1:]]
    return stepped


def _ratio_traces(scan: CutoffScan, x: Floats, hovers: list[str], dark: bool) -> list[dict[str, Any]]:
    """Band (two traces) and line of the hazard ratio."""
    colours = theme.ink(dark=dark)
    known = np.flatnonzero(np.isfinite(_stepped(scan.hazard_ratio)))
    low, high = (np.clip(_stepped(v)[known], *RATIO_ENDS) for v in (scan.ci_low, scan.ci_high))
    shared = {"type": "scatter", "mode": "lines", "x": numbers(x[known], 5), "hoverinfo": "skip"}
    none = {"shape": "hv", "width": 0, "color": colours.all}
    fill = theme.with_opacity(colours.all, theme.BAND_OPACITY)
    return [
        {**shared, "y": numbers(low, 4), "line": none},
        {**shared, "y": numbers(high, 4), "line": none, "fill": "tonexty", "fillcolor": fill},
        _line(x, np.clip(scan.hazard_ratio, *RATIO_ENDS), colours.all, "y", hovers),
    ]


def _line(x: Floats, values: Floats, colour: str, axis: str, hovers: list[str], *, dash: theme.Dash = "solid") -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(x, 5),
        "y": numbers(_stepped(values), 4),
        "yaxis": axis,
        "line": {"shape": "hv", "color": colour, "width": theme.LINE_WIDTH, "dash": dash},
        "hovertext": [*hovers, *hovers[-1:]],
        "hoverinfo": "text",
    }


def _best(panel: LandscapePanel, hovers: list[str], dark: bool) -> dict[str, Any]:
    """A diamond on the largest log-rank statistic."""
    rows = [panel.best] if panel.best >= 0 else []
    colour = theme.ink(dark=dark).progression
    said = [f"<b>Largest log-rank statistic of those searched</b><br>{hovers[row]}" for row in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(panel.scan.cutoff[rows], 5),
        "y": numbers(panel.scan.chi2[rows], 4),
        "yaxis": "y2",
        "marker": {"symbol": "diamond", "size": 9, "color": colour, "line": {"width": 0, "color": colour}},
        "hovertext": said,
        "hoverinfo": "text",
    }


def _alt(of: Landscape, panel: LandscapePanel) -> str:
    scan, unit = panel.scan, of.distribution.unit
    start = f"{panel.title}: hazard ratio, log-rank statistic and events for every cutoff of {of.distribution.label}."
    if not len(scan.cutoff):
        return f"{start} No cutoff to compare."
    low, high = (fmt.number(end) for end in panel.window)
    window = f"{len(scan.cutoff):,} cutoffs from {low} to {high} {unit}." if low != high else f"1 cutoff, {low} {unit}."
    here = f"Current cutoff {here_words(of, panel).replace('&gt;', 'above')}."
    best = f"Largest log-rank statistic at {fmt.number(float(scan.cutoff[panel.best]))} {unit}." if panel.best >= 0 else ""
    return " ".join(part for part in (start, window, here, best) if part)
