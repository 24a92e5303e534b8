"""Toxicity by grade: one bar of 100 % per panel and marker group, with the shares of any grade and of grade 2 or more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.labels import shorten
from cartograph.charts.legend import Entry, legend, legend_rows
from cartograph.charts.spec import Chart
from cartograph.views.toxicity import GradeBar

LEFT, RIGHT, BOTTOM = 96, 142, 24
TITLE, HEAD = 30, 20  # pixels of the title line and of the column heads
ROW, HEADING, PANEL, GAP = 18.0, 22.0, 18.0, 8.0  # pixels
COLUMNS = (("any", 40.0), ("\u2265 2", 80.0), ("n/N", 138.0))  # right edge, pixels beside the bars
LETTERS = 15


@dataclass(frozen=True, slots=True)
class Line:
    """A bar, or without one a heading; ``y`` in pixels from the top."""

    y: float
    words: str
    bar: GradeBar | None = None


def grades_chart(bars: Sequence[GradeBar], *, dark: bool) -> Chart:
    """100 % are the patients with a grade; n/N = those of all patients of the group. Darker is worse."""
    lines, total = _lines(bars)
    present = [g for g in range(len(theme.GRADE_COLOURS)) if any(bar.counts[g] for bar in bars)]
    entries = [Entry("\u25a0", theme.GRADE_COLOURS[g], f"grade {g}") for g in present]
    top = TITLE + 15 * legend_rows(entries) + HEAD
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(
        dark=dark, height=math.ceil(top + total + BOTTOM), left=LEFT, right=RIGHT, top=top, bottom=BOTTOM
    )  # fmt: skip
    layout["barmode"] = "stack"
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [0, 1],
        "tickvals": [0, 0.5, 1],
        "ticktext": ["0", "50", f"100{fmt.THIN_SPACE}%"],
        "anchor": "y",
    }
    layout["yaxis"] = {"range": [total, 0], "visible": False, "fixedrange": True}
    title = "<b>Highest grade</b>\u2003% of patients with a grade"
    layout["annotations"] = [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=top - 13, size=theme.SIZE_TITLE, colour=colours.text),
        *legend(entries, left=8 - LEFT, above=top - TITLE - 8, dark=dark),
        *(theme.words(w, x=1, y=1, xanchor="right", xshift=s, yshift=8, colour=colours.quiet) for w, s in COLUMNS),
        *(a for line in lines for a in _words(line, dark)),
    ]
    data = [_trace(g, [line for line in lines if line.bar is not None], dark) for g in present]
    return Chart("toxicity-grades", data, layout, _alt(bars), lambda: grades_table(bars))


def grades_table(bars: Sequence[GradeBar]) -> pd.DataFrame:
    """One row per bar: toxicity, panel, group, patients, with a grade, and patients of each grade."""
    rows = [
        {"toxicity": b.toxicity, "panel": b.panel, "group": b.group, "patients": b.n, "graded": b.known}
        | {f"grade_{g}": count for g, count in enumerate(b.counts)}
        for b in bars
    ]
    return pd.DataFrame(rows)


def _lines(bars: Sequence[GradeBar]) -> tuple[list[Line], float]:
    single = len({b.short for b in bars}) < 2
    found: list[Line] = []
    y, toxicity, panel = 0.0, "", ""
    for bar in bars:
        if bar.toxicity != toxicity:
            y += GAP if toxicity else 0.0
            found.append(Line(y + HEADING / 2, f"<b>{theme.escape(shorten(bar.toxicity, 40))}</b>"))
            y, toxicity, panel = y + HEADING, bar.toxicity, ""
        if not single and bar.panel != panel:
            found.append(Line(y + PANEL / 2, theme.escape(shorten(bar.panel, 40))))
            y, panel = y + PANEL, bar.panel
        found.append(Line(y + ROW / 2, theme.escape(shorten(bar.panel if single else bar.short, LETTERS)), bar))
        y += ROW
    return found, max(y, ROW)


def _words(line: Line, dark: bool) -> list[dict[str, Any]]:
    colours, bar = theme.ink(dark=dark), line.bar
    if bar is None:
        strong = line.words.startswith("<b>")
        size, colour = (theme.SIZE_TEXT, colours.text) if strong else (theme.SIZE_SMALL, colours.quiet)
        return [theme.words(line.words, x=0, y=line.y, yref="y", xshift=8 - LEFT, size=size, colour=colour)]
    colour = colours.of_role(bar.role)
    shares = [fmt.percent(sum(bar.counts[least:]) / bar.known, bar.known) if bar.known else fmt.EN_DASH for least in (1, 2)]
    cells = [*shares, f"{bar.known:,}/{bar.n:,}"]
    return [
        theme.words(line.words, x=0, y=line.y, yref="y", xanchor="right", xshift=-6, colour=colour),
        *(
            theme.words(cell, x=1, y=line.y, yref="y", xanchor="right", xshift=shift, colour=colour)
            for cell, (_, shift) in zip(cells, COLUMNS, strict=True)
        ),
    ]


def _trace(grade: int, lines: Sequence[Line], dark: bool) -> dict[str, Any]:
    colour = theme.GRADE_COLOURS[grade]
    bars = [(line.bar, line.y) for line in lines if line.bar is not None]
    return {
        "type": "bar",
        "orientation": "h",
        "name": f"grade {grade}",
        "x": [round(b.counts[grade] / b.known, 5) if b.known else 0 for b, _ in bars],
        "y": [y for _, y in bars],
        "width": 14.5,
        "text": [str(b.counts[grade]) if b.counts[grade] else "" for b, _ in bars],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "textfont": {"size": 10.5, "color": theme.text_on(colour)},
        "marker": {"color": colour, "line": {"width": 0.6, "color": theme.response_edge(dark=dark)}},
        "hovertext": [
            f"<b>Grade {grade}: {b.counts[grade]:,} of {b.known:,}</b><br>{theme.escape(f'{b.toxicity}, {b.panel}, {b.group}')}"
            f"<br>{b.n - b.known:,} without a grade"
            for b, _ in bars
        ],
        "hoverinfo": "text",
    }


def _alt(bars: Sequence[GradeBar]) -> str:
    said = [
        f"{b.toxicity}, {b.panel}, {b.short}: {sum(b.counts[1:]):,} of {b.known:,} any, {sum(b.counts[2:]):,} grade 2 or more" for b in bars
    ]
    more = f"; and {len(said) - 16} more" if len(said) > 16 else ""
    return "Toxicity by highest grade. " + "; ".join(said[:16]) + more + "."
