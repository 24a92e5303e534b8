"""Response by visit: one bar of 100 % per visit and marker group, with denominators, response rates and Fisher's p."""

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
from cartograph.views.explore import ResponseGroup, ResponseTest

LEFT, RIGHT, BOTTOM = 70, 142, 24
TITLE, HEAD = 30, 20  # pixels of the title line and of the column heads
PITCH = 14.0  # pixels of a row where the height is free
PANEL_ROWS, VISIT_ROWS, GAP_ROWS = 1.3, 1.15, 0.3
COLUMNS = (("ORR", 40.0), ("CR", 78.0), ("n/N", 138.0))  # right edge, pixels beside the bars
NOT_EVALUABLE = "NE"
SHORT_NAME = 14  # letters: behind a longer name a reason must be short on a phone
SHORTER = ("fewer than 10 evaluable patients in a group", "under 10 in a group")


@dataclass(frozen=True, slots=True)
class Row:
    """Where a group's bar stands: ``y`` in rows from the top."""

    group: ResponseGroup
    y: float


@dataclass(frozen=True, slots=True)
class Heading:
    """A line of words above bars."""

    words: str
    y: float
    panel: bool  # True: title of a panel; False: a visit


def response_chart(
    groups: Sequence[ResponseGroup], tests: Sequence[ResponseTest], *, dark: bool, height: int = 520, name: str = "response"
) -> Chart:
    """Stacked bars of all panels below each other, the same axis for all. 100 % are the evaluable patients of the bar.

    Beside each bar: ORR (PR or better) and CR rate (CR + sCR) of the evaluable patients, and n/N = evaluable of all patients of
    the group; patients with NE are part of N only. ``height``: pixels; ``response_height(groups)`` gives room for every line.
    """
    rows, headings, total = _arrange(groups, tests)
    codes = _codes(groups)
    entries = [Entry("\u25a0", theme.response_colour(c, dark=dark), c) for c in codes]
    layout = _layout(total, legend_rows(entries), dark, height)
    size = _text_size(layout, total)
    layout["annotations"] = _title(layout, dark) + legend(entries, left=8 - LEFT, above=layout["margin"]["t"] - TITLE - 8, dark=dark)
    layout["annotations"] += _column_heads(dark) + [{"name": f"heading:{i}", **_heading(h, size, dark)} for i, h in enumerate(headings)]
    for i, row in enumerate(rows):
        layout["annotations"] += [{"name": f"row:{i}:{k}", **words} for k, words in enumerate(_row_words(row, size, dark))]
    data = [_bars(code, rows, size, dark) for code in codes]
    return Chart(name, data, layout, _alt(groups), lambda: response_table(groups, tests))


def response_height(groups: Sequence[ResponseGroup]) -> int:
    """Pixels that let every line of the chart be read."""
    _, _, total = _arrange(groups, ())
    return math.ceil(total * PITCH + _top(legend_rows([Entry("\u25a0", "", c) for c in _codes(groups)])) + BOTTOM)


def response_table(groups: Sequence[ResponseGroup], tests: Sequence[ResponseTest]) -> pd.DataFrame:
    """One row per panel, visit and group: n, evaluable, a column per response, ORR and CR rate with limits, Fisher's p of each."""
    p: dict[tuple[str, str, str], ResponseTest] = {(t.panel, t.visit, t.outcome): t for t in tests}
    rows = []
    for g in groups:
        row: dict[str, Any] = {"panel": g.panel, "visit": g.visit, "group": g.group, "n": g.n, "evaluable": g.evaluable, **dict(g.counts)}
        for outcome, rate in (("ORR", g.orr), ("CR", g.cr_rate)):
            test = p.get((g.panel, g.visit, outcome))
            row |= {outcome: rate.value, f"{outcome}_ci_low": rate.ci_low, f"{outcome}_ci_high": rate.ci_high}
            row |= {f"{outcome}_p_fisher": test.p_value if test else math.nan, f"{outcome}_p_reason": test.reason if test else ""}
        rows.append(row)
    return pd.DataFrame(rows)


def _codes(groups: Sequence[ResponseGroup]) -> list[str]:
    """Responses that somebody has, best first; NE is no part of a bar."""
    present = {code for g in groups for code, count in g.counts if count and code != NOT_EVALUABLE}
    return [code for code in theme.RESPONSE_COLOURS if code in present]


def _arrange(groups: Sequence[ResponseGroup], tests: Sequence[ResponseTest]) -> tuple[list[Row], list[Heading], float]:
    """Bars and headings from top to bottom, and the rows they take."""
    rows: list[Row] = []
    headings: list[Heading] = []
    of_visit: dict[str, dict[str, list[ResponseGroup]]] = {}
    for group in groups:
        of_visit.setdefault(group.panel, {}).setdefault(group.visit, []).append(group)
    y = 0.0
    for panel, visits in of_visit.items():
        tested = [t for t in tests if t.panel == panel]
        reason = _common_reason(tested)
        headings.append(Heading(_panel_words(panel, next(iter(visits.values())), reason), y + PANEL_ROWS / 2, panel=True))
        y += PANEL_ROWS
        for visit, bars in visits.items():
            words = theme.escape(visit) + ("" if reason else _test_words([t for t in tested if t.visit == visit]))
            headings.append(Heading(words, y + VISIT_ROWS * 0.58, panel=False))
            y += VISIT_ROWS
            rows += [Row(group, y + 0.5 + i) for i, group in enumerate(bars)]
            y += len(bars)
        y += GAP_ROWS
    return rows, headings, max(y, 1.0)


def _panel_words(panel: str, groups: Sequence[ResponseGroup], reason: str) -> str:
    """``groups``: those of one visit."""
    n = sum(g.n for g in groups)
    why = reason.replace(*SHORTER) if len(panel) > SHORT_NAME else reason
    return f"<b>{theme.escape(shorten(panel, 26))}</b>\u2003n = {n:,}" + (f" \u00b7 no p: {theme.escape(why)}" if why else "")


def _common_reason(tests: Sequence[ResponseTest]) -> str:
    """The reason why no test of a panel gives a p, when it is the same for all."""
    reasons = {t.reason for t in tests}
    return reasons.pop() if len(reasons) == 1 else ""


def _test_words(tests: Sequence[ResponseTest]) -> str:
    given = [f"{t.outcome} {fmt.p_equals(t.p_value)}" for t in tests if not math.isnan(t.p_value)]
    if given:
        return " \u00b7 Fisher: " + ", ".join(given)
    reasons = {t.reason for t in tests if t.reason}
    return f" \u00b7 no p: {theme.escape(reasons.pop())}" if reasons else ""


def _top(legend_lines: int) -> int:
    return int(TITLE + 15 * legend_lines + HEAD)


def _layout(total: float, legend_lines: int, dark: bool, height: int) -> dict[str, Any]:
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=_top(legend_lines), bottom=BOTTOM)
    layout["barmode"] = "stack"
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [0, 1],
        "tickvals": [0, 0.5, 1],
        "ticktext": ["0", "50", f"100{fmt.THIN_SPACE}%"],
        "anchor": "y",
    }
    layout["yaxis"] = {"range": [round(total, 3), 0], "visible": False, "fixedrange": True}
    return layout


def _text_size(layout: dict[str, Any], total: float) -> float:
    """Letters shrink where the rows are lower than usual."""
    margin = layout["margin"]
    pitch: float = (layout["height"] - margin["t"] - margin["b"]) / total
    return round(min(theme.SIZE_SMALL, max(7.0, 0.88 * pitch)), 1)


def _title(layout: dict[str, Any], dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    words = "<b>Response</b>\u2003% of evaluable patients"
    above = layout["margin"]["t"] - 13
    return [theme.words(words, x=0, y=1, xshift=8 - LEFT, yshift=above, size=theme.SIZE_TITLE, colour=colours.text)]


def _column_heads(dark: bool) -> list[dict[str, Any]]:
    return [
        theme.words(words, x=1, y=1, xanchor="right", xshift=shift, yshift=8, colour=theme.ink(dark=dark).quiet) for words, shift in COLUMNS
    ]


def _heading(heading: Heading, size: float, dark: bool) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    if heading.panel:
        return theme.words(
            heading.words, x=0, y=heading.y, yref="y", xshift=8 - LEFT, size=min(size + 1, theme.SIZE_TEXT), colour=colours.text
        )
    return theme.words(heading.words, x=0, y=heading.y, yref="y", xshift=8 - LEFT, size=size, colour=colours.quiet)


def _row_words(row: Row, size: float, dark: bool) -> list[dict[str, Any]]:
    group = row.group
    colour = theme.ink(dark=dark).of_role(group.role)
    name_text, *cells = row_texts(group)
    name = theme.words(name_text, x=0, y=row.y, yref="y", xanchor="right", xshift=-6, size=size, colour=colour)
    return [
        name,
        *(
            theme.words(c, x=1, y=row.y, yref="y", xanchor="right", xshift=s, size=size, colour=colour)
            for c, (_, s) in zip(cells, COLUMNS, strict=True)
        ),
    ]


def row_texts(group: ResponseGroup) -> list[str]:
    """Name of the group, ORR, CR rate and n/N beside a bar."""
    rates = [fmt.percent(r.value, group.evaluable) if group.evaluable else fmt.EN_DASH for r in (group.orr, group.cr_rate)]
    return [theme.escape(shorten(group.group, 11)), *rates, f"{group.evaluable:,}/{group.n:,}"]


def bar_lines(groups: Sequence[ResponseGroup], tests: Sequence[ResponseTest]) -> tuple[list[ResponseGroup], list[str]]:
    """Bars from top to bottom, and the words of the headings above them."""
    rows, headings, _ = _arrange(groups, tests)
    return [row.group for row in rows], [heading.words for heading in headings]


def _bars(code: str, rows: Sequence[Row], size: float, dark: bool) -> dict[str, Any]:
    """One response in every bar."""
    colour = theme.response_colour(code, dark=dark)
    counts = [dict(r.group.counts).get(code, 0) for r in rows]
    return {
        "type": "bar",
        "orientation": "h",
        "name": code,
        "meta": f"bar:{code}",
        "x": [round(c / r.group.evaluable, 5) if r.group.evaluable else 0 for c, r in zip(counts, rows, strict=True)],
        "y": [round(r.y, 3) for r in rows],
        "width": 0.84,
        "text": [str(c) if c else "" for c in counts],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "textfont": {"size": round(size - 0.5, 1), "color": theme.text_on(colour)},
        "marker": {"color": colour, "line": {"width": 0.6, "color": theme.response_edge(dark=dark)}},
        "hovertext": [_hover(code, c, r.group) for c, r in zip(counts, rows, strict=True)],
        "hoverinfo": "text",
    }


def _hover(code: str, count: int, group: ResponseGroup) -> str:
    share = fmt.percent(count / group.evaluable, group.evaluable) if group.evaluable else fmt.NOT_ESTIMABLE
    rates = [
        f"{name} {fmt.percent_with_limits(r.value, r.ci_low, r.ci_high, group.evaluable)}"
        for name, r in (("ORR", group.orr), ("CR rate", group.cr_rate))
    ]
    missing = group.n - group.evaluable
    lines = [
        f"<b>{code}: {count:,} of {group.evaluable:,} ({share})</b>",
        theme.escape(f"{group.panel}, {group.visit}, {group.group}"),
        *rates,
    ]
    return "<br>".join([*lines, f"{missing:,} not evaluable or not assessed"])


def _alt(groups: Sequence[ResponseGroup]) -> str:
    said = [
        f"{g.panel}, {g.visit}, {g.group}: ORR {fmt.percent(g.orr.value)} of {g.evaluable:,} evaluable, CR {fmt.percent(g.cr_rate.value)}"
        for g in groups
    ]
    return "Response by visit and group. " + "; ".join(said) + "."
