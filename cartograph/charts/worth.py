"""What a searched cutoff is worth, drawn: where the best cutoff of resampled cohorts falls, and how good chance alone can look."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.distribution import outline
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.views.worth import CorrectedWorth, Stability, Worth

LEFT, RIGHT, TOP, BOTTOM = 16, 16, 84, 44
HEIGHT = 290
BAR_GAP = 0.06  # of a tenth, on each side of its bar
ASIDE = 0.3  # of a tenth
NAIVE = 1.959964  # a statistic beyond it has p < 0.05 when one cutoff is tested
SHADE = 0.12


def tenths_chart(of: Stability, *, dark: bool, height: int = HEIGHT) -> Chart:
    """How often each tenth of the searched range (by rank) holds the best cutoff of a resampled cohort, in per cent above its bar.

    A line marks the best cutoff of all patients, a dashed one the cutoff on screen where it is another; the range that holds the best
    cutoff of 95 % of the samples is shaded. Without samples the panel is empty and says why.
    """
    found, worth = of.found, of.worth
    many = max(len(found.tenth_from), 1)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    layout["xaxis"] = _tenths_axis(of, many, dark)
    tallest = float(np.nanmax(found.tenth_share)) if found.replicates else 1.0
    layout["yaxis"] = {"range": [0, tallest * 1.15], "visible": False, "fixedrange": True}
    lines = [f"{worth.endpoint} \u00b7 best cutoff of {_count(found.replicates, 'resampled cohort')}", _shaded_words(of)]
    layout["annotations"] = _headings(worth, lines, dark)
    data: list[dict[str, Any]] = []
    if not found.replicates:
        layout["annotations"].append(_empty(of.moved, dark))
    else:
        data = [*_tenth_bars(of, dark), _tenth_labels(of, dark)]
        layout["shapes"] = _tenth_shapes(of, dark)
        layout["annotations"] += _tenth_words(of, dark)
    alt = f"{worth.title}, {worth.label}: {of.moved} {of.left}".strip()
    return Chart(f"stability-{worth.panel}", data, layout, alt, lambda: tenths_table(of))


def tenths_table(of: Stability) -> pd.DataFrame:
    """One row per tenth of the searched range: panel, from, to (in the marker's unit), share of the resampled cohorts (0-1)."""
    frame = of.found.tenths_frame()
    frame.insert(0, "panel", of.worth.title)
    return frame


def null_chart(of: CorrectedWorth, *, dark: bool, height: int = HEIGHT) -> Chart:
    """Histogram of the largest statistic of each permutation, the part at least as good as the cutoff on screen in colour.

    A line marks the statistic of the cutoff on screen, a dashed one that of the best cutoff where it is another, a dotted one where the
    naive p would be 0.05. Without a p value the panel is empty and says why.
    """
    worth = of.worth
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    span = _span(of)
    layout["xaxis"] = _null_axis(span, dark)
    layout["yaxis"] = {"range": [0, max(int(of.counts.max(initial=0)), 1) * 1.08], "visible": False, "fixedrange": True}
    permutations = len(of.found.null_maxima)
    layout["annotations"] = _headings(worth, [f"{worth.endpoint} \u00b7 best of all cutoffs, {permutations:,} times by chance"], dark)
    data: list[dict[str, Any]] = []
    if not permutations:
        layout["annotations"].append(_empty(of.finding, dark))
    else:
        data = _null_areas(of, span, dark)
        layout["shapes"] = _null_shapes(of, dark)
        layout["annotations"] += _null_words(of, span, dark)
    alt = f"{worth.title}, {worth.label}: best log-rank statistics of {permutations:,} permutations. {of.finding}"
    return Chart(f"permutations-{worth.panel}", data, layout, alt, lambda: null_table(of))


def null_table(of: CorrectedWorth) -> pd.DataFrame:
    """One row per bin of the null distribution: panel, from, to, permutations, and the statistic on screen and of the best cutoff."""
    frame = pd.DataFrame({"from": of.edges[:-1], "to": of.edges[1:], "permutations": of.counts})
    frame.insert(0, "panel", of.worth.title)
    return frame.assign(statistic_on_screen=of.statistic, statistic_of_best=of.found.statistic)


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def _headings(of: Worth, lines: list[str], dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    title = f"<b>{theme.escape(shorten(of.title, 26))}</b>\u2003n = {of.n:,}"
    found = [theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=70, size=theme.SIZE_TITLE, colour=colours.text)]
    return found + [
        theme.words(theme.escape(line), x=0, y=1, xshift=8 - LEFT, yshift=52 - 15 * i, colour=colours.quiet) for i, line in enumerate(lines)
    ]


def _shaded_words(of: Stability) -> str:
    found = of.found
    if not found.replicates:
        return "% in each tenth of the range"
    ends = f"{fmt.number(found.range_low)} to {fmt.number(found.range_high)}"
    return f"% in each tenth of the range; shaded: {fmt.percent(0.95)}, {ends}"


def _empty(words: str, dark: bool) -> dict[str, Any]:
    colour = theme.ink(dark=dark).quiet
    return theme.words(theme.escape(shorten(words, 60)), x=0.5, y=0.5, xanchor="center", size=theme.SIZE_TEXT, colour=colour)


def _axis_words(text: str, dark: bool) -> dict[str, Any]:
    return {"text": theme.escape(text), "font": {"size": theme.SIZE_SMALL, "color": theme.ink(dark=dark).quiet}, "standoff": 2}


def _tenths_axis(of: Stability, many: int, dark: bool) -> dict[str, Any]:
    """Every second edge of the tenths with its cutoff."""
    found, worth = of.found, of.worth
    edges = [*found.tenth_from.tolist(), *found.tenth_to[-1:].tolist()]
    at = [i for i in range(len(edges)) if i % 2 == 0 or len(edges) < 7]
    unit = f" ({worth.unit})" if worth.unit else ""
    axis = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [0, many],
        "tickvals": at,
        "ticktext": [fmt.number(edges[i]) for i in at],
        "title": _axis_words(f"{shorten(worth.label, 28)}{unit}, by rank", dark),
        "anchor": "y",
    }
    return axis | {"type": "linear", "showline": True, "linecolor": theme.ink(dark=dark).quiet}


def _tenth_bars(of: Stability, dark: bool) -> list[dict[str, Any]]:
    """One filled outline per tenth."""
    colour = theme.ink(dark=dark).bar
    found = []
    for i, share in enumerate(of.found.tenth_share.tolist()):
        left, right, top = i + BAR_GAP, i + 1 - BAR_GAP, round(share, 4)
        found.append(_filled([left, left, right, right], [0, top, top, 0], colour, 1.0))
    return found


def _filled(x: list[float] | list[float | None], y: list[float] | list[float | None], colour: str, opacity: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "fill": "toself",
        "fillcolor": theme.with_opacity(colour, opacity),
        "line": {"width": 0, "color": colour},
        "hoverinfo": "skip",
    }


def _tenth_labels(of: Stability, dark: bool) -> dict[str, Any]:
    """Per cent above each bar, beside a line that would cross it."""
    shares, best = of.found.tenth_share, of.found.place(of.found.cutoff)
    lift = float(shares.max()) * 0.06
    middles = [i + 0.5 for i in range(len(shares))]
    aside = [0.0 if abs(best - m) > ASIDE else ASIDE if best < m else -ASIDE for m in middles]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [m + a for m, a in zip(middles, aside, strict=True)],
        "y": numbers(shares + lift, 4),
        "text": [fmt.number(round(100 * s)) for s in shares.tolist()],
        "textfont": {"color": theme.ink(dark=dark).text, "size": theme.SIZE_SMALL},
        "textposition": "middle center",
        "hoverinfo": "skip",
    }


def _tenth_shapes(of: Stability, dark: bool) -> list[dict[str, Any]]:
    colours, found = theme.ink(dark=dark), of.found
    low, high = found.place(found.range_low), found.place(found.range_high)
    shaded: dict[str, Any] = {"type": "rect", "layer": "below", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0}}
    shapes = [{**shaded, "x0": round(low, 3), "x1": round(high, 3), "fillcolor": theme.with_opacity(colours.low, SHADE)}]
    shapes.append(_upright(found.place(found.cutoff), colours.text, "solid"))
    if _elsewhere(of):
        shapes.append(_upright(found.place(of.worth.cutoff), colours.high, "dash"))
    return shapes


def _elsewhere(of: Stability) -> bool:
    """Whether the cutoff on screen is another than the best, and inside the range that was searched."""
    found, here = of.found, of.worth.cutoff
    return here != found.cutoff and bool(found.searched[0] <= here <= found.searched[-1])


def _upright(at: float, colour: str, dash: theme.Dash) -> dict[str, Any]:
    line = {"color": colour, "width": 1.5, "dash": dash}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": round(at, 3), "x1": round(at, 3), "y0": 0, "y1": 1, "line": line}


def _tenth_words(of: Stability, dark: bool) -> list[dict[str, Any]]:
    """Names of the lines above the panel, those of the right half ending at their line."""
    colours, found = theme.ink(dark=dark), of.found
    many = len(found.tenth_from)
    names = [(found.place(found.cutoff), f"<b>best {theme.escape(fmt.number(found.cutoff))}</b>", colours.text, 22)]
    if _elsewhere(of):
        names.append((found.place(of.worth.cutoff), f"on screen {theme.escape(fmt.number(of.worth.cutoff))}", colours.high, 8))
    return [_beside(at, text, colour, shift, many) for at, text, colour, shift in names]


def _beside(at: float, text: str, colour: str, shift: float, many: float, start: float = 0.0) -> dict[str, Any]:
    anchor, aside = ("left", 3) if at - start < (many - start) / 2 else ("right", -3)
    return theme.words(text, x=round(at, 3), y=1, xref="x", xanchor=anchor, xshift=aside, yshift=shift, colour=colour)


def _span(of: CorrectedWorth) -> tuple[float, float]:
    """Ends of the axis: the null distribution, both statistics and the naive limit."""
    values = (
        [v for v in (*of.edges[[0, -1]].tolist(), of.statistic, of.found.statistic, NAIVE) if math.isfinite(v)] if len(of.edges) else []
    )
    return (math.floor(min(values) * 2) / 2, max(values) + 0.25) if values else (0.0, 5.0)


def _null_axis(span: tuple[float, float], dark: bool) -> dict[str, Any]:
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 50, 100) if (span[1] - span[0]) / s <= 8)
    ticks = [round(k * step, 1) for k in range(math.ceil(span[0] / step), math.floor(span[1] / step) + 1)]
    axis = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [round(span[0], 3), round(span[1], 3)],
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
        "title": _axis_words("largest standardised log-rank statistic", dark),
        "anchor": "y",
    }
    return axis | {"type": "linear", "showline": True, "linecolor": theme.ink(dark=dark).quiet}


def _null_areas(of: CorrectedWorth, span: tuple[float, float], dark: bool) -> list[dict[str, Any]]:
    """The permutations below the statistic on screen, and those at least as good."""
    colours = theme.ink(dark=dark)
    here = of.statistic if math.isfinite(of.statistic) else span[1]
    found = []
    for start, stop, colour in ((span[0], here, colours.bar), (here, span[1], colours.high)):
        x, y = outline(of.edges, of.counts.astype(np.float64), start, stop)
        found.append(_filled(numbers(x, 4), numbers(y, 3), colour, 0.9))
    return found


def _null_shapes(of: CorrectedWorth, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    found = [_upright(NAIVE, colours.quiet, "dot")]
    if _best_is_another(of):
        found.append(_upright(of.found.statistic, colours.text, "dash"))
    return [*found, _upright(of.statistic, colours.high, "solid")] if math.isfinite(of.statistic) else found


def _best_is_another(of: CorrectedWorth) -> bool:
    return not math.isfinite(of.statistic) or of.statistic < of.found.statistic * (1 - 1e-9)


def _null_words(of: CorrectedWorth, span: tuple[float, float], dark: bool) -> list[dict[str, Any]]:
    colours, worth = theme.ink(dark=dark), of.worth
    found = [_beside(NAIVE, "naive p 0.05", colours.quiet, 8, span[1], span[0])]
    if math.isfinite(of.statistic):
        p = f", corrected {fmt.p_equals(of.here.p_value)}" if worth.applies else ""
        text = f"<b>{theme.escape(f'> {fmt.number(worth.cutoff)}: {fmt.number(of.statistic, 3)}{p}')}</b>"
        found.append(_beside(of.statistic, text, colours.high, 34, span[1], span[0]))
    if _best_is_another(of):
        p = fmt.p_equals(of.found.p_value)
        text = theme.escape(f"best > {fmt.number(of.found.cutoff)}: {fmt.number(of.found.statistic, 3)}, {p}")
        found.append(_beside(of.found.statistic, text, colours.text, 21, span[1], span[0]))
    return found
